"""The face of the package: one client a vCenter, one set of clients a process."""

import atexit
import os
import threading
from collections.abc import Collection, Sequence
from datetime import UTC, datetime
from functools import partial

from vmware_panel.domain.cluster_detail import ClusterDetail, DrsLevel
from vmware_panel.domain.drs import DrsState, VmPlace
from vmware_panel.domain.host_detail import HostDetail
from vmware_panel.domain.inventory import Inventory, MoRef, VCenter
from vmware_panel.domain.landing import NewVm, VCenterPlace
from vmware_panel.domain.migration import Verdict
from vmware_panel.domain.standing import Forecast, Standing
from vmware_panel.domain.tasks import Move, Series, TaskRecord
from vmware_panel.domain.usage import Usage
from vmware_panel.vsphere import (
    cluster_detail,
    collector,
    drs,
    history,
    host_detail,
    inventory_reader,
    maintenance,
    migrations,
    place_vm,
    privileges,
    standing_reader,
    tasks,
    usage_reader,
    vm_reader,
    watch,
)
from vmware_panel.vsphere.calls import CallCounter
from vmware_panel.vsphere.collector import Collector, Sink
from vmware_panel.vsphere.datastores import DatastoreCalls
from vmware_panel.vsphere.disk_copies import DiskCopies
from vmware_panel.vsphere.endpoint import Endpoint
from vmware_panel.vsphere.file_changes import FileChanges
from vmware_panel.vsphere.file_reads import FileReads
from vmware_panel.vsphere.login import Connected
from vmware_panel.vsphere.nfc_imports import NfcImports
from vmware_panel.vsphere.performance import COUNTERS, Performance
from vmware_panel.vsphere.session import Session
from vmware_panel.vsphere.uploads import Uploads


class VCenterClient(FileChanges, DiskCopies, Uploads, NfcImports, DatastoreCalls, FileReads):
    """Reads of one vCenter, safe to share between threads. Every method raises `VSphereError`."""

    def __init__(self, endpoint: Endpoint, session: Session | None = None) -> None:
        self.endpoint = endpoint
        self._session = session or Session(endpoint)
        self._performance = Performance()

    @property
    def _read_timeout_s(self) -> float:
        return self.endpoint.read_timeout_s

    @property
    def calls(self) -> CallCounter:
        """What was sent to this vCenter so far."""
        return self._session.calls

    def about(self) -> VCenter:
        """Who answers, after a login. No call if one is already logged in."""
        # Not as a read: that no call was made is no sign that this vCenter answers.
        return self._session.vcenter or self._session.read(_who, self.endpoint.read_timeout_s)

    def read_inventory(self, page_size: int = inventory_reader.PAGE_SIZE) -> Inventory:
        """All that the account may see, within `list_timeout_s`: whole, or an error."""

        def work(connected: Connected) -> Inventory:
            return inventory_reader.read_inventory(connected, datetime.now(UTC), page_size)

        return self._session.read(work, self.endpoint.list_timeout_s)

    def read_vm(self, instance_uuid: str, node_cluster: MoRef | None = None) -> Inventory:
        """One instance's VM, or VMs, and what they stand on, within `read_timeout_s`."""

        def work(connected: Connected) -> Inventory:
            return vm_reader.read_vm(connected, instance_uuid, node_cluster, datetime.now(UTC))

        return self._session.read(work, self._read_timeout_s)

    def missing_privileges(
        self, entities: Sequence[MoRef], wanted: Collection[str]
    ) -> tuple[str, ...]:
        """Those of `wanted` that the account lacks on any of the entities: two calls."""
        work = partial(privileges.missing_privileges, entities=entities, wanted=wanted)
        return self._session.read(work, self._read_timeout_s)

    def current_time(self) -> datetime:
        """By vCenter's clock, which its tasks and events are dated by."""
        return self._session.read(_clock, self._read_timeout_s)

    def tasks(self, morefs: Sequence[MoRef]) -> tuple[TaskRecord, ...]:
        """These tasks in one call; those that are gone are left out."""
        return self._session.read(partial(tasks.tasks, morefs=morefs), self._read_timeout_s)

    def tasks_of(self, entities: Sequence[MoRef], since: datetime) -> tuple[TaskRecord, ...]:
        """Tasks on these objects that run, or were queued since then by vCenter's clock."""
        work = partial(tasks.tasks_of, entities=entities, since=since)
        return self._session.read(work, self._read_timeout_s)

    def recent_tasks(self, since: datetime, most: int = 200) -> tuple[TaskRecord, ...]:
        """Everybody's tasks that run, or were queued since then by vCenter's clock."""
        work = partial(tasks.recent_tasks, since=since, most=most)
        return self._session.read(work, self._read_timeout_s)

    def cancel_task(self, task: MoRef) -> None:
        """Sent once: see `Session.change`."""
        self._session.change(partial(tasks.cancel_task, task=task), self._read_timeout_s)

    def read_usage(self) -> Usage:
        """What all hosts and clusters use just now, within `read_timeout_s`."""
        return self._session.read(
            lambda connected: usage_reader.read_usage(connected, datetime.now(UTC)),
            self.endpoint.read_timeout_s,
        )

    def drs_state(self, cluster: MoRef) -> DrsState:
        """DRS of one cluster with its rules and recommendations: one call."""
        return self._session.read(partial(drs.read_state, cluster=cluster), self._read_timeout_s)

    def vm_places(self, vms: Sequence[MoRef]) -> tuple[VmPlace, ...]:
        """Where these VMs are now: one call; those that are gone are left out."""
        return self._session.read(partial(drs.read_places, vms=vms), self._read_timeout_s)

    def moves(
        self, entity: MoRef, since: datetime, most: int = history.MOST_MOVES
    ) -> tuple[Move, ...]:
        """The newest moves of a VM, a host's or a cluster's VMs, by vCenter's clock: four calls."""
        work = partial(history.read_moves, entity=entity, since=since, most=most)
        return self._session.read(work, self._read_timeout_s)

    def refresh_recommendations(self, cluster: MoRef) -> None:
        """Sent once; answers when DRS is through, which may take as long as a list."""
        self._session.change(partial(drs.refresh, cluster=cluster), self.endpoint.list_timeout_s)

    def apply_recommendation(self, cluster: MoRef, key: str) -> None:
        """Sent once; answers before anything has moved, and names no task."""
        self._session.change(partial(drs.apply, cluster=cluster, key=key), self._read_timeout_s)

    def set_drs_level(self, cluster: MoRef, level: DrsLevel) -> MoRef:
        """Sent once; the task that changes it."""
        work = partial(drs.set_level, cluster=cluster, level=level)
        return self._session.change(work, self._read_timeout_s)

    def cluster_detail(self, cluster: MoRef) -> ClusterDetail:
        """One cluster as it is now."""

        def work(connected: Connected) -> ClusterDetail:
            return cluster_detail.read_cluster(connected, cluster, datetime.now(UTC))

        return self._session.read(work, self.endpoint.read_timeout_s)

    def host_detail(self, host: MoRef) -> HostDetail:
        """One ESX host as it is now, with all VMs on it."""

        def work(connected: Connected) -> HostDetail:
            return host_detail.read_host(connected, host, datetime.now(UTC))

        return self._session.read(work, self.endpoint.read_timeout_s)

    def series(
        self, entity: MoRef, since: datetime, counters: Sequence[str] = COUNTERS
    ) -> tuple[Series, ...]:
        """What vCenter has counted of a host or a cluster since then, a day ago at most."""

        def work(connected: Connected) -> tuple[Series, ...]:
            return self._performance.series(connected, entity, counters, since)

        return self._session.read(work, self.endpoint.read_timeout_s)

    def standing(self, host: MoRef, vm: MoRef | None = None) -> Standing:
        """The host, its cluster and the VMs on it, or that VM alone: two calls."""

        def work(connected: Connected) -> Standing:
            return standing_reader.read_standing(connected, host, datetime.now(UTC), vm=vm)

        return self._session.read(work, self._read_timeout_s)

    def maintenance_forecast(self, cluster: MoRef, host: MoRef) -> Forecast:
        """Where DRS would move what runs on the host; moves nothing. One call."""
        work = partial(maintenance.forecast, cluster=cluster, host=host)
        return self._session.read(work, self._read_timeout_s)

    def enter_maintenance(
        self, host: MoRef, *, timeout_s: int, evacuate_powered_off: bool
    ) -> MoRef:
        """The task; sent once: see `Session.change`."""
        work = partial(
            maintenance.enter_maintenance,
            host=host,
            timeout_s=timeout_s,
            evacuate_powered_off=evacuate_powered_off,
        )
        return self._session.change(work, self._read_timeout_s)

    def exit_maintenance(self, host: MoRef) -> MoRef:
        """The task; sent once: see `Session.change`."""
        work = partial(maintenance.exit_maintenance, host=host)
        return self._session.change(work, self._read_timeout_s)

    def vmotion_compatibility(self, vm: MoRef, hosts: Sequence[MoRef]) -> tuple[Verdict, ...]:
        """vCenter's own check of the VM with each of the hosts."""
        work = partial(migrations.compatibility, vm=vm, hosts=hosts)
        return self._session.read(work, self._read_timeout_s)

    def migrate(self, vm: MoRef, host: MoRef) -> MoRef:
        """The task; sent once: see `Session.change`."""
        work = partial(migrations.migrate, vm=vm, host=host)
        return self._session.change(work, self._read_timeout_s)

    def place_vm(self, cluster: MoRef, wanted: NewVm) -> tuple[VCenterPlace, ...]:
        """Where vCenter would place a new VM; makes and moves nothing. One call."""
        work = partial(place_vm.place_vm, cluster=cluster, wanted=wanted)
        return self._session.read(work, self._read_timeout_s)

    def collector(
        self,
        sink: Sink,
        relist_interval_s: float,
        page_size: int = watch.PAGE_SIZE,
        max_wait_s: int = collector.MAX_WAIT_S,
        sample_interval_s: float = collector.SAMPLE_INTERVAL_S,
    ) -> Collector:
        """What keeps the inventory current, on this client's session; to be run in a thread."""
        return Collector(
            self.endpoint.name,
            self._session,
            self.endpoint,
            sink,
            relist_interval_s=relist_interval_s,
            page_size=page_size,
            max_wait_s=max_wait_s,
            sample_interval_s=sample_interval_s,
        )

    def close(self) -> None:
        """Logs out."""
        self._session.close()

    def use_password_of(self, endpoint: Endpoint) -> None:
        self._session.use_password_of(endpoint)


class _Clients:
    """The clients of one process. A child process must not use its parent's sessions."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._by_name: dict[str, VCenterClient] = {}

    def get(self, endpoint: Endpoint) -> VCenterClient:
        with self._lock:
            known = self._by_name.get(endpoint.name)
            if known is not None and known.endpoint == endpoint:
                known.use_password_of(endpoint)
                return known
            fresh = self._by_name[endpoint.name] = VCenterClient(endpoint)
        if known is not None:
            known.close()
        return fresh

    def close(self) -> None:
        with self._lock:
            clients = list(self._by_name.values())
            self._by_name.clear()
        for client in clients:
            client.close()


_clients_by_pid: dict[int, _Clients] = {}


def client_for(endpoint: Endpoint) -> VCenterClient:
    """The process's one client for this vCenter; a changed endpoint gets a new one.

    After a fork the child makes its own, and neither uses nor logs out its parent's.
    """
    pid = os.getpid()
    clients = _clients_by_pid.get(pid) or _clients_by_pid.setdefault(pid, _Clients())
    return clients.get(endpoint)


def close_clients() -> None:
    """Logs this process out of every vCenter, at most two seconds each."""
    clients = _clients_by_pid.pop(os.getpid(), None)
    if clients is not None:
        clients.close()


atexit.register(close_clients)


def _who(connected: Connected) -> VCenter:
    return connected.vcenter


def _clock(connected: Connected) -> datetime:
    now: datetime = connected.service.CurrentTime()
    return now
