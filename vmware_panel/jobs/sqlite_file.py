"""The journal's file of SQLite: made and looked after, one transaction at a time."""

import os
import sqlite3
from collections.abc import Iterator
from contextlib import closing, contextmanager
from pathlib import Path

from vmware_panel.domain.outcome import TroubleKind
from vmware_panel.jobs.folder import made_safe
from vmware_panel.jobs.journal import JournalError

WAIT_S = 5.0
"""How long one transaction waits for another process's."""

FORMAT = 1

_SCHEMA = """
CREATE TABLE IF NOT EXISTS boot (id TEXT NOT NULL);
CREATE TABLE IF NOT EXISTS jobs (
    number INTEGER PRIMARY KEY AUTOINCREMENT,
    id TEXT NOT NULL UNIQUE,
    head BLOB NOT NULL,
    worker TEXT NOT NULL DEFAULT '',
    fence INTEGER NOT NULL DEFAULT 0,
    leased_until_s REAL NOT NULL DEFAULT 0,
    beat_at TEXT,
    queued_until_s REAL NOT NULL DEFAULT 0,
    queued_as TEXT NOT NULL DEFAULT '',
    cancel INTEGER NOT NULL DEFAULT 0,
    ended_at TEXT
);
CREATE TABLE IF NOT EXISTS items (
    job INTEGER NOT NULL REFERENCES jobs (number) ON DELETE CASCADE,
    number INTEGER NOT NULL,
    state TEXT NOT NULL,
    body BLOB NOT NULL,
    PRIMARY KEY (job, number)
) WITHOUT ROWID;
CREATE TABLE IF NOT EXISTS secrets (
    job INTEGER PRIMARY KEY REFERENCES jobs (number) ON DELETE CASCADE,
    sealed BLOB NOT NULL
);
"""


class SqliteFile:
    """The file is made with the first transaction that may make it; before that it is as if empty.

    The folder is made safe each time (`folder.made_safe`).
    """

    def __init__(self, path: Path) -> None:
        self.path = path

    @contextmanager
    def transaction(
        self, *, make: bool = False, reads: bool = False
    ) -> Iterator[sqlite3.Connection]:
        """A connection of its own each time: nothing is shared between threads and forks.

        Raises `JournalError`.
        """
        try:
            if not make and not self.path.exists():
                with closing(sqlite3.connect(":memory:", isolation_level=None)) as db:
                    db.executescript(_SCHEMA)
                    yield db
                return
            with closing(self.connected()) as db, begun(db, writes=not reads):
                yield db
        except (sqlite3.Error, OSError) as error:
            raise self.failed(error) from None

    def connected(self) -> sqlite3.Connection:
        """One that stays. Raises `JournalError`, `sqlite3.Error`, `OSError`."""
        made_safe(self.path.parent)
        if not self.path.exists():
            # SQLite gives its other files the mode of this one.
            os.close(os.open(self.path, os.O_CREAT | os.O_WRONLY, 0o600))
        # Threads take turns: who shares a connection holds a lock.
        db = sqlite3.connect(
            self.path, timeout=WAIT_S, isolation_level=None, check_same_thread=False
        )
        try:
            _set_up(db)
        except sqlite3.Error:
            db.close()
            raise
        return db

    def failed(self, error: sqlite3.Error | OSError) -> JournalError:
        """The error as the journal tells it."""
        said = (isinstance(error, OSError) and error.strerror) or str(error)
        return JournalError(_kind(error), f"{self.path}: {said}"[:200])


@contextmanager
def begun(db: sqlite3.Connection, *, writes: bool = True) -> Iterator[None]:
    """A transaction: committed at its end, rolled back after an error."""
    with db:
        db.execute("BEGIN IMMEDIATE" if writes else "BEGIN")
        yield


def boot_id() -> str:
    return Path("/proc/sys/kernel/random/boot_id").read_text().strip()


def _set_up(db: sqlite3.Connection) -> None:
    db.execute("PRAGMA journal_mode = WAL")
    db.execute("PRAGMA synchronous = FULL")
    db.execute("PRAGMA foreign_keys = ON")
    db.execute("PRAGMA secure_delete = ON")
    (version,) = db.execute("PRAGMA user_version").fetchone()
    if version == 0:
        db.executescript(f"BEGIN IMMEDIATE;{_SCHEMA}PRAGMA user_version = {FORMAT};COMMIT;")
    elif version != FORMAT:
        raise sqlite3.DatabaseError(f"it is of format {version}, and this release writes {FORMAT}")
    booted = boot_id()
    if db.execute("SELECT id FROM boot").fetchone() != (booted,):
        db.execute("BEGIN IMMEDIATE")
        if db.execute("SELECT id FROM boot").fetchone() != (booted,):
            db.execute("DELETE FROM boot")
            db.execute("INSERT INTO boot VALUES (?)", (booted,))
            db.execute("UPDATE jobs SET leased_until_s = 0, queued_until_s = 0")
        db.execute("COMMIT")


def _kind(error: sqlite3.Error | OSError) -> TroubleKind:
    return TroubleKind.TIMEOUT if "locked" in str(error) else TroubleKind.UNREACHABLE
