"""A worker does a job's items in order, and writes down each before and after."""

import logging
import threading
from pathlib import Path

import pytest

from tests.jobs import samples
from tests.jobs.effects import Effects, EffectWork
from vmware_panel.domain.inventory import MoRef
from vmware_panel.domain.jobs import ItemState, Job, JobItem, JobState, Step
from vmware_panel.domain.outcome import SourceError, Trouble, TroubleKind
from vmware_panel.domain.plans import RefusalKind
from vmware_panel.jobs import report as reports
from vmware_panel.jobs import runner, works
from vmware_panel.jobs.journal import Journal, JournalError
from vmware_panel.jobs.sqlite_journal import SqliteClaim, SqliteJournal
from vmware_panel.jobs.works import Ended, Report


@pytest.fixture
def journal(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Journal:
    samples.register(monkeypatch)
    return SqliteJournal(tmp_path / "jobs", samples.DEPLOYMENT)


def read(journal: Journal) -> Job:
    job = journal.read("job1")
    assert job is not None
    return job


def test_every_item_is_done_once(journal: Journal, tmp_path: Path) -> None:
    journal.add(samples.job(tmp_path), None)
    assert samples.run(journal)
    job = read(journal)
    assert job.state is JobState.ENDED
    assert job.ended_at is not None
    assert [item.state for item in job.items] == [ItemState.DONE] * 3
    assert [item.done_bytes for item in job.items] == [1000, 2000, 3000]
    assert job.items[0].steps == (Step("change", True, MoRef("task-k0"), "of k0"),)
    assert Effects(tmp_path / "effects").counts() == {"k0": 1, "k1": 1, "k2": 1}
    assert (tmp_path / "effects.closed").read_text() == "closed\n"
    assert not samples.run(journal)


def test_each_end_has_its_reason_and_one_line(
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
    refused, failed, unknown, done = read(journal).items
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


def test_a_dry_run_checks_everything_and_sends_nothing(journal: Journal, tmp_path: Path) -> None:
    its = (JobItem("a", "A", {"refuse": "1"}), JobItem("b", "B"))
    job = samples.job(tmp_path, *its)
    journal.add(Job(**{**fields_of(job), "dry_run": True}), None)
    samples.run(journal)
    assert [i.state for i in read(journal).items] == [ItemState.REFUSED, ItemState.DONE]
    assert not Effects(tmp_path / "effects").counts()


def test_a_dry_run_that_would_send_is_a_fault_of_the_program(
    journal: Journal, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    real = EffectWork.__init__

    def forgetful(self: EffectWork, job: Job) -> None:
        real(self, job)
        self._dry_run = False

    monkeypatch.setattr(EffectWork, "__init__", forgetful)
    journal.add(Job(**{**fields_of(samples.job(tmp_path)), "dry_run": True}), None)
    with pytest.raises(RuntimeError, match="a dry run was about to send: change"):
        samples.run(journal)
    assert not Effects(tmp_path / "effects").counts()


def test_after_a_cancel_nothing_more_is_begun(
    journal: Journal, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    class Cancelling(EffectWork):
        def do(self, item: JobItem, report: Report) -> Ended:
            if item.key == "k1":
                journal.ask_cancel("job1")
            return super().do(item, report)

    monkeypatch.setattr("tests.jobs.effects.EffectWork", Cancelling)
    journal.add(samples.job(tmp_path), None)
    samples.run(journal)
    assert [i.state for i in read(journal).items] == [
        ItemState.DONE,
        ItemState.DONE,
        ItemState.CANCELLED,
    ]
    assert Effects(tmp_path / "effects").counts() == {"k0": 1, "k1": 1}
    assert read(journal).state is JobState.ENDED


def test_one_that_was_cancelled_before_it_began_does_nothing(
    journal: Journal, tmp_path: Path
) -> None:
    journal.add(samples.job(tmp_path), None)
    journal.ask_cancel("job1")
    samples.run(journal)
    assert {i.state for i in read(journal).items} == {ItemState.CANCELLED}
    assert not Effects(tmp_path / "effects").counts()


def test_what_was_begun_is_settled_although_the_job_is_cancelled(
    journal: Journal, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    mortal = samples.Mortal(monkeypatch, SqliteClaim)
    journal.add(samples.job(tmp_path, kill="k1:after_send"), None)
    mortal.run(journal)
    journal.ask_cancel("job1")
    monkeypatch.setattr("vmware_panel.jobs.sqlite_journal.clock_s", lambda: 1e12)
    mortal.run(journal)
    assert [i.state for i in read(journal).items] == [
        ItemState.DONE,
        ItemState.DONE,
        ItemState.CANCELLED,
    ]


def test_a_stopped_worker_sends_nothing_more_and_leaves_the_job_to_the_next(
    journal: Journal, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    stopping = threading.Event()

    class Stopping(EffectWork):
        def do(self, item: JobItem, report: Report) -> Ended:
            if item.key == "k1" and not stopping.is_set():
                stopping.set()
                while True:
                    report.pause(0.1)
            return super().do(item, report)

    monkeypatch.setattr("tests.jobs.effects.EffectWork", Stopping)
    journal.add(samples.job(tmp_path), None)
    assert runner.run(journal, "job1", "w1", stopping)
    assert Effects(tmp_path / "effects").counts() == {"k0": 1}
    assert list(journal.idle()) == ["job1"]
    assert samples.run(journal, worker="w2")
    assert Effects(tmp_path / "effects").counts() == {"k0": 1, "k1": 1, "k2": 1}


def test_a_worker_whose_claim_another_has_sends_nothing(
    journal: Journal, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    class Slow(EffectWork):
        def do(self, item: JobItem, report: Report) -> Ended:
            if item.key == "k1":
                # It was suspended for longer than its claim lasts, and another has gone on.
                monkeypatch.setattr("vmware_panel.jobs.sqlite_journal.clock_s", lambda: 1e12)
                assert journal.claim("job1", "w2") is not None
            return super().do(item, report)

    monkeypatch.setattr("tests.jobs.effects.EffectWork", Slow)
    journal.add(samples.job(tmp_path), None)
    assert samples.run(journal)
    assert Effects(tmp_path / "effects").counts() == {"k0": 1}
    assert read(journal).worker == "w2"


def test_a_journal_that_is_away_for_a_moment_keeps_nothing_up(
    journal: Journal, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(reports, "RETRY_S", 0.01)
    write = SqliteClaim.write
    failed = [0]

    def sometimes(self: SqliteClaim, number: int, item: JobItem) -> None:
        failed[0] += 1
        if failed[0] % 3:
            raise JournalError(TroubleKind.UNREACHABLE, "away")
        write(self, number, item)

    monkeypatch.setattr(SqliteClaim, "write", sometimes)
    journal.add(samples.job(tmp_path), None)
    samples.run(journal)
    assert read(journal).state is JobState.ENDED
    assert Effects(tmp_path / "effects").counts() == {"k0": 1, "k1": 1, "k2": 1}


def test_a_journal_that_stays_away_has_nothing_sent(
    journal: Journal, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(reports, "RETRY_S", 0.01)
    monkeypatch.setattr(reports, "LEASE_S", 0.05)

    def never(self: SqliteClaim, number: int, item: JobItem) -> None:
        raise JournalError(TroubleKind.UNREACHABLE, "away")

    monkeypatch.setattr(SqliteClaim, "write", never)
    journal.add(samples.job(tmp_path), None)
    samples.run(journal)
    assert not Effects(tmp_path / "effects").counts()
    assert list(journal.idle()) == ["job1"]


def test_a_fault_of_the_program_gives_the_claim_back(journal: Journal, tmp_path: Path) -> None:
    journal.add(samples.job(tmp_path, JobItem("a", "A", {"crash": "1"}), JobItem("b", "B")), None)
    for _ in range(runner.MOST_ATTEMPTS):
        with pytest.raises(KeyError):
            samples.run(journal)
        assert list(journal.idle()) == ["job1"]
    samples.run(journal)
    assert [i.state for i in read(journal).items] == [ItemState.FAILED, ItemState.DONE]


def test_a_work_that_cannot_be_made_fails_every_item(
    journal: Journal, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def refuse(self: EffectWork, job: Job) -> None:
        raise SourceError(Trouble("west", TroubleKind.LOGIN, "no"))

    monkeypatch.setattr(EffectWork, "__init__", refuse)
    journal.add(samples.job(tmp_path), None)
    samples.run(journal)
    assert {i.state for i in read(journal).items} == {ItemState.FAILED}
    assert {i.trouble for i in read(journal).items} == {Trouble("west", TroubleKind.LOGIN, "no")}


def test_a_source_that_is_away_is_asked_again_what_came_of_a_step(
    journal: Journal, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    mortal = samples.Mortal(monkeypatch, SqliteClaim)
    monkeypatch.setattr(runner, "SETTLE_RETRY_S", 0.01)
    settle = EffectWork.settle
    asked: list[str] = []

    def late(self: EffectWork, item: JobItem, report: Report) -> Ended | None:
        asked.append(item.key)
        if len(asked) < 3:
            raise SourceError(Trouble("west", TroubleKind.UNREACHABLE))
        return settle(self, item, report)

    monkeypatch.setattr(EffectWork, "settle", late)
    journal.add(samples.job(tmp_path, kill="k1:after_send"), None)
    mortal.run(journal)
    monkeypatch.setattr("vmware_panel.jobs.sqlite_journal.clock_s", lambda: 1e12)
    mortal.run(journal)
    assert asked == ["k1"] * 3
    assert [i.state for i in read(journal).items] == [ItemState.DONE] * 3


def test_every_kind_has_a_work() -> None:
    assert set(works.WORKS) == set(works.JobKind)


def fields_of(job: Job) -> dict[str, object]:
    return {name: getattr(job, name) for name in Job.__dataclass_fields__}
