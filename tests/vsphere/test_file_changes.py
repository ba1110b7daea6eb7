"""Making, moving and deleting on a datastore, on the simulator; read from disk what came of it."""

from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path

import pytest

from tests.simulator import RunningSimulator
from tests.vsphere.certificates import Authority
from tests.vsphere.fault_proxy import cut_off, fault_proxy, hang_up, wait_until
from tests.vsphere.rig import endpoint_of
from tests.vsphere.test_maintenance import passed_on
from tests.vsphere.test_simulator_changes import Inventory
from vmware_panel.domain.datastore_files import FileKind
from vmware_panel.domain.datastore_paths import FilePlace, below
from vmware_panel.domain.inventory import MoRef
from vmware_panel.domain.outcome import TroubleKind
from vmware_panel.domain.tasks import TaskState
from vmware_panel.vsphere import VCenterClient, VSphereError, counting
from vmware_panel.vsphere.before_sending import before_sending
from vmware_panel.vsphere.errors import ObjectGone, Unanswered
from vmware_panel.vsphere.file_changes import LISTING_HOLDS_S, PathRefused

pytestmark = pytest.mark.simulator

IMAGE = "11111111-2222-3333-4444-555555555555"
ASIDE = "99999999-2222-3333-4444-555555555555"
DS = "shared-ds-1"


@pytest.fixture
def inventory(start_simulator: Callable[..., RunningSimulator]) -> Iterator[Inventory]:
    simulator = start_simulator(nova_vms=2)
    with simulator.login.connected() as service:
        yield Inventory(simulator, service)


@pytest.fixture
def client(inventory: Inventory, new_client: Callable[..., VCenterClient]) -> VCenterClient:
    return new_client(endpoint_of(inventory.simulator))


@pytest.fixture
def disk(inventory: Inventory) -> Path:
    """Where the simulator keeps the datastore's files."""
    return Path(inventory.datastore(DS).summary.url)


@pytest.fixture
def place(inventory: Inventory, client: VCenterClient) -> FilePlace:
    return client.file_place(MoRef(inventory.datastore(DS)._moId))


@pytest.fixture
def cached(disk: Path) -> Path:
    folder = disk / "x_base" / IMAGE
    folder.mkdir(parents=True)
    (folder / f"{IMAGE}.vmdk").write_bytes(b"d" * 500)
    (folder / f"{IMAGE}-flat.vmdk").write_bytes(b"x" * 4096)
    (folder / "ts-2026-01-31-12-00-00").mkdir()
    return folder


def ended(client: VCenterClient, task: MoRef) -> TaskState:
    wait_until(lambda: client.tasks([task])[0].done)
    return client.tasks([task])[0].state


def test_a_datastores_place_is_one_call(client, inventory):
    client.about()
    with counting() as calls:
        place = client.file_place(MoRef(inventory.datastore(DS)._moId))
    assert calls.total == 1, calls
    assert (place.name, place.accessible) == (DS, True)
    assert place.datacenter.startswith("datacenter-")
    with pytest.raises(ObjectGone):
        client.file_place(MoRef("datastore-99999"))


def test_a_folder_is_listed_with_sizes_dates_and_what_is_a_folder(client, place, cached):
    (cached / "ts-2026-01-31-12-00-00" / "within").touch()
    listing = client.list_folder(place, below(DS, "x_base", IMAGE))
    by_name = {file.name: file for file in listing.files}
    assert by_name[f"{IMAGE}-flat.vmdk"].size_bytes == 4096
    assert by_name[f"{IMAGE}.vmdk"].path == f"x_base/{IMAGE}/{IMAGE}.vmdk"
    assert by_name["ts-2026-01-31-12-00-00"].kind is FileKind.FOLDER
    assert listing.names == set(by_name)
    assert listing.newest is not None
    deep = client.list_folder(place, below(DS, "x_base"), deep=True)
    assert deep.names == {IMAGE}
    assert f"x_base/{IMAGE}/ts-2026-01-31-12-00-00/within" in {f.path for f in deep.files}
    assert client.list_folder(place, below(DS, "x_base", ASIDE)) is None


def test_listing_a_folder_costs_the_same_however_many_lie_beside_it(client, place, cached, disk):
    for number in range(300):
        (disk / "x_base" / f"{number:08}-2222-3333-4444-555555555555").mkdir()
    client.about()
    with counting() as calls:
        listing = client.list_folder(place, below(DS, "x_base", IMAGE))
    assert len(listing.files) == 3
    assert calls.by_method["SearchDatastore_Task"] == 1
    assert set(calls.by_method) == {"SearchDatastore_Task", "RetrievePropertiesEx"}


def test_a_folder_is_set_aside_put_back_and_deleted(client, place, cached, disk):
    image, temp = below(DS, "x_base", IMAGE), below(DS, "vmware_temp", ASIDE)
    client.make_directory(place, temp, parents=True)
    assert (disk / "vmware_temp" / ASIDE).is_dir()

    aside = temp.child(IMAGE)
    task = client.move_folder(client.list_folder(place, image), aside)
    assert ended(client, task) is TaskState.SUCCESS
    assert not cached.exists()
    assert (disk / "vmware_temp" / ASIDE / IMAGE / f"{IMAGE}.vmdk").exists()

    task = client.move_folder(client.list_folder(place, aside), image)
    assert ended(client, task) is TaskState.SUCCESS
    assert (cached / f"{IMAGE}-flat.vmdk").stat().st_size == 4096

    task = client.delete_folder(client.list_folder(place, image))
    assert ended(client, task) is TaskState.SUCCESS
    assert not cached.exists()
    assert (disk / "x_base").is_dir()


def test_nothing_is_moved_onto_what_is_there(client, place, cached, disk):
    there = disk / "vmware_temp" / ASIDE / IMAGE
    there.mkdir(parents=True)
    listing = client.list_folder(place, below(DS, "x_base", IMAGE))
    task = client.move_folder(listing, below(DS, "vmware_temp", ASIDE, IMAGE))
    assert ended(client, task) is TaskState.ERROR
    assert cached.exists()


def test_a_marker_is_made_in_the_image_folder(client, place, cached):
    client.make_directory(
        place, below(DS, "x_base", IMAGE, "ts-2026-02-01-00-00-00"), parents=False
    )
    assert (cached / "ts-2026-02-01-00-00-00").is_dir()


def test_a_marker_in_a_folder_that_is_gone_is_refused_by_vcenter_and_makes_no_folder(
    client, place, disk
):
    with pytest.raises(VSphereError) as caught:
        client.make_directory(
            place, below(DS, "x_base", IMAGE, "ts-2026-02-01-00-00-00"), parents=False
        )
    assert caught.value.fault == "FileNotFound"
    assert not (disk / "x_base").exists()


def test_what_is_no_place_of_ours_is_refused_before_anything_is_sent(client, place, disk):
    (disk / "web-server").mkdir()
    (disk / "x_base" / IMAGE).mkdir(parents=True)
    server = client.list_folder(place, below(DS, "web-server"))
    root = client.list_folder(place, below(DS, "x_base"))
    with counting() as calls:
        for change in (
            lambda: client.delete_folder(server),
            lambda: client.delete_folder(root),
            lambda: client.move_folder(server, below(DS, "vmware_temp", ASIDE, "web-server")),
            lambda: client.move_folder(root, below(DS, "vmware_temp", ASIDE, "x_base")),
            lambda: client.make_directory(place, below(DS, "web-server", "x"), parents=True),
        ):
            with pytest.raises(PathRefused):
                change()
    assert calls.total == 0, calls
    assert (disk / "web-server").exists()


def test_a_listing_that_has_grown_old_is_none_to_change_anything_by(client, place, cached):
    listing = client.list_folder(place, below(DS, "x_base", IMAGE))
    old = replace(listing, listed_at_s=listing.listed_at_s - LISTING_HOLDS_S - 1)
    with pytest.raises(PathRefused):
        client.delete_folder(old)
    assert cached.exists()


def test_a_link_to_elsewhere_is_listed_as_no_folder_of_ours(client, place, disk, tmp_path):
    """A datastore has no links but vSAN's names; the simulator's disk has, and a link is not
    followed into what is deleted."""
    outside = tmp_path / "outside"
    outside.mkdir()
    (outside / "precious").write_text("keep")
    folder = disk / "x_base" / IMAGE
    folder.mkdir(parents=True)
    (folder / "link").symlink_to(outside)
    listing = client.list_folder(place, below(DS, "x_base", IMAGE))
    assert ended(client, client.delete_folder(listing)) is TaskState.SUCCESS
    assert (outside / "precious").read_text() == "keep"


def test_a_missing_right_is_named(inventory, client, place, cached):
    listing = client.list_folder(place, below(DS, "x_base", IMAGE))
    inventory.simulator.control.deny(inventory.simulator.user, "Datastore.FileManagement")
    for change in (
        lambda: client.delete_folder(listing),
        lambda: client.move_folder(listing, below(DS, "vmware_temp", ASIDE, IMAGE)),
        lambda: client.make_directory(place, below(DS, "vmware_temp", ASIDE), parents=True),
    ):
        with pytest.raises(VSphereError) as caught:
            change()
        assert caught.value.kind is TroubleKind.FORBIDDEN
        assert caught.value.trouble.missing_privilege == "Datastore.FileManagement"
    assert cached.exists()


class NotOurs(Exception):
    pass


def test_right_before_a_change_is_sent_one_may_still_say_no(
    inventory, new_client, client, place, cached
):
    listing = client.list_folder(place, below(DS, "x_base", IMAGE))
    other = new_client(endpoint_of(inventory.simulator))  # which has to log in first

    def no() -> None:
        assert calls.by_method["Login"] == 1, "asked after all that takes time"
        raise NotOurs

    with counting() as calls, before_sending(no):
        for change in (
            lambda: other.delete_folder(listing),
            lambda: other.make_directory(place, below(DS, "vmware_temp", ASIDE), parents=True),
        ):
            with pytest.raises(NotOurs):
                change()
    assert not {"DeleteDatastoreFile_Task", "MakeDirectory"} & set(calls.by_method), calls
    assert cached.exists()


@pytest.mark.parametrize("fault", [hang_up, cut_off], ids=["hung up", "cut off"])
def test_a_lost_answer_is_told_as_such_and_nothing_is_sent_twice(
    inventory, new_client, authority: Authority, cached, fault
):
    simulator = inventory.simulator
    with fault_proxy(simulator.port, *authority.issue("127.0.0.1", "localhost")) as proxy:
        endpoint = endpoint_of(simulator)
        client = new_client(replace(endpoint, port=proxy.port, ca_file=str(authority.ca_file)))
        place = client.file_place(MoRef(inventory.datastore(DS)._moId))
        listing = client.list_folder(place, below(DS, "x_base", IMAGE))
        proxy.spoil("DeleteDatastoreFile_Task", passed_on(fault), times=1)
        with pytest.raises(Unanswered):
            client.delete_folder(listing)
        assert proxy.count("DeleteDatastoreFile_Task") == 1
        wait_until(lambda: not cached.exists())
