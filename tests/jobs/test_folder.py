"""The journal's file is one user's alone."""

import os
from pathlib import Path

import pytest

from tests.jobs import samples
from vmware_panel.jobs import folder
from vmware_panel.jobs.journal import JournalError
from vmware_panel.jobs.sqlite_journal import SqliteJournal


def test_folder_and_files_are_closed_to_others(tmp_path: Path) -> None:
    its = tmp_path / "a" / "jobs"
    journal = SqliteJournal(its, samples.DEPLOYMENT)
    before = os.umask(0)
    try:
        journal.add(samples.job(tmp_path), None)
    finally:
        os.umask(before)
    claim = journal.claim("job1", "w")  # holds the file open, with what SQLite keeps beside it
    assert claim is not None
    claim.beat()
    assert its.stat().st_mode & 0o777 == 0o700
    names = {path.name for path in its.iterdir()}
    assert names == {"jobs-test.sqlite3", "jobs-test.sqlite3-wal", "jobs-test.sqlite3-shm"}
    assert {path.stat().st_mode & 0o777 for path in its.iterdir()} == {0o600}


@pytest.mark.parametrize("mode", [0o770, 0o707, 0o777])
def test_a_folder_that_others_may_write_is_refused(tmp_path: Path, mode: int) -> None:
    its = tmp_path / "jobs"
    its.mkdir()
    its.chmod(mode)
    with pytest.raises(JournalError, match="can be written by others: chmod go-w"):
        SqliteJournal(its, samples.DEPLOYMENT).add(samples.job(tmp_path), None)
    assert not list(its.iterdir())


def test_a_folder_of_another_user_is_refused(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "jobs").mkdir(mode=0o700)
    monkeypatch.setattr(os, "getuid", lambda: 12345)
    with pytest.raises(JournalError, match="belongs to user"):
        SqliteJournal(tmp_path / "jobs", samples.DEPLOYMENT).add(samples.job(tmp_path), None)


def test_a_link_is_no_folder(tmp_path: Path) -> None:
    (tmp_path / "real").mkdir(mode=0o700)
    (tmp_path / "jobs").symlink_to(tmp_path / "real")
    with pytest.raises(JournalError, match="is no folder"):
        SqliteJournal(tmp_path / "jobs", samples.DEPLOYMENT).add(samples.job(tmp_path), None)


def test_one_that_cannot_be_made_says_why(tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    with pytest.raises(JournalError, match="cannot be made: "):
        SqliteJournal(tmp_path / "file" / "jobs", samples.DEPLOYMENT).add(
            samples.job(tmp_path), None
        )


def test_where_it_is_when_nobody_says(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    assert folder.journal_folder("/srv/jobs") == Path("/srv/jobs")
    monkeypatch.setattr(folder, "_home", lambda: tmp_path)
    monkeypatch.setenv("HOME", "/elsewhere")
    assert folder.journal_folder(None) == tmp_path / ".local" / "state" / "vmware_panel" / "jobs"
    monkeypatch.setattr(folder, "_home", lambda: None)
    its = Path("/var/tmp") / f"vmware-panel-jobs-{os.getuid()}"  # noqa: S108
    assert folder.journal_folder(None) == its
