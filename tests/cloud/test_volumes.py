"""The list of volumes on the lab, held to what Cinder, Nova and the simulator say to other clients."""

import time
import uuid
from collections.abc import Callable, Iterator
from typing import Any

import pytest
from pyVmomi import vim

from lab import drift
from lab.vcenter import CINDER_EXTENSION, read, wait
from tests.cloud.sized import sized_vcenter
from tests.lab_run import RunningLab
from vmware_panel.api import cloud, inventories, placement
from vmware_panel.api import volumes as api
from vmware_panel.domain.cloud import Server
from vmware_panel.domain.volume_disks import agreement
from vmware_panel.domain.volumes import DiskState, FindingKind, VolumeEntry, VolumeState
from vmware_panel.openstack import counting as counting_openstack
from vmware_panel.vsphere import counting as counting_vcenter

pytestmark = [pytest.mark.lab, pytest.mark.simulator]

GIB = 1024**3
INSTANCE = "kafka-1"
WAIT_S = 180
FIRST = 5
"""Volumes, snapshots, pools, servers, projects: one call each."""


@pytest.fixture
def report(request_of, configured) -> Iterator[Callable[[], api.VolumesReport]]:
    """The report as a page would get it, nothing of Cinder's kept from the one before."""
    request = request_of()

    def fresh() -> api.VolumesReport:
        cloud.forget_all()
        return api.volumes_report(request)

    with configured():
        fresh()
        yield fresh


@pytest.fixture
def a_volume(lab: RunningLab) -> Iterator[Any]:
    """One of a member's, never attached; what the test leaves of it is taken away."""
    storage, compute = lab.openstack("dan", "data").block_storage, lab.admin.compute
    made = storage.create_volume(name="travels", size=1)
    storage.wait_for_status(made, "available", interval=0.5, wait=WAIT_S)
    yield made
    for server_id in attached_to(lab, made):
        compute.delete_volume_attachment(server_id, made.id)
    deadline = time.monotonic() + WAIT_S
    while attached_to(lab, made) and time.monotonic() < deadline:
        time.sleep(0.5)
    for snapshot in lab.admin.block_storage.snapshots(all_projects=True, volume_id=made.id):
        lab.admin.block_storage.delete_snapshot(snapshot)
        lab.admin.block_storage.wait_for_delete(snapshot, interval=0.5, wait=WAIT_S)
    lab.admin.block_storage.reset_volume_status(made, "available", "detached", None)
    lab.admin.block_storage.delete_volume(made)
    lab.admin.block_storage.wait_for_delete(made, interval=0.5, wait=WAIT_S)


def attached_to(lab: RunningLab, volume: Any) -> list[str]:
    its = lab.admin.block_storage.get_volume(volume.id)
    return [entry["server_id"] for entry in its.attachments]


def attach(lab: RunningLab, volume: Any, server_id: str = "") -> str:
    """To `INSTANCE`, if no other is given; its id."""
    storage = lab.admin.block_storage
    server_id = server_id or lab.server_id(INSTANCE)
    lab.openstack("dan", "data").compute.create_volume_attachment(server_id, volume_id=volume.id)
    storage.wait_for_status(storage.get_volume(volume.id), "in-use", interval=0.5, wait=WAIT_S)
    return server_id


def detach(lab: RunningLab, volume: Any, server_id: str) -> None:
    storage = lab.admin.block_storage
    lab.admin.compute.delete_volume_attachment(server_id, volume.id)
    storage.wait_for_status(storage.get_volume(volume.id), "available", interval=0.5, wait=WAIT_S)


def until(
    report: Callable[[], api.VolumesReport],
    volume_id: str,
    *states: VolumeState | DiskState,
    path: str = "",
    finding: FindingKind | None = None,
    without: FindingKind | None = None,
) -> VolumeEntry:
    """The volume's entry, when vCenter's book is as new as Cinder's; with the shadow VM's disk at
    `path`, with that finding and `without` that one, if given.
    """
    deadline = time.monotonic() + WAIT_S
    while True:
        entries = [e for e in report().entries or () if e.volume and e.volume.id == volume_id]
        assert len(entries) == 1
        found = [entries[0].state, *(its.state for its in entries[0].attachments)]
        disk = entries[0].shadow.disk if entries[0].shadow else None
        kinds = {None, *(its.kind for its in entries[0].findings)}
        if found == list(states) and (not path or (disk and disk.path == path)):
            if finding in kinds and (without is None or without not in kinds):
                return entries[0]
        assert time.monotonic() < deadline, f"{found} at {disk}, {kinds}, not {states}, {finding}"
        time.sleep(0.5)


def disks(vm: Any) -> list[Any]:
    return [d for d in vm.config.hardware.device if isinstance(d, vim.vm.device.VirtualDisk)]


def test_each_row_is_what_cinder_and_the_simulator_say(lab: RunningLab, report):
    found = report()
    assert not found.troubles and found.all_projects and found.entries is not None
    truth = {v.id: v for v in lab.admin.block_storage.volumes(details=True, all_projects=True)}
    ours = {e.volume.id: e for e in found.entries if e.volume}
    assert ours.keys() == truth.keys()
    properties = ("name", "config.instanceUuid", "config.managedBy", "config.files.vmPathName")
    with lab.login.connected() as service:
        rows = read(service, vim.VirtualMachine, *properties)
        shadows = {
            row["config.instanceUuid"]: vm
            for vm, row in rows.items()
            if row.get("config.managedBy")
            and row["config.managedBy"].extensionKey == CINDER_EXTENSION
        }
        listed = [e.shadow.vm.moref for e in found.entries if e.shadow]
        assert sorted(listed) == sorted(vm._moId for vm in shadows.values())
        for volume_id, its in truth.items():
            entry = ours[volume_id]
            assert entry.volume is not None
            assert (entry.volume.name, entry.volume.status) == (its.name, its.status)
            assert (entry.volume.size_gb, entry.volume.project_id) == (its.size, its.project_id)
            shadow = shadows.get(volume_id)
            if shadow is None:
                assert (entry.state, entry.shadow) == (VolumeState.NOT_YET, None)
                continue
            assert entry.state is VolumeState.STORED and entry.shadow and entry.shadow.disk
            (disk,) = disks(shadow)
            assert entry.shadow.disk.path == disk.backing.fileName
            assert entry.shadow.disk.capacity_bytes == disk.capacityInKB * 1024
            assert entry.shadow.datastore is not None
            assert entry.shadow.datastore.name == disk.backing.datastore.name
            _same_attachments(lab, service, entry, its, disk)
    assert {e.state for e in ours.values()} >= {VolumeState.STORED, VolumeState.NOT_YET}


def _same_attachments(lab: RunningLab, service, entry: VolumeEntry, its: Any, disk: Any) -> None:
    wanted = [attachment["server_id"] for attachment in its.attachments]
    assert [attached.server_id for attached in entry.attachments] == wanted
    for attached in entry.attachments:
        vm = lab.vm_of(service, attached.server_id)
        assert attached.vm and attached.vm.moref == vm._moId
        paths = [other.backing.fileName for other in disks(vm)]
        assert disk.backing.fileName in paths, "the lab's own volumes agree"
        assert attached.state is DiskState.AGREES


def server_of(lab: RunningLab, server_id: str) -> Server:
    its = lab.admin.compute.get_server(server_id)
    return Server(
        its.id,
        its.name,
        node=its.hypervisor_hostname,
        volume_ids=tuple(volume["id"] for volume in its.attached_volumes),
    )


def test_a_volume_from_lazy_over_moved_to_mended_by_nova_itself(
    lab: RunningLab, report, request_of, a_volume
):
    """What the page advises is what Nova does: a detach brings the shadow VM to the disk."""
    entry = until(report, a_volume.id, VolumeState.NOT_YET)
    assert not entry.findings
    server_id = attach(lab, a_volume)
    entry = until(report, a_volume.id, VolumeState.STORED, DiskState.AGREES)
    assert entry.shadow and entry.shadow.disk and not entry.findings
    before = entry.shadow.disk.path
    with lab.login.connected() as service:
        options = drift.Options(vm=server_id)
        drift.apply(drift.VCenter(service, lab.control), "volume-moved", options)
        paths = {disk.backing.fileName for disk in disks(lab.vm_of(service, server_id))}
    # Of a volume that Cinder has just changed nothing is found: the book may be older.
    its_state = VolumeState.STORED, DiskState.MOVED
    entry = until(report, a_volume.id, *its_state, finding=FindingKind.MOVED)
    (finding,) = entry.findings
    assert finding.cinder == before
    assert finding.vcenter in paths and before not in paths
    tab = placement.instance_report(request_of(), server_of(lab, server_id))
    shadow = tab.shadows[a_volume.id].disk
    (its,) = [its for its in tab.placement.disks if its.volume_id == a_volume.id]
    assert shadow and agreement(its.disk, shadow) is DiskState.MOVED, "the instance's tab agrees"
    detach(lab, a_volume, server_id)
    entry = until(report, a_volume.id, VolumeState.STORED, path=finding.vcenter)
    assert FindingKind.MOVED not in {f.kind for f in entry.findings}


def test_a_shadow_vm_that_is_gone_is_missing_while_the_volume_is_attached(lab, report, a_volume):
    """It is made another VM of no known id, and itself again: Nova could detach nothing else."""
    server_id = attach(lab, a_volume)
    until(report, a_volume.id, VolumeState.STORED, DiskState.AGREES)

    def identify(wanted: str, name: str, its_id: str) -> None:
        with lab.login.connected() as service:
            index = service.content.searchIndex
            (shadow,) = index.FindAllByUuid(uuid=wanted, vmSearch=True, instanceUuid=True)
            wait([shadow.Rename_Task(name)])
            wait([shadow.ReconfigVM_Task(vim.vm.ConfigSpec(instanceUuid=its_id))])

    other = str(uuid.uuid4())
    identify(a_volume.id, "lost", other)
    try:
        entry = until(report, a_volume.id, VolumeState.MISSING, DiskState.UNKNOWN)
        assert {f.kind for f in entry.findings} == {FindingKind.MISSING}
        until_ghosts(report, other)
    finally:
        identify(other, f"volume-{a_volume.id}", a_volume.id)
    until(report, a_volume.id, VolumeState.STORED, DiskState.AGREES)
    detach(lab, a_volume, server_id)


def test_a_disk_that_somebody_gave_to_a_vm_is_told_while_cinder_knows_of_none(
    lab: RunningLab, report, a_volume
):
    server_id = attach(lab, a_volume)
    detach(lab, a_volume, server_id)
    entry = until(report, a_volume.id, VolumeState.STORED)
    assert entry.shadow and entry.shadow.disk and not entry.findings
    path = entry.shadow.disk.path
    with lab.login.connected() as service:
        vm = lab.vm_of(service, server_id)
        backing = vim.vm.device.VirtualDisk.FlatVer2BackingInfo(
            fileName=path, diskMode="persistent"
        )
        beside = disks(vm)[0]
        disk = vim.vm.device.VirtualDisk(
            key=-1, controllerKey=beside.controllerKey, unitNumber=9, backing=backing
        )
        _change(vm, "add", disk)
        try:
            held = until(report, a_volume.id, VolumeState.STORED, finding=FindingKind.HELD)
            findings = held.findings
            assert [f.kind for f in findings] == [FindingKind.HELD]
            assert server_id in findings[0].vcenter
        finally:
            _change(vm, "remove", next(d for d in disks(vm) if d.backing.fileName == path))
    entry = until(report, a_volume.id, VolumeState.STORED, without=FindingKind.HELD)
    assert not entry.findings


def _change(vm: Any, operation: str, disk: Any) -> None:
    change = vim.vm.device.VirtualDeviceSpec(operation=operation, device=disk)
    wait([vm.ReconfigVM_Task(vim.vm.ConfigSpec(deviceChange=[change]))])


@pytest.fixture
def short_lived(lab: RunningLab) -> Iterator[Any]:
    """An instance of the same member's."""
    compute = lab.openstack("dan", "data").compute
    made = compute.create_server(
        name="short-lived",
        flavor_id="web.small",
        image_id=lab.admin.image.find_image("debian-12").id,
        networks=[{"uuid": next(iter(lab.admin.network.networks())).id}],
    )
    try:
        yield compute.wait_for_server(made, interval=1, wait=WAIT_S)
    finally:
        compute.delete_server(made, ignore_missing=True)
        lab.admin.compute.wait_for_delete(made, interval=1, wait=WAIT_S)


def test_a_volume_that_moved_into_its_instances_folder_is_flagged_for_it_goes_with_the_instance(
    lab: RunningLab, report, a_volume, short_lived
):
    """The hazard itself, with real Nova: it deletes the folder of an instance whole."""
    attach(lab, a_volume, short_lived.id)
    with lab.login.connected() as service:
        vm = lab.vm_of(service, short_lived.id)
        # Nova may have put the instance where the volume is not: the volume's disk has to move.
        its = next(d for d in disks(vm) if a_volume.id in d.backing.fileName)
        target = next(d for d in vm.runtime.host.datastore if d != its.backing.datastore)
        wait([vm.RelocateVM_Task(vim.vm.RelocateSpec(datastore=target))])
        path = next(d.backing.fileName for d in disks(vm) if a_volume.id in d.backing.fileName)
    # vCenter tells of the disk first, and then of the VM that moved with it.
    its_state = VolumeState.STORED, DiskState.MOVED
    entry = until(report, a_volume.id, *its_state, finding=FindingKind.IN_FOLDER)
    found = {finding.kind: finding for finding in entry.findings}
    assert found[FindingKind.IN_FOLDER].vcenter == path
    folder = lab.settings.run / "vcenter"
    assert list(folder.glob(f"*/{short_lived.id}/volume-{a_volume.id}.vmdk"))
    lab.admin.compute.delete_server(short_lived)
    lab.admin.compute.wait_for_delete(short_lived, interval=1, wait=WAIT_S)
    until(report, a_volume.id, VolumeState.STORED, path=path)
    assert not list(folder.glob(f"**/volume-{a_volume.id}*.vmdk")), "Nova left the file after all"


def test_a_shadow_vm_of_no_volume_is_a_ghost_until_it_is_gone(lab: RunningLab, report):
    with lab.drifted("volume-ghost") as change:
        ghosts = until_ghosts(report, str(change.instance_uuid))
        assert [e.shadow.vm.moref for e in ghosts if e.shadow] == [change.before["clone"]]
    until_ghosts(report)


def until_ghosts(report: Callable[[], api.VolumesReport], *ids: str) -> list[VolumeEntry]:
    """The ghosts, when they are those that bear these ids."""
    deadline = time.monotonic() + WAIT_S
    while True:
        ghosts = _ghosts(report())
        found = [its.findings[0].cinder for its in ghosts]
        if found == list(ids):
            return ghosts
        assert time.monotonic() < deadline, f"the ghosts bear {found}, not {ids}"
        time.sleep(0.5)


def _ghosts(found: api.VolumesReport) -> list[VolumeEntry]:
    return [e for e in found.entries or () if e.state is VolumeState.GHOST]


def test_a_snapshot_is_the_template_that_cinder_made(lab: RunningLab, report, a_volume):
    server_id = attach(lab, a_volume)
    detach(lab, a_volume, server_id)
    storage = lab.admin.block_storage
    snapshot = storage.create_snapshot(volume_id=a_volume.id, name="nightly")
    storage.wait_for_status(snapshot, "available", interval=0.5, wait=WAIT_S)
    deadline = time.monotonic() + WAIT_S
    while not (found := _templates(report())):
        assert time.monotonic() < deadline, "no template shows"
        time.sleep(0.5)
    (entry,) = found
    assert entry.snapshot and entry.snapshot.id == snapshot.id
    assert not entry.findings


def _templates(found: api.VolumesReport) -> list[VolumeEntry]:
    """The snapshots; vCenter tells of a VM first, and that it is a template then."""
    snapshots = [e for e in found.entries or () if e.state is VolumeState.SNAPSHOT]
    return [e for e in snapshots if e.shadow and e.shadow.vm.is_template]


def test_without_cinder_vcenters_half_stands_and_without_vcenter_cinders(
    lab: RunningLab, request_of, configured
):
    request = request_of()
    with configured():
        whole = api.volumes_report(request)
        cloud.forget_all()
        broken = request_of()
        for service in broken.user.service_catalog:
            if service["type"] in ("block-storage", "volumev3"):
                for endpoint in service["endpoints"]:
                    endpoint["url"] = "http://127.0.0.1:1/v3"
        half = api.volumes_report(broken)
    assert {t.source for t in half.troubles} == {"cinder"} and half.cinder_read_at is None
    shadows = {e.shadow.vm.moref for e in whole.entries or () if e.shadow}
    assert {e.shadow.vm.moref for e in half.entries or () if e.shadow} == shadows != set()
    assert {e.state for e in half.entries or ()} == {VolumeState.UNKNOWN}
    inventories.forget_all()
    cloud.forget_all()
    with configured(port=1):
        half = api.volumes_report(request)
    assert {t.source for t in half.troubles} == {"lab"}
    ids = {e.volume.id for e in whole.entries or () if e.volume}
    assert {e.volume.id for e in half.entries or () if e.volume} == ids
    assert {e.state for e in half.entries or ()} == {VolumeState.UNKNOWN}


def test_a_member_is_told_that_cinder_listed_their_own_only(
    lab: RunningLab, request_of, configured
):
    """The page's policy refuses a member; nothing would be called left over for them either."""
    with configured():
        report = api.volumes_report(request_of("wendy", "web"))
    assert not report.all_projects and not _ghosts(report)


# -- calls -------------------------------------------------------------------------------------


def calls_of_the_page(request: Any, nova_vms: int) -> dict[str, tuple[int, int]]:
    with sized_vcenter(nova_vms, clusters=2):
        deadline = time.monotonic() + WAIT_S
        while troubles := api.volumes_report(request).troubles:
            assert time.monotonic() < deadline, troubles
            time.sleep(0.2)
        cloud.forget_all()
        found = {}
        for name in ("first", "again"):
            with counting_vcenter() as vcenter, counting_openstack() as made:
                report = api.volumes_report(request)
            assert report.inventories and len(report.inventories[0].vms) >= nova_vms
            found[name] = (vcenter.total, len(made))
        return found


def test_the_page_asks_no_vcenter_and_as_often_of_2000_vms_as_of_20(
    lab: RunningLab, request_of, at_one_moment
):
    request = request_of()
    expected = {"first": (0, FIRST), "again": (0, 0)}
    assert calls_of_the_page(request, 20) == expected
    assert calls_of_the_page(request, 2000) == expected
