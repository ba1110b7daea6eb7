"""How a job tells the supervisor, over its output, what the person at the terminal should see."""

from __future__ import annotations

import os

from lab.processes import OWNER_VARIABLE

_MARK = "[progress] "


def say(text: str) -> None:
    """Print a line that the supervisor shows; everything else only goes to the job's log.

    Outside of a job, it is simply printed.
    """
    print(f"{_MARK}{text}" if OWNER_VARIABLE in os.environ else text, flush=True)


def said(line: str) -> str | None:
    """The text of a line that :func:`say` printed; None for any other line."""
    return line.removeprefix(_MARK) if line.startswith(_MARK) else None
