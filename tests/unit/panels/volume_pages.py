"""Reports of volumes for the page's tests: the real join over small real books."""

from datetime import UTC, datetime

from tests.unit.domain import builders
from tests.unit.domain.builders import uuid_of
from tests.unit.domain.volume_books import (
    attached,
    cinder,
    instance,
    path_of,
    shadow,
    snapshot,
    template,
    volume,
    volume_disk,
)
from vmware_panel.api.volumes import VolumesReport
from vmware_panel.domain.cloud import Server, Volume
from vmware_panel.domain.inventory import Inventory, VirtualMachine
from vmware_panel.domain.kept import Kept
from vmware_panel.domain.outcome import Trouble
from vmware_panel.domain.placement import Books
from vmware_panel.domain.volume_join import counts_of, join_volumes

PROJECTS = {"p1": "alpha", "p2": "beta"}
SERVERS = (builders.server(1), builders.server(2))
VOLUMES = (
    attached(1, name="sound", type="gold"),
    attached(2, server=2, name="moved"),
    volume(3, name="lazy", project_id="p2"),
    attached(4, name="lost"),
)
MOVED_TO = "[ds2] web-2/web-2_1.vmdk"
VMS = (
    shadow(1),
    shadow(2),
    shadow(5),
    template(1),
    instance(1, volume_disk(1)),
    instance(2, volume_disk(2, path=MOVED_TO)),
)
"""Volume 1 agrees, 2 was moved, 3 was never attached, 4 has lost its VM; of 5 only the VM is left."""


def report(
    *volumes: Volume,
    vms: tuple[VirtualMachine, ...] | None = None,
    servers: tuple[Server, ...] | None = SERVERS,
    troubles: tuple[Trouble, ...] = (),
    with_cinder: bool = True,
    with_vcenter: bool = True,
    **changes: object,
) -> VolumesReport:
    its: tuple[Inventory, ...] = ()
    if with_vcenter:
        its = (builders.inventory(*(VMS if vms is None else vms)),)
    books = Books(its, complete=with_vcenter)
    changes.setdefault("snapshots", (snapshot(1, name="nightly", volume_id=uuid_of(1001)),))
    book = None
    if with_cinder:
        book = cinder(*(volumes or VOLUMES), before=books, servers=servers or (), **changes)
    by_id = None if servers is None else {server.id: server for server in servers}
    entries = Kept(join_volumes(book, books, by_id))
    return VolumesReport(
        entries=entries if with_cinder or with_vcenter else None,
        counts=counts_of(entries),
        cinder_read_at=datetime.now(UTC) if with_cinder else None,
        all_projects=book is None or book.all_projects,
        nova_known=servers is not None,
        project_names=PROJECTS,
        inventories=its,
        troubles=troubles,
    )


__all__ = ["MOVED_TO", "PROJECTS", "VMS", "VOLUMES", "path_of", "report", "volume"]
