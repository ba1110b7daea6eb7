"""Settings of a process that enqueues, watches or works: what Horizon's would say of jobs, without
Horizon. The rest comes by the environment (`tests.jobs.rig`).
"""

import json
import os

from vmware_panel.domain.jobs import JobKind

USE_TZ = True
ALLOWED_HOSTS = ["*"]

_given = json.loads(os.environ["JOBS_TEST_SETTINGS"])
SECRET_KEY = _given["SECRET_KEY"]
INSTALLED_APPS = _given.get("INSTALLED_APPS", [])
CACHES = _given.get(
    "CACHES", {"default": {"BACKEND": "django.core.cache.backends.dummy.DummyCache"}}
)
DATABASES = _given.get("DATABASES", {})
TASKS = _given.get("TASKS", {})
CELERY_BROKER_URL = _given.get("CELERY_BROKER_URL")
RQ_QUEUES = _given.get("RQ_QUEUES", {})
VMWARE_PANEL = {"jobs": _given["jobs"]}
DEFAULT_AUTO_FIELD = "django.db.models.BigAutoField"
LOGGING = {
    "version": 1,
    "disable_existing_loggers": False,
    "handlers": {"console": {"class": "logging.StreamHandler"}},
    "loggers": {"vmware_panel": {"handlers": ["console"], "level": "INFO"}},
}


def _register() -> None:
    from vmware_panel.jobs import works

    works.WORKS[JobKind.CACHE_PURGE] = "tests.jobs.effects.EffectWork"


_register()
