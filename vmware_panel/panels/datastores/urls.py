from django.urls import re_path

from vmware_panel import policy
from vmware_panel.panels.datastores import change_views, detail_view, views
from vmware_panel.panels.listing.refresh import ProgressView, RefreshView

OF_ONE = r"^(?P<vcenter>[^/]+)/(?P<moref>[^/]+)/"
"""A datastore's page, and before its actions."""

urlpatterns = [
    re_path(r"^$", views.IndexView.as_view(), name="index"),
    re_path(r"^refresh$", RefreshView.as_view(), name="refresh"),
    re_path(
        r"^progress$",
        ProgressView.as_view(rule=policy.Rule.LIST_DATASTORES),
        name="progress",
    ),
    re_path(r"^export/csv$", views.ExportView.as_view(format="csv"), name="export_csv"),
    re_path(r"^export/json$", views.ExportView.as_view(format="json"), name="export_json"),
    re_path(rf"{OF_ONE}$", detail_view.DetailView.as_view(), name="detail"),
    re_path(rf"{OF_ONE}space$", change_views.RefreshSpaceView.as_view(), name="refresh_space"),
    re_path(rf"{OF_ONE}search$", change_views.SearchView.as_view(), name="search"),
]
