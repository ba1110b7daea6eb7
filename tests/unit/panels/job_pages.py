"""Jobs in a journal of a test's own, as the pages find them."""

import shutil
import tempfile
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any
from unittest import mock

from django.test import override_settings
from openstack_auth import utils as auth
from openstack_dashboard.test import helpers

from vmware_panel.domain.inventory import MoRef
from vmware_panel.domain.jobs import Asker, ItemState, Job, JobItem, JobKind, Step
from vmware_panel.domain.outcome import Trouble, TroubleKind
from vmware_panel.domain.plans import Refusal, RefusalKind
from vmware_panel.jobs.journal import Claim, Journal
from vmware_panel.jobs.journals import journal
from vmware_panel.jobs.watcher import watcher

HOSTILE = "{{ 7 * 7 }} <b>[ds1] x</b>\u202e"
BEGUN = datetime.now(UTC) - timedelta(minutes=3)


def settings(folder: Path) -> dict[str, Any]:
    its = {"host": "vc.invalid", "username": "u", "password": "p"}
    return {"vcenters": {"west": its}, "jobs": {"folder": str(folder / "jobs")}}


class JobPages(helpers.BaseAdminViewTests):
    """No worker and no watcher runs: what is written stands."""

    def setUp(self) -> None:
        super().setUp()
        self.request.user = auth.get_user(self.request)
        self.folder = Path(tempfile.mkdtemp())
        self.addCleanup(shutil.rmtree, self.folder)
        override = override_settings(VMWARE_PANEL=settings(self.folder))
        override.enable()
        self.addCleanup(override.disable)
        for what in (
            mock.patch.object(watcher, "ensure"),
            mock.patch("vmware_panel.jobs.watcher.enqueue", return_value="result-1"),
        ):
            what.start()
            self.addCleanup(what.stop)

    @property
    def journal(self) -> Journal:
        return journal()

    def add(self, *items: JobItem, job_id: str = "job1", **more: Any) -> Job:
        job = Job(
            id=job_id,
            kind=JobKind.CACHE_PURGE,
            title=more.pop("title", "4 images of west"),
            vcenter=more.pop("vcenter", "west"),
            asker=Asker("ada", "u-1"),
            created_at=more.pop("created_at", BEGUN),
            items=items or (JobItem("[ds1] a", "a"),),
            **more,
        )
        self.journal.add(job, None)
        return job

    def claim(self, job_id: str = "job1") -> Claim:
        claim = self.journal.claim(job_id, "w1")
        assert claim is not None
        return claim

    def text(self, url: str, status: int = 200) -> str:
        answer = self.client.get(url)
        assert answer.status_code == status, answer.status_code
        page: str = answer.content.decode()
        if status != 200:
            return page
        return " ".join(page[page.index('<div class="vmware-panel') :].split())


def under_way(claim: Claim, number: int, percent: int | None = None) -> None:
    step = Step("delete", True, MoRef("task-7"))
    item = replace(
        claim.job.items[number],
        state=ItemState.RUNNING,
        steps=(step,),
        progress_percent=percent,
        started_at=BEGUN,
    )
    claim.write(number, item)


def with_every_end(pages: JobPages) -> Claim:
    """One of five items for each way to end; the job itself has not."""
    names = ("gone", "held", "broken", "lost", "left")
    pages.add(*(JobItem(f"[ds1] {n}", n, size_bytes=4096) for n in names))
    claim = pages.claim()
    its = claim.job.items
    ends = (
        {
            "state": ItemState.DONE,
            "done_bytes": 4096,
            "steps": (Step("delete", True, MoRef("task-1")),),
        },
        {
            "state": ItemState.REFUSED,
            "refusals": (Refusal(RefusalKind.IN_USE, "held", "shop <1>"),),
        },
        {
            "state": ItemState.FAILED,
            "trouble": Trouble("west", TroubleKind.FORBIDDEN, "NoPermission"),
        },
        {"state": ItemState.UNKNOWN, "steps": (Step("delete"),)},
        {"state": ItemState.CANCELLED},
    )
    for number, (item, end) in enumerate(zip(its, ends, strict=True)):
        claim.write(number, replace(item, ended_at=datetime.now(UTC), **end))  # type: ignore[arg-type]
    return claim
