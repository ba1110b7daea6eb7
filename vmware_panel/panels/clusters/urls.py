from django.urls import re_path

from vmware_panel.panels.clusters import drs_views, ratio_views, service_views, views

OF_ONE = r"^(?P<vcenter>[^/]+)/(?P<moref>[^/]+)/"
"""A cluster's page, and before its actions."""

OF_SERVICE = rf"{OF_ONE}services/(?P<host>[^/]+)"

urlpatterns = [
    re_path(r"^$", views.IndexView.as_view(), name="index"),
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
