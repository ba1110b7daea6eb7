"""Celery's application, for a Horizon that has none of its own: `celery -A vmware_panel.jobs.celery_app`.

Its settings are those of Django's that begin with `CELERY_`.
"""

from celery import Celery

from vmware_panel.config_types import JOBS_QUEUE

app = Celery("vmware_panel", include=["vmware_panel.jobs.celery_task"], set_as_current=False)
app.config_from_object("django.conf:settings", namespace="CELERY")
app.conf.update(
    task_default_queue=JOBS_QUEUE,
    # Jobs are long and few: one that a busy worker keeps in reserve waits for nothing.
    worker_prefetch_multiplier=1,
    # Celery's own would drop the handlers of LOGGING, and the audit lines with them.
    worker_hijack_root_logger=False,
)
