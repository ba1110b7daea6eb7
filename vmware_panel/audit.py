"""One line for every change that was confirmed: who, what, and how it ended.

The logger is `vmware_panel.audit`, at INFO, whatever the outcome: an operator who wants the lines in
a file of their own gives that logger a handler. Values are JSON strings, so that a name from outside
can neither break the line nor pass for another field. There is no secret among them.
"""

import json
import logging
from collections.abc import Mapping

from django.http import HttpRequest

from vmware_panel.domain.jobs import Asker

LOG = logging.getLogger(__name__)


def record(request: HttpRequest, change: str, outcome: str, **about: object) -> None:
    """Writes the line. Fields without a value are left out."""
    record_for(asker_of(request), change, outcome, **about)


def asker_of(request: HttpRequest) -> Asker:
    user = request.user
    return Asker(
        user_name=user.username or "",
        user_id=user.id or "",
        project_id=user.project_id or "",
        region=user.services_region or "",
        address=request.META.get("REMOTE_ADDR") or "",
    )


def record_for(asker: Asker, change: str, outcome: str, **about: object) -> None:
    """The same where there is no request any more."""
    fields: dict[str, object] = {
        "change": change,
        "outcome": outcome,
        **about,
        "user": asker.user_name,
        "user_id": asker.user_id,
        "project_id": asker.project_id,
        "region": asker.region,
        "address": asker.address,
    }
    LOG.info("%s", line(fields))


def line(fields: Mapping[str, object]) -> str:
    """`name="value"` for each, in their order."""
    told = ((name, value) for name, value in fields.items() if value not in (None, "", ()))
    return " ".join(f"{name}={json.dumps(_text(value))}" for name, value in told)


def _text(value: object) -> str:
    return ", ".join(map(str, value)) if isinstance(value, tuple) else str(value)
