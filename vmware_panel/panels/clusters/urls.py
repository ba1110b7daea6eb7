from django.urls import re_path

from vmware_panel.panels.clusters import views

OF_ONE = r"^(?P<vcenter>[^/]+)/(?P<moref>[^/]+)/"
"""A cluster's page, and before its actions."""

urlpatterns = [
    re_path(r"^$", views.IndexView.as_view(), name="index"),
    re_path(rf"{OF_ONE}$", views.DetailView.as_view(), name="detail"),
]
