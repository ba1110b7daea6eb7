"""`manage.py vmware_collect` as it runs in the field: a process of its own, and a real memcached."""

import json
import os
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

from benchmarks.machine import ROOT
from lab.simulator import VCenterLogin
from tests.simulator import setting_of
from tests.store.servers import ALIAS, CacheServer, free_port

VCENTER = "bench"
START_TIMEOUT_S = 300
MEMORY_MB = 512


@dataclass(frozen=True)
class RunningCollector:
    """`caches` are Django's CACHES, by which others find what it keeps."""

    pid: int
    caches: dict[str, Any]


@contextmanager
def running_collector(account: VCenterLogin) -> Iterator[RunningCollector]:
    """One that has listed everything and watches."""
    with TemporaryDirectory(prefix="vmwbench") as name:
        folder = Path(name)
        cache = CacheServer("memcached", folder, free_port(), MEMORY_MB)
        cache.start()
        status_file = folder / "status.json"
        log = folder / "collector.log"
        with log.open("wb") as out:
            process = subprocess.Popen(
                [sys.executable, "manage.py", "vmware_collect", "--status-file", str(status_file)],
                cwd=ROOT,
                env=_environment(account, cache, folder),
                stdout=out,
                stderr=out,
            )
        try:
            _until_ready(process, status_file, log)
            yield RunningCollector(process.pid, cache.caches)
        finally:
            process.terminate()
            try:
                process.wait(30)
            except subprocess.TimeoutExpired:
                process.kill()
                process.wait()
            cache.kill()


def _environment(account: VCenterLogin, cache: CacheServer, folder: Path) -> dict[str, str]:
    panel = {
        "vcenters": {
            VCENTER: {**setting_of(account), "list_timeout_s": START_TIMEOUT_S},
        },
        "collector": {"mode": "external"},
        "store": {"cache": ALIAS},
    }
    return {
        **os.environ,
        "DJANGO_SETTINGS_MODULE": "benchmarks.collector_settings",
        "VMWARE_LAB_STATE": str(folder),
        "BENCH_CACHES": json.dumps(cache.caches),
        "BENCH_PANEL": json.dumps(panel),
        "PYTHONWARNINGS": "ignore",
    }


def _until_ready(process: "subprocess.Popen[bytes]", status_file: Path, log: Path) -> None:
    give_up_s = time.monotonic() + START_TIMEOUT_S
    while not (status_file.exists() and json.loads(status_file.read_text())["ready"]):
        if process.poll() is not None or time.monotonic() > give_up_s:
            raise RuntimeError(f"the collector does not watch:\n{log.read_text()[-2000:]}")
        time.sleep(0.1)
