"""A vCenter simulator for tests: the real binary, on a free port, with TLS that is verified."""

import os
import re
import signal
import socket
import subprocess
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

from pyVmomi import vim

from lab.certificates import ensure_certificates
from lab.simulator import (
    Account,
    Calls,
    SimulatorControl,
    SimulatorOptions,
    VCenterLogin,
    ensure_built,
    ensure_wsdl,
)

PROJECT_ROOT = Path(__file__).resolve().parent.parent
READER = Account("reader@vsphere.local", "look-only", "readonly")
START_TIMEOUT_S = 120
STOP_TIMEOUT_S = 60


def build_dir() -> Path:
    """Where the simulator is built, once for all runs."""
    state = os.environ.get("VMWARE_LAB_STATE") or PROJECT_ROOT / ".lab"
    return Path(state) / "build"


@dataclass(frozen=True)
class RunningSimulator:
    """A simulator that answers.

    ``user`` may do everything; ``reader`` has vCenter's read-only role.
    """

    login: VCenterLogin
    reader: VCenterLogin
    control: SimulatorControl
    pid: int
    log: Path

    @property
    def host(self) -> str:
        return self.login.host

    @property
    def port(self) -> int:
        return self.login.port

    @property
    def user(self) -> str:
        return self.login.user

    @property
    def password(self) -> str:
        return self.login.password

    @property
    def ca_file(self) -> Path:
        return self.login.ca_file

    def connect(self) -> vim.ServiceInstance:
        """A session of pyVmomi's; the caller ends it."""
        return self.login.connect()

    def calls(self) -> Calls:
        return self.control.calls()

    def reset_calls(self) -> None:
        self.control.reset_calls()

    def expire_sessions(self, reads: Any = "missing") -> int:
        return self.control.expire_sessions(reads)

    def stop(self) -> None:
        """As a vCenter that goes down: connections are refused from now on."""
        os.kill(self.pid, signal.SIGTERM)
        until = time.monotonic() + STOP_TIMEOUT_S
        while self._answers():
            assert time.monotonic() < until, "it does not stop"
            time.sleep(0.01)

    def _answers(self) -> bool:
        try:
            socket.create_connection((self.host, self.port), timeout=1).close()
        except OSError:
            return False
        return True


def setting_of(login: VCenterLogin) -> dict[str, Any]:
    """As one of `vcenters` in VMWARE_PANEL."""
    return {
        "host": login.host,
        "port": login.port,
        "username": login.user,
        "password": login.password,
        "ca_file": str(login.ca_file),
    }


@contextmanager
def running_simulator(**options: Any) -> Iterator[RunningSimulator]:
    """A simulator with the options of :class:`lab.simulator.SimulatorOptions`.

    It is built first where that is needed (some 20 s, once), and gone after the block.
    """
    binary = ensure_built(build_dir())
    with TemporaryDirectory(prefix="vcentersim-") as folder:
        state = Path(folder)
        certificates = ensure_certificates(state / "certificates")
        wanted = SimulatorOptions(
            **{
                "port": 0,
                "accounts": (READER,),
                "cert_file": certificates.cert_file,
                "key_file": certificates.key_file,
                "wsdl_dir": ensure_wsdl(build_dir()),
                "work_dir": state / "datastores",
                "with_parent": True,
                **options,
            }
        )
        log = state / "vcentersim.log"
        with log.open("w") as errors:
            process = subprocess.Popen(
                wanted.argv(binary), stdout=subprocess.PIPE, stderr=errors, text=True
            )
        try:
            port = _port(process, log)
            login = VCenterLogin(
                wanted.listen, port, wanted.user, wanted.password, certificates.ca_file
            )
            reader = replace(login, user=READER.user, password=READER.password)
            yield RunningSimulator(login, reader, SimulatorControl(login), process.pid, log)
        finally:
            process.terminate()
            try:
                process.wait(STOP_TIMEOUT_S)
            except subprocess.TimeoutExpired:
                process.kill()
                process.wait()
            process.stdout.close() if process.stdout else None


def _port(process: subprocess.Popen[str], log: Path) -> int:
    """The port that the simulator names when it is ready."""
    late = threading.Timer(START_TIMEOUT_S, process.kill)
    late.start()
    try:
        line = process.stdout.readline() if process.stdout else ""
    finally:
        late.cancel()
    named = re.match(r"vcentersim https://[^/]+:(\d+)/sdk ", line)
    if named is None:
        process.wait(STOP_TIMEOUT_S)
        raise RuntimeError(f"the vCenter simulator did not start: {log.read_text()[-2000:]}")
    return int(named[1])
