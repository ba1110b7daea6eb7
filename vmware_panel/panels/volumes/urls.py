from django.urls import re_path

from vmware_panel import policy
from vmware_panel.panels.listing.refresh import ProgressView, RefreshView
from vmware_panel.panels.volumes import views

urlpatterns = [
    re_path(r"^$", views.IndexView.as_view(), name="index"),
    re_path(r"^refresh$", RefreshView.as_view(), name="refresh"),
    re_path(r"^progress$", ProgressView.as_view(rule=policy.Rule.LIST_VOLUMES), name="progress"),
    re_path(r"^export/csv$", views.ExportView.as_view(format="csv"), name="export_csv"),
    re_path(r"^export/json$", views.ExportView.as_view(format="json"), name="export_json"),
]
