from django.urls import path

from vmware_panel.panels.tasks import following, views

urlpatterns = [
    path("", views.IndexView.as_view(), name="index"),
    path("progress", views.ProgressView.as_view(), name="progress"),
    path("export/csv", views.ExportView.as_view(format="csv"), name="export_csv"),
    path("export/json", views.ExportView.as_view(format="json"), name="export_json"),
    path("<str:vcenter>/follow", following.FollowView.as_view(), name="follow"),
    path("<str:vcenter>/follow/progress", following.ProgressView.as_view(), name="followed"),
    path("<str:vcenter>/<str:task>/cancel", following.CancelView.as_view(), name="cancel"),
]
