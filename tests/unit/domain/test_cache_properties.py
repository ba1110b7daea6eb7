"""The join of the image cache over random clouds."""

import random
from collections.abc import Sequence
from dataclasses import dataclass, replace

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from tests.unit.domain import builders, caches
from vmware_panel.domain.cache_ledger import LedgerBooks, cached_images
from vmware_panel.domain.cache_memory import CacheMemory
from vmware_panel.domain.cache_risks import parent_risks
from vmware_panel.domain.cache_roots import CacheComputes
from vmware_panel.domain.cache_sums import Use, sums_by_datastore, total
from vmware_panel.domain.datastore_files import DatastoreFile, FileKind, Scan
from vmware_panel.domain.image_cache import CachedImage, Ownership
from vmware_panel.domain.inventory import VirtualMachine, VmPower
from vmware_panel.domain.kept import OfEach
from vmware_panel.domain.leftovers import LeftoverBooks, Leftovers, NovasInstances, leftovers

IMAGES = [builders.uuid_of(1000 + n) for n in range(4)]
ROOTS = ["c1_base", "c2_base", "old_base"]
DATASTORES = {"ds1": caches.DATASTORE, "ds2": caches.OTHER_DATASTORE}
HOSTS = ["compute-1", "compute-2", "kvm-1", ""]

any_time = settings(deadline=None, suppress_health_check=[HealthCheck.too_slow])
"""A machine that is busy with other things makes clouds slowly, and joins them slowly."""


@dataclass(frozen=True)
class Cloud:
    scans: tuple[Scan, ...]
    vms: tuple[VirtualMachine, ...]
    books: LedgerBooks


@st.composite
def files_of_a_datastore(draw: st.DrawFn) -> tuple[DatastoreFile, ...]:
    found = []
    for root in ROOTS:
        for image in draw(st.sets(st.sampled_from(IMAGES))):
            found.append(caches.folder(f"{root}/{image}"))
            for name in draw(st.sets(st.sampled_from(["", ".20", "-flat", ".20-flat"]))):
                size = draw(st.integers(0, 1 << 40))
                found.append(caches.file(f"{root}/{image}/{image}{name}.vmdk", size))
            if draw(st.booleans()):
                found.append(caches.folder(f"{root}/{image}/ts-2026-11-22-01-30-00"))
    return tuple(found)


@st.composite
def machines(draw: st.DrawFn, number: int) -> VirtualMachine:
    """With up to two disks, whose chains end in a cache root, or not."""
    disks = []
    for key in range(draw(st.integers(0, 2))):
        chain = [f"[ds1] {builders.uuid_of(number)}/{key}-{n}.vmdk" for n in range(2)]
        if draw(st.booleans()):
            place = [draw(st.sampled_from(each)) for each in (ROOTS, IMAGES, list(DATASTORES))]
            chain.append(caches.parent(place[0], place[1], ds=place[2]))
        disks.append(builders.disk(chain[0], key=key, parent_paths=tuple(chain[1:])))
    power = draw(st.sampled_from([*VmPower, None]))
    manager = draw(st.sampled_from(["org.openstack.compute", ""]))
    return builders.vm(number, disks=tuple(disks), power=power, manager_key=manager)


@st.composite
def clouds(draw: st.DrawFn) -> Cloud:
    scans = tuple(
        caches.scan(*draw(files_of_a_datastore()), datastore=ref, datastore_name=name)
        for name, ref in DATASTORES.items()
    )
    vms = tuple(draw(machines(number)) for number in range(1, draw(st.integers(1, 6))))
    servers = tuple(
        builders.server(
            number,
            image_id=draw(st.sampled_from([*IMAGES, None])),
            compute_host=draw(st.sampled_from(HOSTS)),
            status=draw(st.sampled_from(["ACTIVE", "SHUTOFF", "BUILD", "ERROR"])),
        )
        for number in range(1, draw(st.integers(1, 6)))
    )
    computes = draw(
        st.sampled_from(
            [
                caches.COMPUTES,
                replace(caches.COMPUTES, complete=False),
                CacheComputes((caches.COMPUTE_1, replace(caches.COMPUTE_2, root=None)), True),
            ]
        )
    )
    books = LedgerBooks(
        scans=scans,
        inventories=draw(st.sampled_from([(caches.inventory(*vms),), ()])),
        computes=computes,
        servers=draw(st.sampled_from([servers, None])),
        images=draw(st.sampled_from([caches.glance(*IMAGES[:2]), None])),
    )
    return Cloud(scans, vms, books)


def named_by_a_chain(image: CachedImage, vms: Sequence[VirtualMachine]) -> bool:
    """The plain way: every path of every disk, as a text."""
    paths = [path for vm in vms for disk in vm.disks for path in (disk.path, *disk.parent_paths)]
    return any(path.startswith(f"{image.path}/") for path in paths)


@any_time
@given(clouds())
def test_the_bytes_of_all_images_are_the_bytes_of_all_cached_files(cloud: Cloud) -> None:
    images = cached_images(cloud.books)
    files = [
        file
        for scan in cloud.scans
        for file in scan.files
        if file.kind is not FileKind.FOLDER and file.path.partition("/")[0].endswith("_base")
    ]
    assert sum(i.size_bytes or 0 for i in images) == sum(f.size_bytes or 0 for f in files)
    risks = parent_risks(images, cloud.books).found
    at_risk = {risk.cached.key for risk in risks}
    everything = total(images, at_risk)
    assert everything.cached_bytes == sum(i.size_bytes or 0 for i in images)
    by_datastore = sums_by_datastore(images, at_risk)
    for use in Use:
        assert sum(each.of(use) for each in by_datastore) == everything.of(use)
    assert sum(each.images for each in by_datastore) == len(images)


@any_time
@given(clouds())
def test_an_image_is_unused_only_if_no_chain_and_no_server_names_it(cloud: Cloud) -> None:
    books = cloud.books
    for image in cached_images(books):
        chain = bool(books.inventories) and named_by_a_chain(image, cloud.vms)
        building = any(
            s.image_id == image.image_id and s.status == "BUILD" for s in books.servers or ()
        )
        counted = any(
            s.image_id == image.image_id and s.compute_host in image.root.owners
            for s in books.servers or ()
        )
        if chain or building or counted:
            assert image.used is True
        else:
            assert image.used is not True
        if image.used is False:
            assert books.inventories and books.servers is not None, (
                "a book that is away hides users"
            )


@any_time
@given(clouds(), st.randoms(use_true_random=False))
def test_the_order_of_what_is_read_does_not_matter(cloud: Cloud, chance: random.Random) -> None:
    def shuffled(things: Sequence[object]) -> tuple[object, ...]:
        return tuple(chance.sample(list(things), len(things)))

    books = cloud.books
    other = replace(
        books,
        scans=shuffled([replace(s, files=shuffled(s.files)) for s in books.scans]),  # type: ignore[arg-type]
        inventories=tuple(replace(i, vms=shuffled(i.vms)) for i in books.inventories),  # type: ignore[arg-type]
        servers=None if books.servers is None else shuffled(books.servers),  # type: ignore[arg-type]
    )
    first, second = cached_images(books), cached_images(other)
    assert [plain(image) for image in first] == [plain(image) for image in second]
    assert [(risk.stander, risk.cached.key) for risk in parent_risks(first, books).found] == [
        (risk.stander, risk.cached.key) for risk in parent_risks(second, other).found
    ]


def plain(image: CachedImage) -> object:
    """Without the order in which users and files were named."""
    return (
        image.key,
        image.root,
        image.state,
        image.size_bytes,
        image.used,
        image.marker,
        image.deleted_after,
        None if image.standers is None else sorted(map(repr, image.standers)),
        None if image.servers is None else sorted(map(repr, image.servers)),
    )


@any_time
@given(clouds())
def test_whoever_stands_on_a_root_of_another_compute_is_at_risk_or_undecided(
    cloud: Cloud,
) -> None:
    books = cloud.books
    images = cached_images(books)
    risks = parent_risks(images, books)
    named = {(r.stander.vm, r.stander.path) for r in risks.found}
    named |= {(stander.vm, stander.path) for stander in risks.undecided}
    root_of = {c.host: c.root for c in books.computes.all}
    hosts = {s.id: s.compute_host for s in books.servers or ()}
    for vm in cloud.vms if books.inventories else ():
        for path in (path for disk in vm.disks for path in disk.parent_paths):
            top = path.partition("] ")[2].partition("/")[0]
            if not top.endswith("_base"):
                continue
            host = hosts.get(vm.instance_uuid) if vm.managed_by_nova else None
            own = host is not None and root_of.get(host) == top
            assert ((vm.moref, path) in named) is not own


@any_time
@given(clouds())
def test_a_root_is_ownerless_only_if_every_compute_is_told_and_none_has_it(cloud: Cloud) -> None:
    computes = cloud.books.computes
    for image in cached_images(cloud.books):
        if image.root.ownership is Ownership.OWNERLESS:
            assert computes.complete
            assert image.root.name not in {compute.root for compute in computes.all}
            assert None not in {compute.root for compute in computes.all}
        if image.root.ownership is Ownership.OWNED:
            assert image.root.owners


@st.composite
def successors(draw: st.DrawFn) -> tuple[LedgerBooks, LedgerBooks]:
    """Two states of one cloud: of some objects the very same, others came, went or changed."""
    before, after = draw(clouds()), draw(clouds())
    kept = draw(st.sets(st.integers(0, 5)))
    vms = tuple(
        before.vms[n] if n in kept and n < len(before.vms) else vm
        for n, vm in enumerate(after.vms)
    )
    scans = tuple(
        old if n in kept else new
        for n, (old, new) in enumerate(zip(before.scans, after.scans, strict=True))
    )
    servers = after.books.servers
    if servers and before.books.servers:
        known = dict(enumerate(before.books.servers))
        servers = tuple(known.get(n, s) if n in kept else s for n, s in enumerate(servers))
    inventory = caches.inventory(*vms)
    if draw(st.booleans()):
        first, second = inventory.datastores
        swapped = (replace(first, name=second.name), replace(second, name=first.name))
        inventory = replace(inventory, datastores=swapped)
    inventories = (inventory,) if after.books.inventories else ()
    books = replace(after.books, scans=scans, servers=servers, inventories=inventories)
    return before.books, books


@any_time
@given(successors())
def test_what_is_remembered_of_an_earlier_ledger_makes_no_difference(
    states: tuple[LedgerBooks, LedgerBooks],
) -> None:
    memory = CacheMemory()
    for books in (*states, states[0]):
        fresh = replace(books, memory=CacheMemory())
        remembering = replace(books, memory=memory)
        images = cached_images(fresh)
        assert cached_images(remembering) == images
        assert parent_risks(images, remembering) == parent_risks(images, fresh)
        assert leftovers_of(remembering) == leftovers_of(fresh)


def leftovers_of(books: LedgerBooks) -> Leftovers:
    instances = NovasInstances(frozenset(books.server_by_id), builders.READ_AT)
    return leftovers(
        LeftoverBooks(
            books.scans, books.inventories, books.computes, instances, memory=books.memory
        )
    )


def test_one_vm_that_changed_is_the_only_one_that_is_made_anew() -> None:
    memory: OfEach[str, str] = OfEach()
    made: list[str] = []

    def make(vm: str) -> str:
        made.append(vm)
        return vm.upper()

    one, two, other = "one", "two", "one more"
    server = object()
    assert memory.all([(1, one, server), (2, two, None)], make) == ["ONE", "TWO"]
    assert memory.all([(1, other, server), (2, two, None)], make) == ["ONE MORE", "TWO"]
    assert made == [one, two, other]
    memory.all([(2, two, server)], make)
    assert made[3:] == [two], "what stands beside it is another"
    memory.all([(1, other, server), (2, two, server)], make)
    assert made[4:] == [other], "what was left out is forgotten"
    memory.all([(1, other, server), (2, two, server)], make, context="renamed")
    assert made[5:] == [other, two]
