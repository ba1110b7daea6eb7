"""The journal in a file of SQLite: for all processes of one machine, with nothing to set up.

Times of claims are by the machine's clock since boot, which nobody sets and which all its processes
share; after a restart of the machine no claim of before stands.
"""

import logging
import sqlite3
import threading
import time
from collections.abc import Collection, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path

from vmware_panel.domain.jobs import ItemState, Job, JobItem, JobState, Summary
from vmware_panel.domain.outcome import TroubleKind
from vmware_panel.jobs.encoding import decode_head, decode_item, encode_head, encode_item
from vmware_panel.jobs.journal import LEASE_S, MOST_JOBS, JournalError, WorkerStopped
from vmware_panel.jobs.sqlite_file import SqliteFile, begun

LOG = logging.getLogger(__name__)

_COLUMNS = "number, head, worker, leased_until_s, beat_at, cancel, ended_at"


def clock_s() -> float:
    """Seconds since boot: the same for all processes of the machine, and never set."""
    return time.clock_gettime(time.CLOCK_BOOTTIME)


class SqliteJournal:
    """See `Journal`. The folder is made with the first job; before that there are none.

    `deployment` names whose jobs they are: another's are in another file.
    """

    def __init__(self, folder: Path, deployment: str) -> None:
        self.file = SqliteFile(folder / f"jobs-{deployment}.sqlite3")

    def add(self, job: Job, sealed: bytes | None) -> None:
        with self.file.transaction(make=True) as db:
            row = db.execute(
                "INSERT INTO jobs (id, head) VALUES (?, ?) RETURNING number",
                (job.id, encode_head(job)),
            ).fetchone()
            (number,) = row
            db.executemany(
                "INSERT INTO items VALUES (?, ?, ?, ?)",
                [(number, n, i.state.value, encode_item(i)) for n, i in enumerate(job.items)],
            )
            if sealed is not None:
                db.execute("INSERT INTO secrets VALUES (?, ?)", (number, sealed))

    def summaries(self) -> tuple[Summary, ...]:
        with self.file.transaction(reads=True) as db:
            rows = db.execute(f"SELECT {_COLUMNS} FROM jobs ORDER BY number DESC").fetchall()  # noqa: S608
            counted = db.execute("SELECT job, state, count(*) FROM items GROUP BY job, state")
            counts: dict[int, dict[str, int]] = {}
            for number, state, count in counted:
                counts.setdefault(number, {})[state] = count
        found: list[Summary] = []
        for row in rows:
            try:
                found.append(Summary(_job(row), _states(counts.get(row[0], {}))))
            except JournalError as error:
                # One that another release has written is no reason to show none.
                LOG.warning("A job cannot be read: %s", error.trouble.detail)
        return tuple(found)

    def read(self, job_id: str) -> Job | None:
        with self.file.transaction(reads=True) as db:
            return _whole(db, job_id)

    def idle(self) -> Collection[str]:
        with self.file.transaction(reads=True) as db:
            rows = db.execute(
                "SELECT id FROM jobs WHERE ended_at IS NULL AND leased_until_s <= ?"
                " ORDER BY number",
                (clock_s(),),
            ).fetchall()
        return [job_id for (job_id,) in rows]

    def may_enqueue(self, job_id: str, for_s: float) -> bool:
        now_s = clock_s()
        with self.file.transaction() as db:
            taken = db.execute(
                "UPDATE jobs SET queued_until_s = ? WHERE id = ? AND queued_until_s <= ?",
                (now_s + for_s, job_id, now_s),
            )
            return taken.rowcount == 1

    def enqueued(self, job_id: str, result_id: str) -> None:
        with self.file.transaction() as db:
            db.execute("UPDATE jobs SET queued_as = ? WHERE id = ?", (result_id, job_id))

    def enqueued_as(self, job_id: str) -> str:
        with self.file.transaction(reads=True) as db:
            row = db.execute("SELECT queued_as FROM jobs WHERE id = ?", (job_id,)).fetchone()
        return row[0] if row else ""

    def claim(self, job_id: str, worker: str) -> "SqliteClaim | None":
        now_s = clock_s()
        with self.file.transaction() as db:
            taken = db.execute(
                "UPDATE jobs SET worker = ?, fence = fence + 1, leased_until_s = ?, beat_at = ?,"
                " queued_until_s = 0"
                " WHERE id = ? AND ended_at IS NULL AND leased_until_s <= ?"
                " RETURNING number, fence",
                (worker, now_s + LEASE_S, _now(), job_id, now_s),
            ).fetchone()
            job = _whole(db, job_id) if taken else None
        return SqliteClaim(self.file, job, *taken) if job else None

    def sealed(self, job_id: str) -> bytes | None:
        with self.file.transaction(reads=True) as db:
            row = db.execute(
                "SELECT sealed FROM secrets JOIN jobs ON job = number WHERE id = ?", (job_id,)
            ).fetchone()
        return row[0] if row else None

    def ask_cancel(self, job_id: str) -> None:
        with self.file.transaction() as db:
            db.execute("UPDATE jobs SET cancel = 1 WHERE id = ?", (job_id,))

    def cancel_asked(self, job_id: str) -> bool:
        with self.file.transaction(reads=True) as db:
            row = db.execute("SELECT cancel FROM jobs WHERE id = ?", (job_id,)).fetchone()
        return bool(row and row[0])

    def prune(self, keep: timedelta, most: int = MOST_JOBS) -> int:
        with self.file.transaction() as db:
            dropped = db.execute(
                "DELETE FROM jobs WHERE ended_at IS NOT NULL AND (ended_at < ? OR number IN"
                " (SELECT number FROM jobs ORDER BY number DESC"
                " LIMIT -1 OFFSET ?))",
                ((datetime.now(UTC) - keep).isoformat(), most),
            )
            return dropped.rowcount


class SqliteClaim:
    """See `Claim`. `fence` is another for each claim of a job: who has an older one writes nothing."""

    def __init__(self, file: SqliteFile, job: Job, number: int, fence: int) -> None:
        self.job = job
        self._file = file
        self._number = number
        self._fence = fence
        self._lock = threading.Lock()
        self._db: sqlite3.Connection | None = None

    def beat(self) -> None:
        with self._mine() as db:
            db.execute(
                "UPDATE jobs SET leased_until_s = ?, beat_at = ? WHERE number = ?",
                (clock_s() + LEASE_S, _now(), self._number),
            )

    def write(self, number: int, item: JobItem) -> None:
        with self._mine() as db:
            db.execute(
                "UPDATE items SET state = ?, body = ? WHERE job = ? AND number = ?",
                (item.state.value, encode_item(item), self._number, number),
            )

    def end(self, at: datetime) -> None:
        with self._mine() as db:
            db.execute("DELETE FROM secrets WHERE job = ?", (self._number,))
            db.execute(
                "UPDATE jobs SET ended_at = ?, leased_until_s = 0 WHERE number = ?",
                (at.isoformat(), self._number),
            )

    def release(self) -> None:
        try:
            with self._transaction() as db:
                db.execute(
                    "UPDATE jobs SET leased_until_s = 0, queued_until_s = 0"
                    " WHERE number = ? AND fence = ?",
                    (self._number, self._fence),
                )
        finally:
            with self._lock:
                if self._db is not None:
                    self._db.close()
                    self._db = None

    @contextmanager
    def _mine(self) -> Iterator[sqlite3.Connection]:
        with self._transaction() as db:
            row = db.execute(
                "SELECT 1 FROM jobs WHERE number = ? AND fence = ? AND leased_until_s > ?",
                (self._number, self._fence, clock_s()),
            ).fetchone()
            if row is None:
                raise WorkerStopped
            yield db

    @contextmanager
    def _transaction(self) -> Iterator[sqlite3.Connection]:
        """On a connection that stays: to open one for each write would cost more than the write."""
        with self._lock:
            try:
                if self._db is None:
                    self._db = self._file.connected()
                with begun(self._db):
                    yield self._db
            except (sqlite3.Error, OSError) as error:
                raise self._file.failed(error) from None


def _whole(db: sqlite3.Connection, job_id: str) -> Job | None:
    row = db.execute(f"SELECT {_COLUMNS} FROM jobs WHERE id = ?", (job_id,)).fetchone()  # noqa: S608
    if row is None:
        return None
    bodies = db.execute("SELECT body FROM items WHERE job = ? ORDER BY number", (row[0],))
    return replace(_job(row), items=tuple(decode_item(body) for (body,) in bodies))


def _job(row: tuple[int, bytes, str, float, str | None, int, str | None]) -> Job:
    _, head, worker, leased_until_s, beat_at, cancel, ended_at = row
    if ended_at:
        state = JobState.ENDED
    elif cancel:
        state = JobState.CANCELLING
    else:
        state = JobState.RUNNING if leased_until_s > clock_s() else JobState.WAITING
    return replace(
        decode_head(head),
        state=state,
        worker=worker,
        beat_at=datetime.fromisoformat(beat_at) if beat_at else None,
        ended_at=datetime.fromisoformat(ended_at) if ended_at else None,
    )


def _states(counts: Mapping[str, int]) -> Mapping[ItemState, int]:
    try:
        return {ItemState(state): count for state, count in counts.items()}
    except ValueError as error:
        raise JournalError(TroubleKind.BAD_ANSWER, str(error)) from None


def _now() -> str:
    return datetime.now(UTC).isoformat()
