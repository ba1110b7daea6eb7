"""Who answered: the vCenters of a list that stands on the collectors, and how old their books are."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any, Protocol

from django.http import HttpRequest

from vmware_panel import policy
from vmware_panel.api.refresh import NOVA, Progress, progress_of
from vmware_panel.config import CollectorMode, get_config
from vmware_panel.domain.inventory import Inventory
from vmware_panel.domain.outcome import Trouble, TroubleKind
from vmware_panel.domain.snapshot import Snapshot
from vmware_panel.panels.listing.refresh import progress_text
from vmware_panel.wording import TroubleWords, source_name, trouble_words

SETTINGS_EXAMPLE = """\
VMWARE_PANEL = {
    "vcenters": {
        "prod": {
            "host": "vcenter.example.org",
            "username": "horizon@vsphere.local",
            "password_file": "/etc/openstack-dashboard/vcenter-prod.password",
        },
    },
}"""


class Read(Protocol):
    """What every report of such a list has."""

    @property
    def inventories(self) -> Sequence[Inventory]: ...
    @property
    def troubles(self) -> Sequence[Trouble]: ...
    @property
    def snapshots(self) -> Mapping[str, Snapshot]: ...
    @property
    def configured(self) -> bool: ...


def sources_shown(request: HttpRequest, report: Read, only: str = "") -> dict[str, Any]:
    """What the templates `_answers.html` and `_vcenters.html` show. Raises `ConfigError`.

    `only` is the vCenter of a page that is about one alone.
    """
    config = get_config()
    names = [v.name for v in config.vcenters_for_region(request.user.services_region)]
    wanted = [name for name in names if only in ("", name)]
    said = answers(wanted, report, datetime.now(UTC), config.collector.stale_after_s)
    nova_listing = next(
        (t for t in report.troubles if (t.source, t.kind) == (NOVA, TroubleKind.NOT_YET)), None
    )
    return {
        "answers": said,
        "nova_listing": trouble_words(nova_listing) if nova_listing else None,
        "under_way": nova_listing is not None
        or any(a.progress and a.progress.under_way for a in said),
        "may_refresh": config.collector.mode is not CollectorMode.OFF
        and policy.allowed(request, policy.Rule.REFRESH_INVENTORY),
        "troubles": [trouble_words(t) for t in report.troubles if t.source not in names],
        "configured": report.configured,
        "settings_example": SETTINGS_EXAMPLE,
    }


@dataclass(frozen=True, slots=True)
class Answer:
    """One vCenter: when it was read, or why not, and how far the read is that is under way.

    With both a time and a trouble, what was read then is shown, and grows old.
    """

    key: str
    name: str
    read_at: datetime | None = None
    stale: bool = False
    trouble: TroubleWords | None = None
    progress: Progress | None = None

    @property
    def progress_text(self) -> str:
        return progress_text(self.progress) if self.progress else ""


def answers(
    configured: Sequence[str], report: Read, now: datetime, stale_after_s: float
) -> tuple[Answer, ...]:
    """Each configured vCenter, in the order of the settings."""
    read = {inventory.vcenter.name: inventory.read_at for inventory in report.inventories}
    troubles = {trouble.source: trouble for trouble in report.troubles}
    passes = {p.source: p for p in progress_of(list(configured), report.snapshots, troubles)}

    def answer(name: str) -> Answer:
        at = read.get(name)
        progress = passes[name]
        # A first list under way is no trouble, if its progress is there to be shown.
        trouble = troubles.get(name)
        if trouble and trouble.kind is TroubleKind.NOT_YET and progress.under_way:
            trouble = None
        return Answer(
            key=name,
            name=source_name(name),
            read_at=at,
            stale=at is not None and (now - at).total_seconds() > stale_after_s,
            trouble=trouble_words(trouble) if trouble else None,
            progress=progress,
        )

    return tuple(answer(name) for name in configured)
