"""docs/job-workers.md, its unit for systemd and a job's page name one command for each backend."""

import re
from pathlib import Path

import pytest
from django.test import override_settings

from vmware_panel.jobs.backends import worker_command

DOCS = Path(__file__).parents[2] / "docs"
DOCUMENT = (DOCS / "job-workers.md").read_text()
UNIT = (DOCS / "examples" / "vmware-jobs.service").read_text()


@pytest.mark.parametrize("heading", ["RQ", "A database", "Celery"])
def test_one_command_everywhere(heading: str) -> None:
    (part,) = re.findall(rf"^## {heading}\n(.*?)^## ", DOCUMENT, re.MULTILINE | re.DOTALL)
    (command,) = re.findall(r"^ {7}((?:manage.py|celery) .*worker.*)$", part, re.MULTILINE)
    assert command.replace("manage.py", "-m django") in UNIT.replace("/bin/celery", "\ncelery")
    alias, backend = re.findall(r'"(\w+)": \{\s*"BACKEND": "(django_tasks_\S+|vmware\S+)"', part)[
        0
    ]
    with override_settings(TASKS={alias: {"BACKEND": backend}}):
        assert command.startswith(worker_command(alias))
        assert worker_command(alias)
