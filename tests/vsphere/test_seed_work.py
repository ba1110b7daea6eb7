"""Seeding, done by a worker on the simulator's real files: to its end, however it is disturbed."""

import hashlib
import json
import struct
import threading
from collections.abc import Callable, Iterator
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
from django.test import override_settings

from tests.unit.openstack.fake_cloud import FakeServer, Handler, Request, say, serving
from tests.vsphere.certificates import Authority
from tests.vsphere.disk_rig import IMAGE, MIB, Rig, rig, two_datastores
from tests.vsphere.fault_proxy import FaultProxy, fault_proxy, hang_up, wait_until
from tests.vsphere.rig import authority
from tests.vsphere.test_maintenance import passed_on
from vmware_panel.api import seed_sending
from vmware_panel.domain.details import DetailKind, detail
from vmware_panel.domain.driver_image import DiskKind
from vmware_panel.domain.inventory import MoRef
from vmware_panel.domain.jobs import Asker, ItemState, Job, JobItem, JobKind
from vmware_panel.domain.outcome import TroubleKind
from vmware_panel.domain.plans import RefusalKind
from vmware_panel.domain.seed_order import SeedOrder
from vmware_panel.domain.seed_sources import SourceKind
from vmware_panel.jobs import runner
from vmware_panel.jobs.report import ClaimReport
from vmware_panel.jobs.sealing import seal
from vmware_panel.jobs.sqlite_journal import SqliteJournal
from vmware_panel.openstack import Access, Service
from vmware_panel.vsphere import VCenterClient, close_clients

__all__ = ["authority", "rig", "two_datastores"]  # fixtures

pytestmark = pytest.mark.simulator

ROOT = "c0_base"
TARGET = (ROOT, IMAGE)
COPIED_MIB = 8


class Killed(BaseException):
    """In place of SIGKILL: nothing of the worker runs after it."""


class Bench:
    """Jobs of seeding, and workers for them."""

    def __init__(self, its: Rig, folder: Path) -> None:
        self.rig = its
        self.journal = SqliteJournal(folder / "jobs", "seeding")
        self.access: Access | None = None

    def order(self, **changes: Any) -> SeedOrder:
        place = self.rig.places["shared-ds-2"]
        plain = SeedOrder(
            image_id=IMAGE,
            image_name="debian",
            file_name=f"{IMAGE}.vmdk",
            kind=DiskKind.SPARSE,
            disk_type="sparse",
            adapter="lsiLogic",
            size_bytes=COPIED_MIB * MIB,
            datastore=self.rig.shared.datastore,
            datastore_name="shared-ds-1",
            root=ROOT,
            source=SourceKind.COPY,
            source_path=f"[shared-ds-2] {ROOT}/{IMAGE}/{IMAGE}.vmdk",
            source_datacenter=place.datacenter,
            source_datastore=place.datastore,
            disk_bytes=COPIED_MIB * MIB,
        )
        return replace(plain, **changes)

    def begin(self, order: SeedOrder, *, dry_run: bool = False) -> None:
        item = JobItem("one", f"[{order.datastore_name}] {order.root}", order.about())
        job = Job(
            id="job1",
            kind=JobKind.CACHE_SEED,
            vcenter="west",
            title="debian",
            asker=Asker("ada", "u-1", "p-1"),
            created_at=datetime.now(UTC),
            items=(item,),
            dry_run=dry_run,
        )
        self.journal.add(job, seal(self.access, None) if self.access else None)

    def work(self, worker: str = "w1") -> JobItem:
        runner.run(self.journal, "job1", worker, threading.Event())
        return self.item

    @property
    def item(self) -> JobItem:
        job = self.journal.read("job1")
        assert job is not None
        return job.items[0]

    def do(self, order: SeedOrder) -> JobItem:
        self.begin(order)
        return self.work()

    def in_background(self) -> threading.Thread:
        thread = threading.Thread(target=self.work)
        thread.start()
        return thread

    def files(self, *names: str, datastore: str = "shared-ds-1") -> dict[str, int] | None:
        folder = Path(self.rig.places[datastore].url).joinpath(*names)
        if not folder.exists():
            return None
        return {file.name: file.stat().st_size for file in folder.iterdir() if file.is_file()}

    @property
    def staged(self) -> list[str]:
        """What is left in `vmware_temp`."""
        folder = Path(self.rig.shared.url) / "vmware_temp"
        return [path.name for path in folder.iterdir()] if folder.exists() else []

    def calls(self, *methods: str) -> int:
        counted = self.rig.simulator.calls().methods
        return sum(counted.get(method, 0) for method in methods)


@pytest.fixture
def bench(rig: Rig, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Bench]:
    monkeypatch.setattr(seed_sending, "POLL_S", 0.02)
    with configured(rig, rig.simulator.port, str(rig.simulator.ca_file)):
        yield Bench(rig, tmp_path)
    close_clients()


def configured(rig: Rig, port: int, ca_file: str) -> Any:
    vcenter = {
        "host": rig.simulator.host,
        "port": port,
        "username": rig.simulator.user,
        "password": rig.simulator.password,
        "ca_file": ca_file,
    }
    return override_settings(VMWARE_PANEL={"vcenters": {"west": vcenter}})


WHOLE = {f"{IMAGE}.vmdk": 21, f"{IMAGE}-flat.vmdk": COPIED_MIB * MIB}


def test_a_copy_from_another_datastore_comes_into_the_cache_whole_and_in_one_step(
    bench: Bench,
) -> None:
    source = bench.rig.cached()
    item = bench.do(bench.order())
    assert (item.state, item.trouble) == (ItemState.DONE, None)
    assert bench.files(*TARGET) == WHOLE
    assert item.done_bytes == sum(WHOLE.values())
    assert bench.staged == []
    made = Path(bench.rig.shared.url).joinpath(*TARGET, f"{IMAGE}-flat.vmdk").read_bytes()
    assert made == bench.rig.file(source).with_name(f"{IMAGE}-flat.vmdk").read_bytes()
    assert [step.name for step in item.steps] == ["stage", "fetch copy", "root", "move", "clean"]
    assert bench.rig.simulator.control.uploads() == ()


def test_the_sized_copy_is_in_the_folder_when_it_comes_into_the_cache(bench: Bench) -> None:
    bench.rig.cached()
    assert bench.do(bench.order(root_gb=2)).state is ItemState.DONE
    files = bench.files(*TARGET) or {}
    assert files[f"{IMAGE}.2-flat.vmdk"] == 2 << 30
    assert files[f"{IMAGE}-flat.vmdk"] == COPIED_MIB * MIB
    assert bench.staged == []


def test_what_is_there_already_is_refused_and_nothing_is_sent(bench: Bench) -> None:
    bench.rig.cached()
    bench.rig.cached(datastore="shared-ds-1")
    item = bench.do(bench.order())
    assert [r.kind for r in item.refusals] == [RefusalKind.ALREADY_SO]
    assert item.steps == ()
    assert not bench.calls("MakeDirectory", "CopyVirtualDisk_Task", "MoveDatastoreFile_Task")


def test_a_source_that_has_changed_since_the_plan_is_not_copied(bench: Bench) -> None:
    bench.rig.cached(COPIED_MIB + 1)
    item = bench.do(bench.order())
    assert [r.kind for r in item.refusals] == [RefusalKind.NO_SOURCE]
    assert not bench.calls("CopyVirtualDisk_Task")
    assert bench.staged == []


def test_a_dry_run_sends_nothing(bench: Bench) -> None:
    bench.rig.cached()
    bench.begin(bench.order(), dry_run=True)
    assert bench.work().state is ItemState.DONE
    assert bench.files(*TARGET) is None
    assert not bench.calls("MakeDirectory", "CopyVirtualDisk_Task")


def test_nova_was_faster(bench: Bench) -> None:
    """It uploads the same image while it is copied, and finds nothing of ours in its way."""
    bench.rig.cached()
    bench.rig.simulator.control.set_pace(copy_ms_per_mib=400)
    bench.begin(bench.order())
    thread = bench.in_background()
    wait_until(lambda: bench.item.steps and bench.item.steps[-1].name == "fetch copy")
    bench.rig.cached(datastore="shared-ds-1")
    thread.join(90)
    item = bench.item
    assert (item.state, item.refusals[0].kind) == (ItemState.REFUSED, RefusalKind.ALREADY_SO)
    assert bench.files(*TARGET) == WHOLE
    assert bench.staged == []


def test_cancelled_in_the_middle_of_a_copy_nothing_stays(bench: Bench) -> None:
    bench.rig.cached(200)
    bench.rig.simulator.control.set_pace(copy_ms_per_mib=100)
    bench.begin(bench.order(disk_bytes=200 * MIB))
    thread = bench.in_background()
    wait_until(lambda: bench.item.progress_percent)
    bench.journal.ask_cancel("job1")
    thread.join(90)
    assert bench.item.state is ItemState.CANCELLED
    assert bench.files(*TARGET) is None
    assert bench.staged == []


def test_a_datastore_that_fills_up_in_the_middle_fails_and_nothing_stays(bench: Bench) -> None:
    bench.rig.cached(200)
    bench.rig.simulator.control.set_pace(copy_ms_per_mib=100)
    bench.begin(bench.order(disk_bytes=200 * MIB))
    thread = bench.in_background()
    wait_until(lambda: bench.item.progress_percent)
    bench.rig.simulator.control.set_free("shared-ds-1", MIB)
    thread.join(90)
    item = bench.item
    assert item.state is ItemState.FAILED and item.trouble
    assert "NoDiskSpace" in item.trouble.detail
    assert bench.staged == []


def test_a_datastore_that_goes_away_in_the_middle_fails_and_what_stays_is_named(
    bench: Bench,
) -> None:
    bench.rig.cached(200)
    control = bench.rig.simulator.control
    control.set_pace(copy_ms_per_mib=100)
    bench.begin(bench.order(disk_bytes=200 * MIB))
    thread = bench.in_background()
    wait_until(lambda: bench.item.progress_percent)
    control.fault("InaccessibleDatastore", "DeleteDatastoreFile_Task")
    control.set_accessible("shared-ds-1", False)
    thread.join(90)
    item = bench.item
    assert item.state is ItemState.FAILED and item.trouble
    (left,) = bench.staged or ["?"]
    told = detail(DetailKind.LEFT, f"[shared-ds-1] vmware_temp/{left}")
    assert told in item.trouble.remarks and str(told) in item.trouble.detail
    assert bench.files(*TARGET) is None


@pytest.fixture
def cloud() -> Iterator[FakeServer]:
    with serving() as server:
        yield server


@pytest.fixture
def building(bench: Bench, cloud: FakeServer) -> list[dict[str, Any]]:
    """What Nova lists as being built from the image."""
    bench.access = Access("token", {Service.NOVA: f"{cloud.url}/v2.1"})
    servers: list[dict[str, Any]] = []

    def answer(handler: Handler, request: Request) -> None:
        assert request.query["image"] == IMAGE
        asked = [server for server in servers if server["status"] == request.query["status"]]
        handler.send(200, json.dumps({"servers": asked}).encode())

    cloud.answers["/v2.1/servers/detail"] = answer
    return servers


def only_sized(bench: Bench) -> SeedOrder:
    source = bench.rig.cached(datastore="shared-ds-1")
    return bench.order(
        source_path=str(source),
        source_datastore=bench.rig.shared.datastore,
        root_gb=1,
        only_sized=True,
    )


def test_of_an_image_that_is_there_the_sized_copy_alone_is_made(
    bench: Bench, building: list[dict[str, Any]]
) -> None:
    item = bench.do(only_sized(bench))
    assert (item.state, item.trouble) == (ItemState.DONE, None)
    files = bench.files(*TARGET) or {}
    assert files[f"{IMAGE}.1-flat.vmdk"] == 1 << 30
    assert len(files) == 4
    assert bench.staged == []


@pytest.mark.parametrize("status", ["BUILD", "REBUILD"])
@pytest.mark.parametrize("when", ["before", "meanwhile"])
def test_no_sized_copy_comes_into_the_way_of_an_instance_that_is_being_built(
    bench: Bench,
    building: list[dict[str, Any]],
    when: str,
    status: str,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """Meanwhile: after the last step was written down, right before it is sent."""
    server = {"id": "s-1", "name": "shop-1", "status": status}
    if when == "before":
        building.append(server)
    else:
        about_to = ClaimReport.about_to

        def begins(self: ClaimReport, step: str, note: str = "") -> None:
            about_to(self, step, note)
            if step == "move":
                building[:] = [server]

        monkeypatch.setattr(ClaimReport, "about_to", begins)
    item = bench.do(only_sized(bench))
    assert [(r.kind, r.detail) for r in item.refusals] == [(RefusalKind.BEING_BUILT, "shop-1")]
    assert f"{IMAGE}.1.vmdk" not in (bench.files(*TARGET) or {})
    assert bench.staged == []
    assert not bench.calls("MoveVirtualDisk_Task")


def test_a_boot_that_failed_upon_the_copy_and_took_its_descriptor_away_is_told(
    bench: Bench, building: list[dict[str, Any]], monkeypatch: pytest.MonkeyPatch
) -> None:
    """As Nova's clean-up does after its own copy met ours."""
    move = VCenterClient.move_disk

    def moved_and_deleted(self: VCenterClient, *args: Any) -> Any:
        task = move(self, *args)
        wait_until(lambda: self.tasks([task])[0].done)
        Path(bench.rig.shared.url).joinpath(*TARGET, f"{IMAGE}.1.vmdk").unlink()
        return task

    monkeypatch.setattr(VCenterClient, "move_disk", moved_and_deleted)
    item = bench.do(only_sized(bench))
    assert item.state is ItemState.FAILED
    assert item.trouble is not None
    assert f"{IMAGE}.1-flat.vmdk" in item.trouble.detail
    assert "deleted by hand" in item.trouble.detail
    assert bench.staged == []


# -- from Glance


def sparse(size: int = 3 * MIB, capacity_mib: int = 16) -> bytes:
    """What the simulator, and the driver, look at of a sparse VMDK: magic and capacity."""
    head = b"KDMV" + struct.pack("<IIQ", 1, 3, capacity_mib * MIB // 512)
    return (
        head + bytes(range(256)) * ((size - len(head)) // 256) + b"\0" * ((size - len(head)) % 256)
    )


class Glance:
    """The two calls of a download, in the shapes of Glance 33."""

    def __init__(self, server: FakeServer, body: bytes) -> None:
        self.body = body
        self.digest = hashlib.sha512(body).hexdigest()
        self.stop_after: int | None = None
        self.stopped = threading.Event()
        server.answers[f"/v2/images/{IMAGE}"] = self.about
        server.answers[f"/v2/images/{IMAGE}/file"] = self.file

    def about(self, handler: Handler, request: Request) -> None:
        facts = {"id": IMAGE, "status": "active", "size": len(self.body)}
        hashes = {"os_hash_algo": "sha512", "os_hash_value": self.digest}
        handler.send(200, json.dumps({**facts, **hashes}).encode())

    def file(self, handler: Handler, request: Request) -> None:
        handler.send_response(200)
        handler.send_header("Content-Length", str(len(self.body)))
        handler.end_headers()
        if self.stop_after is None:
            handler.wfile.write(self.body)
            return
        handler.wfile.write(self.body[: self.stop_after])
        handler.wfile.flush()
        self.stopped.wait(20)
        handler.close_connection = True


@pytest.fixture
def glance_of(bench: Bench, cloud: FakeServer) -> Callable[[bytes], Glance]:
    bench.access = Access("token", {Service.GLANCE: cloud.url})
    return lambda body: Glance(cloud, body)


def from_glance(bench: Bench, body: bytes, **changes: Any) -> SeedOrder:
    return bench.order(
        source=SourceKind.GLANCE,
        source_path="",
        size_bytes=len(body),
        disk_bytes=None,
        **changes,
    )


def test_a_sparse_image_is_unpacked_by_vcenter(bench: Bench, glance_of: Any) -> None:
    body = sparse()
    glance_of(body)
    item = bench.do(from_glance(bench, body, root_gb=1))
    assert (item.state, item.trouble) == (ItemState.DONE, None)
    files = bench.files(*TARGET) or {}
    assert files[f"{IMAGE}-flat.vmdk"] == 16 * MIB
    assert files[f"{IMAGE}.1-flat.vmdk"] == 1 << 30
    assert "tmp-sparse.vmdk" not in files
    assert bench.staged == []
    (sent,) = bench.rig.simulator.control.uploads()
    assert sent.whole and sent.bytes == len(body)


def test_a_flat_image_is_the_extent_of_a_disk_of_its_size(bench: Bench, glance_of: Any) -> None:
    body = bytes(range(256)) * (2 * MIB // 256)
    glance_of(body)
    order = from_glance(bench, body, kind=DiskKind.FLAT, disk_type="preallocated")
    item = bench.do(replace(order, disk_bytes=len(body)))
    assert (item.state, item.trouble) == (ItemState.DONE, None)
    made = Path(bench.rig.shared.url).joinpath(*TARGET, f"{IMAGE}-flat.vmdk")
    assert made.read_bytes() == body


def test_an_iso_is_sent_as_it_is(bench: Bench, glance_of: Any) -> None:
    body = b"CD001" * 1000
    glance_of(body)
    order = from_glance(bench, body, kind=DiskKind.ISO, file_name=f"{IMAGE}.iso")
    assert bench.do(order).state is ItemState.DONE
    assert bench.files(*TARGET) == {f"{IMAGE}.iso": len(body)}


def test_bytes_that_are_not_those_of_the_hash_stay_out_of_the_cache(
    bench: Bench, glance_of: Any
) -> None:
    body = sparse()
    glance_of(body).digest = "0" * 128
    item = bench.do(from_glance(bench, body))
    assert item.state is ItemState.FAILED and item.trouble
    assert (item.trouble.source, item.trouble.kind) == ("glance", TroubleKind.BAD_ANSWER)
    assert bench.files(*TARGET) is None
    assert bench.staged == []


def test_glance_goes_away_in_the_middle_of_the_stream(bench: Bench, glance_of: Any) -> None:
    body = sparse(8 * MIB)
    glance = glance_of(body)
    glance.stop_after = 3 * MIB
    glance.stopped.set()
    item = bench.do(from_glance(bench, body))
    assert item.state is ItemState.FAILED and item.trouble
    assert item.trouble.source == "glance"
    assert bench.files(*TARGET) is None
    assert bench.staged == []


def test_cancelled_in_the_middle_of_an_upload_nothing_stays(bench: Bench, glance_of: Any) -> None:
    body = sparse(40 * MIB)
    glance_of(body)
    bench.rig.simulator.control.set_pace(upload_ms_per_mib=200)
    bench.begin(from_glance(bench, body))
    thread = bench.in_background()
    wait_until(lambda: bench.item.progress_percent)
    bench.journal.ask_cancel("job1")
    thread.join(90)
    assert bench.item.state is ItemState.CANCELLED
    assert bench.files(*TARGET) is None
    assert bench.staged == []
    assert not bench.rig.simulator.control.uploads()[0].whole


def test_a_datastore_that_fills_up_in_the_middle_of_an_upload(
    bench: Bench, glance_of: Any
) -> None:
    body = sparse(40 * MIB)
    glance_of(body)
    control = bench.rig.simulator.control
    control.set_pace(upload_ms_per_mib=300)
    bench.begin(from_glance(bench, body))
    thread = bench.in_background()
    wait_until(lambda: bench.item.progress_percent)
    control.set_free("shared-ds-1", 0)
    thread.join(90)
    item = bench.item
    assert item.state is ItemState.FAILED and item.trouble
    assert "space" in item.trouble.detail
    assert bench.staged == []


def test_without_the_askers_token_nothing_is_uploaded(bench: Bench, cloud: FakeServer) -> None:
    item = bench.do(from_glance(bench, sparse()))
    assert [r.kind for r in item.refusals] == [RefusalKind.TOKEN_EXPIRED]
    assert bench.staged == []


def test_an_image_that_the_asker_may_not_download(
    bench: Bench, glance_of: Any, cloud: Any
) -> None:
    body = sparse()
    glance_of(body)
    cloud.answers[f"/v2/images/{IMAGE}/file"] = say(
        403, {"message": "no", "code": "403 Forbidden"}
    )
    item = bench.do(from_glance(bench, body))
    assert item.trouble and item.trouble.kind is TroubleKind.FORBIDDEN
    assert bench.staged == []


# -- after a killed worker


def killing_at(
    monkeypatch: pytest.MonkeyPatch,
    number: int,
    when: str,
    then: Callable[[], object] = lambda: None,
) -> Callable[[], bool]:
    """The worker dies at its n-th step, before it is sent, or after, or once that is written; `then`
    is what happens before the next one comes.
    """
    count = {"n": 0, "died": 0}
    about_to, sent = ClaimReport.about_to, ClaimReport.sent

    def dying_about_to(self: ClaimReport, step: str, note: str = "") -> None:
        about_to(self, step, note)
        count["n"] += 1
        die("about_to")

    def dying_sent(self: ClaimReport, task: MoRef | None = None) -> None:
        die("unsaid")
        sent(self, task)
        die("sent")

    def die(point: str) -> None:
        if point == when and count["n"] == number and not count["died"]:
            count["died"] = 1
            then()
            raise Killed

    monkeypatch.setattr(ClaimReport, "about_to", dying_about_to)
    monkeypatch.setattr(ClaimReport, "sent", dying_sent)
    return lambda: bool(count["died"])


def workers_until_the_end(bench: Bench) -> JobItem:
    for number in range(4):
        try:
            bench.work(f"w{number}")
        except Killed:
            continue
        if bench.item.ended:
            break
    return bench.item


@pytest.mark.parametrize("when", ["about_to", "unsaid", "sent"])
@pytest.mark.parametrize("number", range(1, 8))
def test_a_worker_killed_anywhere_while_it_copies(
    bench: Bench, monkeypatch: pytest.MonkeyPatch, number: int, when: str
) -> None:
    bench.rig.cached()
    died = killing_at(monkeypatch, number, when)
    bench.begin(bench.order(root_gb=1))
    item = workers_until_the_end(bench)
    assert died(), "there are not that many steps"
    assert (item.state, item.trouble) == (ItemState.DONE, None), item.steps
    files = bench.files(*TARGET) or {}
    assert files[f"{IMAGE}-flat.vmdk"] == COPIED_MIB * MIB
    assert files[f"{IMAGE}.1-flat.vmdk"] == 1 << 30
    assert bench.staged == []
    assert bench.calls("MoveDatastoreFile_Task") <= 1 + (when == "about_to")


@pytest.mark.parametrize("when", ["about_to", "unsaid", "sent"])
@pytest.mark.parametrize("number", range(1, 8))
def test_a_worker_killed_anywhere_while_it_streams(
    bench: Bench, glance_of: Any, monkeypatch: pytest.MonkeyPatch, number: int, when: str
) -> None:
    body = sparse()
    glance_of(body)
    died = killing_at(monkeypatch, number, when)
    bench.begin(from_glance(bench, body))
    item = workers_until_the_end(bench)
    assert died(), "there are not that many steps"
    assert (item.state, item.trouble) == (ItemState.DONE, None), item.steps
    files = bench.files(*TARGET) or {}
    assert files[f"{IMAGE}-flat.vmdk"] == 16 * MIB
    assert len(files) == 2
    assert bench.staged == []


def test_a_copy_goes_on_without_its_worker_and_is_not_begun_twice(
    bench: Bench, monkeypatch: pytest.MonkeyPatch
) -> None:
    bench.rig.cached(100)
    bench.rig.simulator.control.set_pace(copy_ms_per_mib=20)
    killing_at(monkeypatch, 2, "sent")
    bench.begin(bench.order(disk_bytes=100 * MIB))
    with pytest.raises(Killed):
        bench.work()
    assert bench.work("w2").state is ItemState.DONE
    assert bench.calls("CopyVirtualDisk_Task") == 1
    assert bench.staged == []


# -- answers that are lost


@pytest.fixture
def proxied(bench: Bench, authority: Authority) -> Iterator[FaultProxy]:
    certificate = authority.issue("127.0.0.1", "localhost")
    with (
        fault_proxy(bench.rig.simulator.port, *certificate) as proxy,
        configured(bench.rig, proxy.port, str(authority.ca_file)),
    ):
        close_clients()
        yield proxy
    close_clients()


@pytest.mark.parametrize("method", ["MakeDirectory", "CopyVirtualDisk_Task"])
def test_an_answer_lost_before_the_move_ends_it_without_a_trace(
    bench: Bench, proxied: FaultProxy, method: str
) -> None:
    bench.rig.cached()
    proxied.spoil(method, passed_on(hang_up), times=1)
    item = bench.do(bench.order())
    assert item.state is ItemState.FAILED and item.trouble
    assert bench.files(*TARGET) is None
    assert bench.staged == []
    assert proxied.count(method) == 1


def test_an_answer_to_the_move_that_is_lost_is_looked_up(
    bench: Bench, proxied: FaultProxy
) -> None:
    bench.rig.cached()
    proxied.spoil("MoveDatastoreFile_Task", passed_on(hang_up), times=1)
    assert bench.do(bench.order()).state is ItemState.DONE
    assert bench.files(*TARGET) == WHOLE
    assert bench.staged == []
    assert proxied.count("MoveDatastoreFile_Task") == 1


def test_a_move_that_never_arrived_is_unknown_and_not_sent_again(
    bench: Bench, proxied: FaultProxy
) -> None:
    bench.rig.cached()
    proxied.spoil("MoveDatastoreFile_Task", hang_up, times=1)
    item = bench.do(bench.order())
    assert item.state is ItemState.UNKNOWN
    assert bench.files(*TARGET) is None
    assert proxied.count("MoveDatastoreFile_Task") == 1
