"""Purge jobs as they are run: the runner, a journal on disk, the simulator with its files, a Nova."""

import itertools
import threading
import uuid
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
from django.test import override_settings

from tests.files import age
from tests.jobs.samples import ASKER
from tests.purging.nova import Nova
from tests.simulator import RunningSimulator, running_simulator, setting_of
from tests.unit.openstack.conftest import access_to
from tests.unit.openstack.fake_cloud import FakeServer, Request, serving
from tests.vsphere.test_simulator_changes import Inventory
from vmware_panel.api import inventories
from vmware_panel.domain.inventory import MoRef
from vmware_panel.domain.jobs import Job, JobItem, JobKind
from vmware_panel.domain.purge import PurgeTarget, TargetKind
from vmware_panel.jobs import journals, runner
from vmware_panel.jobs.journal import Journal
from vmware_panel.jobs.sealing import seal
from vmware_panel.vsphere import close_clients

DS = "shared-ds-1"
OWNED, OWNERLESS = "c1_base", "old_base"
OLD_S = 10 * 24 * 3600


@dataclass
class Rig:
    """`disk` is where the simulator keeps the files of `DS`."""

    simulator: RunningSimulator
    inventory: Inventory
    disk: Path
    datastore: MoRef
    nova: Nova
    cloud: FakeServer
    journal: Journal
    ids: list[str] = field(default_factory=list)

    def image(self, root: str = OWNERLESS, *, age_s: float = OLD_S, sized: int = 20) -> str:
        """A cached image with a sized copy; its id."""
        image = str(uuid.uuid4())
        folder = self.disk / root / image
        folder.mkdir(parents=True)
        for name in (f"{image}.vmdk", f"{image}.{sized}.vmdk"):
            (folder / name).write_bytes(b"# descriptor")
            (folder / name.replace(".vmdk", "-flat.vmdk")).write_bytes(b"x" * 10_000)
        age(folder, age_s)
        return image

    def folder(self, path: str, *, age_s: float = OLD_S, **files: int) -> Path:
        folder = self.disk / path
        folder.mkdir(parents=True)
        for name, size in (files or {"disk": 500}).items():
            (folder / f"{name}.vmdk").write_bytes(b"x" * size)
        age(folder, age_s)
        return folder

    def target(
        self, path: str, kind: TargetKind = TargetKind.IMAGE, *, names: bool = True
    ) -> PurgeTarget:
        there = self.disk / path
        seen = frozenset(p.name for p in there.iterdir()) if names and there.is_dir() else None
        full = f"[{DS}] {path}"
        return PurgeTarget(kind, self.datastore, full, full, 1000, seen)

    def job(
        self,
        *targets: PurgeTarget,
        kind: JobKind = JobKind.CACHE_PURGE,
        dry_run: bool = False,
        older_than_h: int = 0,
        token: bool = True,
        alone: bool = True,
    ) -> Job:
        items = tuple(JobItem(t.key, t.title, t.about, t.size_bytes) for t in targets)
        job = Job(
            id=uuid.uuid4().hex[:16],
            kind=kind,
            vcenter="west",
            title="a purge",
            asker=ASKER,
            created_at=datetime.now(UTC),
            items=items,
            options={"older_than_h": str(older_than_h), "alone": "1" if alone else ""},
            dry_run=dry_run,
        )
        self.journal.add(job, seal(access_to(self.cloud.url), None) if token else None)
        self.ids.append(job.id)
        return job

    def run(self, job: Job | str, worker: str = "w1") -> Job:
        job_id = job if isinstance(job, str) else job.id
        runner.run(self.journal, job_id, worker, threading.Event())
        ended = self.journal.read(job_id)
        assert ended is not None
        return ended

    def purge(self, *targets: PurgeTarget, **more: Any) -> Sequence[JobItem]:
        return self.run(self.job(*targets, **more)).items

    def while_aside(self, image: str, happens: Callable[[], object]) -> None:
        """Once, as a purge asks Nova for the image a second time: its folder is aside by then."""
        looks = itertools.count(1)

        def look(request: Request) -> None:
            if request.query.get("image") == image and next(looks) == 2:
                happens()

        self.nova.on_servers = look

    def left_aside(self) -> list[Path]:
        """Everything in `vmware_temp`."""
        temp = self.disk / "vmware_temp"
        return sorted(temp.rglob("*")) if temp.exists() else []


def parent(image: str, root: str = OWNERLESS, datastore: str = DS) -> str:
    """The sized copy that linked clones stand on."""
    return f"[{datastore}] {root}/{image}/{image}.20.vmdk"


@pytest.fixture
def rig(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, make_rig: Callable[..., Rig]) -> Rig:
    return make_rig()


@pytest.fixture
def make_rig(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Callable[..., Rig]]:
    """One rig a test, with simulator options of its own."""
    close: list[Callable[[], Any]] = []

    def make(**options: Any) -> Rig:
        simulating = running_simulator(**{"nova_vms": 6, **options})
        simulator = simulating.__enter__()
        close.append(lambda: simulating.__exit__(None, None, None))
        connected = simulator.login.connected()
        inventory = Inventory(simulator, connected.__enter__())
        close.append(lambda: connected.__exit__(None, None, None))
        serves = serving()
        cloud = serves.__enter__()
        close.append(lambda: serves.__exit__(None, None, None))
        cluster = inventory.cluster("DC0_C0")._moId
        node = f"{cluster}.dbed6e0c-bd88-4ef6-b594-21283e1c677f"
        other = f"{inventory.cluster('DC0_C1')._moId}.dbed6e0c-bd88-4ef6-b594-21283e1c677f"
        nova = Nova({"compute-1": node, "compute-2": other})
        nova.answer_at(cloud)
        settings = override_settings(VMWARE_PANEL=settings_of(tmp_path, west=simulator))
        settings.enable()
        close.append(settings.disable)
        datastore = inventory.datastore(DS)
        return Rig(
            simulator,
            inventory,
            Path(datastore.summary.url),
            MoRef(datastore._moId),
            nova,
            cloud,
            journals.journal(),
        )

    monkeypatch.setattr("vmware_panel.api.purging.PAUSE_S", 0.05)
    inventories.forget_all()
    yield make
    close_clients()
    inventories.forget_all()
    for end in reversed(close):
        end()


def settings_of(tmp_path: Path, **vcenters: RunningSimulator) -> dict[str, Any]:
    return {
        "vcenters": {name: setting_of(simulator.login) for name, simulator in vcenters.items()},
        "computes": {
            "compute-1": {"cache_prefix": "c1", "datastore_regex": ".*"},
            "compute-2": {"cache_prefix": "c2", "datastore_regex": ".*"},
        },
        "collector": {"mode": "off"},
        "jobs": {"folder": str(tmp_path / "jobs")},
    }
