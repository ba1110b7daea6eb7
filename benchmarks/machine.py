"""Where and when figures were taken, and clocks and gauges of processes."""

import os
import platform
import resource
import statistics
import subprocess
import time
from collections.abc import Callable
from datetime import UTC, datetime
from importlib.metadata import version
from pathlib import Path
from typing import Any, TypeVar

import psutil

T = TypeVar("T")

ROOT = Path(__file__).resolve().parents[1]
PACKAGES = ("django", "horizon", "msgspec", "pyvmomi", "pymemcache")


def described() -> dict[str, Any]:
    """Revision, versions and the machine; without its name."""
    return {
        "at": datetime.now(UTC).isoformat(timespec="seconds"),
        "revision": _git("rev-parse", "HEAD"),
        "uncommitted_changes": bool(_git("status", "--porcelain", "--untracked-files=no")),
        "python": platform.python_version(),
        "versions": {name: version(name) for name in PACKAGES},
        "cores": os.cpu_count(),
        "memory_gb": round(psutil.virtual_memory().total / 1e9, 1),
    }


def load() -> float:
    """Of the last minute."""
    return round(os.getloadavg()[0], 2)


def timed(work: Callable[[], T]) -> tuple[float, T]:
    started_s = time.perf_counter()
    result = work()
    return time.perf_counter() - started_s, result


def median(work: Callable[[], object], times: int = 5) -> float:
    return statistics.median(timed(work)[0] for _ in range(times))


def rss_kb(pid: int | None = None) -> int:
    return int(psutil.Process(pid).memory_info().rss) // 1024


def peak_rss_kb() -> int:
    """Of this process, so far."""
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss


def cpu_s(pid: int) -> float:
    """Processor time of a process so far, its children's not counted."""
    times = psutil.Process(pid).cpu_times()
    return float(times.user + times.system)


def _git(*arguments: str) -> str:
    try:
        return subprocess.run(
            ["git", *arguments], cwd=ROOT, capture_output=True, text=True, check=True
        ).stdout.strip()
    except (OSError, subprocess.CalledProcessError):
        return ""  # not a checkout
