"""Stands for a web process: looks after jobs, as each does that serves pages, until it is killed."""

import threading

import django

django.setup()

from vmware_panel.jobs.watcher import watcher  # noqa: E402

watcher.ensure()
print("ready", flush=True)
threading.Event().wait()
