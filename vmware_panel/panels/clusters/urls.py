from django.urls import re_path

from vmware_panel.panels.clusters import ratio_views, service_views, views

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
]
