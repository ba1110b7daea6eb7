"""Leases through the adapter, on the simulator: whose they are, who is spoken to, what is let go."""

import ssl
from collections.abc import Iterator
from dataclasses import replace
from typing import Any

import pytest

from tests.streamed_vmdk import MIB, streamed_vmdk
from tests.vsphere.certificates import Authority
from tests.vsphere.disk_rig import STAGING, Rig, rig, two_datastores
from tests.vsphere.fault_proxy import fault_proxy, wait_until
from tests.vsphere.rig import authority, endpoint_of
from vmware_panel.api.seed_rights import FOLDER_PRIVILEGES, POOL_PRIVILEGES, ImportRights
from vmware_panel.domain.imports import (
    NOTE,
    ImportedVm,
    ImportPlace,
    Lease,
    LeaseState,
    import_name,
)
from vmware_panel.domain.inventory import MoRef
from vmware_panel.domain.outcome import TroubleKind
from vmware_panel.domain.plans import RefusalKind
from vmware_panel.domain.seed_sources import SeedSource, SourceKind
from vmware_panel.domain.seeding import SeedItem, SeedTarget
from vmware_panel.vsphere.errors import ObjectGone, VSphereError
from vmware_panel.vsphere.file_changes import PathRefused

__all__ = ["authority", "rig", "two_datastores"]  # fixtures

pytestmark = pytest.mark.simulator

NAME = import_name(STAGING)
DISK = streamed_vmdk(2 * MIB, {0: b"boot"})


class Import:
    """One that was begun, and is aborted after the test."""

    def __init__(self, its: Rig) -> None:
        self.rig = its
        self.client = its.client
        clusters = {c.name: c.moref for c in its.client.read_inventory().clusters}
        self.cluster = clusters["DC0_C0"]
        self.where: ImportPlace = its.client.import_place(self.cluster, its.shared.datacenter)
        self.moref = its.client.begin_import(self.where, its.shared, NAME)

    @property
    def lease(self) -> Lease:
        return self.client.lease(self.moref)

    @property
    def vm(self) -> ImportedVm | None:
        return self.client.imported_vm(self.rig.shared.datacenter, NAME)


@pytest.fixture
def begun(rig: Rig) -> Iterator[Import]:
    its = Import(rig)
    yield its
    if its.lease.state is LeaseState.READY:
        its.client.abort_lease(its.moref)
    elif vm := its.vm:
        its.client.destroy_import(rig.shared, vm)
    wait_until(lambda: its.vm is None)


def send(begun: Import, **changes: Any) -> int:
    return begun.client.send_disk(replace(begun.lease, **changes), len(DISK), iter([DISK]))


def test_a_disk_is_sent_completed_and_its_vm_let_go(begun: Import) -> None:
    assert begun.lease.state is LeaseState.READY
    assert send(begun) == len(DISK)
    begun.client.complete_lease(begun.moref)
    vm = begun.vm
    assert vm and vm.is_import(begun.rig.shared, NAME)
    assert vm.disks == ((f"[shared-ds-1] {NAME}/{NAME}.vmdk", 2 * MIB),)
    begun.client.unregister_import(begun.rig.shared, vm)
    assert begun.vm is None
    folder = begun.rig.path(NAME)
    assert begun.client.list_folder(begun.rig.shared, folder)
    source, staged = folder.child(f"{NAME}.vmdk"), begun.rig.staged()
    begun.rig.ended(begun.client.take_disk(begun.rig.shared, source, staged))
    assert begun.rig.file(staged).with_name(staged.name.replace(".vmdk", "-flat.vmdk")).exists()


def test_while_a_lease_holds_nobody_takes_its_vm_away(begun: Import) -> None:
    vm = begun.vm
    assert vm
    for change in (begun.client.destroy_import, begun.client.unregister_import):
        with pytest.raises(VSphereError) as raised:
            change(begun.rig.shared, vm)
        assert raised.value.fault
    assert begun.vm


def test_an_aborted_lease_takes_its_vm_away(begun: Import) -> None:
    begun.client.abort_lease(begun.moref)
    wait_until(lambda: begun.vm is None)
    assert begun.lease.state is LeaseState.ERROR
    with pytest.raises(VSphereError, match="InvalidState"):
        begun.client.complete_lease(begun.moref)


def test_a_lease_is_of_its_session_alone(begun: Import, new_client: Any) -> None:
    other = new_client(endpoint_of(begun.rig.simulator))
    with pytest.raises(ObjectGone):
        other.lease(begun.moref)
    with pytest.raises(ObjectGone):
        other.abort_lease(begun.moref)
    assert begun.lease.state is LeaseState.READY


@pytest.mark.parametrize("thumbprint", ["00:" * 19 + "00", "no thumbprint", "ab" * 32])
def test_a_disk_is_sent_to_nobody_with_another_certificate(begun: Import, thumbprint: str) -> None:
    with pytest.raises(VSphereError) as raised:
        send(begun, thumbprint=thumbprint)
    assert raised.value.kind is TroubleKind.CERTIFICATE
    assert begun.rig.simulator.control.uploads() == ()


def test_the_certificate_that_vcenter_names_counts_before_its_thumbprint(
    begun: Import, authority: Authority
) -> None:
    at = ("127.0.0.1", begun.rig.simulator.port)
    shown = ssl.get_server_certificate(at)
    assert send(begun, certificate=shown, thumbprint="") == len(DISK)
    other, _ = authority.issue("127.0.0.1", "localhost")
    with pytest.raises(VSphereError) as raised:
        send(begun, certificate=other.read_text())
    assert raised.value.kind is TroubleKind.CERTIFICATE


def test_without_a_thumbprint_the_certificate_is_verified_as_vcenters(
    begun: Import, authority: Authority
) -> None:
    certificate = authority.issue("127.0.0.1", "localhost")
    with fault_proxy(begun.rig.simulator.port, *certificate) as proxy:
        url = begun.lease.url.replace(str(begun.rig.simulator.port), str(proxy.port))
        with pytest.raises(VSphereError) as raised:
            send(begun, thumbprint="", url=url)
    assert raised.value.kind is TroubleKind.CERTIFICATE
    assert send(begun, thumbprint="", url=begun.lease.url.replace("127.0.0.1", "localhost"))


@pytest.mark.parametrize("url", ["", "http://127.0.0.1/nfc/x", "https://", "https://a:x/y", "nfc"])
def test_a_lease_that_names_no_place_is_refused(begun: Import, url: str) -> None:
    with pytest.raises(VSphereError, match="no place"):
        send(begun, url=url)


def test_the_address_of_a_lease_is_in_no_error(begun: Import) -> None:
    with pytest.raises(VSphereError) as raised:
        begun.client.send_disk(begun.lease, len(DISK), iter([DISK[:-600]]))
    ticket = begun.lease.url.rsplit("/", 2)[-2]
    assert ticket not in raised.value.detail


@pytest.mark.parametrize(
    "changes",
    [
        {"annotation": "mine"},
        {"powered_off": False},
        {"name": "web-1"},
        {"vm_path": "[shared-ds-1] web-1/web-1.vmx"},
        {"disks": (("[shared-ds-1] c0_base/x/x.vmdk", 1),)},
        {"disks": ((f"[shared-ds-2] {NAME}/x.vmdk", 1),)},
        {"vm_path": f"[shared-ds-1] {NAME}/../x.vmx"},
    ],
)
def test_no_other_vm_is_ever_taken_away(rig: Rig, changes: dict[str, Any]) -> None:
    ours = ImportedVm(
        MoRef("vm-1"),
        NAME,
        NOTE,
        "",
        True,
        f"[shared-ds-1] {NAME}/{NAME}.vmx",
        ((f"[shared-ds-1] {NAME}/{NAME}.vmdk", 1),),
    )
    assert ours.is_import(rig.shared, NAME)
    other = replace(ours, **changes)
    rig.simulator.reset_calls()
    for change in (rig.client.destroy_import, rig.client.unregister_import):
        with pytest.raises(PathRefused):
            change(rig.shared, other)
    assert not {"Destroy_Task", "UnregisterVM"} & rig.simulator.calls().methods.keys()


def test_a_disk_is_taken_out_of_an_imports_folder_alone(rig: Rig) -> None:
    for source in (
        rig.path("c0_base", "x", "x.vmdk"),
        rig.path("web-1", "web-1.vmdk"),
        rig.path(STAGING, "x.vmdk"),
    ):
        with pytest.raises(PathRefused):
            rig.client.take_disk(rig.shared, source, rig.staged())


def item_of(rig: Rig) -> SeedItem:
    datastore = next(
        d for d in rig.client.read_inventory().datastores if d.moref == rig.shared.datastore
    )
    cluster = next(c for c in rig.client.read_inventory().clusters if c.name == "DC0_C0")
    target = SeedTarget("C0", "c0", "c0_base", datastore, cluster_moref=cluster.moref)
    source = SeedSource(SourceKind.GLANCE, imported=True)
    return SeedItem(target, "x", rig.shared.datacenter, source)


@pytest.mark.parametrize("right", [*POOL_PRIVILEGES, *FOLDER_PRIVILEGES])
def test_an_import_without_its_rights_is_left_out_by_their_name(rig: Rig, right: str) -> None:
    control, user = rig.simulator.control, rig.simulator.user
    assert ImportRights(rig.client, "west").checked(item_of(rig)).refusals == ()
    control.deny(user, right)
    try:
        refusals = ImportRights(rig.client, "west").checked(item_of(rig)).refusals
        copied = replace(item_of(rig), source=SeedSource(SourceKind.COPY))
        assert ImportRights(rig.client, "west").checked(copied).refusals == ()
    finally:
        control.deny(user)
    assert [(r.kind, r.detail) for r in refusals] == [(RefusalKind.NO_PRIVILEGE, right)]
