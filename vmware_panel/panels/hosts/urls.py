from django.urls import re_path

from vmware_panel import policy
from vmware_panel.panels.hosts import detail_view, maintenance_views, views
from vmware_panel.panels.listing.refresh import ProgressView, RefreshView

OF_ONE = r"^(?P<vcenter>[^/]+)/(?P<moref>[^/]+)/"
"""A host's page, and before its actions."""

urlpatterns = [
    re_path(r"^$", views.IndexView.as_view(), name="index"),
    re_path(r"^refresh$", RefreshView.as_view(), name="refresh"),
    re_path(
        r"^progress$",
        ProgressView.as_view(rule=policy.Rule.LIST_HOSTS),
        name="progress",
    ),
    re_path(r"^export/csv$", views.ExportView.as_view(format="csv"), name="export_csv"),
    re_path(r"^export/json$", views.ExportView.as_view(format="json"), name="export_json"),
    re_path(rf"{OF_ONE}$", detail_view.DetailView.as_view(), name="detail"),
    re_path(
        rf"{OF_ONE}maintenance/enter$",
        maintenance_views.EnterView.as_view(),
        name="enter_maintenance",
    ),
    re_path(
        rf"{OF_ONE}maintenance/exit$",
        maintenance_views.ExitView.as_view(),
        name="exit_maintenance",
    ),
]
