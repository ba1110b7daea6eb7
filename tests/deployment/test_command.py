"""What `manage.py vmware_collect` says: exit status, lines, status file, systemd."""

import json
import socket
from pathlib import Path
from typing import Any

import pytest

from tests.deployment.rig import NAME, WAIT_S, Deployment, until

LOCMEM = {"BACKEND": "django.core.cache.backends.locmem.LocMemCache"}


def test_once_publishes_and_ends(deployment: Deployment) -> None:
    process = deployment.collector("--once")
    assert process.wait() == 0, process
    assert deployment.sessions == 0 and deployment.lists == 1
    page = deployment.web().page()
    assert len(page.notes) == 12 and page.state == "stopped"


def test_once_ends_with_1_and_says_why_if_vcenter_refuses(one_cache: Deployment) -> None:
    one_cache.config["vcenters"][NAME]["password"] = "wrong"
    process = one_cache.collector("--once")
    assert process.wait() == 1, process
    (said,) = [line for line in process.errors if line.startswith("CommandError")]
    assert f"not published: {NAME} ({NAME}: login:" in said and "wrong" not in said
    assert one_cache.simulator.calls().failed_logins == 1


def test_once_ends_with_1_if_the_cache_is_down(one_cache: Deployment) -> None:
    one_cache.cache.kill()
    process = one_cache.collector("--once")
    assert process.wait() == 1, process
    assert "store: unreachable" in process.errors[-1] and one_cache.logins == 0


def test_once_leaves_it_to_a_collector_that_is_at_work(deployment: Deployment) -> None:
    collector = deployment.collecting()
    process = deployment.collector("--once")
    assert process.wait() == 1, process
    assert "another collector has the lease" in process.errors[-1]
    assert collector.lines[-1] == f"{NAME}: collecting, watching", collector
    assert (deployment.lists, deployment.most_sessions) == (1, 1)


def misconfigured(deployment: Deployment, fault: str) -> str:
    """Makes the fault; what the command has to say of it."""
    config: dict[str, Any] = deployment.config
    if fault == "embedded":
        config["collector"]["mode"] = "embedded"
        return "VMWARE_PANEL.collector.mode is not 'external'"
    if fault == "memory":
        deployment.caches = {name: LOCMEM for name in deployment.caches}
        return "is memory of one process"
    if fault == "alias":
        config["store"]["cache"] = "elsewhere"
        return "VMWARE_PANEL.store.cache is not an alias in CACHES"
    if fault == "typing error":
        config["collektor"] = config.pop("collector")
        return "VMWARE_PANEL.collektor is not a known key"
    config["vcenters"] = {}
    return "describes no vCenter"


@pytest.mark.parametrize("fault", ["embedded", "memory", "alias", "typing error", "no vcenter"])
def test_a_misconfiguration_ends_it_with_2_and_the_fault(
    one_cache: Deployment, fault: str
) -> None:
    wanted = misconfigured(one_cache, fault)
    process = one_cache.collector()
    assert process.wait() == 2, process
    assert wanted in str(process) and "Traceback" not in str(process), process
    assert one_cache.logins == 0


def test_a_line_is_written_for_each_change_and_no_other(one_cache: Deployment) -> None:
    process = one_cache.collecting()
    one_cache.control.fault("RuntimeFault", "WaitForUpdatesEx", times=0)
    one_cache.write_note("wakes it")
    until(lambda: process.said("failing (bad_answer: "), "the failure", process)
    one_cache.control.clear_faults()
    until(lambda: process.lines[-1].endswith("collecting, watching"), "its end", process)
    assert process.terminate() == 0
    lines = process.lines
    assert all(one != other for one, other in zip(lines, lines[1:], strict=False)), process
    assert lines[-1] == f"{NAME}: stopped"


def test_the_status_file_is_whole_at_every_moment(one_cache: Deployment, tmp_path: Path) -> None:
    path = tmp_path / "status.json"
    process = one_cache.collector("--status-file", str(path))
    until(path.exists, "the status file", process)
    ready = False
    for _ in range(20_000):
        said = json.loads(path.read_text())
        assert said["ready"] is said["vcenters"][NAME]["ready"]
        ready = ready or said["ready"]
    until(lambda: json.loads(path.read_text())["ready"], "readiness", process)
    said = json.loads(path.read_text())["vcenters"][NAME]
    assert (said["keeper"], said["state"], said["published"]) == ("collecting", "watching", 1)
    one_cache.cache.kill()
    until(lambda: not json.loads(path.read_text())["ready"], "the end of readiness", process)
    assert json.loads(path.read_text())["vcenters"][NAME]["store_trouble"] == "unreachable"
    assert process.terminate() == 0
    ended = json.loads(path.read_text())
    assert ended["ready"] is False and ended["vcenters"][NAME]["keeper"] == "stopped"
    assert [p.name for p in tmp_path.glob("status.json*")] == ["status.json"]


def test_a_status_file_that_cannot_be_written_is_said_once_and_tried_again(
    one_cache: Deployment, tmp_path: Path
) -> None:
    path = tmp_path / "later" / "status.json"
    process = one_cache.collecting("--status-file", str(path))
    path.parent.mkdir()
    until(path.exists, "the status file", process)
    assert process.terminate() == 0
    assert len([line for line in process.errors if "--status-file" in line]) == 1, process


def test_systemd_is_told_of_readiness_life_and_end(one_cache: Deployment, tmp_path: Path) -> None:
    address = tmp_path / "notify"
    with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as systemd:
        systemd.bind(str(address))
        systemd.settimeout(WAIT_S)
        process = one_cache.collector(NOTIFY_SOCKET=str(address))
        told = [systemd.recv(4096).decode() for _ in range(9)]
        assert told[0] == "READY=1" and told[1] == "WATCHDOG=1"
        watching = f"STATUS={NAME}: collecting, watching"
        while told[-1] != watching:
            told.append(systemd.recv(4096).decode())
        process.tell(15)
        while told[-1] != "STOPPING=1":
            told.append(systemd.recv(4096).decode())
        assert process.wait() == 0
        systemd.setblocking(False)
        with pytest.raises(BlockingIOError):
            systemd.recv(4096)
    assert told.count("WATCHDOG=1") >= 3
