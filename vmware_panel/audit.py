"""One line for every change that was confirmed: who, what, and how it ended.

The logger is `vmware_panel.audit`, at INFO, whatever the outcome: an operator who wants the lines in
a file of their own gives that logger a handler. Values are JSON strings, so that a name from outside
can neither break the line nor pass for another field. There is no secret among them.
"""

import json
import logging
from collections.abc import Mapping

from django.http import HttpRequest

LOG = logging.getLogger(__name__)


def record(request: HttpRequest, change: str, outcome: str, **about: object) -> None:
    """Writes the line. Fields without a value are left out."""
    user = request.user
    fields: dict[str, object] = {
        "change": change,
        "outcome": outcome,
        **about,
        "user": user.username,
        "user_id": user.id,
        "project_id": user.project_id,
        "region": user.services_region,
        "address": request.META.get("REMOTE_ADDR"),
    }
    LOG.info("%s", line(fields))


def line(fields: Mapping[str, object]) -> str:
    """`name="value"` for each, in their order."""
    told = ((name, value) for name, value in fields.items() if value not in (None, "", ()))
    return " ".join(f"{name}={json.dumps(_text(value))}" for name, value in told)


def _text(value: object) -> str:
    return ", ".join(map(str, value)) if isinstance(value, tuple) else str(value)
