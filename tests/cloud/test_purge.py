"""Purges on the real cloud: bytes that are gone from disk, Nova's own deletion, and a race with it."""

import shutil
import time
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager
from pathlib import Path
from typing import Any

import pytest
from django.test import override_settings

from lab.lab import Lab
from lab.openstack_conf import IMAGE_CACHE, cache_prefix, datastore_regex
from tests.cloud.images import probe_image
from tests.files import age
from tests.lab_run import RunningLab
from tests.vsphere.fault_proxy import wait_until
from vmware_panel.api import image_cache, inventories
from vmware_panel.api.changing import Verdict, carry_out, new_nonce
from vmware_panel.api.context import access_of, vcenters_of
from vmware_panel.api.purge_plans import PurgeCache, PurgeWish, What
from vmware_panel.api.scans import Scans
from vmware_panel.domain.jobs import ItemState, Job, JobItem
from vmware_panel.domain.plans import RefusalKind
from vmware_panel.domain.purge import Way
from vmware_panel.endpoints import client
from vmware_panel.jobs.journals import journal
from vmware_panel.openstack import nova
from vmware_panel.vsphere import close_clients
from vmware_panel.vsphere.deadlines import Deadline

pytestmark = pytest.mark.lab

BOOT_S = 300.0
AGE_S, PASS_S = 20, 10
LATER_S = 3600

Settings = Callable[..., AbstractContextManager[None]]


@pytest.fixture
def settings(
    lab: RunningLab, vcenter_setting: dict[str, Any], tmp_path: Path
) -> Iterator[Settings]:
    """As the lab's Horizon is told; `denied`: a compute that the settings say has another root."""

    @contextmanager
    def told(denied: str = "") -> Iterator[None]:
        computes = {
            host: {
                "cache_prefix": "elsewhere" if host == denied else cache_prefix(number),
                "datastore_regex": datastore_regex(number),
            }
            for number, host in enumerate(lab.settings.compute_hosts())
        }
        setting = {
            "vcenters": {"lab": vcenter_setting},
            "computes": computes,
            "collector": {"mode": "off"},
            "jobs": {"folder": str(tmp_path / "jobs")},
        }
        with override_settings(VMWARE_PANEL=setting):
            yield

    close_clients()
    yield told
    inventories.forget_all()
    close_clients()


@pytest.fixture
def asker(request_of: Callable[..., Any], monkeypatch: pytest.MonkeyPatch) -> Any:
    """An admin's request, with a search of all datastores made whenever the ledger is read."""
    request = request_of()
    request.META = {}
    request.user.username, request.user.id = "admin", "1"

    def searched(vcenters: Any) -> Scans:
        its = client(vcenters_of(request)[0])
        until = Deadline(60)
        found = [its.search_datastore(moref, until) for moref in its.mounted_datastores(until)]
        return Scans({("lab", scan.datastore): scan for scan in found})

    monkeypatch.setattr(image_cache, "read_scans", searched)
    return request


@pytest.fixture(scope="module")
def no_passes(lab: RunningLab) -> Iterator[None]:
    """The first compute looks at its cache when a test has it look: its marker, of a moment ago,
    keeps an image that a test would purge.
    """
    its, host = Lab(lab.settings), lab.settings.compute_hosts()[0]
    try:
        its.set_image_cache(host, LATER_S, LATER_S)
        yield
    finally:
        its.set_image_cache(
            host,
            IMAGE_CACHE["remove_unused_original_minimum_age_seconds"],
            IMAGE_CACHE["manager_interval"],
        )


class Probe:
    """An image of its own and instances of it on the first compute."""

    def __init__(self, lab: RunningLab) -> None:
        self.lab, self.admin = lab, lab.admin
        self.host = lab.settings.compute_hosts()[0]
        self.root = f"{cache_prefix(0)}_base"
        self.image_id = probe_image(lab, "purge-probe")
        self.server_ids: list[str] = []

    def boot(self, name: str) -> str:
        owner = self.lab.openstack("wendy", "web")
        made = owner.compute.create_server(
            host=self.host,
            name=name,
            flavor_id="web.small",
            image_id=self.image_id,
            networks=[{"uuid": next(iter(self.admin.network.networks())).id}],
        )
        self.server_ids.append(str(made.id))
        return str(made.id)

    def active(self, server_id: str) -> None:
        def state() -> str:
            return str(self.admin.compute.get_server(server_id).status)

        wait_until(lambda: state() in ("ACTIVE", "ERROR"), BOOT_S)
        assert state() == "ACTIVE", self.admin.compute.get_server(server_id).fault

    def delete(self, server_id: str) -> None:
        self.admin.compute.delete_server(server_id)
        gone = lambda: self.admin.compute.find_server(server_id, all_projects=True) is None  # noqa: E731
        wait_until(gone, BOOT_S)
        self.server_ids.remove(server_id)

    def folder(self) -> Path:
        """Its folder in the cache, on this machine's disk."""
        (found,) = (self.lab.settings.run / "vcenter").glob(f"*/{self.root}/{self.image_id}")
        return found

    def cached(self) -> Path:
        """In the cache, and used by nobody."""
        server_id = self.boot("purge-warm")
        self.active(server_id)
        self.delete(server_id)
        return self.folder()

    def key(self, vcenter_key: str) -> str:
        return f"{vcenter_key}/{self.root}/{self.image_id}"

    def clear(self) -> None:
        for server_id in list(self.server_ids):
            self.delete(server_id)
        self.admin.image.delete_image(self.image_id)


@pytest.fixture
def probe(lab: RunningLab, no_passes: None) -> Iterator[Probe]:
    its = Probe(lab)
    yield its
    its.clear()


def keys_of(asker: Any, root: str, image_id: str) -> tuple[str, ...]:
    report = image_cache.ledger_report(asker)
    return tuple(
        i.key for i in report.images or () if (i.root.name, i.image_id) == (root, image_id)
    )


def change(asker: Any, keys: tuple[str, ...], way: Way = Way.DELETE, **more: Any) -> PurgeCache:
    wish = PurgeWish(way, What.SELECTED, 0, keys, **more)
    return PurgeCache(asker, vcenters_of(asker)[0], wish)


def ended(job_id: str) -> Job:
    wait_until(lambda: (job := journal().read(job_id)) and job.ended_at, BOOT_S)
    job = journal().read(job_id)
    assert job is not None
    return job


def purged(asker: Any, keys: tuple[str, ...], way: Way = Way.DELETE) -> JobItem:
    its = change(asker, keys, way)
    plan = its.plan()
    assert not plan.refused, plan.kept
    result = carry_out(asker, its, plan.fingerprint, new_nonce())
    assert result.verdict is Verdict.MADE and result.made, result
    (item,) = ended(result.made.job).items
    return item


def test_a_purge_of_an_ownerless_root_frees_the_bytes_on_disk(
    lab: RunningLab, settings: Settings, asker: Any, probe: Probe
) -> None:
    folder = probe.cached()
    there = folder.parent.parent / "former_base" / probe.image_id
    shutil.copytree(folder, there, ignore=shutil.ignore_patterns("ts-*"))
    age(there, 10**6)
    size = sum(f.stat().st_size for f in there.rglob("*") if f.is_file())
    assert size > 1 << 20
    try:
        with settings():
            item = purged(asker, keys_of(asker, "former_base", probe.image_id))
        assert (item.state, item.refusals, item.trouble) == (ItemState.DONE, (), None)
        assert item.done_bytes == size
        assert not there.exists()
    finally:
        shutil.rmtree(there.parent, ignore_errors=True)
    assert not any((folder.parent.parent / "vmware_temp").rglob(probe.image_id))
    assert folder.exists(), "the root that a compute looks after is as it was"


def test_an_instance_booted_between_plan_and_purge_keeps_its_parent(
    lab: RunningLab, settings: Settings, asker: Any, probe: Probe
) -> None:
    """Settings that are wrong at that: they deny that the compute has this root."""
    folder = probe.cached()
    with settings(denied=probe.host):
        its = change(asker, keys_of(asker, probe.root, probe.image_id))
        plan = its.plan()
        assert len(plan.taken) == 1, plan.kept
        server_id = probe.boot("raced")
        job = ended(its.make(plan).job)
        (item,) = job.items
        assert item.state is ItemState.REFUSED, item
        assert any(server_id in r.detail or "raced" in r.detail for r in item.refusals), item
        probe.active(server_id)
        again = ended(its.make(plan).job)
    named = {(r.kind, r.detail) for r in again.items[0].refusals}
    assert any(kind is RefusalKind.IN_USE and server_id in vm for kind, vm in named), named
    with lab.login.connected() as service:
        disks = [d for d in lab.vm_of(service, server_id).config.hardware.device]
        parents = [d.backing.parent.fileName for d in disks if getattr(d.backing, "parent", None)]
    assert parents
    for parent in parents:
        assert (folder / parent.rpartition("/")[2]).exists(), parent


def test_what_is_marked_nova_deletes_itself(
    lab: RunningLab, settings: Settings, asker: Any, probe: Probe
) -> None:
    folder = probe.cached()
    with settings():
        item = purged(asker, keys_of(asker, probe.root, probe.image_id), Way.MARK)
    assert item.state is ItemState.DONE, item
    (marker,) = folder.glob("ts-*")
    assert marker.is_dir()
    log = lab.settings.logs / f"nova-compute-{probe.host}.log"
    before = log.stat().st_size
    its = Lab(lab.settings)
    try:
        its.set_image_cache(probe.host, AGE_S, PASS_S)
        wait_until(lambda: not folder.exists(), BOOT_S)
    finally:
        its.set_image_cache(probe.host, LATER_S, LATER_S)
    with log.open("rb") as file:
        file.seek(before)
        said = file.read().decode(errors="replace")
    assert f"{probe.image_id} is no longer used. Deleting!" in said


def test_nova_filters_servers_as_the_looks_rely_on(
    lab: RunningLab, settings: Settings, asker: Any, probe: Probe
) -> None:
    server_id = probe.boot("filtered")
    with settings():
        access = access_of(asker)

        def found(name: str, value: str) -> set[str]:
            its = nova.list_servers(access, all_projects=True, filters={name: value})
            return {server.id for server in its}

        assert found("image", probe.image_id) == {server_id}, "also while it is being built"
        probe.active(server_id)
        assert found("image", probe.image_id) == {server_id}
        for task in ("rescuing", "unshelving"):
            assert found("task_state", task) == set()
        probe.admin.compute.rescue_server(server_id, image=probe.image_id)
        seen = set[str]()
        until = time.monotonic() + BOOT_S
        while time.monotonic() < until:
            seen |= found("task_state", "rescuing")
            if probe.admin.compute.get_server(server_id).status in ("RESCUE", "ERROR"):
                break
        assert seen == {server_id}
