"""One vCenter's book as a collector keeps it, and how the collector itself is doing."""

from dataclasses import dataclass, replace
from datetime import datetime
from enum import StrEnum

from vmware_panel.domain.inventory import Inventory
from vmware_panel.domain.outcome import Trouble


class CollectorState(StrEnum):
    """What a collector is doing.

    stopped -> connecting -> listing -> watching -> (listing | failing | stopped), and
    failing -> connecting when its wait is over.
    """

    STOPPED = "stopped"
    CONNECTING = "connecting"
    LISTING = "listing"  # everything is being read; what was read before still stands
    WATCHING = "watching"  # changes come in as they happen
    FAILING = "failing"  # waits before it tries again; what was read before still stands


@dataclass(frozen=True, slots=True)
class CollectorStatus:
    """`since` is when the state began. `listed` objects have been read by the list under way, and
    `expected` is what the one before came to, if there was one. `trouble` is why it fails, and
    `retry_at` when it tries again. `refreshed` is the id of the last refresh that was asked for
    and is done.
    """

    state: CollectorState
    since: datetime
    listed: int = 0
    expected: int | None = None
    trouble: Trouble | None = None
    retry_at: datetime | None = None
    refreshed: str = ""


@dataclass(frozen=True, slots=True)
class Snapshot:
    """What a store holds of one vCenter.

    `version` is another one whenever the inventory is; equal versions mean equal content, except
    for `inventory.read_at`, which is when vCenter last said that this is how it stands.
    `inventory` is None before the first list is through. `beat_at` is when the collector last gave
    a sign of life. `refresh_wanted` is the id of the refresh last asked for, done or not.
    """

    version: str
    status: CollectorStatus
    beat_at: datetime
    inventory: Inventory | None = None
    refresh_wanted: str = ""

    @property
    def refreshing(self) -> bool:
        return self.refresh_wanted not in ("", self.status.refreshed)


def confirmed(inventory: Inventory, at: datetime) -> Inventory:
    """The same book, known to be true at a later time; its indexes are kept."""
    if inventory.read_at == at:
        return inventory
    same = replace(inventory, read_at=at)
    # What `cached_property` put there depends on nothing that differs.
    # A copy first: another thread may be adding an index.
    for name, value in tuple(vars(inventory).items()):
        if name not in Inventory.__dataclass_fields__:
            vars(same)[name] = value
    return same
