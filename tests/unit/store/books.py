"""Books that change, for tests of the store."""

from datetime import UTC, datetime, timedelta

from tests.unit.domain.builders import esx_host, inventory, vcenter, vm
from vmware_panel.domain.inventory import Inventory
from vmware_panel.domain.ledger import Delta, Ledger
from vmware_panel.domain.snapshot import CollectorState, CollectorStatus
from vmware_panel.store.encoding import objects_of

VCENTER = "west"
NOON = datetime(2026, 11, 22, 12, 0, tzinfo=UTC)
WATCHING = CollectorStatus(CollectorState.WATCHING, NOON)


def at(seconds: float) -> datetime:
    return NOON + timedelta(seconds=seconds)


class Collected:
    """What a collector holds: a ledger, and each step of it as a delta."""

    def __init__(self, vms: int = 3) -> None:
        book = inventory(
            hosts=(esx_host(1), esx_host(2)), vms=tuple(vm(number) for number in range(1, vms + 1))
        )
        self.ledger = Ledger(objects_of(book))
        self.second = 0.0

    @property
    def now(self) -> datetime:
        return at(self.second)

    def whole(self) -> Inventory:
        return self.ledger.inventory(vcenter(VCENTER), self.now)

    def step(self, *changed: object, gone: tuple[str, ...] = ()) -> Delta:
        delta = Delta(changed, gone)  # type: ignore[arg-type]
        self.ledger.apply(delta)
        self.second += 1
        return delta
