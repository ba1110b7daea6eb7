"""Every folder of a search is of one kind, and the kinds come to what was found."""

from datetime import UTC, datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.unit.domain import builders
from vmware_panel.domain.cluster_sums import total
from vmware_panel.domain.datastore_bytes import (
    Fill,
    FillKind,
    KnownInstances,
    fill_of,
    kind_of,
)
from vmware_panel.domain.datastore_files import Scan, TopFolder
from vmware_panel.domain.datastore_uses import DatastoreUses, FolderUse, UseCounts, top_folder
from vmware_panel.domain.inventory import (
    CINDER_EXTENSION,
    NOVA_EXTENSION,
    Datastore,
    MoRef,
    VirtualMachine,
)

DS = MoRef("datastore-1")
UUID = builders.uuid_of(77)
VOLUME = f"volume-{UUID}"
NOVA = VirtualMachine(MoRef("vm-1"), "web", manager_key=NOVA_EXTENSION)
CINDER = VirtualMachine(MoRef("vm-2"), VOLUME, manager_key=CINDER_EXTENSION)
FOREIGN = VirtualMachine(MoRef("vm-3"), "dns")
TEMPLATE = VirtualMachine(MoRef("vm-4"), "gold", manager_key=NOVA_EXTENSION, is_template=True)


def known(servers: set[str] | None) -> KnownInstances:
    """None: Nova did not answer."""
    return KnownInstances(servers or (), told=servers is not None)


def scan(*folders: TopFolder, **more: object) -> Scan:
    return Scan("lab", DS, "ds1", datetime.now(UTC), folders=folders, **more)  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("name", "uses", "servers", "kind"),
    [
        ("192.0.2.1_base", (), set(), FillKind.CACHE),
        ("_base", (), None, FillKind.CACHE),
        ("data_base", (FolderUse(FOREIGN, True),), set(), FillKind.FOREIGN),
        ("x_base", (FolderUse(NOVA, False),), set(), FillKind.CACHE),
        ("vmware_temp", (), set(), FillKind.LEFTOVERS),
        (f"OSTACK_IMG_{UUID}", (FolderUse(FOREIGN, True),), set(), FillKind.LEFTOVERS),
        (f"OSTACK_SNAP_{UUID}", (), set(), FillKind.LEFTOVERS),
        (UUID, (FolderUse(NOVA, True),), set(), FillKind.INSTANCES),
        (UUID, (FolderUse(TEMPLATE, True),), set(), FillKind.FOREIGN),
        (UUID, (), {UUID}, FillKind.INSTANCES),
        (UUID.upper(), (), {UUID}, FillKind.INSTANCES),
        (UUID, (), set(), FillKind.LEFTOVERS),
        (UUID, (), None, FillKind.UNDECIDED),
        (VOLUME, (FolderUse(CINDER, True), FolderUse(NOVA, False)), set(), FillKind.VOLUMES),
        (VOLUME, (FolderUse(NOVA, False),), set(), FillKind.VOLUMES),
        (VOLUME, (), None, FillKind.VOLUMES),
        ("odd", (FolderUse(NOVA, False), FolderUse(CINDER, False)), set(), FillKind.VOLUMES),
        ("odd", (FolderUse(CINDER, True), FolderUse(NOVA, True)), set(), FillKind.INSTANCES),
        ("odd", (FolderUse(NOVA, False),), set(), FillKind.INSTANCES),
        ("iso", (), None, FillKind.FOREIGN),
        ("", (), set(), FillKind.FOREIGN),
    ],
)
def test_whose_folder_it_is(
    name: str, uses: tuple[FolderUse, ...], servers: set[str] | None, kind: FillKind
) -> None:
    assert kind_of(name, uses, known(servers)) is kind


NAMES = st.sampled_from(
    ["", "iso", "a_base", "_base", "vmware_temp", UUID, VOLUME, "OSTACK_IMG_x", "web", "dns"]
)
SIZES = st.one_of(st.none(), st.integers(0, 1 << 45))
FOLDERS = st.lists(
    st.builds(TopFolder, NAMES, SIZES, st.integers(0, 9)), unique_by=lambda f: f.name
)
USES = st.dictionaries(
    NAMES,
    st.lists(
        st.builds(FolderUse, st.sampled_from([NOVA, CINDER, FOREIGN, TEMPLATE]), st.booleans())
    ).map(tuple),
)


@given(FOLDERS, USES, st.one_of(st.none(), st.just(set()), st.just({UUID})), SIZES, SIZES)
def test_the_kinds_and_the_difference_come_to_what_vcenter_counts_as_used(
    folders: list[TopFolder],
    uses: dict[str, tuple[FolderUse, ...]],
    servers: set[str] | None,
    capacity: int | None,
    free: int | None,
) -> None:
    datastore = Datastore(DS, "ds1", type="NFS", capacity_bytes=capacity, free_bytes=free)
    fill = fill_of(datastore, scan(*folders), uses, known(servers))
    assert sorted(f.name for f in fill.folders) == sorted(f.name for f in folders)
    assert sum(fill.of(kind).known for kind in FillKind) == fill.known_bytes
    assert sum(fill.of(kind).missing for kind in FillKind) == sum(
        f.size_bytes is None for f in folders
    )
    if capacity is None or free is None:
        assert fill.unaccounted_bytes is None
    else:
        assert fill.unaccounted_bytes is not None
        assert fill.known_bytes + fill.unaccounted_bytes + free == capacity
    assert fill.whole == all(f.size_bytes is not None for f in folders)
    sizes = [f.size_bytes or 0 for f in fill.folders]
    assert sizes == sorted(sizes, reverse=True)
    if servers is not None:
        assert not fill.folders_of(FillKind.UNDECIDED)


def test_what_could_not_be_searched_makes_it_less_than_whole() -> None:
    fill = fill_of(
        Datastore(DS, "ds1"), scan(TopFolder("iso", 5), unread=("secret",)), {}, known(set())
    )
    assert not fill.whole and fill.unread == ("secret",)


def test_a_folder_of_which_a_part_could_not_be_searched_is_not_summed_as_if_it_were_whole() -> (
    None
):
    tops = (TopFolder("a_base", 5), TopFolder("b_base", 7))
    fill = fill_of(Datastore(DS, "ds1"), scan(*tops, unread=("a_base/x",)), {}, known(set()))
    its = fill.of(FillKind.CACHE)
    assert (its.known, its.exact) == (12, None)
    assert [folder.partly for folder in fill.folders] == [False, True]
    assert fill.known_bytes == 12


def test_where_folders_bear_no_instances_ids_none_is_said_to_be_left_over() -> None:
    (folder,) = fill_of(
        Datastore(DS, "ds1", type="vsan"), scan(TopFolder(UUID)), {}, known(set())
    ).folders
    assert folder.kind is FillKind.UNDECIDED


def test_nothing_known_of_sizes_is_not_zero() -> None:
    fill = Fill((), used_bytes=None)
    assert fill.unaccounted_bytes is None
    fill = fill_of(Datastore(DS, "ds1"), scan(TopFolder("a_base", None)), {}, known(set()))
    assert fill.of(FillKind.CACHE) == total([None])


# -- which VM has something where ------------------------------------------------------------


def test_a_vm_is_where_its_home_and_its_disks_lie_and_not_where_its_iso_is() -> None:
    web = builders.vm(
        1,
        datastores=(DS, MoRef("datastore-2")),
        disks=(
            builders.disk(f"[ds1] {UUID}/root.vmdk"),
            builders.disk(f"[ds2] {VOLUME}/{VOLUME}.vmdk", datastore=MoRef("datastore-2")),
        ),
    )
    cd_only = builders.vm(2, datastores=(DS, MoRef("datastore-2")))
    uses = DatastoreUses(builders.inventory(web, cd_only))
    home = builders.uuid_of(1)
    assert set(uses.folders(DS)) == {home, UUID, builders.uuid_of(2)}
    assert [use.home for use in uses.folders(DS)[home]] == [True]
    assert [use.home for use in uses.folders(DS)[UUID]] == [False]
    assert uses.vms(MoRef("datastore-2")) == (web,)
    assert uses.counts(DS) == UseCounts(instances=2)
    assert uses.counts(MoRef("datastore-9")) == UseCounts()


def test_of_datastores_of_one_name_the_vms_own_is_meant() -> None:
    west = Datastore(MoRef("datastore-1"), "local")
    east = Datastore(MoRef("datastore-2"), "local")
    its = builders.vm(1, vm_path="[local] a/a.vmx", disks=(), datastores=(east.moref,))
    uses = DatastoreUses(builders.inventory(its, datastores=(west, east)))
    assert uses.vms(east.moref) == (its,) and not uses.vms(west.moref)


@given(st.text(max_size=20).filter(lambda t: "]" not in t), st.text(max_size=30))
def test_no_path_however_odd_breaks_the_reading_of_it(name: str, below: str) -> None:
    folder = top_folder(f"[{name}] {below}")
    assert "/" not in folder and folder in below


def test_the_top_of_a_path() -> None:
    assert top_folder("[ds1] a/b/c.vmdk") == "a"
    assert top_folder("[ds1] c.vmdk") == "" == top_folder("nonsense") == top_folder("")
