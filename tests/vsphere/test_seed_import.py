"""streamOptimized images and OVAs, seeded by a lease on the simulator: to the end, however disturbed."""

import random
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from pyVmomi import vim

from lab.vcenter import read
from tests.streamed_vmdk import MIB, ova, ovf, streamed_vmdk
from tests.unit.openstack.fake_cloud import FakeServer
from tests.vsphere.disk_rig import IMAGE, rig, two_datastores
from tests.vsphere.fault_proxy import FaultProxy, hang_up, wait_until
from tests.vsphere.rig import authority
from tests.vsphere.test_maintenance import passed_on
from tests.vsphere.test_seed_work import (
    TARGET,
    Bench,
    Glance,
    bench,
    cloud,
    from_glance,
    glance_of,
    killing_at,
    proxied,
    workers_until_the_end,
)
from vmware_panel.api import seed_import
from vmware_panel.domain.driver_image import DiskKind
from vmware_panel.domain.imports import NOTE
from vmware_panel.domain.inventory import MoRef
from vmware_panel.domain.jobs import ItemState, JobItem
from vmware_panel.domain.outcome import TroubleKind
from vmware_panel.domain.plans import RefusalKind
from vmware_panel.domain.seed_order import SeedOrder

__all__ = [  # fixtures
    "authority",
    "bench",
    "cloud",
    "glance_of",
    "proxied",
    "rig",
    "two_datastores",
]

pytestmark = pytest.mark.simulator

CAPACITY = 16 * MIB
BOOT = {0: b"boot" * 300, 5 * MIB: b"in the middle", CAPACITY - 512: b"last" * 128}
STEPS = [
    "stage",
    "fetch lease",
    "fetch send",
    "fetch complete",
    "fetch unregister",
    "fetch take",
    "fetch rest",
    "root",
    "move",
    "clean",
]


@pytest.fixture(autouse=True)
def quick(monkeypatch: pytest.MonkeyPatch, bench: Bench) -> Iterator[None]:
    monkeypatch.setattr(seed_import, "POLL_S", 0.05)
    yield
    bench.rig.simulator.control.set_leases()
    wait_until(lambda: not vms(bench))


@pytest.fixture
def disk() -> bytes:
    return streamed_vmdk(CAPACITY, BOOT)


def heavy(mib: int) -> bytes:
    """A disk whose bytes cannot be made fewer, so that sending them takes a while."""
    noise = random.Random(1).randbytes(mib * MIB)  # noqa: S311
    return streamed_vmdk(4 * mib * MIB, {0: noise})


def order_of(bench: Bench, body: bytes, **changes: Any) -> SeedOrder:
    clusters = {
        cluster["name"]: moref
        for moref, cluster in _read(bench, vim.ClusterComputeResource, "name").items()
    }
    facts = {
        "kind": DiskKind.STREAM,
        "disk_type": "streamOptimized",
        "cluster": MoRef(clusters["DC0_C0"]),
        **changes,
    }
    return from_glance(bench, body, **facts)


def _read(bench: Bench, kind: type, *properties: str) -> dict[str, Any]:
    with bench.rig.simulator.login.connected() as service:
        return {obj._moId: values for obj, values in read(service, kind, *properties).items()}


def vms(bench: Bench) -> list[str]:
    """Those of imports."""
    names = (vm.get("name", "") for vm in _read(bench, vim.VirtualMachine, "name").values())
    return [name for name in names if name.startswith("OSTACK_IMG_")]


def left(bench: Bench) -> list[str]:
    """Whatever of an import or a staging is left anywhere."""
    folder = Path(bench.rig.shared.url)
    folders = [path.name for path in folder.iterdir() if path.name.startswith("OSTACK_IMG_")]
    return [*bench.staged, *folders, *vms(bench)]


def content(bench: Bench, name: str = f"{IMAGE}-flat.vmdk") -> bytes:
    return Path(bench.rig.shared.url).joinpath(*TARGET, name).read_bytes()


def unpacked(capacity: int = CAPACITY) -> bytes:
    raw = bytearray(capacity)
    for offset, part in BOOT.items():
        raw[offset : offset + len(part)] = part
    return bytes(raw)


def failed(item: JobItem) -> str:
    assert item.state is ItemState.FAILED and item.trouble, (item.state, item.refusals)
    return item.trouble.detail


def refused(item: JobItem) -> tuple[RefusalKind, str]:
    assert item.state is ItemState.REFUSED, (item.state, item.trouble)
    (refusal,) = item.refusals
    return refusal.kind, str(refusal.detail)


def test_a_streamed_disk_comes_into_the_cache_whole_and_nothing_else_stays(
    bench: Bench, glance_of: Any, disk: bytes
) -> None:
    glance_of(disk)
    item = bench.do(order_of(bench, disk))
    assert (item.state, item.trouble) == (ItemState.DONE, None)
    assert set(bench.files(*TARGET) or {}) == {f"{IMAGE}.vmdk", f"{IMAGE}-flat.vmdk"}
    assert content(bench) == unpacked()
    assert left(bench) == []
    assert [step.name for step in item.steps] == STEPS
    (sent,) = bench.rig.simulator.control.uploads()
    assert sent.whole and sent.bytes == len(disk)
    assert "OSTACK_IMG_SEED_" in sent.path
    assert bench.rig.simulator.control.open_leases() == 0


def test_the_sized_copy_is_made_of_an_imported_disk_too(
    bench: Bench, glance_of: Any, disk: bytes
) -> None:
    glance_of(disk)
    assert bench.do(order_of(bench, disk, root_gb=1)).state is ItemState.DONE
    files = bench.files(*TARGET) or {}
    assert files[f"{IMAGE}.1-flat.vmdk"] == 1 << 30
    assert files[f"{IMAGE}-flat.vmdk"] == CAPACITY
    assert left(bench) == []


def test_the_disk_is_sent_to_the_host_that_vcenter_names_and_without_the_session(
    bench: Bench, proxied: FaultProxy, glance_of: Any, disk: bytes
) -> None:
    """The calls go through a proxy with a certificate of its own, the disk past it."""
    glance_of(disk)
    assert bench.do(order_of(bench, disk)).state is ItemState.DONE
    assert proxied.count("ImportVApp") == 1
    assert content(bench) == unpacked()


def test_a_lease_that_is_not_ready_yet_is_waited_for(
    bench: Bench, glance_of: Any, disk: bytes
) -> None:
    glance_of(disk)
    bench.rig.simulator.control.set_leases(initializing_ms=300)
    assert bench.do(order_of(bench, disk)).state is ItemState.DONE
    assert content(bench) == unpacked()


def test_a_lease_is_renewed_while_its_disk_is_on_the_way(bench: Bench, glance_of: Any) -> None:
    body = heavy(2)
    glance_of(body)
    control = bench.rig.simulator.control
    control.set_leases(timeout_s=2)
    control.set_pace(upload_ms_per_mib=2500)
    assert bench.do(order_of(bench, body)).state is ItemState.DONE
    assert bench.calls("HttpNfcLeaseProgress") >= 3
    assert left(bench) == []


def test_the_vm_of_an_import_is_nobodys_instance(bench: Bench, glance_of: Any) -> None:
    body = heavy(8)
    glance_of(body)
    bench.rig.simulator.control.set_pace(upload_ms_per_mib=1200)
    bench.begin(order_of(bench, body))
    thread = bench.in_background()
    wait_until(lambda: vms(bench))
    inventory = bench.rig.client.read_inventory()
    bench.journal.ask_cancel("job1")
    thread.join(90)
    (its,) = (vm for vm in inventory.vms if vm.name.startswith("OSTACK_IMG_"))
    assert its.annotation == NOTE
    assert not its.managed_by_nova and not its.managed_by_cinder
    assert "nvp.vm-uuid" not in its.extra_config


@pytest.mark.parametrize("cut", [100, 512, 20_000, -600])
def test_a_disk_that_is_cut_short_is_not_taken(
    bench: Bench, glance_of: Any, disk: bytes, cut: int
) -> None:
    """As Glance has it: its hash is right, and the disk is none."""
    body = disk[:cut]
    glance_of(body)
    item = bench.do(order_of(bench, body))
    assert item.state in (ItemState.FAILED, ItemState.REFUSED)
    assert bench.files(*TARGET) is None
    assert left(bench) == []
    assert bench.calls("ImportVApp") == (cut not in (100,))


def test_what_is_no_streamed_disk_is_refused_before_a_vm_is_made(
    bench: Bench, glance_of: Any
) -> None:
    body = b"KDMV" + bytes(4096)
    glance_of(body)
    kind, why = refused(bench.do(order_of(bench, body)))
    assert kind is RefusalKind.NO_SOURCE and "streamOptimized" in why
    assert not bench.calls("ImportVApp")
    assert left(bench) == []


def test_a_grain_that_cannot_be_unpacked_fails_the_lease(
    bench: Bench, glance_of: Any, disk: bytes
) -> None:
    at = 128 * 512 + 12 + 8  # behind the marker, in what is deflated
    body = disk[:at] + bytes(byte ^ 0xFF for byte in disk[at : at + 8]) + disk[at + 8 :]
    glance_of(body)
    assert "grain" in failed(bench.do(order_of(bench, body)))
    assert left(bench) == []


def test_bytes_of_another_hash_are_not_completed(
    bench: Bench, glance_of: Any, disk: bytes
) -> None:
    glance_of(disk).digest = "0" * 128
    item = bench.do(order_of(bench, disk))
    assert item.trouble and item.trouble.kind is TroubleKind.BAD_ANSWER
    assert "hash" in failed(item)
    assert not bench.calls("HttpNfcLeaseComplete")
    assert bench.calls("HttpNfcLeaseAbort") == 1
    assert bench.files(*TARGET) is None
    assert left(bench) == []


def test_glance_goes_away_in_the_middle(bench: Bench, glance_of: Any) -> None:
    body = heavy(8)
    glance: Glance = glance_of(body)
    glance.stop_after = len(body) // 2
    glance.stopped.set()
    item = bench.do(order_of(bench, body))
    assert item.trouble and item.trouble.source == "glance"
    assert left(bench) == []


def begun(bench: Bench, body: bytes, pace: int = 1200) -> Any:
    """The thread of a worker that has sent something."""
    bench.rig.simulator.control.set_pace(upload_ms_per_mib=pace)
    bench.begin(order_of(bench, body))
    thread = bench.in_background()
    wait_until(lambda: bench.item.progress_percent)
    return thread


def test_cancelled_in_the_middle_nothing_stays(bench: Bench, glance_of: Any) -> None:
    body = heavy(8)
    glance_of(body)
    thread = begun(bench, body)
    bench.journal.ask_cancel("job1")
    thread.join(90)
    assert bench.item.state is ItemState.CANCELLED
    assert bench.files(*TARGET) is None
    assert left(bench) == []
    assert not bench.rig.simulator.control.uploads()[0].whole


def test_a_datastore_that_fills_up_in_the_middle(bench: Bench, glance_of: Any) -> None:
    body = heavy(8)
    glance_of(body)
    thread = begun(bench, body)
    bench.rig.simulator.control.set_free("shared-ds-1", 0)
    thread.join(90)
    assert "space" in failed(bench.item)
    assert left(bench) == []


def test_a_datastore_that_goes_away_in_the_middle_and_what_may_be_left_is_named(
    bench: Bench, glance_of: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(seed_import, "GONE_S", 0.5)
    body = heavy(8)
    glance_of(body)
    thread = begun(bench, body)
    bench.rig.simulator.control.set_accessible("shared-ds-1", False)
    thread.join(90)
    why = failed(bench.item)
    assert "not accessible" in why
    assert f"[shared-ds-1] OSTACK_IMG_SEED_{bench.staged[0]}" in why
    bench.rig.simulator.control.set_accessible("shared-ds-1", True)


def test_a_disk_for_which_there_is_no_room_is_refused_before_a_vm_is_made(
    bench: Bench, glance_of: Any, disk: bytes
) -> None:
    glance_of(disk)
    bench.rig.simulator.control.set_free("shared-ds-1", CAPACITY - MIB)
    assert refused(bench.do(order_of(bench, disk)))[0] is RefusalKind.NO_SPACE
    assert not bench.calls("ImportVApp")
    assert left(bench) == []


def test_a_lease_that_ran_out_takes_all_away(bench: Bench, glance_of: Any) -> None:
    body = heavy(8)
    glance_of(body)
    control = bench.rig.simulator.control
    control.set_leases(timeout_s=1)
    control.fault("Timedout", "HttpNfcLeaseProgress", times=0)
    control.set_pace(upload_ms_per_mib=1000)
    item = bench.do(order_of(bench, body))
    control.clear_faults()
    assert item.state is ItemState.FAILED
    assert bench.files(*TARGET) is None
    assert left(bench) == []


@pytest.mark.parametrize(
    ("method", "fault"),
    [("ImportVApp", "DuplicateName"), ("HttpNfcLeaseComplete", "Timedout")],
)
def test_a_call_that_vcenter_refuses_ends_it(
    bench: Bench, glance_of: Any, disk: bytes, method: str, fault: str
) -> None:
    glance_of(disk)
    bench.rig.simulator.control.fault(fault, method)
    assert fault in failed(bench.do(order_of(bench, disk)))
    assert left(bench) == []


@pytest.mark.parametrize(
    "method", ["ImportVApp", "HttpNfcLeaseComplete", "UnregisterVM", "HttpNfcLeaseAbort"]
)
def test_an_answer_that_is_lost_ends_it_without_a_trace(
    bench: Bench, proxied: FaultProxy, glance_of: Any, disk: bytes, method: str
) -> None:
    bench.rig.simulator.control.set_leases(timeout_s=2)
    glance: Glance = glance_of(disk)
    if method == "HttpNfcLeaseAbort":
        glance.digest = "0" * 128
    proxied.spoil(method, passed_on(hang_up), times=1)
    item = bench.do(order_of(bench, disk))
    assert item.state is ItemState.FAILED
    assert proxied.count(method) == 1
    assert bench.files(*TARGET) is None
    assert left(bench) == [], (item.trouble, item.steps)


@pytest.mark.parametrize("when", ["about_to", "unsaid", "sent"])
@pytest.mark.parametrize("number", range(1, len(STEPS) + 1))
def test_a_worker_killed_anywhere(
    bench: Bench,
    glance_of: Any,
    monkeypatch: pytest.MonkeyPatch,
    disk: bytes,
    number: int,
    when: str,
) -> None:
    """Its lease holds the VM until it has run out; then the next one finishes, or begins anew."""
    glance_of(disk)
    leases = bench.rig.simulator.control.set_leases
    leases(timeout_s=2)
    # The next one's are longer than a busy machine keeps it waiting.
    died = killing_at(monkeypatch, number, when, lambda: leases(timeout_s=60))
    bench.begin(order_of(bench, disk))
    item = workers_until_the_end(bench)
    assert died(), "there are not that many steps"
    assert (item.state, item.trouble) == (ItemState.DONE, None), item.steps
    assert content(bench) == unpacked()
    assert left(bench) == []
    once = number < 3 or number in (5, *range(7, len(STEPS) + 1))
    once = once or (number, when) in {(3, "about_to"), (4, "sent"), (6, "sent")}
    assert len(bench.rig.simulator.control.uploads()) == (1 if once else 2)


# -- OVA


def test_the_disk_of_an_ova_is_taken_out_of_it_on_the_way(
    bench: Bench, glance_of: Any, disk: bytes
) -> None:
    body = ova([("a.ovf", ovf("a.vmdk")), ("a.mf", b"SHA1"), ("a.vmdk", disk), ("a.nvram", b"n")])
    glance_of(body)
    item = bench.do(order_of(bench, body, is_ova=True))
    assert (item.state, item.trouble) == (ItemState.DONE, None)
    assert content(bench) == unpacked()
    assert left(bench) == []
    (sent,) = bench.rig.simulator.control.uploads()
    assert sent.bytes == len(disk)


@pytest.mark.parametrize(
    ("files", "words"),
    [
        ([("a.ovf", ovf())], "names 0 disks"),
        ([("a.ovf", ovf("a.vmdk", "b.vmdk")), ("a.vmdk", b"x")], "names 2 disks"),
        ([("a.ovf", ovf("a.vmdk")), ("b.txt", b"x")], "is not in it"),
        ([("b.txt", b"x")], "no descriptor"),
    ],
)
def test_an_ova_that_has_not_one_disk_is_refused_before_a_vm_is_made(
    bench: Bench, glance_of: Any, files: list[tuple[str, bytes]], words: str
) -> None:
    body = ova(files)
    glance_of(body)
    kind, why = refused(bench.do(order_of(bench, body, is_ova=True)))
    assert kind is RefusalKind.NO_SOURCE and words in why
    assert not bench.calls("ImportVApp")
    assert left(bench) == []


@pytest.mark.parametrize(
    ("spoil", "words"),
    [
        (
            lambda disk: ova([("a.ovf", ovf("a.vmdk")), ("a.vmdk", disk), ("b.vmdk", disk)]),
            "other",
        ),
        (lambda disk: ova([("a.ovf", ovf("a.vmdk")), ("a.vmdk", disk)])[:-40_000], "cut short"),
    ],
)
def test_an_ova_that_turns_out_bad_behind_its_disk_leaves_nothing(
    bench: Bench, glance_of: Any, disk: bytes, spoil: Callable[[bytes], bytes], words: str
) -> None:
    body = spoil(disk)
    glance_of(body)
    kind, why = refused(bench.do(order_of(bench, body, is_ova=True)))
    assert kind is RefusalKind.NO_SOURCE and words in why
    assert bench.files(*TARGET) is None
    assert left(bench) == []


def test_without_the_askers_token_no_vm_is_made(
    bench: Bench, cloud: FakeServer, disk: bytes
) -> None:
    assert refused(bench.do(order_of(bench, disk)))[0] is RefusalKind.TOKEN_EXPIRED
    assert left(bench) == []
