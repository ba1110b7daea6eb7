"""The ledger on the real cloud: the files on disk, Nova's ageing, and parents that it deletes.

The test reads the simulated datastores from disk. Searches are real ones, made here and not by the
collector's own thread, so that a test knows at which moment. The simulator locks no files: what a
real ESX host does when the parent of a running VM is deleted cannot be seen here.
"""

import time
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager
from datetime import UTC, datetime
from functools import partial
from pathlib import Path
from typing import Any

import pytest
from django.test import override_settings
from pyVmomi import vim

from lab.lab import Lab
from lab.openstack_conf import IMAGE_CACHE, cache_prefix, datastore_regex
from tests.cloud.images import probe_image
from tests.lab_run import RunningLab
from vmware_panel.api import cloud, image_cache, inventories
from vmware_panel.api.context import access_of, scope_of, vcenters_of
from vmware_panel.api.image_cache import LedgerReport
from vmware_panel.api.scans import Scans
from vmware_panel.domain.image_cache import CachedImage, Ownership
from vmware_panel.endpoints import client
from vmware_panel.openstack import counting as counting_openstack
from vmware_panel.vsphere import close_clients
from vmware_panel.vsphere import counting as counting_vcenter
from vmware_panel.vsphere.deadlines import Deadline

pytestmark = pytest.mark.lab

AGE_S, PASS_S = 20, 10
"""The lab's own figures would have a test wait for minutes."""
PATIENCE_S = 240.0

Page = Callable[[], LedgerReport]


@pytest.fixture
def settings(
    lab: RunningLab, vcenter_setting: dict[str, Any]
) -> Iterator[Callable[..., AbstractContextManager[None]]]:
    """As the lab's Horizon is told, with the age that a test gave to the computes."""

    @contextmanager
    def told(minimum_age_s: int = 120, mode: str = "off") -> Iterator[None]:
        ageing = {**IMAGE_CACHE, "remove_unused_original_minimum_age_seconds": minimum_age_s}
        computes = {
            host: {
                "cache_prefix": cache_prefix(number),
                "datastore_regex": datastore_regex(number),
                **ageing,
            }
            for number, host in enumerate(lab.settings.compute_hosts())
        }
        setting = {
            "vcenters": {"lab": vcenter_setting},
            "computes": computes,
            "collector": {"mode": mode},
        }
        with override_settings(VMWARE_PANEL=setting):
            yield

    close_clients()
    yield told
    inventories.forget_all()
    close_clients()


@pytest.fixture
def page(request_of: Callable[..., Any], monkeypatch: pytest.MonkeyPatch) -> Page:
    """A page of the moment, after a search of every datastore."""
    request = request_of()

    def read() -> LedgerReport:
        cloud.forget_all()
        (vcenter,) = vcenters_of(request)
        its = client(vcenter)
        until = Deadline(60)
        found = [its.search_datastore(moref, until) for moref in its.mounted_datastores(until)]
        scans = Scans({("lab", scan.datastore): scan for scan in found})
        monkeypatch.setattr(image_cache, "read_scans", lambda vcenters: scans)
        return image_cache.ledger_report(request)

    return read


def folders_on_disk(lab: RunningLab) -> dict[tuple[str, str, str], int]:
    """Bytes by datastore, root and image, as this machine's own file system tells."""
    found = {}
    for folder in (lab.settings.run / "vcenter").glob("*/*_base/*"):
        if folder.is_dir():
            sizes = (f.stat().st_size for f in folder.rglob("*") if f.is_file())
            found[folder.parts[-3], folder.parts[-2], folder.parts[-1]] = sum(sizes)
    return found


def test_the_ledger_is_what_lies_on_the_datastores(
    lab: RunningLab, settings: Callable[..., AbstractContextManager[None]], page: Page
) -> None:
    with settings():
        report = page()
    assert report.images
    shown = {(i.root.datastore_name, i.root.name, i.image_id): i.size_bytes for i in report.images}
    assert shown == folders_on_disk(lab)
    hosts = lab.settings.compute_hosts()
    for image in report.images:
        number = int(image.root.name.removeprefix("c").removesuffix("_base"))
        assert image.root.ownership is Ownership.OWNED
        assert image.root.owners == (hosts[number],)
        assert image.image and image.image.name


def test_who_stands_on_an_image_is_what_vcenters_own_client_says(
    lab: RunningLab, settings: Callable[..., AbstractContextManager[None]], page: Page
) -> None:
    with settings():
        report = page()
    shown = {
        (stander.vm_name, stander.path)
        for image in report.images or ()
        for stander in image.standers or ()
    }
    assert shown == parents_by_vm(lab)
    assert shown, "the lab has linked clones"


def parents_by_vm(lab: RunningLab) -> set[tuple[str, str]]:
    """By another reader: every file of a cache that some disk's chain names."""
    found = set()
    with lab.login.connected() as service:
        content = service.content
        view = content.viewManager.CreateContainerView(
            content.rootFolder, [vim.VirtualMachine], True
        )
        for vm in view.view:
            for device in vm.config.hardware.device if vm.config else ():
                backing = getattr(device, "backing", None)
                while backing is not None and hasattr(backing, "fileName"):
                    if "_base/" in backing.fileName:
                        found.add((vm.name, backing.fileName))
                    backing = getattr(backing, "parent", None)
        view.DestroyView()
    return found


def test_a_page_asks_no_vcenter_and_glance_twice(
    settings: Callable[..., AbstractContextManager[None]],
    request_of: Callable[..., Any],
    at_one_moment: None,
) -> None:
    request = request_of()
    with settings(mode="embedded"):
        image_cache.ledger_report(request)  # the collector begins, the servers are listed
        with counting_vcenter() as of_vcenter, counting_openstack() as made:
            image_cache.ledger_report(request)
        assert (of_vcenter.total, len(made)) == (0, 0), "all of it is kept"
        cloud.forget_all()
        with counting_vcenter() as of_vcenter, counting_openstack() as made:
            image_cache.ledger_report(request)
    assert of_vcenter.total == 0
    # servers 2, services, hypervisors, projects; images, and the hidden ones apart
    assert len(made) <= 7, made


# -- Nova's ageing ---------------------------------------------------------------------------


class Probe:
    """An image of its own, so that no other instance keeps it in use."""

    def __init__(self, lab: RunningLab) -> None:
        self.lab = lab
        self.admin = lab.admin
        self.home, self.away = lab.settings.compute_hosts()[:2]
        self.owner = lab.openstack("wendy", "web")
        self.image_id = probe_image(lab, "ageing-probe")
        self.server_ids: list[str] = []

    def boot(self, name: str) -> str:
        network = next(iter(self.admin.network.networks())).id
        made = self.owner.compute.create_server(
            host=self.home,
            name=name,
            flavor_id="web.small",
            image_id=self.image_id,
            networks=[{"uuid": network}],
        )
        self.server_ids.append(made.id)
        return str(made.id)

    def server(self, server_id: str) -> Any:
        return self.admin.compute.get_server(server_id)

    def until(self, server_id: str, status: str, host: str) -> None:
        def reached() -> bool:
            its = self.server(server_id)
            return (its.status, its.compute_host, its.task_state) == (status, host, None)

        wait_for(reached, lambda: f"{server_id} is {self.server(server_id).status}")

    def move_away(self, server_id: str) -> None:
        self.admin.compute.live_migrate_server(server_id, host=self.away, block_migration="auto")
        self.until(server_id, "ACTIVE", self.away)

    def folder(self) -> Path:
        root = self.lab.settings.run / "vcenter"
        (found,) = root.glob(f"*/c0_base/{self.image_id}")
        return found

    def cached(self, report: LedgerReport) -> CachedImage:
        (found,) = (i for i in report.images or () if i.image_id == self.image_id)
        return found

    def is_gone(self, server_id: str) -> bool:
        return self.admin.compute.find_server(server_id, all_projects=True) is None

    def clear(self) -> None:
        """Whole: a nova-compute that is restarted next would be at it still."""
        for server_id in self.server_ids:
            self.admin.compute.delete_server(server_id, ignore_missing=True)
        for server_id in self.server_ids:
            wait_for(partial(self.is_gone, server_id), lambda: "Nova did not delete an instance")
        self.admin.image.delete_image(self.image_id, ignore_missing=True)


@pytest.fixture(scope="module")
def quick_passes(lab: RunningLab) -> Iterator[None]:
    """Of the first compute."""
    its, host = Lab(lab.settings), lab.settings.compute_hosts()[0]
    try:
        its.set_image_cache(host, AGE_S, PASS_S)
        yield
    finally:
        its.set_image_cache(
            host,
            IMAGE_CACHE["remove_unused_original_minimum_age_seconds"],
            IMAGE_CACHE["manager_interval"],
        )


@pytest.fixture
def probe(lab: RunningLab, quick_passes: None) -> Iterator[Probe]:
    made = Probe(lab)
    try:
        yield made
    finally:
        made.clear()


def wait_for(reached: Callable[[], object], otherwise: Callable[[], str]) -> None:
    until = time.monotonic() + PATIENCE_S
    while not reached():
        assert time.monotonic() < until, otherwise()
        time.sleep(0.5)


def test_an_unused_image_is_marked_and_deleted_when_the_ledger_says(
    probe: Probe,
    settings: Callable[..., AbstractContextManager[None]],
    page: Page,
    request_of: Callable[..., Any],
) -> None:
    begun_at, request = datetime.now(UTC), request_of()
    server_id = probe.boot("ageing")
    probe.until(server_id, "ACTIVE", probe.home)
    folder = probe.folder()
    with settings(AGE_S):
        image = probe.cached(page())
        assert (image.used, image.marker, image.deleted_after) == (True, "", None)
        assert [user.server_id for user in image.servers or ()] == [server_id]
        assert [stander.server_id for stander in image.standers or ()] == [server_id]
        probe.owner.compute.delete_server(server_id)
        wait_for(lambda: list(folder.glob("ts-*")), lambda: "Nova did not mark it")
        image = probe.cached(page())
    assert image.used is False
    assert [image.marker] == [path.name for path in folder.glob("ts-*")]
    predicted = image.deleted_after
    assert predicted and image.marked_at
    assert (predicted - image.marked_at).total_seconds() == AGE_S
    last_there = gone_at = datetime.now(UTC)

    def gone() -> bool:
        nonlocal last_there, gone_at
        looked_at = datetime.now(UTC)
        if folder.exists():
            last_there = looked_at
            return False
        gone_at = datetime.now(UTC)
        return True

    wait_for(gone, lambda: "Nova did not delete it")
    lately = cloud.lately_there(access_of(request), scope_of(request), begun_at)
    assert server_id in lately, "Nova tells of what it deleted since then"
    assert gone_at >= predicted, "Nova deletes not before the ledger says"
    assert last_there >= image.marked_at


def test_a_parent_is_deleted_under_instances_that_nova_moved_to_another_compute(
    probe: Probe, settings: Callable[..., AbstractContextManager[None]], page: Page
) -> None:
    """The hazard of the page "Parents at risk", as far as it can be seen without ESX's locks."""
    running, off = probe.boot("risk-running"), probe.boot("risk-off")
    for server_id in (running, off):
        probe.until(server_id, "ACTIVE", probe.home)
    folder = probe.folder()
    probe.move_away(off)
    probe.owner.compute.stop_server(off)
    probe.until(off, "SHUTOFF", probe.away)
    probe.move_away(running)  # the last one: from now on Nova may mark the image
    with settings(AGE_S):
        report = page()
        risks = [risk for risk in report.risks or () if risk.cached.image_id == probe.image_id]
        assert {risk.stander.server_id for risk in risks} == {running, off}
        assert [risk.stander.powered_on for risk in risks] == [False, True], "off comes first"
        for risk in risks:
            assert risk.stander.compute_host == probe.away
            assert risk.cached.root.owners == (probe.home,)
        wait_for(lambda: not folder.exists(), lambda: "Nova did not delete it")
        left = [r for r in (page().risks or ()) if r.cached.image_id == probe.image_id]
    assert {risk.stander.server_id for risk in left} == {running, off}, "vCenter still names it"
    assert [risk.parent_listed for risk in left] == [False, False]
    with probe.lab.login.connected() as service:
        powers = {i: probe.lab.vm_of(service, i).runtime.powerState for i in (running, off)}
    assert powers == {running: "poweredOn", off: "poweredOff"}
