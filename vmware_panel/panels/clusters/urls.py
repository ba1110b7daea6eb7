from django.urls import re_path

from vmware_panel import policy
from vmware_panel.panels.clusters import drs_views, ratio_views, service_views, views
from vmware_panel.panels.listing.refresh import ProgressView, RefreshView

OF_ONE = r"^(?P<vcenter>[^/]+)/(?P<moref>[^/]+)/"
"""A cluster's page, and before its actions."""

OF_SERVICE = rf"{OF_ONE}services/(?P<host>[^/]+)"

urlpatterns = [
    re_path(r"^$", views.IndexView.as_view(), name="index"),
    re_path(r"^refresh$", RefreshView.as_view(), name="refresh"),
    re_path(
        r"^progress$",
        ProgressView.as_view(rule=policy.Rule.LIST_CLUSTERS),
        name="progress",
    ),
    re_path(r"^export/csv$", views.ExportView.as_view(format="csv"), name="export_csv"),
    re_path(r"^export/json$", views.ExportView.as_view(format="json"), name="export_json"),
    re_path(rf"{OF_ONE}$", views.DetailView.as_view(), name="detail"),
    re_path(
        rf"{OF_SERVICE}/disable$", service_views.DisableView.as_view(), name="disable_service"
    ),
    re_path(rf"{OF_SERVICE}/enable$", service_views.EnableView.as_view(), name="enable_service"),
    re_path(
        rf"{OF_ONE}allocation_ratio$", ratio_views.RatioView.as_view(), name="allocation_ratio"
    ),
    re_path(
        rf"{OF_ONE}recommendations/refresh$",
        drs_views.RefreshView.as_view(),
        name="refresh_recommendations",
    ),
    re_path(
        rf"{OF_ONE}recommendations/(?P<key>[^/]+)/apply$",
        drs_views.ApplyView.as_view(),
        name="apply_recommendations",
    ),
    re_path(rf"{OF_ONE}drs_level$", drs_views.LevelView.as_view(), name="drs_level"),
]
