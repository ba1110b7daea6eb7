"""A datastore that two vCenters of the settings mount: the VMs of both keep what they stand on.

Two simulators keep their files in one folder, and name each datastore by its place there: the same
address in both, as a VMFS volume has.
"""

from collections.abc import Callable, Iterator
from contextlib import ExitStack
from pathlib import Path

import pytest
from django.test import override_settings
from pyVmomi import vim

from tests.purging.conftest import DS, OWNED, OWNERLESS, Rig, parent, settings_of
from tests.simulator import running_simulator
from tests.vsphere.rig import endpoint_of
from tests.vsphere.test_file_use import stand_on
from tests.vsphere.test_simulator_changes import Inventory
from vmware_panel.domain.details import DetailKind
from vmware_panel.domain.jobs import ItemState, JobKind
from vmware_panel.domain.plans import RefusalKind
from vmware_panel.vsphere import client_for, counting

pytestmark = pytest.mark.simulator

EAST_UUID = "11111111-bd88-4ef6-b594-21283e1c677f"

MakeEast = Callable[..., Inventory]


@pytest.fixture
def make_east(rig: Rig, tmp_path: Path) -> Iterator[MakeEast]:
    """A second vCenter in the settings; by default its datastores are those of the first."""
    with ExitStack() as stack:

        def make(work_dir: Path | None = rig.disk.parent) -> Inventory:
            options = {"work_dir": work_dir} if work_dir else {}
            simulator = stack.enter_context(
                running_simulator(vcenter_uuid=EAST_UUID, nova_vms=2, **options)
            )
            stack.enter_context(
                override_settings(
                    VMWARE_PANEL=settings_of(tmp_path, west=rig.simulator, east=simulator)
                )
            )
            service = stack.enter_context(simulator.login.connected())
            return Inventory(simulator, service)

        yield make


def renamed(east: Inventory) -> str:
    """A datastore has a name of its own in each vCenter."""
    moref = east.datastore(DS)._moId
    east.simulator.control.rename("Datastore", moref, "bronze")
    return "bronze"


def test_a_parent_of_the_other_vcenters_vm_stays_and_the_rest_goes_on(rig: Rig, make_east):
    used, free = rig.image(), rig.image()
    east = make_east()
    bronze = renamed(east)
    vm = east.create("clone", datastore=bronze)
    stand_on(vm, parent(used, datastore=bronze))
    kept, gone = rig.purge(rig.target(f"{OWNERLESS}/{used}"), rig.target(f"{OWNERLESS}/{free}"))
    assert [(r.kind, r.detail) for r in kept.refusals] == [
        (RefusalKind.IN_USE, "clone (vCenter east)")
    ]
    assert gone.state is ItemState.DONE
    assert (rig.disk / OWNERLESS / used).exists()


def test_nothing_is_marked_that_the_other_vcenters_vm_stands_on(rig: Rig, make_east):
    used = rig.image(OWNED)
    east = make_east()
    stand_on(east.create("clone"), parent(used, OWNED))
    (item,) = rig.purge(rig.target(f"{OWNED}/{used}"), kind=JobKind.CACHE_MARK)
    assert [(r.kind, r.detail) for r in item.refusals] == [
        (RefusalKind.IN_USE, "clone (vCenter east)")
    ]


def test_what_the_other_vcenter_cloned_while_it_was_aside_is_put_back(rig: Rig, make_east):
    image = rig.image()
    east = make_east()
    vm = east.create("quick")
    rig.while_aside(image, lambda: stand_on(vm, parent(image)))
    (item,) = rig.purge(rig.target(f"{OWNERLESS}/{image}"))
    assert [r.detail for r in item.refusals] == ["quick (vCenter east)"]
    assert (rig.disk / OWNERLESS / image / f"{image}.20.vmdk").exists()
    assert rig.left_aside() == []


def test_a_vcenter_that_cannot_be_asked_keeps_everything_and_is_named(rig: Rig, make_east):
    image = rig.image()
    target = rig.target(f"{OWNERLESS}/{image}")
    make_east(None).simulator.stop()
    (item,) = rig.purge(target)
    ((kind, detail),) = [(r.kind, r.detail) for r in item.refusals]
    assert kind is RefusalKind.OTHER_VCENTER_SILENT
    assert (detail.kind, detail.values[0]) == (DetailKind.NO_ANSWER, "east")
    assert (rig.disk / OWNERLESS / image).exists()


def test_one_that_goes_away_between_the_looks_has_it_put_back(rig: Rig, make_east):
    image = rig.image()
    east = make_east()
    looks: list[str] = []

    def stop(request) -> None:
        looks.append(request.query.get("image", ""))
        if looks.count(image) == 2:
            east.simulator.stop()
            rig.nova.on_servers = lambda request: None

    rig.nova.on_servers = stop
    (item,) = rig.purge(rig.target(f"{OWNERLESS}/{image}"))
    assert {r.kind for r in item.refusals} == {RefusalKind.OTHER_VCENTER_SILENT}
    assert (rig.disk / OWNERLESS / image).exists()
    assert rig.left_aside() == []


def test_a_vcenter_with_other_datastores_of_the_same_name_keeps_nothing(rig: Rig, make_east):
    image = rig.image()
    east = make_east(None)
    stand_on(east.create("elsewhere"), parent(image))
    (item,) = rig.purge(rig.target(f"{OWNERLESS}/{image}"))
    assert item.state is ItemState.DONE


@pytest.mark.parametrize(("shared", "each_look"), [(False, 1), (True, 3)])
def test_each_look_costs_the_other_vcenter_one_call_and_two_more_where_it_has_the_datastore(
    rig: Rig, make_east, shared, each_look
):
    images = [rig.image() for _ in range(5)]
    east = make_east(rig.disk.parent if shared else None)
    rig.purge(rig.target(f"{OWNERLESS}/{images.pop()}"))  # logs in
    totals = []
    for some in (images[:1], images[1:]):
        east.simulator.reset_calls()
        items = rig.purge(*(rig.target(f"{OWNERLESS}/{image}") for image in some))
        assert {item.state for item in items} == {ItemState.DONE}
        totals.append(east.simulator.calls().total)
    # Two looks an item; what the first of a job costs more, each job has once.
    assert totals[1] - totals[0] == 2 * 2 * each_look, totals


def test_an_nfs_share_is_known_by_its_folder_under_another_name_of_its_server(
    rig: Rig, make_east, tmp_path
):
    """Its address differs then: it is made of the server's name."""
    east = make_east(None)
    for inventory, server in ((rig.inventory, "10.0.0.9"), (east, "nas.lab.example")):
        folder = tmp_path / server
        folder.mkdir()
        host = inventory._named(vim.HostSystem, "esx-c0-1.lab.example")
        spec = vim.host.NasVolume.Specification(
            remoteHost=server,
            remotePath="/export/gold/",
            localPath=str(folder),
            accessMode="readWrite",
            type="NFS",
        )
        host.configManager.datastoreSystem.CreateNasDatastore(spec)
    found = {}
    for inventory in (rig.inventory, east):
        client = client_for(endpoint_of(inventory.simulator))
        client.about()
        with counting() as calls:
            all_of_it = client.used_datastores()
        assert calls.total == 1, calls
        (share,) = [each for each in all_of_it if each.remote_path]
        place = client.file_place(share.moref)
        assert place.address == share.address
        assert share.remote_path == "/export/gold/"
        found[inventory] = place, share
    (here, _), (_, there) = found[rig.inventory], found[east]
    assert here.url != there.url
