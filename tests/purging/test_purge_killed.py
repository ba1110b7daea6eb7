"""A worker that dies anywhere in a purge: the next one finishes it or puts it back, and no more."""

import pytest

from tests.jobs.samples import Killed
from tests.purging.conftest import OWNED, OWNERLESS, Rig, parent
from tests.vsphere.test_file_use import stand_on
from vmware_panel.domain.jobs import ItemState, Job, JobKind
from vmware_panel.domain.plans import RefusalKind
from vmware_panel.jobs import sqlite_journal
from vmware_panel.jobs.journal import LEASE_S
from vmware_panel.jobs.report import ClaimReport
from vmware_panel.vsphere import VCenterClient, counting

pytestmark = pytest.mark.simulator

CALLS = {
    "make_room": "make_directory",
    "set_aside": "move_folder",
    "put_back": "move_folder",
    "delete": "delete_folder",
    "mark": "make_directory",
}
CHANGES = {"MakeDirectory", "MoveDatastoreFile_Task", "DeleteDatastoreFile_Task"}
MOMENTS = ("written down", "sent", "told")


def kill_at(monkeypatch: pytest.MonkeyPatch, step: str, moment: str) -> None:
    """Ends the worker right after the step was written down, was sent, or was told as sent."""
    at = {"step": ""}
    about_to, sent = ClaimReport.about_to, ClaimReport.sent
    call = getattr(VCenterClient, CALLS[step])

    def patched_about_to(self, name, note=""):
        about_to(self, name, note)
        at["step"] = name
        if name == step and moment == "written down":
            raise Killed

    def patched_call(self, *args, **more):
        answer = call(self, *args, **more)
        if at["step"] == step and moment == "sent":
            raise Killed
        return answer

    def patched_sent(self, task=None):
        sent(self, task)
        if at["step"] == step and moment == "told":
            raise Killed

    monkeypatch.setattr(ClaimReport, "about_to", patched_about_to)
    monkeypatch.setattr(ClaimReport, "sent", patched_sent)
    monkeypatch.setattr(VCenterClient, CALLS[step], patched_call)


def killed_and_taken_over(rig: Rig, job: Job, monkeypatch, step: str, moment: str) -> Job:
    with monkeypatch.context() as patch:
        kill_at(patch, step, moment)
        with pytest.raises(Killed):
            rig.run(job)
    return rig.run(job, "w2")


@pytest.mark.parametrize("step", ["make_room", "set_aside", "delete"])
@pytest.mark.parametrize("moment", MOMENTS)
def test_a_deletion_is_finished_by_the_next_worker(rig: Rig, monkeypatch, step, moment):
    image, other = rig.image(), rig.image()
    job = rig.job(rig.target(f"{OWNERLESS}/{image}"), rig.target(f"{OWNERLESS}/{other}"))
    with counting() as calls:
        first, second = killed_and_taken_over(rig, job, monkeypatch, step, moment).items
    assert (first.state, first.trouble) == (ItemState.DONE, None)
    assert first.done_bytes == 2 * 10_012
    assert second.state is ItemState.DONE
    assert not (rig.disk / OWNERLESS / image).exists()
    assert rig.left_aside() == []
    assert calls.by_method["MoveDatastoreFile_Task"] == 2, "each folder is set aside once"


@pytest.mark.parametrize("moment", MOMENTS)
def test_what_came_into_use_before_the_next_worker_came_is_put_back(rig, monkeypatch, moment):
    image = rig.image()
    job = rig.job(rig.target(f"{OWNERLESS}/{image}"))
    with monkeypatch.context() as patch:
        kill_at(patch, "delete" if moment == "written down" else "set_aside", moment)
        with pytest.raises(Killed):
            rig.run(job)
    assert not (rig.disk / OWNERLESS / image).exists()
    vm = rig.inventory.create("late")
    stand_on(vm, parent(image))
    (item,) = rig.run(job, "w2").items
    assert (item.state, [r.detail for r in item.refusals]) == (ItemState.REFUSED, ["late"])
    assert (rig.disk / OWNERLESS / image / f"{image}.20.vmdk").exists()
    assert rig.left_aside() == []


@pytest.mark.parametrize("moment", MOMENTS)
def test_putting_back_is_finished_by_the_next_worker(rig: Rig, monkeypatch, moment):
    image = rig.image()
    vm = rig.inventory.create("quick")
    rig.while_aside(image, lambda: stand_on(vm, parent(image)))
    job = rig.job(rig.target(f"{OWNERLESS}/{image}"))
    (item,) = killed_and_taken_over(rig, job, monkeypatch, "put_back", moment).items
    assert item.state is ItemState.REFUSED
    assert [(r.kind, r.detail) for r in item.refusals] == [(RefusalKind.IN_USE, "quick")]
    assert (rig.disk / OWNERLESS / image / f"{image}.vmdk").exists()
    assert rig.left_aside() == []


@pytest.mark.parametrize("moment", MOMENTS)
def test_a_mark_is_made_once(rig: Rig, monkeypatch, moment):
    image = rig.image(OWNED)
    job = rig.job(rig.target(f"{OWNED}/{image}"), kind=JobKind.CACHE_MARK)
    (item,) = killed_and_taken_over(rig, job, monkeypatch, "mark", moment).items
    assert item.state is ItemState.DONE
    markers = [p.name for p in (rig.disk / OWNED / image).iterdir() if p.name.startswith("ts-")]
    assert len(markers) == 1, markers


def sent(calls) -> dict[str, int]:
    return {method: count for method, count in calls.by_method.items() if method in CHANGES}


@pytest.mark.parametrize("step", ["make_room", "set_aside", "delete"])
def test_a_worker_that_stood_still_until_another_was_done_sends_nothing_more(
    rig: Rig, monkeypatch, step
):
    """It had written the step down, and goes on where it stood: right before it sends."""
    image = rig.image()
    job = rig.job(rig.target(f"{OWNERLESS}/{image}"))
    ahead_s = [0.0]
    real, about_to = sqlite_journal.clock_s, ClaimReport.about_to
    monkeypatch.setattr(sqlite_journal, "clock_s", lambda: real() + ahead_s[0])
    stood_still = []

    def stand_still(self, name, note=""):
        about_to(self, name, note)
        if name == step and not stood_still:
            stood_still.append(name)
            ahead_s[0] = LEASE_S + 1
            (item,) = rig.run(job, "w2").items
            assert item.state is ItemState.DONE
            stood_still.append(sent(calls))

    monkeypatch.setattr(ClaimReport, "about_to", stand_still)
    with counting() as calls:
        (item,) = rig.run(job).items
    assert stood_still == [step, sent(calls)], "nothing was sent after it went on"
    assert item.state is ItemState.DONE
    assert rig.left_aside() == []


def test_a_folder_that_is_in_neither_place_is_told_as_unknown(rig: Rig, monkeypatch):
    image = rig.image()
    job = rig.job(rig.target(f"{OWNERLESS}/{image}"))
    with monkeypatch.context() as patch:
        kill_at(patch, "set_aside", "told")
        with pytest.raises(Killed):
            rig.run(job)
    (aside,) = [path for path in rig.left_aside() if path.name == image]
    aside.rename(rig.disk / "elsewhere")
    (item,) = rig.run(job, "w2").items
    assert item.state is ItemState.UNKNOWN
    assert f"{OWNERLESS}/{image}" in item.trouble.detail


def test_a_cancelled_job_puts_back_what_is_aside_and_begins_nothing_more(rig: Rig):
    image, other = rig.image(), rig.image()
    job = rig.job(rig.target(f"{OWNERLESS}/{image}"), rig.target(f"{OWNERLESS}/{other}"))
    rig.while_aside(image, lambda: rig.journal.ask_cancel(job.id))
    first, second = rig.run(job).items
    assert (second.state, second.steps) == (ItemState.CANCELLED, ())
    # Whether the look at the journal, once a second, came in time for the first.
    assert first.state in (ItemState.CANCELLED, ItemState.DONE)
    assert (rig.disk / OWNERLESS / image).exists() == (first.state is ItemState.CANCELLED)
    assert (rig.disk / OWNERLESS / other).exists()
    assert rig.left_aside() == []
