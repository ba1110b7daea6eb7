"""Stands for a web process: looks after jobs, as each does that serves pages, until it is killed."""

import signal
import threading

import django

django.setup()

from vmware_panel.jobs import embedded  # noqa: E402
from vmware_panel.jobs.watcher import watcher  # noqa: E402

embedded.END_S = 60.0  # a busy machine's disk may keep a claim from being given back for a while

# Who starts processes in the background of a shell has them ignore it.
signal.signal(signal.SIGINT, signal.default_int_handler)

watcher.ensure()
print("ready", flush=True)
threading.Event().wait()
