"""A datastore's room, who mounts it and which compute takes it."""

import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.unit.domain import builders
from vmware_panel.domain.cinder_sums import next_for_cinder
from vmware_panel.domain.datastores import (
    DatastoreState,
    Driver,
    HostMount,
    mounts_of,
    next_for_nova,
    overcommit,
    provisioned_bytes,
    state_of,
    takers_of,
    used_bytes,
)
from vmware_panel.domain.driver_sums import DatastoreRejection
from vmware_panel.domain.inventory import (
    Cluster,
    Datastore,
    EsxHost,
    HostConnection,
    Inventory,
    MoRef,
)

ANY = re.compile("")
BLUE, GREEN = Cluster(MoRef("domain-c1"), "blue"), Cluster(MoRef("domain-c2"), "green")
SIZES = st.one_of(st.none(), st.integers(0, 1 << 50))


def store(number: int, hosts: tuple[int, ...] = (), **changes: object) -> Datastore:
    fields: dict[str, object] = {
        "moref": MoRef(f"datastore-{number}"),
        "name": f"ds{number}",
        "type": "VMFS",
        "capacity_bytes": 1000,
        "free_bytes": 500,
        "accessible": True,
        "maintenance_mode": "normal",
        "hosts": tuple(MoRef(f"host-{n}") for n in hosts),
    }
    return Datastore(**{**fields, **changes})  # type: ignore[arg-type]


def host(number: int, cluster: str | None, **changes: object) -> EsxHost:
    return builders.esx_host(number, cluster=cluster and MoRef(cluster), **changes)


def book(stores: tuple[Datastore, ...], *hosts: EsxHost) -> Inventory:
    """The hosts mount what the datastores say."""
    mounting = tuple(
        EsxHost(
            h.moref,
            h.name,
            h.cluster,
            h.connection,
            h.in_maintenance,
            datastores=tuple(s.moref for s in stores if h.moref in s.hosts),
        )
        for h in hosts
    )
    return builders.inventory(hosts=mounting, datastores=stores, clusters=(BLUE, GREEN))


@given(SIZES, SIZES, SIZES)
def test_provisioned_is_what_is_used_and_what_may_still_grow(
    capacity: int | None, free: int | None, uncommitted: int | None
) -> None:
    its = store(1, capacity_bytes=capacity, free_bytes=free, uncommitted_bytes=uncommitted)
    if capacity is None or free is None:
        assert used_bytes(its) is None and provisioned_bytes(its) is None
    elif uncommitted is None:
        assert provisioned_bytes(its) is None and overcommit(its) is None
    else:
        assert provisioned_bytes(its) == capacity - free + uncommitted
        ratio = overcommit(its)
        assert (ratio is None) == (capacity == 0)
        if ratio is not None:
            assert (ratio > 1) == (uncommitted > free)


@pytest.mark.parametrize(
    ("accessible", "mode", "state"),
    [
        (True, None, DatastoreState.ACCESSIBLE),
        (True, "normal", DatastoreState.ACCESSIBLE),
        (True, "enteringMaintenance", DatastoreState.ENTERING_MAINTENANCE),
        (True, "inMaintenance", DatastoreState.MAINTENANCE),
        (False, "inMaintenance", DatastoreState.INACCESSIBLE),
        (None, "inMaintenance", DatastoreState.MAINTENANCE),
        (None, "normal", None),
    ],
)
def test_its_state_in_one_word(
    accessible: bool | None, mode: str | None, state: DatastoreState | None
) -> None:
    assert state_of(store(1, accessible=accessible, maintenance_mode=mode)) is state


def test_a_cluster_of_which_some_hosts_do_not_mount_it() -> None:
    shared = store(1, (1, 3, 4))
    inventory = book(
        (shared,),
        host(1, "domain-c1"),
        host(2, "domain-c1"),
        host(3, "domain-c2"),
        host(4, None),
        host(5, None),
    )
    mounts = mounts_of(shared, inventory)
    blue, green, alone = mounts.by_cluster
    assert (blue.cluster, blue.partly, [h.name for h in blue.missing]) == (BLUE, True, ["esx-2"])
    assert (green.cluster, green.partly) == (GREEN, False)
    assert alone.cluster is None and [h.name for h in alone.mounting] == ["esx-4"]
    assert mounts.hosts == 3 and mounts.clusters == (BLUE, GREEN)
    assert mounts.of(GREEN.moref) == green and mounts.of(MoRef("domain-c9")) is None


def test_what_no_host_mounts_is_mounted_by_nobody() -> None:
    assert mounts_of(store(1), book((store(1),), host(1, "domain-c1"))).by_cluster == ()


def test_each_compute_says_whether_it_takes_it_and_why_not() -> None:
    mine, other = store(1, (1, 2), free_bytes=100), store(2, (1, 2), free_bytes=400)
    inventory = book((mine, other), host(1, "domain-c1"), host(2, "domain-c2"))
    drivers = [
        Driver("compute-1", BLUE, ANY),
        Driver("compute-2", GREEN, re.compile("ds2")),
        Driver("compute-3", GREEN, None),
    ]
    sums = [(driver, next_for_nova(driver, inventory)) for driver in drivers]
    first, second, third = takers_of(mine, mounts_of(mine, inventory), sums)
    assert (first.takes, first.picked, first.known) == (True, other, True)
    assert (second.takes, second.rejection) == (False, DatastoreRejection.REGEX)
    assert (third.takes, third.known, third.picked) == (None, False, None)


def test_a_compute_whose_cluster_does_not_mount_it_is_not_asked() -> None:
    mine = store(1, (1,))
    inventory = book((mine,), host(1, "domain-c1"), host(2, "domain-c2"))
    driver = Driver("compute-2", GREEN, ANY)
    sums = [(driver, next_for_nova(driver, inventory))]
    assert takers_of(mine, mounts_of(mine, inventory), sums) == ()


@pytest.mark.parametrize(
    ("mount", "usable"),
    [
        (HostMount(MoRef("host-1"), True, True, "readWrite"), True),
        (HostMount(MoRef("host-1"), None, True, "readWrite"), True),
        (HostMount(MoRef("host-1"), False, True, "readWrite"), False),
        (HostMount(MoRef("host-1"), True, None, "readWrite"), False),
        (HostMount(MoRef("host-1"), True, True, "readOnly"), False),
    ],
)
def test_a_mount_counts_as_cinder_counts_it(mount: HostMount, usable: bool) -> None:
    assert mount.usable is usable


# -- Cinder's rule ---------------------------------------------------------------------------


def test_cinder_takes_what_most_hosts_mount_before_what_is_emptiest() -> None:
    wide, empty = store(1, (1, 2), free_bytes=300), store(2, (1,), free_bytes=900)
    inventory = book((empty, wide), host(1, "domain-c1"), host(2, "domain-c2"))
    assert next_for_cinder(BLUE, inventory, 200).picked == (wide,)
    assert next_for_nova(Driver("c", BLUE, ANY), inventory).picked == empty
    assert next_for_cinder(BLUE, inventory, 400).picked == (empty,), "it must fit"
    assert next_for_cinder(BLUE, inventory, 901).picked == ()


def test_of_equally_many_mounts_the_lowest_utilization_wins_not_the_most_free_bytes() -> None:
    large = store(1, (1,), capacity_bytes=10_000, free_bytes=2_000)
    small = store(2, (1,), capacity_bytes=1_000, free_bytes=900)
    inventory = book((large, small), host(1, "domain-c1"))
    assert next_for_cinder(BLUE, inventory, 1).picked == (small,)
    assert next_for_nova(Driver("c", BLUE, ANY), inventory).picked == large


def test_cinder_knows_types_and_maintenance_as_its_driver_does() -> None:
    inventory = book(
        (
            store(1, (1,), type="VVOL", free_bytes=100),
            store(2, (1,), type="other", free_bytes=900),
            store(3, (1,), accessible=False, free_bytes=900),
            store(4, (1,), maintenance_mode="enteringMaintenance", free_bytes=900),
        ),
        host(1, "domain-c1"),
    )
    assert [d.name for d in next_for_cinder(BLUE, inventory, 1).picked] == ["ds1"]


def test_hosts_that_mount_different_datastores_lead_to_different_picks() -> None:
    left, right = store(1, (1,)), store(2, (2,))
    inventory = book((left, right), host(1, "domain-c1"), host(2, "domain-c1"))
    assert set(next_for_cinder(BLUE, inventory, 1).picked) == {left, right}


def test_a_host_that_cannot_be_used_gets_no_volume_and_an_unknown_one_makes_it_unsure() -> None:
    mine = store(1, (1,))
    away = host(1, "domain-c1", connection=HostConnection.DISCONNECTED)
    assert next_for_cinder(BLUE, book((mine,), away), 1).picked == ()
    untold = next_for_cinder(BLUE, book((mine,), host(1, "domain-c1", in_maintenance=None)), 1)
    assert not untold.known
    unsized = book((store(1, (1,), free_bytes=None),), host(1, "domain-c1"))
    assert not next_for_cinder(BLUE, unsized, 1).known
