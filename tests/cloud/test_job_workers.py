"""Jobs of a Horizon whose workers are RQ's, a database's or Celery's, as docs/job-workers.md says.

A second Horizon on the lab, with the page's own settings and commands: what differs is where its
Redis and its files are.
"""

import html
import os
import re
import shlex
import shutil
import signal
import subprocess
import time
from collections.abc import Callable, Iterator
from contextlib import suppress
from pathlib import Path
from uuid import uuid4

import pytest
import requests

from lab.settings import HOST
from tests.files import age
from tests.jobs.rig import started, until
from tests.lab_run import ROOT, RunningLab
from tests.store.servers import CacheServer, free_port

pytestmark = [pytest.mark.lab, pytest.mark.caches, pytest.mark.timeout(900)]

DOCUMENT = (ROOT / "docs" / "job-workers.md").read_text()
SETTINGS = "tests.cloud.horizon_with_workers"
CACHE = "/admin/vmware_image_cache/"
FORMER = "workers_base"
WAIT_S = 180.0


class Page:
    """What one part of the document tells an operator to write and to run."""

    def __init__(self, heading: str) -> None:
        (part,) = re.findall(rf"^## {heading}\n(.*?)^## ", DOCUMENT, re.MULTILINE | re.DOTALL)
        (settings,) = re.findall(r"```python\n(.*?)```", part, re.DOTALL)
        self.settings = re.sub(r"^   ", "", settings, flags=re.MULTILINE)
        self.commands = [
            shlex.split(line)
            for line in re.findall(r"^ {7}((?:manage.py|celery) .*)$", part, re.M)
        ]


class SecondHorizon:
    """Processes of one deployment: the web server, commands and workers."""

    def __init__(self, lab: RunningLab, folder: Path, settings: str) -> None:
        self._folder, self._started = folder, list[subprocess.Popen[bytes]]()
        local = folder / "local"
        local.mkdir()
        of_lab = ROOT / "lab" / "horizon" / "local" / "local_settings.py"
        (local / "local_settings.py").write_text(
            f"exec(compile(open({str(of_lab)!r}).read(), {str(of_lab)!r}, 'exec'))\n{settings}"
        )
        self._environment = {
            **os.environ,
            **lab.settings.to_environment(),
            "DJANGO_SETTINGS_MODULE": SETTINGS,
            "HORIZON_LOCAL": str(local),
            "PYTHONWARNINGS": "ignore",
        }
        self.url = f"http://{HOST}:{free_port()}"

    def start(self, name: str, *command: str) -> "subprocess.Popen[bytes]":
        process = started(self.log(name), self._environment, command)
        self._started.append(process)
        return process

    def run(self, name: str, command: list[str]) -> "subprocess.Popen[bytes]":
        """As an operator would, who has Horizon's manage.py or Celery's own command."""
        module = "django" if command[0] == "manage.py" else command[0]
        return self.start(name, "-m", module, *command[1:])

    def serve(self) -> None:
        port = self.url.rpartition(":")[2]
        self.start("web", "-m", "lab.wsgi", port, "lab.horizon.wsgi")

    def log(self, name: str) -> Path:
        return self._folder / f"{name}.log"

    def said(self, name: str) -> str:
        return self.log(name).read_text()

    def end(self) -> None:
        """As with Ctrl-C: a web process logs out of vCenter."""
        for process in self._started:
            with suppress(ProcessLookupError):
                os.killpg(process.pid, signal.SIGINT)
        for process in self._started:
            with suppress(subprocess.TimeoutExpired):
                process.wait(15)
            with suppress(ProcessLookupError):
                os.killpg(process.pid, signal.SIGKILL)
            process.wait()


class Visitor:
    """An admin with a browser that runs no script."""

    def __init__(self, url: str, password: str) -> None:
        self._url, self._session = url, requests.Session()
        until(self._answers, f"{url} to answer", WAIT_S)
        form = inputs(self.get("/auth/login/"))
        self._post("/auth/login/", {**form, "username": "admin", "password": password})

    def _answers(self) -> bool:
        try:
            return self._session.get(f"{self._url}/auth/login/", timeout=60).ok
        except (requests.ConnectionError, requests.Timeout):
            return False

    def get(self, path: str) -> str:
        answer = self._session.get(f"{self._url}{path}", timeout=60)
        assert answer.ok, f"{path}: {answer.status_code}"
        return answer.text

    def _post(self, path: str, form: dict[str, str]) -> requests.Response:
        answer = self._session.post(
            f"{self._url}{path}", form, headers={"Referer": f"{self._url}/"}, timeout=60
        )
        assert answer.ok, f"{path}: {answer.status_code} {text(answer.text)}"
        return answer

    def confirm(self, path: str) -> str:
        """Sends the form of a plan's page; the path of where it leads to."""
        (form,) = re.findall(r'<form class="vmware-confirm".*?</form>', self.get(path), re.DOTALL)
        answer = self._post(path.partition("?")[0], inputs(form))
        return answer.url.removeprefix(self._url)


def inputs(page: str) -> dict[str, str]:
    """What the hidden fields would send."""
    tags = re.findall(r"<input\b[^>]*>", page)
    found = {
        key: value for tag in tags if (key := of(tag, "name")) for value in [of(tag, "value")]
    }
    return {key: value for key, value in found.items() if key != "dry_run"}


def of(tag: str, attribute: str) -> str:
    found = re.search(rf'\b{attribute}="([^"]*)"', tag)
    return html.unescape(found[1]) if found else ""


def text(page: str) -> str:
    """The words of what the plugin shows."""
    start = page.find('class="vmware-panel')
    return " ".join(html.unescape(re.sub(r"<[^>]+>", " ", page[max(start, 0) :])).split())


@pytest.fixture
def image(lab: RunningLab) -> Iterator[Path]:
    """A cached image of a root that no compute owns, on a datastore's disk."""
    root = lab.settings.run / "vcenter" / "shared-ds-1" / FORMER
    name = str(uuid4())
    folder = root / name
    folder.mkdir(parents=True)
    (folder / f"{name}.vmdk").write_bytes(b"# descriptor")
    (folder / f"{name}-flat.vmdk").write_bytes(b"x" * 100_000)
    age(folder, 10 * 24 * 3600)
    yield folder
    shutil.rmtree(root, ignore_errors=True)


@pytest.fixture
def redis_server(tmp_path: Path) -> Iterator[CacheServer]:
    server = CacheServer("redis", tmp_path, free_port())
    server.start()
    yield server
    server.kill()


@pytest.fixture
def horizon(
    request: pytest.FixtureRequest, lab: RunningLab, redis_server: CacheServer, tmp_path: Path
) -> Iterator[Callable[[str], SecondHorizon]]:
    made: list[SecondHorizon] = []

    def told(settings: str) -> SecondHorizon:
        for theirs, ours in (
            ("redis.example.org:6379", f"{HOST}:{redis_server.port}"),
            ("redis.example.org", HOST),
            ("6379", str(redis_server.port)),
            ("/var/lib/openstack-dashboard", str(tmp_path)),
        ):
            settings = settings.replace(theirs, ours)
        made.append(SecondHorizon(lab, tmp_path, settings))
        return made[0]

    yield told
    for its in made:
        its.end()


def key_of(visitor: Visitor, name: str) -> str:
    """How the list names it, once the datastores were searched."""

    def listed() -> str:
        page = visitor.get(f"{CACHE}?size=100&q={name}")
        found = [of(tag, "value") for tag in re.findall(r'<input[^>]*name="key"[^>]*>', page)]
        return next((key for key in found if name in key), "")

    return until(listed, f"{name} in the list", WAIT_S)


@pytest.mark.parametrize("heading", ["RQ", "A database", "Celery"])
def test_a_job_of_the_page_is_done_by_a_worker_as_the_document_says(
    heading: str, lab: RunningLab, horizon: Callable[[str], SecondHorizon], image: Path
) -> None:
    page = Page(heading)
    its = horizon(page.settings)
    *before, worker = page.commands
    its.serve()
    check = its.run("check", ["manage.py", "check"])
    for number, command in enumerate(before):
        assert its.run(f"before{number}", command).wait(WAIT_S) == 0, its.said(f"before{number}")
    assert check.wait(WAIT_S) == 0, its.said("check")
    assert "vmware_panel." not in its.said("check")

    visitor = Visitor(its.url, lab.settings.password)
    key = key_of(visitor, image.name)
    job = visitor.confirm(f"{CACHE}purge/?what=selected&vcenter=lab&older_than_h=0&key={key}")
    assert re.fullmatch(r"/admin/vmware_jobs/\w+/", job), job
    assert "No worker is at it just now." in text(visitor.get(job))
    assert image.exists()

    its.run("worker", worker)
    ended = until(lambda: over(visitor, job), "the job's end", WAIT_S)
    assert "1 item was done." in ended
    assert not image.exists()
    assert "works at it" in its.said("worker") and "works at it" not in its.said("web")
    assert 'change="cache_purge" outcome="done"' in its.said("worker")


def over(visitor: Visitor, job: str) -> str:
    time.sleep(0.5)
    shown = text(visitor.get(job))
    return shown if "What was done, and what was not" in shown else ""
