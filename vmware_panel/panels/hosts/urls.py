from django.urls import re_path

from vmware_panel.panels.hosts import maintenance_views, views

OF_ONE = r"^(?P<vcenter>[^/]+)/(?P<moref>[^/]+)/"
"""A host's page, and before its actions."""

urlpatterns = [
    re_path(r"^$", views.IndexView.as_view(), name="index"),
    re_path(rf"{OF_ONE}$", views.DetailView.as_view(), name="detail"),
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
