from django.urls import path

from vmware_panel.panels.jobs import job_views, views

urlpatterns = [
    path("", views.IndexView.as_view(), name="index"),
    path("progress", views.ProgressView.as_view(), name="progress"),
    path("export/csv", views.ExportView.as_view(format="csv"), name="export_csv"),
    path("export/json", views.ExportView.as_view(format="json"), name="export_json"),
    path("<slug:job_id>/", job_views.JobView.as_view(), name="job"),
    path("<slug:job_id>/progress", job_views.ProgressView.as_view(), name="job_progress"),
    path("<slug:job_id>/cancel", job_views.CancelView.as_view(), name="cancel"),
    path("<slug:job_id>/export/csv", job_views.ExportView.as_view(format="csv"), name="job_csv"),
    path(
        "<slug:job_id>/export/json", job_views.ExportView.as_view(format="json"), name="job_json"
    ),
]
