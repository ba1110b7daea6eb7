"""Datastores of the lab's own cloud: each figure against vCenter and the files on disk, read another
way, and both rules of the next disk proven by having real Nova and real Cinder make one.
"""

import os
import time
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any
from unittest import mock

import pytest
from django.test import override_settings
from pyVmomi import vim

from lab.openstack_conf import datastore_regex
from tests.cloud.sized import sized_vcenter
from tests.cloud.test_clusters_calls import counted
from tests.lab_run import RunningLab
from vmware_panel.api import cloud, datastores, inventories
from vmware_panel.api.context import access_of, scope_of, vcenter_named
from vmware_panel.api.datastores import DatastoreEntry
from vmware_panel.api.scans import Scans
from vmware_panel.domain.datastore_bytes import FillKind
from vmware_panel.domain.datastore_files import CACHE_SUFFIX
from vmware_panel.domain.inventory import CINDER_EXTENSION, NOVA_EXTENSION, MoRef
from vmware_panel.endpoints import client
from vmware_panel.vsphere import close_clients
from vmware_panel.vsphere.deadlines import Deadline

pytestmark = [pytest.mark.lab, pytest.mark.simulator]

GIB = 1 << 30
WAIT_S = 180
ONE_EACH = 3  # servers, compute services, hypervisors


@pytest.fixture
def collected(lab: RunningLab, vcenter_setting: dict[str, Any]) -> Iterator[None]:
    """As in the lab's own Horizon, with a collector of this process."""
    computes = {
        host: {"datastore_regex": datastore_regex(number)}
        for number, host in enumerate(lab.settings.compute_hosts())
    }
    setting = {"vcenters": {"lab": vcenter_setting}, "computes": computes}
    close_clients()
    with override_settings(VMWARE_PANEL=setting):
        yield
    inventories.forget_all()
    cloud.forget_all()
    close_clients()


def listed(request: Any, wanted: Callable[[dict[str, DatastoreEntry]], bool] = bool) -> Any:
    """By name, as soon as the list says what is wanted; a busy machine lists late."""
    until = time.monotonic() + 60
    while True:
        report = datastores.datastores_report(request)
        found = {entry.datastore.name: entry for entry in report.entries or ()}
        if not report.troubles and wanted(found):
            return found
        assert time.monotonic() < until, (report.troubles, found)
        time.sleep(0.2)


# -- what it asks ----------------------------------------------------------------------------


def calls_of_each_page(request: Any, nova_vms: int) -> dict[str, tuple[int, int]]:
    with sized_vcenter(nova_vms, "embedded", clusters=2):
        entries = listed(request)
        moref = next(iter(entries.values())).datastore.moref
        cloud.forget_all()
        found: dict[str, tuple[int, int]] = {}
        found["first"], report = counted(datastores.datastores_report, request)
        found["again"], _ = counted(datastores.datastores_report, request)
        one_page = datastores.datastore_report, request, "sized", moref
        found["one, first"], one = counted(*one_page)
        found["one, again"], _ = counted(*one_page)
        assert isinstance(report, datastores.DatastoresReport) and report.entries
        instances = sum(entry.counts.instances for entry in report.entries)
        assert instances >= nova_vms
        assert isinstance(one, datastores.DatastoreReport) and one.answers and one.tenants
        assert one.missing_privileges == ()
        return found


def test_no_list_asks_vcenter_and_none_asks_more_of_a_large_one(
    lab: RunningLab, request_of: Callable[..., Any], at_one_moment: None
) -> None:
    request = request_of()
    small = calls_of_each_page(request, 20)
    # Of one datastore: itself and what the account may do; projects, volumes and snapshots besides.
    assert small == {
        "first": (0, ONE_EACH),
        "again": (0, 0),
        "one, first": (3, 3),
        "one, again": (3, 0),
    }
    assert calls_of_each_page(request, 2000) == small


# -- what it says ----------------------------------------------------------------------------


def lies_on(vm: Any, name: str) -> bool:
    """Its home, or a disk of it."""
    paths = [vm.config.files.vmPathName]
    paths += [
        device.backing.fileName
        for device in vm.config.hardware.device
        if isinstance(device, vim.vm.device.VirtualDisk)
    ]
    return any(path.startswith(f"[{name}] ") for path in paths)


def kind_of(vm: Any) -> str:
    key = vm.config.managedBy.extensionKey if vm.config.managedBy else ""
    if vm.config.template:
        return "others"
    return {NOVA_EXTENSION: "instances", CINDER_EXTENSION: "volumes"}.get(key, "others")


def test_each_figure_is_vcenters(
    lab: RunningLab, request_of: Callable[..., Any], collected: None
) -> None:
    entries = listed(request_of())
    with lab.login.connected() as service:
        stores = _all(service, vim.Datastore)
        vms = _all(service, vim.VirtualMachine)
        assert set(entries) == {store.name for store in stores}
        for store in stores:
            entry, summary = entries[store.name], store.summary
            its = entry.datastore
            assert (its.capacity_bytes, its.type) == (summary.capacity, summary.type)
            assert (its.free_bytes, its.uncommitted_bytes) == (
                summary.freeSpace,
                summary.uncommitted,
            )
            mounting = {mount.key for mount in store.host}
            assert entry.mounts.hosts == len(mounting)
            clusters = Counter(host.parent.name for host in mounting)
            assert {c.name for c in entry.mounts.clusters} == set(clusters)
            for one in entry.mounts.by_cluster:
                assert one.cluster and len(one.mounting) == clusters[one.cluster.name]
            on_it = Counter(kind_of(vm) for vm in vms if lies_on(vm, store.name))
            counts = entry.counts
            assert (counts.instances, counts.volumes, counts.others) == (
                on_it["instances"],
                on_it["volumes"],
                on_it["others"],
            ), store.name


def test_instances_and_volumes_are_novas_and_cinders_of_each_project(
    lab: RunningLab, request_of: Callable[..., Any], collected: None
) -> None:
    request = request_of()
    entry = listed(request)["shared-ds-1"]
    report = datastores.datastore_report(request, "lab", entry.datastore.moref)
    assert report.tenants and not report.tenants.unplaced
    found = {
        project: {one.volume_id or (one.server.id if one.server else "") for one in tenants}
        for project, tenants in report.tenants.by_project.items()
    }
    with lab.login.connected() as service:
        on_it = {
            vm.config.instanceUuid
            for vm in _all(service, vim.VirtualMachine)
            if lies_on(vm, "shared-ds-1") and kind_of(vm) != "others"
        }
    projects = {s.id: s.project_id for s in lab.admin.compute.servers(all_projects=True)}
    projects |= {v.id: v.project_id for v in lab.admin.block_storage.volumes(all_projects=True)}
    expected: dict[str, set[str]] = {}
    for its_id in on_it:
        expected.setdefault(projects[its_id], set()).add(its_id)
    assert found == expected


def test_the_bytes_of_each_kind_are_those_of_the_files_on_disk(
    lab: RunningLab, request_of: Callable[..., Any], collected: None
) -> None:
    request = request_of()
    entry = listed(request)["shared-ds-1"]
    vcenter = vcenter_named(request, "lab")
    assert vcenter is not None
    with lab.login.connected() as service:
        (store,) = [d for d in _all(service, vim.Datastore) if d.name == "shared-ds-1"]
        folder = Path(store.summary.url)
        homes = {
            vm.config.files.vmPathName.removeprefix("[shared-ds-1] ").partition("/")[0]: kind_of(
                vm
            )
            for vm in _all(service, vim.VirtualMachine)
            if vm.config.files.vmPathName.startswith("[shared-ds-1] ")
        }
    with forgotten(folder):
        scan = client(vcenter).search_datastore(entry.datastore.moref, Deadline(60))
        on_disk = {path.name: bytes_below(path) for path in folder.iterdir() if path.is_dir()}
    with mock.patch.object(
        datastores, "read_scans", return_value=Scans({("lab", entry.datastore.moref): scan})
    ):
        found = listed(
            request,
            lambda entries: (
                entries["shared-ds-1"].inventory.read_at > scan.read_at
                and cloud.all_servers(*_asker(request)).read_at > scan.read_at
            ),
        )["shared-ds-1"]
    fill = found.fill
    assert fill is not None and fill.whole
    expected: Counter[FillKind] = Counter()
    for name, size in on_disk.items():
        expected[kind_on_disk(name, homes)] += size
    for kind in FillKind:
        assert fill.of(kind).known == expected[kind], kind
    assert expected[FillKind.LEFTOVERS] > 0 and expected[FillKind.CACHE] > 0
    assert fill.known_bytes + fill.unaccounted_bytes + found.datastore.free_bytes == (
        found.datastore.capacity_bytes
    )


def kind_on_disk(name: str, homes: dict[str, str]) -> FillKind:
    """By the test's own knowledge of what it has put there."""
    if name in homes:
        kinds = {"instances": FillKind.INSTANCES, "volumes": FillKind.VOLUMES}
        return kinds.get(homes[name], FillKind.FOREIGN)
    if name.endswith(CACHE_SUFFIX):
        return FillKind.CACHE
    if name == "vmware_temp" or name == FORGOTTEN:
        return FillKind.LEFTOVERS
    return FillKind.FOREIGN


FORGOTTEN = "0b7e3c2e-6f6a-4a5e-9d54-3f0c7f1a2b3c"


@contextmanager
def forgotten(folder: Path) -> Iterator[None]:
    """A folder as Nova leaves it of an instance that is gone, and one of somebody else's."""
    made = []
    for name, size in ((FORGOTTEN, 3000), ("isos", 5000)):
        path = folder / name
        path.mkdir()
        file = path / "disk-flat.vmdk"
        file.write_bytes(b"\0" * size)
        made += [file, path]
    try:
        yield
    finally:
        for path in made:
            path.unlink() if path.is_file() else path.rmdir()


def bytes_below(folder: Path) -> int:
    return sum(
        os.stat(os.path.join(top, name)).st_size
        for top, _folders, names in os.walk(folder)
        for name in names
    )


# -- where the next disk goes ----------------------------------------------------------------


def test_real_nova_and_real_cinder_put_their_next_disk_where_the_page_says_and_that_is_apart(
    lab: RunningLab, request_of: Callable[..., Any], collected: None
) -> None:
    """The cluster's own datastore has the most free bytes, the shared one the most hosts."""
    request = request_of()
    host, cluster = lab.settings.compute_hosts()[0], "DC0_C0"
    with most_free(lab, "c0-local-1"):
        entries = listed(
            request,
            lambda e: cluster in [c.name for c in e["c0-local-1"].next_of_nova or ()],
        )
        for_cinder = {
            name
            for name, entry in entries.items()
            if cluster in [c.name for c in entry.next_of_cinder or ()]
        }
        assert for_cinder == {"shared-ds-1"}
        with booted_on(lab, host) as server, a_volume(lab, server) as volume_id:
            with lab.login.connected() as service:
                home = lab.vm_of(service, server.id).config.files.vmPathName
                shadow = lab.vm_of(service, volume_id).config.files.vmPathName
    assert home.startswith("[c0-local-1] ") and shadow.startswith("[shared-ds-1] ")


def test_a_datastore_in_maintenance_or_gone_is_nobodys_next(
    lab: RunningLab, request_of: Callable[..., Any], collected: None
) -> None:
    request = request_of()
    with most_free(lab, "c0-local-1"):
        for change, undo in (
            (
                lambda: lab.control.set_datastore_maintenance("c0-local-1", "inMaintenance"),
                lambda: lab.control.set_datastore_maintenance("c0-local-1", "normal"),
            ),
            (
                lambda: lab.control.set_accessible("c0-local-1", False),
                lambda: lab.control.set_accessible("c0-local-1", True),
            ),
        ):
            change()
            try:
                entries = listed(request, lambda e: e["c0-local-1"].next_of_nova == ())
                assert entries["shared-ds-1"].next_of_nova
                (taker,) = entries["c0-local-1"].takers or ()
                assert taker.takes is False and taker.rejection is not None
            finally:
                undo()
            listed(request, lambda e: bool(e["c0-local-1"].next_of_nova))


@contextmanager
def most_free(lab: RunningLab, name: str) -> Iterator[None]:
    with lab.login.connected() as service:
        (store,) = [d for d in _all(service, vim.Datastore) if d.name == name]
        lab.control.set_free(name, store.summary.capacity)
    try:
        yield
    finally:
        lab.control.set_free(name, None)


@contextmanager
def booted_on(lab: RunningLab, host: str) -> Iterator[Any]:
    compute = lab.admin.compute
    image = lab.admin.image.find_image("debian-12")
    network = next(iter(lab.admin.network.networks()))
    made = compute.create_server(
        name="next-disk",
        image_id=image.id,
        flavor_id="web.small",
        networks=[{"uuid": network.id}],
        availability_zone=f"nova:{host}",
    )
    try:
        yield compute.wait_for_server(made, interval=1, wait=WAIT_S)
    finally:
        compute.delete_server(made, ignore_missing=True)
        compute.wait_for_delete(made, interval=1, wait=WAIT_S)


@contextmanager
def a_volume(lab: RunningLab, server: Any) -> Iterator[str]:
    """Attached, which is when Cinder makes its disk."""
    storage, compute = lab.admin.block_storage, lab.admin.compute
    volume = storage.create_volume(name="next-volume", size=1)
    try:
        storage.wait_for_status(volume, "available", interval=1, wait=WAIT_S)
        compute.create_volume_attachment(server, volume_id=volume.id)
        storage.wait_for_status(volume, "in-use", interval=1, wait=WAIT_S)
        yield volume.id
    finally:
        compute.delete_volume_attachment(server, volume.id)
        storage.wait_for_status(
            storage.get_volume(volume.id), "available", interval=1, wait=WAIT_S
        )
        storage.delete_volume(volume)
        storage.wait_for_delete(volume, interval=1, wait=WAIT_S)


def test_a_vcenter_that_is_away_leaves_nothing_but_the_reason(
    lab: RunningLab,
    request_of: Callable[..., Any],
    configured: Callable[..., Any],
) -> None:
    with configured(port=1):
        request = request_of()
        report = datastores.datastores_report(request)
        one = datastores.datastore_report(request, "lab", MoRef("datastore-1001"))
    assert report.entries is None and {t.source for t in report.troubles} == {"lab"}
    assert one.possible and not one.answers and one.entry is None


def _asker(request: Any) -> tuple[Any, str]:
    return access_of(request), scope_of(request)


def _all(service: Any, kind: type) -> list[Any]:
    view = service.content.viewManager.CreateContainerView(
        service.content.rootFolder, [kind], True
    )
    found = list(view.view)
    view.DestroyView()
    return found
