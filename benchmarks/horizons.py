"""The lab's Horizon, a second one beside it that lacks the plugin, and somebody who looks at pages."""

import json
import os
import re
import statistics
import subprocess
import sys
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import requests

from benchmarks.machine import ROOT, cpu_s
from lab.settings import HOST, LabSettings
from tests.store.servers import free_port

PORT_OFFSET = 6000
START_TIMEOUT_S = 900
PAGE_TIMEOUT_S = 120
SETTLE_S = 5.0
SETTLED_CPU = 0.05
NOVA_READS_S = 300
"""A nova-api lists 10,000 servers in a minute, on a quiet machine."""


@dataclass(frozen=True)
class Horizon:
    """One that answers, at `url` without a slash at its end; all its threads are in `pid`."""

    url: str
    pid: int


@dataclass(frozen=True)
class Page:
    """One page: the median of its seconds, and Horizon's processor time a request, other requests
    and its threads in the background included.
    """

    path: str
    seconds: float
    cpu_s: float
    kilobytes: float


def lab_settings() -> LabSettings:
    """As the variables of the lab say; without them a folder and ports of the benchmark's own."""
    environment = {
        "VMWARE_LAB_STATE": str(ROOT / ".lab" / "for-bench"),
        "VMWARE_LAB_BUILD": str(ROOT / ".lab" / "build"),
        "VMWARE_LAB_PORT_OFFSET": str(PORT_OFFSET),
        **os.environ,
    }
    return LabSettings.from_environment(environment)


@contextmanager
def lab(servers: int) -> Iterator[LabSettings]:
    """The lab with so many servers, each with a VM. One that is up already stays up."""
    settings = lab_settings()
    was_up = _lab(settings, "status").returncode == 0
    try:
        if not was_up:
            _must(_lab(settings, "up", "--nova-vms", str(servers)))
        _must(_lab(settings, "servers", str(servers)))
        yield settings.recorded() or settings
    finally:
        if not was_up:
            _lab(settings, "down")


def with_plugin(settings: LabSettings) -> Horizon:
    status = json.loads(_must(_lab(settings, "status", "--json")).stdout)
    return Horizon(settings.horizon_url.rstrip("/"), status["services"]["horizon"]["pid"])


@contextmanager
def without_plugin(settings: LabSettings) -> Iterator[Horizon]:
    port = free_port()
    url = f"http://{HOST}:{port}"
    log = settings.logs / "horizon-without-plugin.log"
    with log.open("wb") as out:
        process = subprocess.Popen(
            [sys.executable, "-m", "lab.wsgi", str(port), "lab.horizon.wsgi"],
            cwd=ROOT,
            env=_environment(settings, "benchmarks.stock_settings"),
            stdout=out,
            stderr=out,
        )
    try:
        _until_answers(f"{url}/auth/login/", process, log)
        yield Horizon(url, process.pid)
    finally:
        process.terminate()
        process.wait(30)


def settle(horizon: Horizon) -> None:
    """Waits until its threads in the background, which read Nova's servers, have nothing to do."""
    give_up_s = time.monotonic() + NOVA_READS_S
    while time.monotonic() < give_up_s:
        before_s = cpu_s(horizon.pid)
        time.sleep(SETTLE_S)
        if cpu_s(horizon.pid) - before_s < SETTLED_CPU * SETTLE_S:
            return
    raise RuntimeError(f"Horizon at {horizon.url} does not come to rest")


class Visitor:
    """The cloud's admin, logged in at one Horizon."""

    def __init__(self, horizon: Horizon, password: str) -> None:
        self.horizon = horizon
        self._session = requests.Session()
        login = f"{horizon.url}/auth/login/"
        form = self._session.get(login, timeout=PAGE_TIMEOUT_S).text
        hidden = dict(re.findall(r'<input type="hidden" name="([^"]+)" value="([^"]*)"', form))
        answer = self._session.post(
            login,
            data={"region": "default", **hidden, "username": "admin", "password": password},
            headers={"Referer": login},
            timeout=PAGE_TIMEOUT_S,
        )
        if answer.url.startswith(login):
            raise RuntimeError(f"Horizon at {horizon.url} does not let the admin in")

    def get(self, path: str) -> requests.Response:
        answer = self._session.get(self.horizon.url + path, timeout=PAGE_TIMEOUT_S)
        if answer.status_code != 200 or not answer.url.endswith(path):
            raise RuntimeError(f"{path} answers {answer.status_code} at {answer.url}")
        return answer

    def until(self, path: str, right: Callable[[str], bool]) -> str:
        """Asks until the answer is a page that is right; gives that."""
        give_up_s = time.monotonic() + NOVA_READS_S
        while True:
            answer = self._session.get(self.horizon.url + path, timeout=PAGE_TIMEOUT_S)
            if answer.status_code == 200 and right(answer.text):
                return answer.text
            if time.monotonic() > give_up_s:
                raise RuntimeError(f"{path} still says: {answer.text[:500]}")
            time.sleep(1)


def measured(visits: Sequence[tuple[Visitor, str]], times: int, warm_up: int = 2) -> list[Page]:
    """Each page so often, in turns, so that what else the machine does falls on all alike."""
    sizes = [max(len(who.get(path).content) for _ in range(warm_up)) for who, path in visits]
    walls: list[list[float]] = [[] for _ in visits]
    cpus = [0.0] * len(visits)
    for _ in range(times):
        for number, (who, path) in enumerate(visits):
            before_s, started_s = cpu_s(who.horizon.pid), time.perf_counter()
            who.get(path)
            walls[number].append(time.perf_counter() - started_s)
            cpus[number] += cpu_s(who.horizon.pid) - before_s
    return [
        Page(path, statistics.median(wall), cpu / times, size / 1000)
        for (_, path), wall, cpu, size in zip(visits, walls, cpus, sizes, strict=True)
    ]


def _lab(settings: LabSettings, *arguments: str) -> "subprocess.CompletedProcess[str]":
    return subprocess.run(
        [sys.executable, "-m", "lab", *arguments],
        cwd=ROOT,
        env=_environment(settings, "lab.horizon_settings"),
        capture_output=True,
        text=True,
        timeout=START_TIMEOUT_S,
        check=False,
    )


def _must(done: "subprocess.CompletedProcess[str]") -> "subprocess.CompletedProcess[str]":
    if done.returncode:
        raise RuntimeError(f"{' '.join(done.args[1:])}:\n{done.stdout}\n{done.stderr}")
    return done


def _environment(settings: LabSettings, django_settings: str) -> dict[str, str]:
    return {
        **os.environ,
        **settings.to_environment(),
        "DJANGO_SETTINGS_MODULE": django_settings,
        "PYTHONPATH": str(ROOT),
        "PYTHONWARNINGS": "ignore",
    }


def _until_answers(url: str, process: "subprocess.Popen[bytes]", log: Path) -> None:
    give_up_s = time.monotonic() + START_TIMEOUT_S
    while True:
        try:
            requests.get(url, timeout=PAGE_TIMEOUT_S)
            return
        except requests.ConnectionError:
            if process.poll() is not None or time.monotonic() > give_up_s:
                said = log.read_text()[-2000:]
                raise RuntimeError(f"{url} does not answer:\n{said}") from None
            time.sleep(0.3)
