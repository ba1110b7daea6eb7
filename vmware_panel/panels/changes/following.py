"""The address of the page that follows a change to its end.

All that it needs stands in the address, so that it outlives the web process and can be passed on.
"""

import re
from dataclasses import dataclass
from datetime import UTC, datetime

from django.http import QueryDict
from django.urls import reverse
from django.utils.http import urlencode

from vmware_panel.api.changing import Result, Verdict
from vmware_panel.domain.inventory import MoRef

MOST_ENTITIES = 100

_MOREF = re.compile(r"[A-Za-z]+-[A-Za-z0-9:.-]{1,80}")


@dataclass(frozen=True, slots=True)
class Followed:
    """One task by its id, or those of some objects since a moment."""

    task: MoRef | None
    entities: tuple[MoRef, ...]
    since: datetime
    lost: bool
    back: str


def follow_url(vcenter: str, result: Result, back: str) -> str:
    """Empty where there is nothing to follow."""
    made = result.made
    if made is None or not (made.task or made.follow):
        return ""
    query: dict[str, object] = {"since": result.since.isoformat(timespec="seconds"), "next": back}
    if made.task:
        query["task"] = made.task
    else:
        query["entity"] = list(made.follow[:MOST_ENTITIES])
    if result.verdict is Verdict.UNANSWERED:
        query["lost"] = "1"
    path = reverse("horizon:admin:vmware_tasks:follow", args=[vcenter])
    return f"{path}?{urlencode(query, doseq=True)}"


def followed(query: QueryDict) -> Followed:
    """What such an address asks for. Raises `ValueError` with the name of the wrong parameter."""
    task = query.get("task", "")
    entities = query.getlist("entity")[:MOST_ENTITIES]
    for name, moref in (("task", task), *(("entity", entity) for entity in entities)):
        if moref and not _MOREF.fullmatch(moref):
            raise ValueError(name)
    if not task and not entities:
        raise ValueError("task")
    try:
        since = datetime.fromisoformat(query.get("since", ""))
    except ValueError:
        raise ValueError("since") from None
    return Followed(
        task=MoRef(task) if task else None,
        entities=tuple(MoRef(entity) for entity in entities),
        since=since if since.tzinfo else since.replace(tzinfo=UTC),
        lost=query.get("lost") == "1",
        back=query.get("next", ""),
    )
