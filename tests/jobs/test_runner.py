"""A worker does a job's items in order, and writes down each before and after."""

import logging
from pathlib import Path

import pytest

from tests.jobs import samples
from tests.jobs.effects import Effects
from vmware_panel.domain.inventory import MoRef
from vmware_panel.domain.jobs import ItemState, JobItem, JobState, Step
from vmware_panel.domain.plans import RefusalKind
from vmware_panel.jobs.journal import Journal
from vmware_panel.jobs.sqlite_journal import SqliteJournal


@pytest.fixture
def journal(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Journal:
    samples.register(monkeypatch)
    return SqliteJournal(tmp_path / "jobs")


def test_every_item_is_done_once(journal: Journal, tmp_path: Path) -> None:
    journal.add(samples.job(tmp_path), None)
    assert samples.run(journal)
    job = journal.read("job1")
    assert job is not None
    assert job.state is JobState.ENDED
    assert job.ended_at is not None
    assert [item.state for item in job.items] == [ItemState.DONE] * 3
    assert [item.done_bytes for item in job.items] == [1000, 2000, 3000]
    assert job.items[0].steps == (Step("change", True, MoRef("task-k0"), "of k0"),)
    assert Effects(tmp_path / "effects").counts() == {"k0": 1, "k1": 1, "k2": 1}
    assert (tmp_path / "effects.closed").read_text() == "closed\n"


def test_each_end_has_its_reason(
    journal: Journal, tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    its = (
        JobItem("a", "A", {"refuse": "1"}),
        JobItem("b", "B", {"fail": "1"}),
        JobItem("c", "C", {"unanswered": "1"}),
        JobItem("d", "D"),
    )
    journal.add(samples.job(tmp_path, *its), None)
    with caplog.at_level(logging.INFO, "vmware_panel.audit"):
        samples.run(journal)
    job = journal.read("job1")
    assert job is not None
    refused, failed, unknown, done = job.items
    assert (refused.state, refused.refusals[0].kind) == (ItemState.REFUSED, RefusalKind.IN_USE)
    assert failed.state is ItemState.FAILED and failed.trouble is not None
    assert unknown.state is ItemState.UNKNOWN and unknown.steps[0].sent
    assert done.state is ItemState.DONE
    lines = [r.message for r in caplog.records if r.name == "vmware_panel.audit"]
    assert [line.split()[1] for line in lines] == [
        'outcome="refused"',
        'outcome="failed"',
        'outcome="unknown"',
        'outcome="done"',
    ]
    assert all('user="ada"' in line and 'job="job1"' in line for line in lines)
