from django.urls import re_path

from vmware_panel import policy
from vmware_panel.panels.capacity import landing_views, views
from vmware_panel.panels.listing.refresh import ProgressView, RefreshView

urlpatterns = [
    re_path(r"^$", views.MatrixView.as_view(), name="index"),
    re_path(r"^list/$", views.ListView.as_view(), name="list"),
    re_path(r"^landing/$", landing_views.LandingView.as_view(), name="landing"),
    re_path(r"^refresh$", RefreshView.as_view(), name="refresh"),
    re_path(r"^progress$", ProgressView.as_view(rule=policy.Rule.GET_CAPACITY), name="progress"),
    re_path(r"^export/csv$", views.ExportView.as_view(format="csv"), name="export_csv"),
    re_path(r"^export/json$", views.ExportView.as_view(format="json"), name="export_json"),
]
