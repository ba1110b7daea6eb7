"""A file of the journal that cannot be used: said as what it is, and never written over."""

import errno
import os
import sqlite3
from collections.abc import Callable
from contextlib import closing
from pathlib import Path

import pytest

from tests.jobs import samples
from vmware_panel.domain.outcome import TroubleKind
from vmware_panel.jobs import sqlite_file
from vmware_panel.jobs.journal import JournalError
from vmware_panel.jobs.sqlite_file import FORMAT
from vmware_panel.jobs.sqlite_journal import SqliteJournal


def journal_in(folder: Path) -> SqliteJournal:
    return SqliteJournal(folder, samples.DEPLOYMENT)


@pytest.fixture
def kept(tmp_path: Path) -> SqliteJournal:
    """One with a job in it."""
    found = journal_in(tmp_path / "jobs")
    found.add(samples.job(tmp_path), None)
    return found


def path_of(journal: SqliteJournal) -> Path:
    return journal.file.path


USES: tuple[Callable[[SqliteJournal], object], ...] = (
    SqliteJournal.summaries,
    SqliteJournal.idle,
    lambda journal: journal.read("job1"),
    lambda journal: journal.claim("job1", "w"),
    lambda journal: journal.ask_cancel("job1"),
)


@pytest.mark.parametrize("use", USES)
def test_a_file_of_a_newer_release_is_left_as_it_is(
    kept: SqliteJournal, use: Callable[[SqliteJournal], object]
) -> None:
    with closing(sqlite3.connect(path_of(kept))) as db:
        db.execute(f"PRAGMA user_version = {FORMAT + 1}")
    with pytest.raises(JournalError, match=f"format {FORMAT + 1}, and this release writes"):
        use(kept)


@pytest.mark.parametrize("use", USES)
def test_a_file_that_is_damaged_is_said_to_be(
    kept: SqliteJournal, use: Callable[[SqliteJournal], object]
) -> None:
    for end in ("-wal", "-shm"):
        Path(f"{path_of(kept)}{end}").unlink(missing_ok=True)
    path_of(kept).write_bytes(b"no database of any kind" * 100)
    with pytest.raises(JournalError, match="file is not a database"):
        use(kept)


def test_a_disk_without_room_for_the_file_is_said_to_be_full(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """What `open` says then is none of SQLite's errors."""

    def full(*args: object, **kwargs: object) -> int:
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))

    monkeypatch.setattr(sqlite_file.os, "open", full)
    with pytest.raises(JournalError, match="No space left on device") as caught:
        journal_in(tmp_path / "jobs").add(samples.job(tmp_path), None)
    assert caught.value.trouble.kind is TroubleKind.UNREACHABLE


@pytest.mark.parametrize("use", USES)
def test_a_folder_that_may_not_be_entered_is_said_to_be_so(
    kept: SqliteJournal,
    use: Callable[[SqliteJournal], object],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """As `Path.exists` does for a folder above that is closed to this user."""

    def closed(*args: object, **kwargs: object) -> bool:
        raise PermissionError(errno.EACCES, os.strerror(errno.EACCES))

    monkeypatch.setattr(Path, "exists", closed)
    with pytest.raises(JournalError, match="Permission denied"):
        use(kept)
