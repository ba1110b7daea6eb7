from django.urls import re_path

from vmware_panel.panels.hosts import detail_view, views

OF_ONE = r"^(?P<vcenter>[^/]+)/(?P<moref>[^/]+)/"
"""A host's page, and before its actions."""

urlpatterns = [
    re_path(r"^$", views.IndexView.as_view(), name="index"),
    re_path(rf"{OF_ONE}$", detail_view.DetailView.as_view(), name="detail"),
]
