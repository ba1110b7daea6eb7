"""P4: the tab of one instance: vCenter's part of it, straight from vCenter, at each size."""

from dataclasses import asdict, dataclass

from benchmarks.machine import median
from benchmarks.report import Goal, Result, Table
from benchmarks.vcenters import client_of, shape
from lab.simulator import nova_instance_uuid
from tests.simulator import running_simulator
from vmware_panel.domain.inventory import MoRef
from vmware_panel.vsphere import counting

SIZES = (1_000, 40_000)
MOST_CALLS = 3
"""What `api.placement.instance_report` promises."""
TIMES = 15


@dataclass(frozen=True)
class Figures:
    """Calls of one read on a session that is logged in, and the median of its seconds."""

    vms: int
    calls: int
    read_s: float


def run(sizes: tuple[int, ...] = SIZES) -> Result:
    found = [measure(size) for size in sizes]
    first, last = found[0], found[-1]
    goals = [Goal("P4", "vCenter calls of the tab", max(f.calls for f in found), MOST_CALLS, "")]
    table = Table(
        "vCenter's part of the tab",
        ("calls", "s", f"to {first.vms:,}"),
        [(f"{f.vms:,} VMs", f.calls, f.read_s, f"{f.read_s / first.read_s:.2f}x") for f in found],
    )
    note = f"{last.vms:,} VMs cost {last.read_s / first.read_s:.2f}x the time of {first.vms:,}"
    return Result("P4", "The tab", [table], goals, {str(f.vms): asdict(f) for f in found}, [note])


def measure(vms: int) -> Figures:
    with running_simulator(**shape(vms)) as simulator, client_of(simulator.reader) as client:
        client.about()
        with simulator.reader.connected() as service:
            uuid = nova_instance_uuid(vms - 1)
            found = service.content.searchIndex.FindAllByUuid(None, uuid, True, True)
            cluster = MoRef(found[0].runtime.host.parent._moId)
        with counting() as calls:
            book = client.read_vm(uuid, cluster)
        if len(book.vms) != 1:
            raise RuntimeError(f"the tab finds {len(book.vms)} VMs of one instance")
        return Figures(vms, calls.total, median(lambda: client.read_vm(uuid, cluster), TIMES))
