# mypy: allow-untyped-calls
"""One datastore by itself: read as it is now, and its space counted anew."""

from dataclasses import replace
from datetime import datetime
from functools import partial
from typing import Any

from pyVmomi import vim

from vmware_panel.domain.datastores import DatastoreDetail, HostMount
from vmware_panel.domain.inventory import Datastore, MoRef
from vmware_panel.vsphere.endpoint import Endpoint
from vmware_panel.vsphere.errors import ObjectGone
from vmware_panel.vsphere.live_reads import Found, read_found
from vmware_panel.vsphere.login import Connected
from vmware_panel.vsphere.property_reader import ObjectSpec
from vmware_panel.vsphere.session import Session

SUMMARY_PATHS = (
    "name",
    "summary.type",
    "summary.url",
    "summary.capacity",
    "summary.freeSpace",
    "summary.uncommitted",
    "summary.accessible",
    "summary.maintenanceMode",
)
_PATHS = (*SUMMARY_PATHS, "host", "info.timestamp")


class DatastoreCalls:
    """The part of a client that is about one datastore."""

    endpoint: Endpoint
    _session: Session

    def datastore_detail(self, datastore: MoRef, now: datetime) -> DatastoreDetail:
        """As it is now, with how each host mounts it: one call."""
        work = partial(read_datastore, datastore=datastore, now=now)
        return self._session.read(work, self.endpoint.read_timeout_s)

    def refresh_datastore(self, datastore: MoRef) -> None:
        """Sent once; answers when vCenter has counted, which may take as long as a list."""
        work = partial(refresh, datastore=datastore)
        self._session.change(work, self.endpoint.list_timeout_s)


def read_datastore(connected: Connected, datastore: MoRef, now: datetime) -> DatastoreDetail:
    """One call. Raises `VSphereError`, `ObjectGone` among them."""
    start = ObjectSpec(obj=vim.Datastore(datastore), skip=False)
    found = read_found(connected, [start], {vim.Datastore: _PATHS})
    if not found:
        raise ObjectGone(datastore, source=connected.vcenter.name)
    (one,) = found
    its, mounts = datastore_of(one), one.get("host") or ()
    return DatastoreDetail(
        read_at=now,
        datastore=replace(
            its,
            name=its.name or datastore,
            hosts=tuple(MoRef(mount.key._moId) for mount in mounts),
        ),
        counted_at=one.get("info.timestamp"),
        mounts=tuple(map(_mount, mounts)),
    )


def datastore_of(found: Found) -> Datastore:
    """Read with `SUMMARY_PATHS`. What is not told is None, and a name that is not told empty."""
    return Datastore(
        moref=found.moref,
        name=found.get("name") or "",
        type=found.get("summary.type"),
        url=found.get("summary.url"),
        capacity_bytes=found.get("summary.capacity"),
        free_bytes=found.get("summary.freeSpace"),
        uncommitted_bytes=found.get("summary.uncommitted"),
        accessible=found.get("summary.accessible"),
        maintenance_mode=found.get("summary.maintenanceMode"),
    )


def refresh(connected: Connected, datastore: MoRef) -> None:
    """One call; vCenter refuses what no host reaches (`HostConfigFault`)."""
    connected.managed(vim.Datastore, datastore).RefreshDatastore()


def _mount(mount: Any) -> HostMount:
    info = mount.mountInfo
    return HostMount(
        host=MoRef(mount.key._moId),
        mounted=info.mounted,
        accessible=info.accessible,
        access_mode=info.accessMode or "",
        reason=info.inaccessibleReason or "",
    )
