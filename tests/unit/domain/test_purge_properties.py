"""Over random clouds: a purge never takes away a file that any VM stands on.

A model of a datastore and of what goes on meanwhile: VMs are linked-cloned (by whoever, on whichever
root), deleted, migrated; builds begin; settings tell little or nothing. The plan goes by what was
true before, the two looks by what is true when they look, and anything may happen between any two
steps: a clone needs its parent to be there at that instant, and from then on it must stay.
"""

from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta

from hypothesis import given, settings
from hypothesis import strategies as st

from vmware_panel.domain.cloud import Server
from vmware_panel.domain.datastore_files import DatastoreFile, FileKind
from vmware_panel.domain.datastore_paths import FilePlace, FolderListing, below, parse
from vmware_panel.domain.details import DetailKind, detail
from vmware_panel.domain.file_use import FileUser, UseBook
from vmware_panel.domain.image_cache import (
    CachedImage,
    CacheRoot,
    GlanceState,
    Ownership,
    Stander,
    UserServer,
)
from vmware_panel.domain.inventory import MoRef
from vmware_panel.domain.plans import RefusalKind
from vmware_panel.domain.purge import Way, Wish, target_of
from vmware_panel.domain.purge_checks import Fresh, NovaUse, against, in_use
from vmware_panel.domain.purge_planning import image_considered, purge_plan

NOW = datetime(2026, 11, 23, 12, tzinfo=UTC)
DATASTORE = MoRef("datastore-1")
PLACE = FilePlace(DATASTORE, "ds", MoRef("datacenter-2"), MoRef("b"))
IMAGES = tuple(f"{n}1111111-2222-3333-4444-555555555555" for n in range(3))
ROOTS = ("c1_base", "c2_base", "old_base")
SIZES = ("", ".20", ".40")

Place = tuple[str, str]  # root, image


@dataclass
class World:
    """`files` by folder; `aside` what lies in vmware_temp; `vms` the parents each stands on."""

    ownership: dict[str, Ownership]
    files: dict[Place, set[str]]
    markers: dict[Place, str] = field(default_factory=dict)
    aside: dict[Place, set[str]] = field(default_factory=dict)
    vms: dict[int, set[tuple[Place, str]]] = field(default_factory=dict)
    untold: set[int] = field(default_factory=set)
    servers: dict[int, Server] = field(default_factory=dict)
    nova_up: bool = True
    vcenter_up: bool = True

    def root(self, name: str) -> CacheRoot:
        owned = self.ownership[name]
        owners = () if owned is Ownership.OWNERLESS else (f"compute of {name}",)
        return CacheRoot("west", DATASTORE, "ds", name, owned, owners)

    def path(self, place: Place, file: str) -> str:
        return f"[ds] {place[0]}/{place[1]}/{file}"

    def use(self) -> UseBook:
        book = UseBook()
        for number, parents in self.vms.items():
            held = frozenset(self.path(place, file) for place, file in parents)
            told = None if number in self.untold else held
            book.put(FileUser(MoRef(f"vm-{number}"), f"vm {number}", files=told))
        return book

    def seen(self, place: Place) -> CachedImage:
        """As the ledger has it: the true state of some moment before."""
        standers = tuple(
            Stander(MoRef(f"vm-{number}"), f"vm {number}", self.path(at, file))
            for number, parents in self.vms.items()
            if number not in self.untold
            for at, file in parents
            if at == place
        )
        users = tuple(
            UserServer(s.id, s.name, building=s.status == "BUILD")
            for s in self.servers.values()
            if s.image_id == place[1]
        )
        return CachedImage(
            root=self.root(place[0]),
            image_id=place[1],
            state=GlanceState.ACTIVE,
            files=self.listing(place).files,
            standers=standers if self.vcenter_up else None,
            servers=users if self.nova_up else None,
            marker=self.markers.get(place, ""),
        )

    def listing(self, place: Place) -> FolderListing:
        top = f"{place[0]}/{place[1]}"
        old = NOW - timedelta(days=9)
        listed = [
            DatastoreFile(f"{top}/{name}", modified=old) for name in sorted(self.files[place])
        ]
        if marker := self.markers.get(place):
            listed.append(DatastoreFile(f"{top}/{marker}", FileKind.FOLDER))
        return FolderListing(PLACE, below("ds", *place), tuple(listed), 0.0)

    def look(self, place: Place) -> Fresh:
        nova = NovaUse(
            tuple(s for s in self.servers.values() if s.image_id == place[1]),
            trouble=None if self.nova_up else detail(DetailKind.NO_ANSWER, "nova"),
        )
        return Fresh(
            now=NOW,
            listing=self.listing(place) if place in self.files else None,
            use=self.use().use_of(PLACE, below("ds", *place)) if self.vcenter_up else None,
            root=self.root(place[0]),
            nova=nova,
        )

    def every_parent_is_there(self) -> bool:
        return all(
            file in self.files.get(place, ()) for its in self.vms.values() for place, file in its
        )

    def apply(self, event: tuple[str, int, Place, str]) -> None:
        what, number, place, size = event
        file = f"{place[1]}{size}.vmdk"
        if what == "clone" and file in self.files.get(place, ()):
            self.vms.setdefault(number, set()).add((place, file))
        elif what == "hide" and number in self.vms:
            self.untold.add(number)
        elif what == "tell":
            self.untold.discard(number)
        elif what == "delete":
            self.vms.pop(number, None)
        elif what == "build":
            self.servers[number] = Server(
                f"s{number}", "s", status="BUILD", image_id=place[1], compute_host="anywhere"
            )
        elif what == "built":
            self.servers.pop(number, None)
        elif what == "nova":
            self.nova_up = not self.nova_up
        elif what == "vcenter":
            self.vcenter_up = not self.vcenter_up
        elif what == "mark" and place in self.files:
            self.markers[place] = "ts-2026-11-20-12-00-00"
        elif what == "new size" and place in self.files:
            self.files[place].add(file)
        elif what == "download" and place not in self.files:
            self.files[place] = {f"{place[1]}.vmdk"}


places = st.tuples(st.sampled_from(ROOTS), st.sampled_from(IMAGES))
events = st.lists(
    st.tuples(
        st.sampled_from(
            ["clone"] * 4
            + ["hide", "tell", "delete", "build", "built", "nova", "vcenter", "mark"]
            + ["new size", "download"]
        ),
        st.integers(0, 4),
        places,
        st.sampled_from(SIZES),
    ),
    max_size=4,
)
worlds = st.builds(
    World,
    st.fixed_dictionaries(
        {
            "c1_base": st.just(Ownership.OWNED),
            "c2_base": st.sampled_from(Ownership),
            "old_base": st.sampled_from([Ownership.OWNERLESS] * 3 + [Ownership.UNKNOWN]),
        }
    ),
    st.dictionaries(
        places, st.sets(st.sampled_from(SIZES), min_size=1), min_size=1, max_size=9
    ).map(lambda d: {p: {f"{p[1]}{size}.vmdk" for size in sizes} for p, sizes in d.items()}),
)


def purge(world: World, way: Way, moments: list[list[tuple[str, int, Place, str]]]) -> int:
    """Plans, and does each item as `api.purging` does, with one list of events before each step.

    How many folders have gone.
    """
    left = iter(moments)

    def meanwhile(*kinds: str) -> None:
        for event in next(left, []):
            if not kinds or event[0] in kinds:
                world.apply(event)

    meanwhile()
    wish = Wish(way, 0, NOW)
    considered = [image_considered(world.seen(place), wish) for place in sorted(world.files)]
    meanwhile()
    plan = purge_plan("west", considered, way, now=NOW, scanned={})
    gone = 0
    for item in plan.items():
        target = target_of(item)
        path = parse(target.path)
        place = (path.names[0], path.names[1])
        meanwhile()
        if against(target, path, way, 0, world.look(place)):
            continue
        # Files may be changed and clones made until the rename: it takes what is there.
        meanwhile()
        if way is Way.MARK:
            world.markers[place] = "ts-2026-11-23-12-00-00"
            continue
        if place not in world.files:
            continue
        world.aside[place] = world.files.pop(place)
        meanwhile("clone", "hide", "delete", "build", "nova", "vcenter", "download")
        if in_use(target, world.look(place)):
            if place not in world.files:
                world.files[place] = world.aside.pop(place)
        else:
            del world.aside[place]
            gone += 1
    return gone


@settings(max_examples=150, deadline=None)
@given(worlds, st.lists(events, max_size=14))
def test_a_purge_never_removes_a_parent_of_a_linked_clone(world, moments):
    purge(world, Way.DELETE, moments)
    lost = {
        (place, file)
        for its in world.vms.values()
        for place, file in its
        if file not in world.files.get(place, ()) and file not in world.aside.get(place, ())
    }
    assert not lost, f"nothing of these is left anywhere: {lost}"


@settings(max_examples=150, deadline=None)
@given(worlds, st.lists(events.map(lambda es: [e for e in es if e[0] != "download"]), max_size=14))
def test_and_each_parent_is_in_its_place_unless_nova_has_made_that_anew(world, moments):
    purge(world, Way.DELETE, moments)
    assert world.every_parent_is_there()


@settings(max_examples=150, deadline=None)
@given(worlds, st.lists(events, max_size=14))
def test_only_roots_that_nobody_looks_after_lose_anything(world, moments):
    before = {place: set(files) for place, files in world.files.items()}
    purge(world, Way.DELETE, moments)
    for place, files in before.items():
        if world.ownership[place[0]] is not Ownership.OWNERLESS:
            assert files <= world.files.get(place, set()), place


@settings(max_examples=150, deadline=None)
@given(worlds, st.lists(events, max_size=14))
def test_marking_removes_nothing_and_marks_owned_roots_only(world, moments):
    ours = "ts-2026-11-23-12-00-00"
    before = {place: set(files) for place, files in world.files.items()}
    purge(world, Way.MARK, moments)
    for place, files in before.items():
        assert files <= world.files[place]
    marked = {place for place, marker in world.markers.items() if marker == ours}
    assert {world.ownership[root] for root, _ in marked} <= {Ownership.OWNED}


@settings(max_examples=60, deadline=None)
@given(worlds)
def test_in_a_cloud_that_stands_still_every_unused_image_of_an_ownerless_root_goes(world):
    """The other half: what refuses everything would hold all of the above too."""
    expected = sum(world.ownership[root] is Ownership.OWNERLESS for root, _ in world.files)
    assert purge(world, Way.DELETE, []) == expected


def test_a_plan_of_nothing_says_that_nothing_was_found_and_refers_to_no_list():
    (refusal,) = purge_plan("west", (), Way.DELETE, now=NOW, scanned={}).refusals
    assert refusal.kind is RefusalKind.NOTHING_FOUND
