"""The folder of the embedded journal: nobody else's, and nobody else may write there."""

import os
import pwd
import stat
from contextlib import suppress
from pathlib import Path

from vmware_panel.domain.outcome import TroubleKind
from vmware_panel.jobs.journal import JournalError

OPEN_TO_OTHERS = stat.S_IWGRP | stat.S_IWOTH


def journal_folder(configured: str | None) -> Path:
    """The folder to use, whether or not it is there: `jobs.folder`, else the state folder of the
    user who runs Horizon, else one of theirs in /var/tmp, which outlives a restart as well.

    The same for all processes of one user: it depends on nothing in their environment.
    """
    if configured:
        return Path(configured)
    home = _home()
    if home is not None:
        return home / ".local" / "state" / "vmware_panel" / "jobs"
    return Path("/var/tmp") / f"vmware-panel-jobs-{os.getuid()}"  # noqa: S108  checked below


def made_safe(folder: Path) -> Path:
    """Makes it where it is not there. Raises `JournalError` if others could write or swap it."""
    try:
        folder.parent.mkdir(parents=True, exist_ok=True)
        with suppress(FileExistsError):
            folder.mkdir(mode=0o700)
    except OSError as error:
        raise _refused(folder, f"cannot be made: {error.strerror}") from None
    if reason := fault_of(folder):
        raise _refused(folder, reason)
    return folder


def fault_of(folder: Path) -> str:
    """Why one that is there cannot be used; empty if it can, or is not there."""
    try:
        found = folder.lstat()
    except FileNotFoundError:
        return ""
    except OSError as error:
        return f"cannot be looked at: {error.strerror}"
    if not stat.S_ISDIR(found.st_mode):
        return "is no folder"
    if found.st_uid != os.getuid():
        return f"belongs to user {found.st_uid}, not to {os.getuid()}"
    if found.st_mode & OPEN_TO_OTHERS:
        return "can be written by others: chmod go-w"
    return ""


def _home() -> Path | None:
    """The user's own folder, if they may write there."""
    try:
        home = Path(pwd.getpwuid(os.getuid()).pw_dir)
        found = home.stat()
    except (KeyError, OSError):
        return None
    return home if found.st_uid == os.getuid() and os.access(home, os.W_OK | os.X_OK) else None


def _refused(folder: Path, reason: str) -> JournalError:
    detail = f"the folder {folder} {reason}"
    return JournalError(TroubleKind.CONFIGURATION, detail)
