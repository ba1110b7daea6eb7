"""What every journal does: the file of SQLite and a real Redis."""

import math
import threading
from collections import Counter
from collections.abc import Sequence
from contextlib import closing
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Never

import msgspec
import pytest

from tests.jobs import samples
from tests.jobs.conftest import Rig
from tests.store.servers import ALIAS, CacheServer
from vmware_panel.domain.inventory import MoRef
from vmware_panel.domain.jobs import ItemState, JobItem, JobState, Step
from vmware_panel.domain.outcome import Trouble, TroubleKind
from vmware_panel.domain.plans import Refusal, RefusalKind
from vmware_panel.jobs.cache_journal import CHUNK, CacheJournal
from vmware_panel.jobs.journal import Journal, JournalError, WorkerStopped
from vmware_panel.jobs.sqlite_journal import SqliteJournal
from vmware_panel.store.channel import Channel

TOLD = Trouble("west", TroubleKind.TIMEOUT, "z", "p")


@pytest.fixture
def redis_journal(redis_server: CacheServer) -> CacheJournal:
    return CacheJournal(ALIAS, samples.DEPLOYMENT)


def test_a_job_is_read_as_it_was_written(journal: Journal, tmp_path: Path) -> None:
    job = samples.job(tmp_path)
    journal.add(job, b"sealed")
    assert journal.read(job.id) == job
    assert journal.read(job.id).options == job.options  # type: ignore[union-attr]
    assert journal.sealed(job.id) == b"sealed"
    assert journal.read("another") is None
    assert journal.sealed("another") is None


def test_without_a_job_there_is_nothing(journal: Journal, tmp_path: Path) -> None:
    assert journal.summaries() == ()
    assert list(journal.idle()) == []
    assert journal.claim("none", "w1") is None
    assert journal.read("none") is None
    assert not (tmp_path / "jobs").exists()


def test_one_worker_at_a_time(journal: Journal, tmp_path: Path) -> None:
    journal.add(samples.job(tmp_path), None)
    assert list(journal.idle()) == ["job1"]
    first = journal.claim("job1", "w1")
    assert first is not None
    assert journal.claim("job1", "w2") is None
    assert list(journal.idle()) == []
    told = journal.read("job1")
    assert told is not None
    assert (told.state, told.worker) == (JobState.RUNNING, "w1")
    assert told.beat_at is not None
    first.release()
    assert list(journal.idle()) == ["job1"]
    assert journal.claim("job1", "w2") is not None


def test_of_many_that_claim_at_once_one_gets_it(journal: Journal, tmp_path: Path) -> None:
    journal.add(samples.job(tmp_path), None)
    start = threading.Barrier(8)
    got: list[object] = []

    def claim() -> None:
        start.wait()
        if (claimed := journal.claim("job1", "w")) is not None:
            got.append(claimed)

    threads = [threading.Thread(target=claim) for _ in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(got) == 1


def test_a_worker_that_lost_its_claim_writes_nothing(rig: Rig, tmp_path: Path) -> None:
    journal = rig.journal
    journal.add(samples.job(tmp_path), None)
    lost = journal.claim("job1", "w1")
    assert lost is not None
    rig.lapse()
    assert list(journal.idle()) == ["job1"]
    new = journal.claim("job1", "w2")
    assert new is not None
    new.write(0, replace(new.job.items[0], state=ItemState.DONE))
    for write in (
        lambda: lost.write(0, replace(lost.job.items[0], state=ItemState.FAILED)),
        lost.beat,
        lambda: lost.end(datetime.now(UTC)),
    ):
        with pytest.raises(WorkerStopped):
            write()
    lost.release()
    told = journal.read("job1")
    assert told is not None
    assert (told.state, told.worker) == (JobState.RUNNING, "w2")
    assert told.items[0].state is ItemState.DONE
    assert journal.claim("job1", "w3") is None


def test_an_item_keeps_all_that_is_told_of_it(journal: Journal, tmp_path: Path) -> None:
    journal.add(samples.job(tmp_path), None)
    claim = journal.claim("job1", "w1")
    assert claim is not None
    item = replace(
        claim.job.items[1],
        state=ItemState.REFUSED,
        steps=(Step("a", True, MoRef("task-1"), "n"), Step("b")),
        progress_percent=40,
        refusals=(Refusal(RefusalKind.IN_USE, "x", "y"),),
        trouble=Trouble("west", TroubleKind.TIMEOUT, "z", "p"),
        started_at=datetime.now(UTC),
        attempts=2,
    )
    claim.write(1, item)
    told = journal.read("job1")
    assert told is not None
    assert told.items[1] == item
    assert told.items[0] == claim.job.items[0]
    (summary,) = journal.summaries()
    assert summary.counts == {ItemState.WAITING: 2, ItemState.REFUSED: 1}
    assert (summary.items, summary.done) == (3, 1)


def test_the_end_forgets_the_secret(journal: Journal, tmp_path: Path) -> None:
    journal.add(samples.job(tmp_path), b"sealed")
    claim = journal.claim("job1", "w1")
    assert claim is not None
    claim.end(datetime.now(UTC))
    claim.release()
    assert journal.sealed("job1") is None
    assert list(journal.idle()) == []
    assert journal.claim("job1", "w2") is None
    told = journal.read("job1")
    assert told is not None and told.state is JobState.ENDED and told.ended_at is not None


@pytest.mark.caches
def test_what_a_failover_lost_of_an_item_is_there_at_the_end(
    redis_server: CacheServer, tmp_path: Path
) -> None:
    """A replica takes over that lacks the last writes, while the worker lives on."""
    journal = CacheJournal(ALIAS, samples.DEPLOYMENT)
    journal.add(samples.job(tmp_path), None)
    claim = journal.claim("job1", "w1")
    assert claim is not None
    running = replace(claim.job.items[1], state=ItemState.RUNNING)
    claim.write(1, running)
    kept = journal._chunks("job1", claim._now.fence, claim._items)
    for number, item in enumerate(claim.job.items):
        claim.write(number, replace(item, state=ItemState.DONE))
    journal._channel.put(kept, None)
    claim.end(datetime.now(UTC))
    job = journal.read("job1")
    assert job is not None
    assert [item.state for item in job.items] == [ItemState.DONE] * 3


def test_a_cancel_is_seen_by_all(journal: Journal, tmp_path: Path) -> None:
    journal.add(samples.job(tmp_path), None)
    assert not journal.cancel_asked("job1")
    journal.ask_cancel("job1")
    assert journal.cancel_asked("job1")
    told = journal.read("job1")
    assert told is not None and told.state is JobState.CANCELLING
    assert journal.summaries()[0].job.state is JobState.CANCELLING


def test_one_hands_it_over_within_a_time(rig: Rig, tmp_path: Path) -> None:
    journal = rig.journal
    journal.add(samples.job(tmp_path), None)
    assert journal.may_enqueue("job1", 60)
    assert not journal.may_enqueue("job1", 60)
    journal.enqueued("job1", "result-1")
    assert journal.enqueued_as("job1") == "result-1"
    # A worker has come: should it die, the job may be handed over at once.
    claim = journal.claim("job1", "w1")
    assert claim is not None
    assert journal.may_enqueue("job1", 60)
    claim.release()
    assert journal.may_enqueue("job1", 60)


def test_the_newest_comes_first(journal: Journal, tmp_path: Path) -> None:
    for number in range(5):
        journal.add(samples.job(tmp_path, job_id=f"j{number}"), None)
    assert [s.job.id for s in journal.summaries()] == ["j4", "j3", "j2", "j1", "j0"]
    assert all(summary.job.items == () for summary in journal.summaries())


def test_old_ended_jobs_are_dropped_and_no_others(journal: Journal, tmp_path: Path) -> None:
    now = datetime.now(UTC)
    for number, ended_at in enumerate(
        (now - timedelta(days=40), None, now - timedelta(days=3), now, None, now)
    ):
        journal.add(samples.job(tmp_path, job_id=f"j{number}"), b"x")
        if ended_at is not None:
            claim = journal.claim(f"j{number}", "w")
            assert claim is not None
            claim.end(ended_at)
    assert journal.prune(timedelta(days=30)) == 1
    assert [s.job.id for s in journal.summaries()] == ["j5", "j4", "j3", "j2", "j1"]
    assert journal.prune(timedelta(days=30), most=3) == 1
    assert [s.job.id for s in journal.summaries()] == ["j5", "j4", "j3", "j1"]
    assert journal.read("j0") is None
    journal.add(samples.job(tmp_path, job_id="j6"), None)
    assert journal.summaries()[0].job.id == "j6"


def test_ten_thousand_items(journal: Journal, tmp_path: Path) -> None:
    its = tuple(JobItem(f"k{n}", f"item {n}") for n in range(10_000))
    journal.add(samples.job(tmp_path, *its), None)
    claim = journal.claim("job1", "w1")
    assert claim is not None
    claim.write(9_999, replace(its[-1], state=ItemState.DONE))
    told = journal.read("job1")
    assert told is not None and len(told.items) == 10_000
    assert told.items[-1].state is ItemState.DONE
    assert journal.summaries()[0].counts == {ItemState.WAITING: 9_999, ItemState.DONE: 1}


def test_what_is_written_of_one_item_leaves_the_others_as_they_are(
    journal: Journal, tmp_path: Path
) -> None:
    """Whatever the journal keeps together, and whoever wrote the others."""
    kept = list(samples.items(2 * CHUNK + 3))
    journal.add(samples.job(tmp_path, *kept), None)
    last = len(kept) - 1
    for worker, numbers in enumerate(
        [(0, CHUNK - 1, CHUNK, last), (1, CHUNK, 2 * CHUNK), (), (last, 2, 0, CHUNK + 1)]
    ):
        claim = journal.claim("job1", f"w{worker}")
        assert claim is not None and claim.job.items == tuple(kept)
        for number in numbers:
            done = ItemState.DONE if kept[number].attempts else ItemState.RUNNING
            attempts = kept[number].attempts + 1
            kept[number] = replace(
                kept[number], state=done, attempts=attempts, trouble=TOLD, progress_percent=worker
            )
            claim.write(number, kept[number])
            told = journal.read("job1")
            assert told is not None and told.items == tuple(kept)
        assert told is not None and journal.summaries()[0].counts == told.counts
        claim.release()


def test_a_write_that_failed_is_made_good(
    rig: Rig, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    kept = list(samples.items(5))
    rig.journal.add(samples.job(tmp_path, *kept), None)
    claim = rig.journal.claim("job1", "w1")
    assert claim is not None

    def away(*args: object) -> Never:
        raise JournalError(TroubleKind.UNREACHABLE, "away")

    begun = [replace(item, state=ItemState.RUNNING) for item in kept]
    with monkeypatch.context() as patch:
        patch.setattr("vmware_panel.jobs.sqlite_file.SqliteFile.connected", away)
        patch.setattr("vmware_panel.store.channel.Channel.put", away)
        with pytest.raises(JournalError):
            claim.write(3, begun[3])
    claim.write(4, begun[4])
    told = rig.journal.read("job1")
    assert told is not None and told.items == (*kept[:4], begun[4])
    claim.write(3, begun[3])
    told = rig.journal.read("job1")
    assert told is not None and told.items == (*kept[:3], *begun[3:])
    assert rig.journal.summaries()[0].counts == told.counts


@pytest.mark.caches
def test_a_shared_cache_has_few_keys_of_a_large_job(
    redis_journal: CacheJournal, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Each has its price, and a claim reads, writes and deletes all of them."""
    asked: Counter[str] = Counter()

    def counting(name: str) -> None:
        real = getattr(Channel, name)

        def counted(self: Channel, keys: Sequence[str], *rest: object) -> object:
            asked[name] += len(keys)
            return real(self, keys, *rest)

        monkeypatch.setattr(Channel, name, counted)

    redis_journal.add(samples.job(tmp_path, *samples.items(1_000)), None)
    for name in ("get_many", "put", "delete"):
        counting(name)
    assert redis_journal.claim("job1", "w1") is not None
    chunks = math.ceil(1_000 / CHUNK)
    assert all(chunks <= asked[name] <= chunks + 8 for name in asked), asked
    assert len(asked) == 3, asked


@pytest.mark.caches
def test_items_that_a_cache_has_lost_are_missed(
    redis_journal: CacheJournal, tmp_path: Path
) -> None:
    redis_journal.add(samples.job(tmp_path, *samples.items(CHUNK + 1)), None)
    redis_journal._channel.delete([redis_journal._key("job1", "0", 1)])
    with pytest.raises(JournalError, match="items of job job1 are missing"):
        redis_journal.read("job1")
    with pytest.raises(JournalError, match="items of job job1 are missing"):
        redis_journal.claim("job1", "w1")


def test_another_deployment_has_jobs_of_its_own(rig: Rig, tmp_path: Path) -> None:
    """Its vCenters may have the same names."""
    rig.journal.add(samples.job(tmp_path), b"x")
    other: Journal
    if rig.kind == "sqlite":
        other = SqliteJournal(tmp_path / "jobs", "other")
    else:
        other = CacheJournal(ALIAS, "other")
    assert (other.summaries(), list(other.idle()), other.claim("job1", "w")) == ((), [], None)


def test_a_job_of_another_release_hides_no_other(
    journal: Journal, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    journal.add(samples.job(tmp_path, job_id="ours"), None)
    for module in ("sqlite_journal", "cache_journal"):
        monkeypatch.setattr(
            f"vmware_panel.jobs.{module}.encode_head", lambda job: b"\x81\xa1x\x01"
        )
    journal.add(samples.job(tmp_path, job_id="theirs"), None)
    assert [summary.job.id for summary in journal.summaries()] == ["ours"]
    with pytest.raises(JournalError):
        journal.read("theirs")


def test_a_state_of_another_release_stops_no_other_job(rig: Rig, tmp_path: Path) -> None:
    """As after a step back from a newer one, which knows more states of an item."""
    journal = rig.journal
    for job_id in ("ours", "theirs"):
        journal.add(samples.job(tmp_path, job_id=job_id), None)
    if isinstance(journal, SqliteJournal):
        with closing(journal.file.connected()) as db:
            db.execute("UPDATE items SET state = 'paused' WHERE job = 2")
    else:
        assert isinstance(journal, CacheJournal)
        told = {"fence": "0", "items": 1, "counts": {"paused": 1}}
        packed = msgspec.msgpack.encode(told)
        journal._channel.put({journal._key("theirs", "now"): packed}, None)
    assert [summary.job.id for summary in journal.summaries()] == ["ours"]
    assert "ours" in journal.idle()
    assert journal.prune(timedelta(days=1)) == 0
    claim = journal.claim("ours", "w")
    assert claim is not None
    claim.end(datetime.now(UTC) - timedelta(days=2))
    assert journal.prune(timedelta(days=1)) == 1
