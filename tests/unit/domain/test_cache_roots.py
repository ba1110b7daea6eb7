"""Whose a cache root is: told by the settings and by what a cluster mounts, never guessed."""

import re
from dataclasses import replace
from datetime import timedelta

import pytest

from tests.unit.domain import builders, caches
from tests.unit.domain.caches import COMPUTE_1, COMPUTE_2, DATASTORE
from vmware_panel.domain.cache_roots import (
    CacheCompute,
    CacheComputes,
    deleted_after,
    root_named,
    root_names,
    soonest,
)
from vmware_panel.domain.image_cache import Ageing, CacheRoot, Ownership
from vmware_panel.domain.inventory import Datastore, Inventory, MoRef


def computes(*its: CacheCompute, complete: bool = True) -> CacheComputes:
    return CacheComputes(its or (COMPUTE_1, COMPUTE_2), complete)


def root(
    name: str = "c1_base",
    told: CacheComputes | None = None,
    inventory: Inventory | None = None,
) -> CacheRoot:
    book = caches.inventory() if inventory is None else inventory
    return root_named(name, "lab", DATASTORE, "ds1", book, told or computes())


def test_the_roots_are_the_top_folders_that_end_as_nova_names_them() -> None:
    scan = caches.scan(
        caches.folder("c1_base"),
        caches.file("10.0.0.1_base/x/x.vmdk"),
        caches.folder("_base"),
        caches.folder("based"),
        caches.folder("deep/c2_base"),
    )
    assert root_names(scan) == ["10.0.0.1_base", "_base", "c1_base"]
    assert root("c1_base").path == "[ds1] c1_base"


def test_a_root_is_owned_by_the_compute_that_is_told_to_have_it() -> None:
    found = root()
    assert (found.ownership, found.owners) == (Ownership.OWNED, ("compute-1",))
    assert found.ageing == COMPUTE_1.ageing


def test_a_root_that_no_compute_has_is_ownerless_only_if_all_are_told() -> None:
    assert root("old_base").ownership is Ownership.OWNERLESS
    untold = replace(COMPUTE_2, root=None)
    assert root("old_base", computes(COMPUTE_1, untold)).ownership is Ownership.UNKNOWN
    assert root("c1_base", computes(COMPUTE_1, untold)).ownership is Ownership.OWNED


def test_no_root_is_ownerless_while_nova_did_not_list_its_computes() -> None:
    assert root("old_base", computes(complete=False)).ownership is Ownership.UNKNOWN
    assert root("old_base", CacheComputes()).ownership is Ownership.UNKNOWN


def test_a_root_that_may_be_a_computes_by_what_is_not_told_is_not_ownerless() -> None:
    """`my_ip` names the root only where ageing is on: else it is `_base`, of all such computes."""
    by_ip = replace(COMPUTE_1, root="10.0.0.1_base", other_root="_base")
    found = root("_base", computes(by_ip, COMPUTE_2))
    assert (found.ownership, found.owners) == (Ownership.UNKNOWN, ("compute-1",))
    elsewhere = replace(by_ip, datastore_regex=re.compile("ssd"))
    assert root("_base", computes(elsewhere, COMPUTE_2)).ownership is Ownership.OWNERLESS
    shared = replace(COMPUTE_2, root="_base")
    assert root("_base", computes(by_ip, shared)).ownership is Ownership.OWNED


def test_nova_never_deletes_only_where_every_root_is_told() -> None:
    keeps = replace(COMPUTE_1, ageing=Ageing(removes=False))
    assert root("c1_base", computes(keeps, COMPUTE_2)).ageing.removes is False
    untold = replace(COMPUTE_2, root=None)
    assert root("c1_base", computes(keeps, untold)).ageing.removes is None


def test_several_computes_may_share_a_root() -> None:
    shared = replace(COMPUTE_2, root="c1_base")
    assert root("c1_base", computes(COMPUTE_1, shared)).owners == ("compute-1", "compute-2")


def test_the_root_of_a_compute_that_does_not_take_the_datastore_has_no_owner() -> None:
    for regex in ("ssd", "s1", "ds2"):
        other = replace(COMPUTE_1, datastore_regex=re.compile(regex))
        found = root("c1_base", computes(other, COMPUTE_2))
        assert (found.ownership, found.owners) == (Ownership.OWNERLESS, ()), regex


def test_a_datastore_that_the_cluster_does_not_mount_is_not_looked_after() -> None:
    hosts = (builders.esx_host(1), builders.esx_host(2, datastores=(DATASTORE,)))
    assert root(inventory=caches.inventory(hosts=hosts)).ownership is Ownership.OWNERLESS
    part = replace(caches.inventory(hosts=hosts), whole=False)
    assert root(inventory=part).ownership is Ownership.UNKNOWN


def test_a_datastore_of_a_type_that_the_driver_does_not_take_is_not_looked_after() -> None:
    book = caches.inventory(datastores=(Datastore(DATASTORE, "ds1", type="VVOL"),))
    assert root(inventory=book).ownership is Ownership.OWNERLESS


def test_a_datastore_in_maintenance_keeps_its_owner() -> None:
    away = Datastore(
        DATASTORE, "ds1", type="VMFS", accessible=False, maintenance_mode="inMaintenance"
    )
    assert root(inventory=caches.inventory(datastores=(away,))).ownership is Ownership.OWNED


@pytest.mark.parametrize(
    "compute",
    [
        replace(COMPUTE_1, datastore_regex=None),
        replace(COMPUTE_1, vcenter="", cluster=None),
        replace(COMPUTE_1, vcenter="elsewhere"),
        replace(COMPUTE_1, cluster=MoRef("domain-c9")),
    ],
    ids=["regex untold", "not listed by Nova", "on another vCenter", "cluster gone"],
)
def test_a_claim_that_cannot_be_checked_leaves_the_owner_unknown(compute: CacheCompute) -> None:
    found = root("c1_base", computes(compute, COMPUTE_2))
    assert (found.ownership, found.owners) == (Ownership.UNKNOWN, ("compute-1",))


def test_without_vcenters_book_the_owner_is_unknown() -> None:
    found = root_named("c1_base", "lab", DATASTORE, "ds1", None, computes())
    assert found.ownership is Ownership.UNKNOWN


def test_of_several_computes_the_soonest_counts() -> None:
    slow = Ageing(removes=True, minimum_age_s=7200, interval_s=60)
    assert soonest([COMPUTE_1.ageing, slow]) == Ageing(True, 3600, 60)
    assert soonest([COMPUTE_1.ageing, Ageing(removes=False)]) == COMPUTE_1.ageing
    assert soonest([COMPUTE_1.ageing, Ageing()]) == Ageing(removes=True)
    assert soonest([Ageing(removes=False, minimum_age_s=1)]) == Ageing(removes=False)
    assert soonest([]) == Ageing()


def test_nova_deletes_a_marked_image_after_its_minimum_age() -> None:
    marked_at = caches.FILE_DATE
    after = marked_at + timedelta(seconds=3600)
    assert deleted_after(marked_at, COMPUTE_1.ageing) == after
    assert deleted_after(marked_at, Ageing(minimum_age_s=3600)) == after
    assert deleted_after(None, COMPUTE_1.ageing) is None
    assert deleted_after(marked_at, Ageing(removes=False, minimum_age_s=3600)) is None
    assert deleted_after(marked_at, Ageing(removes=True)) is None
