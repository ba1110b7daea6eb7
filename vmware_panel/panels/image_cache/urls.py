from django.urls import re_path

from vmware_panel.panels.image_cache import purge_views, scan_views, seed_views, views
from vmware_panel.panels.listing.refresh import RefreshView

urlpatterns = [
    re_path(r"^$", views.ImagesView.as_view(), name="index"),
    re_path(r"^leftovers/$", views.LeftoversView.as_view(), name="leftovers"),
    re_path(r"^risks/$", views.RisksView.as_view(), name="risks"),
    re_path(r"^refresh$", RefreshView.as_view(), name="refresh"),
    re_path(r"^progress$", scan_views.ProgressView.as_view(), name="progress"),
    re_path(r"^seed/$", seed_views.SeedView.as_view(), name="seed"),
    re_path(r"^purge/$", purge_views.PurgeView.as_view(), name="purge"),
    re_path(r"^mark/$", purge_views.MarkView.as_view(), name="mark"),
    re_path(r"^search$", scan_views.SearchView.as_view(), name="search"),
    re_path(r"^export/csv$", views.ImagesExport.as_view(format="csv"), name="export_csv"),
    re_path(r"^export/json$", views.ImagesExport.as_view(format="json"), name="export_json"),
    re_path(
        r"^leftovers/export/csv$",
        views.LeftoversExport.as_view(format="csv"),
        name="leftovers_csv",
    ),
    re_path(
        r"^leftovers/export/json$",
        views.LeftoversExport.as_view(format="json"),
        name="leftovers_json",
    ),
    re_path(r"^risks/export/csv$", views.RisksExport.as_view(format="csv"), name="risks_csv"),
    re_path(r"^risks/export/json$", views.RisksExport.as_view(format="json"), name="risks_json"),
]
