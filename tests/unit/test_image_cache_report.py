"""The ledger as a report: which computes are known, what is kept, and when Nova is asked more."""

from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from types import SimpleNamespace
from typing import Any

import pytest
from django.test import override_settings

from tests.unit.domain import builders, caches
from vmware_panel import config
from vmware_panel.api.cache_computes import cache_computes, stands_alone
from vmware_panel.api.image_cache import Ledger, Ledgers, ledger_report
from vmware_panel.api.placement import INVENTORIES, Answers
from vmware_panel.api.reading import Reading
from vmware_panel.api.scans import Scans
from vmware_panel.domain.cloud import ComputeService, Hypervisor
from vmware_panel.domain.image_cache import LeftoverKind
from vmware_panel.domain.inventory import Datastore
from vmware_panel.domain.leftovers import Doubt
from vmware_panel.domain.outcome import Outcome, Trouble, TroubleKind
from vmware_panel.domain.snapshot import CollectorState, CollectorStatus, Snapshot
from vmware_panel.openstack.server_index import IndexedServers

SETTINGS = config.read(
    {
        "computes": {
            "compute-1": {
                "cache_prefix": "c1",
                "datastore_regex": "ds",
                "remove_unused_original_minimum_age_seconds": 60,
                "manager_interval": -1,
            },
            "elsewhere": {"my_ip": "10.0.0.9"},
            "kvm-1": {"cache_prefix": "k"},
            "untold": {"datastore_regex": "x"},
        }
    }
)
NODE = Hypervisor("1", builders.node_name(), service_host="compute-1")
SERVICES = (ComputeService("1", "compute-1"),)
GONE = builders.uuid_of(77)


def computes(*nodes: Hypervisor, **changes: Any) -> Any:
    fields = {"services": SERVICES, "alone": True, **changes}
    return cache_computes(
        SETTINGS,
        nodes or (NODE,),
        fields["services"],
        (caches.inventory(),),
        alone=fields["alone"],
    )


def test_a_compute_is_known_by_its_node_and_by_the_settings() -> None:
    found = computes()
    compute = found.by_host["compute-1"]
    assert (compute.vcenter, compute.cluster, compute.root) == ("lab", "domain-c1", "c1_base")
    assert compute.ageing.minimum_age_s == 60
    assert compute.ageing.removes is False, "without a pass nothing is removed"
    assert found.complete


def test_one_that_only_the_settings_name_may_be_another_regions() -> None:
    found = computes()
    assert set(found.by_host) == {"compute-1", "elsewhere", "kvm-1"}
    assert found.by_host["elsewhere"].cluster is None


def test_a_compute_of_another_driver_has_no_cache() -> None:
    found = computes(NODE, Hypervisor("2", "kvm-1.example.org", "QEMU", service_host="kvm-1"))
    assert "kvm-1" not in found.by_host


def test_a_compute_that_the_settings_do_not_tell_of_is_known_with_nothing_told() -> None:
    other = Hypervisor("2", builders.node_name("domain-c2"), service_host="compute-2")
    assert computes(NODE, other).by_host["compute-2"].root is None


def test_what_nova_did_not_tell_leaves_them_incomplete() -> None:
    inventories = (caches.inventory(),)
    assert not cache_computes(SETTINGS, None, SERVICES, inventories).complete
    assert not cache_computes(SETTINGS, (NODE,), None, inventories).complete
    assert not computes(alone=False).complete
    dark = (*SERVICES, ComputeService("", "compute-9", enabled=None))
    assert not computes(services=dark).complete
    told = (*SERVICES, ComputeService("", "elsewhere", enabled=None))
    assert computes(services=told).complete, "the settings tell of the one whose cell is down"


@pytest.mark.parametrize(
    ("regions", "region", "expected"),
    [((), None, True), (("a",), None, True), (("a", "b"), None, False), (("a", "b"), "a", True)],
)
def test_a_vcenter_for_every_region_may_hold_others_instances(
    regions: tuple[str, ...], region: str | None, expected: bool
) -> None:
    request: Any = SimpleNamespace(user=SimpleNamespace(available_services_regions=regions))
    vcenter = SimpleNamespace(region=region)
    assert stands_alone(request, [vcenter]) is expected  # type: ignore[list-item]


class Cloud:
    """One process that shows the same books again and again. Counts what Nova is asked besides."""

    def __init__(self) -> None:
        self.ledgers = Ledgers()
        self.asked: list[datetime] = []
        self.lately: frozenset[str] | None = frozenset()
        self.scans = Scans({("lab", caches.DATASTORE): self.scan()})
        self.inventory = caches.inventory()
        self.version = "1"
        self.indexed = IndexedServers((), 1, builders.READ_AT, builders.READ_AT)
        self.images = caches.glance()
        self.elsewhere = Reading()
        self.silent: tuple[str, ...] = ()

    @staticmethod
    def scan(*more: Any) -> Any:
        return caches.scan(*caches.image_files(), *more)

    def page(self) -> Ledger:
        snapshot = Snapshot(
            self.version,
            CollectorStatus(CollectorState.WATCHING, builders.READ_AT),
            builders.READ_AT,
            self.inventory,
        )
        reading = Reading((self.inventory,), (), {"lab": snapshot})
        outcomes = {
            INVENTORIES: Outcome(reading),
            "servers": Outcome(self.indexed),
            "images": Outcome(self.images),
        }

        def since(at: datetime) -> frozenset[str] | None:
            self.asked.append(at)
            return self.lately

        answers = Answers(outcomes, (), INVENTORIES)
        return self.ledgers.ledger(
            answers, self.scans, caches.COMPUTES, True, since, self.elsewhere, self.silent
        )


def test_the_ledger_is_kept_while_no_book_moves() -> None:
    cloud = Cloud()
    first = cloud.page()
    assert cloud.page() is first
    assert [image.used for image in first.images] == [False]
    assert first.total.unused_bytes == first.total.cached_bytes == 2200


def _search(cloud: Cloud) -> None:
    cloud.scans = Scans({("lab", caches.DATASTORE): cloud.scan()})


def _version(cloud: Cloud) -> None:
    cloud.version = "2"


def _servers(cloud: Cloud) -> None:
    cloud.indexed = replace(cloud.indexed, servers=(builders.server(),))


def _images(cloud: Cloud) -> None:
    cloud.images = caches.glance(hidden=True)


def _elsewhere(cloud: Cloud) -> None:
    other = replace(caches.inventory(), vcenter=builders.vcenter("east"))
    cloud.elsewhere = Reading((other,))


def _silent(cloud: Cloud) -> None:
    cloud.silent = ("east",)


@pytest.mark.parametrize("moved", [_search, _version, _servers, _images, _elsewhere, _silent])
def test_a_book_that_moved_makes_it_anew(moved: Callable[[Cloud], None]) -> None:
    cloud = Cloud()
    first = cloud.page()
    moved(cloud)
    assert cloud.page() is not first


def test_a_vcenter_whose_book_is_not_there_leaves_no_image_unused_and_no_leftover_sure() -> None:
    cloud = Cloud()
    cloud.scans = Scans(
        {("lab", caches.DATASTORE): cloud.scan(caches.file("OSTACK_IMG_x/x.vmdk"))}
    )
    assert [each.path for each in cloud.page().leftovers] == ["[ds1] OSTACK_IMG_x"]
    cloud.silent = ("east",)
    page = cloud.page()
    assert [image.used for image in page.images] == [None]
    assert [each.why for each in page.undecided] == [Doubt.NO_VCENTER]


class Sources:
    """What a report asks: the region's vCenters with OpenStack, and those of other regions."""

    def __init__(self, elsewhere: Reading) -> None:
        self.elsewhere = elsewhere
        self.read_names: list[str] = []

    def read(self, vcenters: Any) -> Reading:
        self.read_names += [vcenter.name for vcenter in vcenters]
        return self.elsewhere


@pytest.mark.parametrize("answers", [True, False])
def test_a_report_reads_the_vcenters_of_other_regions_as_well(
    answers: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    shared = "ds:///vmfs/volumes/one/"
    its = Datastore(caches.OTHER_DATASTORE, "bronze", type="VMFS", url=shared)
    vm = caches.clone(1, caches.parent(ds="bronze"), name="web", manager_key="")
    east = caches.inventory(vm, vcenter=builders.vcenter("east"), datastores=(its,))
    trouble = Trouble("east", TroubleKind.UNREACHABLE, "no route")
    sources = Sources(Reading((east,)) if answers else Reading((), (trouble,)))
    here = Datastore(caches.DATASTORE, "ds1", type="VMFS", url=shared)
    reading = Reading((caches.inventory(datastores=(here,)),))
    books = {
        INVENTORIES: lambda: reading,
        "servers": lambda: IndexedServers((), 1, builders.READ_AT, builders.READ_AT),
    }
    module = "vmware_panel.api.image_cache"
    monkeypatch.setattr(f"{module}.parts_of_all", lambda request, vcenters: books)
    monkeypatch.setattr(f"{module}.inventory_source", lambda: sources)
    monkeypatch.setattr(
        f"{module}.read_scans",
        lambda vcenters: Scans({("lab", caches.DATASTORE): Cloud.scan()}),
    )
    for name, value in (("all_images", caches.glance()), ("project_names", {})):
        monkeypatch.setattr(f"{module}.cloud.{name}", lambda access, scope, v=value: v)
    for name in ("access_of", "scope_of"):
        monkeypatch.setattr(f"{module}.{name}", lambda request: None)
    user = SimpleNamespace(services_region="one", available_services_regions=("one",))
    vcenter = {"host": "vc.example.org", "username": "u", "password": "p"}
    regions = {"lab": "one", "east": "two"}
    settings = {
        "vcenters": {
            name: {**vcenter, "host": f"{name}.example.org", "region": region}
            for name, region in regions.items()
        }
    }
    with override_settings(VMWARE_PANEL=settings):
        report = ledger_report(SimpleNamespace(user=user))  # type: ignore[arg-type]
    assert sources.read_names == ["east"]
    assert report.images is not None
    (image,) = report.images
    if answers:
        assert [s.label for s in image.standers or ()] == ["web (vCenter east)"]
        assert report.troubles == ()
    else:
        assert image.used is None
        assert trouble in report.troubles


def test_nova_is_asked_what_it_deleted_only_if_an_instance_is_missing() -> None:
    cloud = Cloud()
    cloud.page()
    assert cloud.asked == []
    gone = caches.file(f"{GONE}/{GONE}.vmdk", 9)
    cloud.scans = Scans({("lab", caches.DATASTORE): cloud.scan(gone)})
    (left,) = cloud.page().leftovers
    assert left.kind is LeftoverKind.GONE_INSTANCE
    assert cloud.asked == [caches.SCANNED_AT]
    cloud.page()
    assert len(cloud.asked) == 1, "kept with the ledger"


def test_a_folder_of_an_instance_that_was_deleted_since_the_search_is_not_left_over() -> None:
    cloud = Cloud()
    cloud.scans = Scans({("lab", caches.DATASTORE): cloud.scan(caches.file(f"{GONE}/x.vmdk"))})
    cloud.lately = frozenset({GONE})
    assert not cloud.page().leftovers


def test_while_nova_does_not_tell_it_the_rest_is_kept_and_nova_asked_again() -> None:
    cloud = Cloud()
    cloud.scans = Scans({("lab", caches.DATASTORE): cloud.scan(caches.file(f"{GONE}/x.vmdk"))})
    cloud.lately = None
    first = cloud.page()
    assert [each.why for each in first.undecided] == [Doubt.NO_NOVA]
    cloud.lately = frozenset()
    second = cloud.page()
    assert second.images is first.images
    assert [left.kind for left in second.leftovers] == [LeftoverKind.GONE_INSTANCE]


def test_a_book_older_than_the_search_is_looked_at_again_when_it_is_confirmed() -> None:
    cloud = Cloud()
    gone = cloud.scan(caches.file(f"{GONE}/x.vmdk"))
    late = replace(gone, read_at=builders.READ_AT + timedelta(seconds=5))
    cloud.scans = Scans({("lab", caches.DATASTORE): late})
    assert [each.why for each in cloud.page().undecided] == [Doubt.OLDER_BOOK]
    later = datetime(2026, 11, 22, 3, 1, tzinfo=UTC)
    cloud.inventory = replace(cloud.inventory, read_at=later)
    cloud.indexed = replace(cloud.indexed, read_at=later)
    assert cloud.page().leftovers, "the same version, and confirmed since"
