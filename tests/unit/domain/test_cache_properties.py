"""The join of the image cache over random clouds."""

import random
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import timedelta

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from tests.unit.domain import builders, caches
from vmware_panel.domain.cache_ledger import LedgerBooks, cached_images
from vmware_panel.domain.cache_memory import CacheMemory
from vmware_panel.domain.cache_risks import parent_risks
from vmware_panel.domain.cache_roots import CacheComputes
from vmware_panel.domain.cache_sums import Use, sums_by_datastore, total
from vmware_panel.domain.cloud import Image, Server
from vmware_panel.domain.datastore_files import DatastoreFile, FileKind, Scan
from vmware_panel.domain.image_cache import CachedImage, Ownership
from vmware_panel.domain.inventory import Inventory, VirtualMachine, VmPower
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
    by_datastore = sums_by_datastore(images, at_risk)
    everything = total(by_datastore)
    assert everything.cached_bytes == sum(i.size_bytes or 0 for i in images)
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


@st.composite
def crowded(draw: st.DrawFn) -> LedgerBooks:
    """Every book is there, each VM stands on an image, and its server is of that image."""
    places = st.tuples(st.sampled_from(ROOTS[:2]), st.sampled_from(IMAGES[:2]))
    chosen = draw(st.lists(places, min_size=1, max_size=4))
    paths = [caches.parent(root, image) for root, image in chosen]
    files = [file for root in ROOTS for file in caches.image_files(root, IMAGES[0])]
    return caches.books(
        *(caches.clone(number, path) for number, path in enumerate(paths, start=1)),
        scans=(
            caches.scan(*files),
            caches.scan(
                *caches.image_files(image=IMAGES[1]),
                datastore=caches.OTHER_DATASTORE,
                datastore_name="ds2",
            ),
        ),
        servers=tuple(
            builders.server(number, image_id=image, compute_host=draw(st.sampled_from(HOSTS)))
            for number, (_, image) in enumerate(chosen, start=1)
        ),
        images=caches.glance(*IMAGES),
    )


@st.composite
def histories(draw: st.DrawFn) -> list[LedgerBooks]:
    """States of one cloud: each time one thing is another, and all others are the same objects."""
    states = [draw(crowded())]
    names = [*sorted(CHANGES), "servers", "servers", "vms", "vms"]  # they move most
    for name in draw(st.lists(st.sampled_from(names), min_size=1, max_size=4)):
        field, change = CHANGES[name]
        states.append(replace(states[-1], **{field: draw(change(states[-1]))}))  # type: ignore[arg-type]
    return [*states, states[0]]


@st.composite
def other_vms(draw: st.DrawFn, books: LedgerBooks) -> tuple[Inventory, ...]:
    """One VM is another, is new, or is gone; or they come in another order."""
    if not books.inventories:
        return books.inventories
    inventory = books.inventories[0]
    vms = list(inventory.vms)
    how = draw(st.sampled_from(["other", "new", "gone", "order", "switched"]))
    at = draw(st.integers(0, max(0, len(vms) - 1)))
    if how == "new" or not vms:
        vms.insert(at, draw(machines(draw(st.integers(10, 12)))))
    elif how == "other":
        vms[at] = draw(machines(at + 1))
    elif how == "gone":
        del vms[at]
    elif how == "order":
        vms.reverse()
    else:
        vms[at] = replace(vms[at], power=draw(st.sampled_from(list(VmPower))))
    unique = {vm.moref: vm for vm in vms}
    return (replace(inventory, vms=tuple(unique.values())), *books.inventories[1:])


@st.composite
def other_servers(draw: st.DrawFn, books: LedgerBooks) -> tuple[Server, ...] | None:
    """One is another, or they are decoded anew and equal."""
    servers = [replace(server) for server in books.servers or ()]
    if servers and draw(st.booleans()):
        at = draw(st.integers(0, len(servers) - 1))
        servers[at] = replace(
            servers[at],
            compute_host=draw(st.sampled_from(HOSTS)),
            image_id=draw(st.sampled_from(IMAGES)),
        )
    return None if books.servers is None else tuple(servers)


@st.composite
def other_scans(draw: st.DrawFn, books: LedgerBooks) -> tuple[Scan, ...]:
    """One datastore is searched again, and as it was or not; or not there any more."""
    scans = list(books.scans)
    if not scans:
        return ()
    at = draw(st.integers(0, len(scans) - 1))
    later = scans[at].read_at + timedelta(seconds=draw(st.integers(1, 600)))
    how = draw(st.sampled_from(["same", "other", "unread", "gone"]))
    scans[at] = replace(scans[at], read_at=later)
    if how == "other":
        scans[at] = replace(scans[at], files=draw(files_of_a_datastore()))
    elif how == "unread":
        scans[at] = replace(scans[at], unread=(f"{ROOTS[0]}/{IMAGES[0]}",))
    elif how == "gone":
        del scans[at]
    return tuple(scans)


@st.composite
def other_images(draw: st.DrawFn, books: LedgerBooks) -> Mapping[str, Image] | None:
    known = caches.glance(*IMAGES[: draw(st.integers(1, 4))], hidden=draw(st.booleans()))
    return draw(st.sampled_from([known, None]))


@st.composite
def other_datastores(draw: st.DrawFn, books: LedgerBooks) -> tuple[Inventory, ...]:
    """Renamed, two of one name, or one datastore under two ids; or the book is not whole."""
    how = draw(st.sampled_from(["renamed", "one name", "one url", "not whole"]))
    if not books.inventories:
        return ()
    inventory = books.inventories[0]
    first, second = inventory.datastores
    its = {
        "renamed": (replace(first, name=second.name), replace(second, name=first.name)),
        "one name": (first, replace(second, name=first.name)),
        "one url": tuple(replace(d, url="ds:///vmfs/volumes/one/") for d in (first, second)),
        "not whole": (first, second),
    }[how]
    return (replace(inventory, datastores=its, whole=how != "not whole"),)


@st.composite
def other_vcenters(draw: st.DrawFn, books: LedgerBooks) -> tuple[Inventory, ...]:
    """Another region's vCenter mounts the same datastores, or none does."""
    vms = tuple(draw(machines(number)) for number in range(20, draw(st.integers(20, 23))))
    inventory = caches.inventory(*vms)
    datastores = tuple(replace(d, url=f"ds:///{d.name}/") for d in inventory.datastores)
    east = replace(inventory, vcenter=builders.vcenter("east"), datastores=datastores)
    return draw(st.sampled_from([(east,), ()]))


@st.composite
def other_computes(draw: st.DrawFn, books: LedgerBooks) -> CacheComputes:
    ageing = replace(caches.COMPUTE_1.ageing, minimum_age_s=draw(st.sampled_from([60, None])))
    changed = replace(caches.COMPUTE_1, ageing=ageing, root=draw(st.sampled_from(ROOTS)))
    return replace(caches.COMPUTES, all=(changed, caches.COMPUTE_2), complete=draw(st.booleans()))


@st.composite
def silence(draw: st.DrawFn, books: LedgerBooks) -> tuple[str, ...]:
    return draw(st.sampled_from([(), ("west",), ("lab",)]))


CHANGES: dict[str, tuple[str, Callable[[LedgerBooks], st.SearchStrategy[object]]]] = {
    "vms": ("inventories", other_vms),
    "servers": ("servers", other_servers),
    "scans": ("scans", other_scans),
    "images": ("images", other_images),
    "datastores": ("inventories", other_datastores),
    "vcenters": ("others", other_vcenters),
    "computes": ("computes", other_computes),
    "silence": ("silent_vcenters", silence),
}


@any_time
@given(st.one_of(histories(), successors().map(lambda both: [*both, both[0]])))
def test_what_is_remembered_of_earlier_ledgers_makes_no_difference(
    states: list[LedgerBooks],
) -> None:
    memory = CacheMemory()
    for books in states:
        assert repr(whole(replace(books, memory=memory))) == repr(
            whole(replace(books, memory=CacheMemory()))
        )


def whole(books: LedgerBooks) -> object:
    """All that a ledger comes to, to the last field."""
    images = cached_images(books)
    risks = parent_risks(images, books)
    sums = sums_by_datastore(images, {risk.cached.key for risk in risks.found})
    found = [(image, image.files, image.used) for image in images]  # files are in no repr
    return found, risks, sums, total(sums), leftovers_of(books)


def test_a_server_that_moved_is_seen_though_its_vm_is_the_same() -> None:
    server = builders.server(1, compute_host="compute-1")
    books = caches.books(caches.clone(1), servers=(server,))
    moved = replace(books, servers=(replace(server, compute_host="compute-2"),))
    assert not parent_risks(cached_images(books), books).found
    (risk,) = parent_risks(cached_images(moved), moved).found
    assert risk.stander.compute_host == "compute-2"


@any_time
@given(successors())
def test_an_image_of_which_nothing_changed_is_the_very_same(
    states: tuple[LedgerBooks, LedgerBooks],
) -> None:
    memory = CacheMemory()
    known = {image.key: image for image in cached_images(replace(states[0], memory=memory))}
    for image in cached_images(replace(states[1], memory=memory)):
        if image == known.get(image.key):
            assert image is known[image.key]


def leftovers_of(books: LedgerBooks) -> Leftovers:
    instances = NovasInstances(frozenset(books.server_by_id), builders.READ_AT)
    return leftovers(
        LeftoverBooks(
            books.scans,
            books.inventories,
            books.computes,
            instances,
            inventories_complete=not books.silent_vcenters,
            others=books.others,
            memory=books.memory,
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
