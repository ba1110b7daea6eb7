"""What the vCenters of a page answered, each on its own."""

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime

from vmware_panel.config import VCenterConfig
from vmware_panel.domain.inventory import Inventory
from vmware_panel.domain.outcome import Trouble, TroubleKind
from vmware_panel.domain.placement import Books
from vmware_panel.domain.snapshot import Snapshot
from vmware_panel.vsphere import VSphereError

Read = Callable[[], Inventory | None]


def oldest(inventories: Iterable[Inventory]) -> datetime | None:
    """When the oldest of them was read; None without any."""
    return min((inventory.read_at for inventory in inventories), default=None)


@dataclass(frozen=True)
class Reading:
    """A vCenter may have both an inventory and a trouble: then its book is as old as it says.

    `snapshots` are by the vCenter's name, where a collector keeps the book.
    """

    inventories: tuple[Inventory, ...] = ()
    troubles: tuple[Trouble, ...] = ()
    snapshots: Mapping[str, Snapshot] = field(default_factory=dict)

    @property
    def books(self) -> Books:
        read = {inventory.vcenter.name for inventory in self.inventories}
        return Books(self.inventories, complete=all(t.source in read for t in self.troubles))

    @property
    def read_at(self) -> datetime | None:
        """The age of the oldest book; None without any."""
        return oldest(self.inventories)


@dataclass(frozen=True, kw_only=True)
class BooksReport:
    """What the report of a page says of the books that it was made of.

    `inventories` are those that could be had, and `snapshots` say how those who keep them are doing,
    by vCenter. `configured` is False where the region has no vCenter in the settings.
    """

    inventories: tuple[Inventory, ...] = ()
    troubles: tuple[Trouble, ...] = ()
    snapshots: Mapping[str, Snapshot] = field(default_factory=dict)
    configured: bool = True

    @property
    def read_at(self) -> datetime | None:
        """The age of the oldest book; None without any."""
        return oldest(self.inventories)


def gathered(reads: Sequence[tuple[VCenterConfig, Read]]) -> Reading:
    """Waits for each, and keeps apart what fails."""
    inventories: list[Inventory] = []
    troubles: list[Trouble] = []
    for vcenter, read in reads:
        try:
            if (inventory := read()) is not None:
                inventories.append(inventory)
        except VSphereError as error:
            troubles.append(error.trouble)
        except TimeoutError:
            troubles.append(Trouble(vcenter.name, TroubleKind.TIMEOUT))
    return Reading(tuple(inventories), tuple(troubles))
