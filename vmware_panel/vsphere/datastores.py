# mypy: allow-untyped-calls
"""One datastore by itself: read as it is now, and its space counted anew."""

from datetime import datetime
from functools import partial
from typing import Any

from pyVmomi import vim

from vmware_panel.domain.datastores import DatastoreDetail, HostMount
from vmware_panel.domain.inventory import Datastore, MoRef
from vmware_panel.vsphere.endpoint import Endpoint
from vmware_panel.vsphere.errors import ObjectGone
from vmware_panel.vsphere.live_reads import read_found
from vmware_panel.vsphere.login import Connected
from vmware_panel.vsphere.property_reader import ObjectSpec
from vmware_panel.vsphere.session import Session

_PATHS = ("name", "summary", "host", "info.timestamp")


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
    summary, mounts = one.get("summary"), one.get("host") or ()
    return DatastoreDetail(
        read_at=now,
        datastore=Datastore(
            moref=datastore,
            name=one.get("name") or datastore,
            type=summary and summary.type,
            url=summary and summary.url,
            capacity_bytes=summary and summary.capacity,
            free_bytes=summary and summary.freeSpace,
            uncommitted_bytes=summary and summary.uncommitted,
            accessible=summary and summary.accessible,
            maintenance_mode=summary and summary.maintenanceMode,
            hosts=tuple(MoRef(mount.key._moId) for mount in mounts),
        ),
        counted_at=one.get("info.timestamp"),
        mounts=tuple(map(_mount, mounts)),
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
