from django.urls import re_path

from vmware_panel.panels.instances import migrate_views, views
from vmware_panel.panels.listing.refresh import ProgressView, RefreshView

urlpatterns = [
    re_path(r"^$", views.IndexView.as_view(), name="index"),
    re_path(
        r"^(?P<server_id>[^/]+)/migrate$",
        migrate_views.MigrateView.as_view(),
        name="migrate",
    ),
    re_path(r"^refresh$", RefreshView.as_view(), name="refresh"),
    re_path(r"^progress$", ProgressView.as_view(), name="progress"),
    re_path(r"^export/csv$", views.ExportView.as_view(format="csv"), name="export_csv"),
    re_path(r"^export/json$", views.ExportView.as_view(format="json"), name="export_json"),
]
