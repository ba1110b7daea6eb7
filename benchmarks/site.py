"""Pages of the panel in this process: Horizon with the plugin, its views and templates, all real.

vCenter's book and the searches lie in a real memcached, where a collector would leave them, and the
pages read them there. What OpenStack lists is given to them at the edge (`nova.list_servers` and the
like) and takes no time. So a page here costs what it costs Horizon's process, without: the web
server, the login and its session, OpenStack's answers and their reading.
"""

import gc
import os
import statistics
import threading
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from functools import partial
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any
from unittest import mock

from benchmarks.clouds import MadeCloud
from tests.store.servers import ALIAS, CacheServer, free_port
from vmware_panel.domain.inventory import VirtualMachine, VmPower
from vmware_panel.domain.ledger import Delta, Ledger
from vmware_panel.domain.snapshot import CollectorState, CollectorStatus

MEMORY_MB = 1024
BEAT_EVERY_S = 5.0
"""As a collector gives signs of life; without them the pages say that nobody collects."""

CHANGES = 50
STRIDE = 97
"""So far apart are the VMs that change: on many datastores, of many images."""

VCENTER = "bench"
EMPTY_LIST = "/admin/vmware_jobs/"
"""What any list of ours costs at least: one of nothing, within all of Horizon's page."""


@dataclass(frozen=True)
class PageCost:
    """Medians. `kilobytes` are those of the answer."""

    path: str
    seconds: float
    cpu_s: float
    kilobytes: float


class Site:
    """See `site`. For one thread, and one in a process."""

    def __init__(self, client: Any, collector: "_Collector") -> None:
        self._client = client
        self._collector = collector

    def text(self, path: str) -> str:
        response = self._client.get(path)
        body = b"".join(response.streaming_content) if response.streaming else response.content
        if response.status_code != 200:
            raise RuntimeError(f"{path}: {response.status_code} {body[:300]!r}")
        return str(body, "utf-8")

    def page(self, path: str, times: int, before: Callable[[], object] | None = None) -> PageCost:
        """`before` is done, and not counted, before each."""
        found = []
        size = 0
        for _ in range(times):
            if before is not None:
                before()
            gc.collect()
            started_s, started_cpu_s = time.perf_counter(), time.process_time()
            size = len(self.text(path))
            cpu_s = time.process_time() - started_cpu_s
            found.append((time.perf_counter() - started_s, cpu_s))
        seconds, cpus = (statistics.median(its) for its in zip(*found, strict=True))
        return PageCost(path, seconds, cpus, size / 1000)

    def read_book(self) -> None:
        """As a page does that another kind of list made before: what is new is decoded."""
        from vmware_panel.api.inventories import inventory_source
        from vmware_panel.config import get_config

        inventory_source().read(get_config().vcenters)

    def change_vms(self, changed: Sequence[VirtualMachine]) -> None:
        """As the collector publishes it."""
        self._collector.advance(changed)


def changing(pages: Site, cloud: MadeCloud) -> Callable[[], None]:
    """Switches `CHANGES` VMs on or off with other `vcpus`, each time others, and has them read."""
    turn = 0

    def change() -> None:
        nonlocal turn
        turn += 1
        power = VmPower.OFF if turn % 2 else VmPower.ON
        chosen = cloud.book.vms[turn % STRIDE :: STRIDE][:CHANGES]
        pages.change_vms([replace(vm, vcpus=turn, power=power) for vm in chosen])
        pages.read_book()

    return change


@contextmanager
def site(
    cloud: MadeCloud, more_caches: Mapping[str, Any] | None = None, **panel: Any
) -> Iterator[Site]:
    """Once in a process, which is to be one of its own. `panel` is more of VMWARE_PANEL,
    `more_caches` of CACHES.
    """
    with ExitStack() as stack:
        folder = Path(stack.enter_context(TemporaryDirectory(prefix="vmwbench")))
        cache = CacheServer("memcached", folder, free_port(), MEMORY_MB)
        cache.start()
        stack.callback(cache.kill)
        caches = {ALIAS: cache.caches[ALIAS], **(more_caches or {})}
        _set_up(cloud, caches, {"jobs": {"folder": str(folder / "jobs")}, **panel})
        collector = _Collector(cloud)
        stack.callback(collector.end)
        stack.enter_context(_openstack(cloud))
        yield Site(stack.enter_context(_logged_in()), collector)


def _set_up(cloud: MadeCloud, caches: Mapping[str, Any], panel: Mapping[str, Any]) -> None:
    os.environ["DJANGO_SETTINGS_MODULE"] = "tests.settings"
    from django.conf import settings

    settings.CACHES = {**settings.CACHES, **caches}
    settings.ALLOWED_HOSTS = ["testserver"]
    settings.DATABASES = {"default": {"ENGINE": "django.db.backends.sqlite3", "NAME": ":memory:"}}
    settings.VMWARE_PANEL = {
        "vcenters": {
            VCENTER: {
                "host": cloud.book.vcenter.host,
                "username": "nobody",
                "password": "not a real password",
            }
        },
        "computes": cloud.settings,
        "collector": {"mode": "external"},
        "store": {"cache": ALIAS},
        **panel,
    }
    import django

    django.setup()


class _Collector:
    """Publishes the book and the searches, and gives signs of life from a thread of its own."""

    def __init__(self, cloud: MadeCloud) -> None:
        from vmware_panel.store import CacheStore

        self._book = cloud.book
        self._ledger: Ledger | None = None
        self._status = CollectorStatus(CollectorState.WATCHING, datetime.now(UTC))
        store = CacheStore(ALIAS)
        self._writer = store.writer(VCENTER)
        self._writer.replace(cloud.book, self._status)
        searches = store.scan_writer(VCENTER)
        for scan in cloud.scans:
            searches.keep(scan)
        self._ended = threading.Event()
        self._thread = threading.Thread(target=self._beat, name="bench-collector", daemon=True)
        self._thread.start()

    def advance(self, changed: Sequence[VirtualMachine]) -> None:
        from vmware_panel.store.encoding import objects_of

        if self._ledger is None:
            self._ledger = Ledger(objects_of(self._book))
        now = datetime.now(UTC)
        self._ledger.apply(Delta(tuple(changed)))
        whole = partial(self._ledger.inventory, self._book.vcenter, now)
        self._writer.advance(Delta(tuple(changed)), whole, now, self._status)

    def end(self) -> None:
        self._ended.set()
        self._thread.join()

    def _beat(self) -> None:
        while True:
            now = datetime.now(UTC)
            self._writer.beat(self._status, now, now)
            if self._ended.wait(BEAT_EVERY_S):
                return


@contextmanager
def _openstack(cloud: MadeCloud) -> Iterator[None]:
    """What it lists: the answers of its calls, as the adapter makes them."""
    from vmware_panel.api import cloud as asked
    from vmware_panel.openstack.server_index import IndexedServers

    now = datetime.now(UTC)
    indexed = IndexedServers(cloud.nova.servers, 1, now, now)
    answers: dict[str, Callable[..., object]] = {
        "nova.list_compute_services": lambda *_, **__: tuple(cloud.nova.services.values()),
        "nova.list_hypervisors": lambda *_, **__: tuple(cloud.nova.hypervisors.values()),
        "nova.list_servers": lambda *_, **__: (),  # those deleted lately
        "glance.list_images": lambda *_, **__: cloud.images,
        "keystone.project_names": lambda *_: cloud.project_names,
        "cinder.list_volumes": lambda *_, **__: cloud.volumes,
        "cinder.list_snapshots": lambda *_, **__: (),
        "cinder.list_pools": lambda *_: cloud.pools,
    }
    with ExitStack() as stack:
        for name, answer in answers.items():
            stack.enter_context(mock.patch(f"vmware_panel.openstack.{name}", answer))
        # Its own price is that of reading Nova's answer; here the list stands, and is asked for.
        stack.enter_context(
            mock.patch.object(
                asked._indexes,
                "servers",
                lambda *_: replace(indexed, read_at=datetime.now(UTC)),
            )
        )
        yield


@contextmanager
def _logged_in() -> Iterator[Any]:
    """Django's client with an admin of Horizon's own test cloud logged in."""
    from openstack_dashboard.test import helpers

    class Admin(helpers.BaseAdminViewTests):  # type: ignore[misc]
        def runTest(self) -> None:  # its set-up is what is wanted of it
            raise AssertionError

    its = Admin()
    Admin.setUpClass()
    try:
        its._pre_setup()
        its.setUp()
        yield its.client
    finally:
        its.tearDown()
        its._post_teardown()
        Admin.tearDownClass()
