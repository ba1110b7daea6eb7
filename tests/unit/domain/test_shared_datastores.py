"""One datastore in several vCenters: told for one, and the VMs of all kept what they stand on.

In the random clouds below each datastore has one truth, and each vCenter its own name, address and id
for it, or does not mount it. A VM stands on the truth.
"""

from dataclasses import dataclass, replace
from datetime import timedelta

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.unit.domain import builders, caches
from tests.unit.domain.caches import (
    DATASTORE,
    OTHER_DATASTORE,
    SCANNED_AT,
    books,
    clone,
    inventory,
    parent,
    scan,
)
from vmware_panel.domain.cache_ledger import LedgerBooks, cached_images
from vmware_panel.domain.cache_risks import parent_risks
from vmware_panel.domain.datastore_paths import FilePlace, below
from vmware_panel.domain.details import DetailKind, detail
from vmware_panel.domain.file_use import FileUser, UseBook, UsedDatastore
from vmware_panel.domain.inventory import Datastore, Inventory, MoRef
from vmware_panel.domain.leftovers import Doubt, LeftoverBooks, leftovers
from vmware_panel.domain.plans import Refusal, RefusalKind
from vmware_panel.domain.purge import Way, Wish
from vmware_panel.domain.purge_planning import image_considered, strangers_of
from vmware_panel.domain.shared_datastores import DatastoreAddress, may_be_one

VMFS = "ds:///vmfs/volumes/5f0a1b2c-{}/"
OTHER_VMFS = "ds:///vmfs/volumes/other/"


@pytest.mark.parametrize(
    ("one", "other", "same"),
    [
        (("ds:///vmfs/volumes/1/", ""), ("ds:///vmfs/volumes/1", ""), True),
        (("ds:///vmfs/volumes/1/", ""), ("ds:///vmfs/volumes/2/", ""), False),
        (("ds:///vmfs/volumes/1/", "/gold"), ("ds:///vmfs/volumes/2/", "/gold/"), True),
        (("ds:///vmfs/volumes/1/", "/gold"), ("ds:///vmfs/volumes/2/", "/silver"), False),
        (("ds:///vmfs/volumes/1/", "/gold"), ("ds:///vmfs/volumes/2/", ""), False),
        (("ds:///vmfs/volumes/1/", ""), ("", ""), True),
        (("", ""), ("", ""), True),
    ],
)
def test_two_are_two_only_where_both_addresses_are_told_and_differ(one, other, same):
    one, other = DatastoreAddress(*one), DatastoreAddress(*other)
    assert may_be_one(one, other) is same
    assert may_be_one(other, one) is same


@dataclass(frozen=True)
class Mount:
    """How one vCenter shows a datastore; `truth` numbers the datastore."""

    truth: int
    name: str
    nfs: bool
    told: bool

    def used(self, vcenter: str, place: int) -> UsedDatastore:
        moref = MoRef(f"datastore-{place}")
        if not self.told:
            return UsedDatastore(moref, self.name)
        if self.nfs:  # by another name of its server
            url = VMFS.format(f"{vcenter}-{self.truth}")
            return UsedDatastore(moref, self.name, url, f"/export/{self.truth}")
        return UsedDatastore(moref, self.name, VMFS.format(self.truth))


truths = st.integers(0, 2)


def mounts(told) -> st.SearchStrategy:
    """Of one vCenter: no datastore twice, and no name twice."""
    one = st.builds(
        Mount, truths, st.sampled_from(["gold", "bronze", "tin"]), st.just(False), told
    )
    return st.lists(one, max_size=3, unique_by=(lambda m: m.truth, lambda m: m.name)).map(
        lambda found: [Mount(m.truth, m.name, m.truth == 2, m.told) for m in found]
    )


@dataclass(frozen=True)
class Clone:
    vcenter: str
    truth: int
    image: str


def clones() -> st.SearchStrategy:
    return st.lists(
        st.builds(
            Clone, st.sampled_from(["west", "east", "south"]), truths, st.sampled_from("abc")
        ),
        max_size=6,
    )


def clouds(told) -> st.SearchStrategy:
    names = ("west", "east", "south")
    return st.fixed_dictionaries({name: mounts(told) for name in names})


def path_of(clone: Clone, mounted: list[Mount]) -> str | None:
    """As the clone's vCenter names its parent; None: it does not mount that."""
    mount = next((m for m in mounted if m.truth == clone.truth), None)
    return mount and f"[{mount.name}] old_base/{clone.image}/{clone.image}.vmdk"


def books_of(cloud: dict, standing: list[Clone]) -> dict[str, UseBook]:
    found = {}
    for vcenter, mounted in cloud.items():
        found[vcenter] = book = UseBook()
        for number, mount in enumerate(mounted):
            book.put(mount.used(vcenter, number))
        for number, its in enumerate(standing):
            path = path_of(its, mounted) if its.vcenter == vcenter else None
            if path:
                book.put(FileUser(MoRef(f"vm-{number}"), files=frozenset({path})))
    return found


def looked(cloud: dict, standing: list[Clone], image: str, number: int) -> bool:
    """Whether the looks find a user of the image on west's datastore of that number."""
    its = cloud["west"][number].used("west", number)
    place = FilePlace(
        its.moref, its.name, MoRef("dc"), MoRef("b"), its.url, remote_path=its.remote_path
    )
    use = books_of(cloud, standing)
    path = below(its.name, "old_base", image)
    found = use["west"].use_of(place, path)
    for vcenter in ("east", "south"):
        each = (m.used(vcenter, n) for n, m in enumerate(cloud[vcenter]))
        same = [d for d in each if may_be_one(d.address, place.address)]
        found += use[vcenter].use_elsewhere(path, same).seen_by(vcenter)
    return not found.free


def stands(cloud: dict, standing: list[Clone], image: str, truth: int) -> bool:
    return any(
        c.image == image and c.truth == truth and path_of(c, cloud[c.vcenter]) for c in standing
    )


@settings(max_examples=300, deadline=None)
@given(clouds(st.sampled_from([True, True, False])), clones(), st.sampled_from("abc"))
def test_no_look_misses_a_vm_of_any_vcenter_that_is_asked(cloud, standing, image):
    for number, mount in enumerate(cloud["west"]):
        if stands(cloud, standing, image, mount.truth):
            assert looked(cloud, standing, image, number)


@settings(max_examples=300, deadline=None)
@given(clouds(st.just(True)), clones(), st.sampled_from("abc"))
def test_and_where_all_addresses_are_told_nothing_else_keeps_a_folder(cloud, standing, image):
    for number, mount in enumerate(cloud["west"]):
        expected = stands(cloud, standing, image, mount.truth)
        assert looked(cloud, standing, image, number) is expected


# The ledger, the leftovers and the plan, from the kept books


def mounting(name: str, *vms, ds_name: str = "bronze", url: str = VMFS, **changes) -> Inventory:
    """A vCenter that has the searched datastore under a name and an id of its own."""
    its = Datastore(OTHER_DATASTORE, ds_name, type="VMFS", url=url, accessible=True)
    vcenter = builders.vcenter(name, f"uuid of {name}")
    return inventory(*vms, datastores=(its,), vcenter=vcenter, **changes)


def here(*vms) -> Inventory:
    its = Datastore(DATASTORE, "ds1", type="VMFS", url=VMFS.rstrip("/"), accessible=True)
    return inventory(*vms, datastores=(its,))


def considered(its: LedgerBooks):
    images = cached_images(its)
    wish = Wish(Way.DELETE, 0, builders.READ_AT)
    strangers = strangers_of(images)
    (image,) = images
    place = (image.root.vcenter, image.root.datastore, image.root.name)
    return image, image_considered(image, wish, strangers.get(place, ()))


@pytest.mark.parametrize("region", ["inventories", "others"])
def test_an_image_that_another_vcenters_vm_stands_on_is_in_use(region):
    vm = clone(1, parent(ds="bronze"), name="web", manager_key="")
    elsewhere = {"inventories": (here(), mounting("east", vm))}
    if region == "others":
        elsewhere = {"inventories": (here(),), "others": (mounting("east", vm),)}
    image, plan = considered(books(**elsewhere))
    assert image.used is True
    assert [s.label for s in image.standers] == ["web (vCenter east)"]
    assert (RefusalKind.IN_USE, "web (vCenter east)") in [
        (r.kind, r.detail) for r in plan.refusals
    ]


def test_a_datastore_of_the_same_name_elsewhere_is_another():
    vm = clone(1, parent())
    east = mounting("east", vm, ds_name="ds1", url=OTHER_VMFS)
    image, _ = considered(books(inventories=(here(), east)))
    assert image.used is False


def test_a_vm_in_another_datacenter_that_names_the_datastore_otherwise_is_a_user():
    its = here(clone(1, parent(ds="gold"), datastores=(OTHER_DATASTORE,)))
    twice = replace(
        its, datastores=(*its.datastores, Datastore(OTHER_DATASTORE, "gold", url=VMFS))
    )
    image, _ = considered(books(inventories=(twice,)))
    assert [s.vm_name for s in image.standers] == [its.vms[0].name]


def test_without_another_vcenters_book_no_image_is_unused_and_the_plan_names_it():
    image, plan = considered(books(inventories=(here(),), silent_vcenters=("east",)))
    assert image.used is None
    silent = Refusal(
        RefusalKind.OTHER_VCENTER_SILENT, image.path, detail(DetailKind.NO_ANSWER, "east")
    )
    assert silent in plan.refusals


def test_a_vm_of_another_vcenter_whose_disks_are_not_shown_may_be_a_user():
    bare = builders.vm(7, name="orphan", vm_path="", disks=(), datastores=(OTHER_DATASTORE,))
    image, _ = considered(books(inventories=(here(),), others=(mounting("east", bare),)))
    assert image.unread_vms == ("orphan",)
    assert image.used is None


def test_a_vm_of_another_region_is_no_risk_of_this_one():
    vm = clone(1, parent(ds="bronze"))
    its = books(inventories=(here(),), others=(mounting("east", vm),))
    assert parent_risks(cached_images(its), its).found == ()


def test_an_instance_that_nova_does_not_have_keeps_an_ownerless_root():
    vm = clone(1, parent(root="old_base"), name="stranger")
    files = caches.image_files("old_base") + caches.image_files("old_base", caches.OTHER_IMAGE)
    its = books(inventories=(here(vm),), scans=(scan(*files),))
    images = {image.image_id: image for image in cached_images(its)}
    (place,) = strangers_of(images.values())
    assert place == ("lab", DATASTORE, "old_base")
    strangers = strangers_of(images.values())[place]
    plan = image_considered(
        images[caches.OTHER_IMAGE], Wish(Way.DELETE, 0, builders.READ_AT), strangers
    )
    assert [(r.kind, r.detail) for r in plan.refusals] == [(RefusalKind.OTHER_CLOUD, "stranger")]
    known = replace(its, servers=(builders.server(1),))
    assert not strangers_of(cached_images(known))
    assert not strangers_of(cached_images(replace(its, servers=None)))


def left(**changes):
    fields = {
        "scans": (scan(caches.file("OSTACK_IMG_x/x.vmdk")),),
        "inventories": (here(),),
        "computes": caches.COMPUTES,
    }
    return leftovers(LeftoverBooks(**{**fields, **changes}))


def test_a_folder_in_which_another_vcenters_vm_lies_is_no_leftover():
    assert [each.path for each in left().found] == ["[ds1] OSTACK_IMG_x"]
    vm = clone(1, "[bronze] OSTACK_IMG_x/x.vmdk")
    assert left(others=(mounting("east", vm),)).found == ()


def test_another_vcenters_book_that_is_older_than_the_search_leaves_it_undecided():
    before = SCANNED_AT - timedelta(minutes=1)
    told = left(others=(mounting("east", read_at=before),))
    assert told.found == ()
    assert {each.why for each in told.undecided} == {Doubt.OLDER_BOOK}
    unrelated = mounting("east", read_at=before, url=OTHER_VMFS)
    assert len(left(others=(unrelated,)).found) == 1
