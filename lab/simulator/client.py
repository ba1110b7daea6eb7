"""A session with the simulator (or a vCenter), and the simulator's own requests for tests."""

from __future__ import annotations

import contextlib
import http.client
import json
import ssl
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Literal, Self

from pyVim.connect import Disconnect, SmartConnect
from pyVmomi import vim

TIMEOUT_S = 60


@dataclass(frozen=True)
class VCenterLogin:
    """Where a vCenter is, and as whom."""

    host: str
    port: int
    user: str
    password: str = field(repr=False)
    ca_file: Path

    def tls(self) -> ssl.SSLContext:
        """TLS that trusts ``ca_file`` alone."""
        return ssl.create_default_context(cafile=str(self.ca_file))

    def connect(self) -> vim.ServiceInstance:
        """A session; the caller ends it. TLS is verified, every call has a deadline."""
        return SmartConnect(
            host=self.host,
            port=self.port,
            user=self.user,
            pwd=self.password,
            sslContext=self.tls(),
            httpConnectionTimeout=TIMEOUT_S,
        )

    @contextlib.contextmanager
    def connected(self) -> Iterator[vim.ServiceInstance]:
        """A session that ends with the block."""
        service = self.connect()
        try:
            yield service
        finally:
            Disconnect(service)


@dataclass(frozen=True)
class Calls:
    """What the simulator was asked since the last :meth:`SimulatorControl.reset_calls`.

    Every figure counts SOAP calls by the name of the method; pyVmomi's attribute access is
    ``Fetch``. Calls without a session are those of the user ``""``.
    """

    methods: Mapping[str, int]
    by_user: Mapping[str, Mapping[str, int]]
    logins: Mapping[str, int]
    failed_logins: int
    sessions: Mapping[str, int]
    """Sessions at present, by user; not reset."""
    sessions_ever: int
    most_sessions: Mapping[str, int] = field(default_factory=dict)
    """The most that a user has had at once."""

    @classmethod
    def of(cls, answer: Mapping[str, Any]) -> Self:
        return cls(**answer)

    @property
    def total(self) -> int:
        return sum(self.methods.values())


@dataclass(frozen=True)
class SessionObjects:
    """What the sessions at present have made and not given back.

    The PropertyCollector that every session has from its beginning is not counted.
    """

    collectors: int
    filters: int
    views: int
    waits: int
    """Calls of ``WaitForUpdatesEx`` that wait at this moment."""
    pages: int
    """Tokens that wait for ``ContinueRetrievePropertiesEx``."""


@dataclass(frozen=True)
class Upload:
    """One PUT of a file to a datastore, since the last :meth:`SimulatorControl.reset_uploads`."""

    path: str
    """``[datastore] folder/file``."""
    user: str
    bytes: int
    whole: bool
    ended: bool


ChurnKind = Literal["power", "host", "annotation"]
CHURN_KINDS: tuple[ChurnKind, ...] = ("power", "host", "annotation")


@dataclass(frozen=True)
class Churn:
    """How far a churn is."""

    running: bool
    done: int
    """Changes made."""
    by_kind: Mapping[str, int] | None
    vms: int
    """VMs that were changed, once or more."""
    behind: bool
    """The machine could not keep up with the rate."""


class SimulatorControlError(RuntimeError):
    """The simulator refused a request of a test's."""


class SimulatorControl:
    """What a vCenter does not have and a test needs (``go/additions/lab_requests.go``)."""

    def __init__(self, login: VCenterLogin) -> None:
        self._login = login

    def calls(self) -> Calls:
        return Calls.of(self._ask("GET", "/lab/calls"))

    def reset_calls(self) -> None:
        self._ask("POST", "/lab/calls/reset")

    def objects(self) -> SessionObjects:
        return SessionObjects(**self._ask("GET", "/lab/objects"))

    def expire_sessions(
        self, reads: Literal["missing", "fault", "empty"] = "missing", user: str | None = None
    ) -> int:
        """End every session (or those of ``user``), as the idle limit does; how many there were.

        ``reads`` says how property reads without a session are answered from then on. vCenters
        do all three (``oslo_vmware/api.py``): by a missingSet, by a NotAuthenticated fault, or
        by an empty result.
        """
        wanted = {"reads": reads, "user": user}
        return int(self._ask("POST", "/lab/sessions/expire", wanted)["expired"])

    def delay(self, milliseconds: int, method: str = "*") -> None:
        """Answer calls of ``method`` (``*``: all others) so much later, until set to 0."""
        self._ask("POST", "/lab/delay", {"method": method, "milliseconds": milliseconds})

    def fault(
        self,
        fault: str,
        method: str = "*",
        *,
        user: str | None = None,
        about: str | None = None,
        after: int = 0,
        times: int = 1,
    ) -> None:
        """Answer calls of ``method`` by a vSphere fault, such as ``InvalidCollectorVersion``.

        ``after`` calls pass first, then ``times`` calls get it (0: until :meth:`clear_faults`).
        ``user``: only that user's calls; ``""`` are those without a session. ``about``
        (``VirtualMachine:vm-12``) is what a fault names that names an object; else it names what
        was called. The session lives on: see :meth:`expire_sessions`.
        """
        wanted = {"fault": fault, "method": method, "user": user, "after": after, "times": times}
        self._ask("POST", "/lab/fault", {**wanted, "object": about or ""})

    def hang(
        self, method: str = "*", *, user: str | None = None, after: int = 0, times: int = 1
    ) -> None:
        """As :meth:`fault`, but with no answer at all until :meth:`clear_faults`."""
        self.fault("hang", method, user=user, after=after, times=times)

    def clear_faults(self) -> None:
        self._ask("POST", "/lab/fault/clear")

    def limit_pages(self, objects: int) -> None:
        """Page reads and updates by so many objects at most, whatever is asked for; 0: no limit."""
        self._ask("POST", "/lab/page_limit", {"objects": objects})

    def churn(
        self,
        changes_per_s: float,
        seconds: float,
        kinds: Sequence[ChurnKind] = CHURN_KINDS,
        seed: int = 1,
    ) -> None:
        """Change random VMs from now on; returns at once. The same seed makes the same changes.

        ``power`` switches between on and off, ``host`` moves within the cluster, ``annotation``
        writes another text.
        """
        wanted = {"changes_per_s": changes_per_s, "seconds": seconds, "seed": seed}
        self._ask("POST", "/lab/churn", {**wanted, "kinds": list(kinds)})

    def churn_state(self) -> Churn:
        return Churn(**self._ask("GET", "/lab/churn"))

    def stop_churn(self) -> None:
        self._ask("POST", "/lab/churn/stop")

    def vmotion_takes(self, milliseconds: int) -> None:
        """Make each move by ``MigrateVM_Task`` and by DRS take so long from now on."""
        self._ask("POST", "/lab/vmotion", {"milliseconds": milliseconds})

    def deny(self, user: str, *privileges: str) -> None:
        """Take exactly these privileges from an account, and give back those taken before."""
        self._ask("POST", "/lab/privileges/deny", {"user": user, "privileges": privileges})

    def add_cluster(self, name: str) -> str:
        """A cluster without a host; its id. Raises :class:`SimulatorControlError` for a known name."""
        return str(self._ask("POST", "/lab/clusters", {"name": name})["moref"])

    def rename(
        self,
        kind: Literal["ClusterComputeResource", "Datastore", "HostSystem"],
        moref: str,
        name: str,
    ) -> None:
        """Another name, at once. Nova finds its clusters by their names when it starts."""
        self._ask("POST", "/lab/rename", {"type": kind, "moref": moref, "name": name})

    def add_gap(self, moref: str, from_s: int, to_s: int) -> None:
        """No performance samples of a host between so many seconds ago and so many."""
        wanted = {"moref": moref, "from_s": from_s, "to_s": to_s}
        self._ask("POST", "/lab/performance/gap", wanted)

    def set_free(self, datastore: str, free_bytes: int | None) -> None:
        """Make a datastore report so much free space; ``None``: what it would be."""
        self._ask("POST", f"/lab/datastores/{datastore}/free", {"free_bytes": free_bytes})

    def uploads(self) -> tuple[Upload, ...]:
        """Every file that was sent to a datastore over HTTP."""
        return tuple(Upload(**one) for one in self._ask("GET", "/lab/uploads"))

    def reset_uploads(self) -> None:
        self._ask("POST", "/lab/uploads/reset")

    def set_pace(self, *, copy_ms_per_mib: float = 0, upload_ms_per_mib: float = 0) -> None:
        """How long a MiB takes that is copied from disk to disk, and one that is uploaded, at least;
        0: as fast as this machine.
        """
        wanted = {"copy_ms_per_mib": copy_ms_per_mib, "upload_ms_per_mib": upload_ms_per_mib}
        self._ask("POST", "/lab/pace", wanted)

    def set_accessible(self, datastore: str, accessible: bool) -> None:
        """Let all hosts lose a datastore, or find it again."""
        self._ask("POST", f"/lab/datastores/{datastore}/accessible", {"accessible": accessible})

    def set_datastore_maintenance(
        self, datastore: str, mode: Literal["normal", "enteringMaintenance", "inMaintenance"]
    ) -> None:
        self._ask("POST", f"/lab/datastores/{datastore}/maintenance", {"mode": mode})

    def searches_take(self, milliseconds: int) -> None:
        """Make each search of a whole datastore take so long from now on."""
        self._ask("POST", "/lab/search", {"milliseconds": milliseconds})

    def cannot_list(self, datastore: str, *folders: str) -> None:
        """Make searches leave out exactly these folders (``c1_base/x``), as unreadable ones."""
        self._ask("POST", f"/lab/datastores/{datastore}/unlistable", {"folders": folders})

    def fill_cache(
        self, datastore: str, root: str, count: int, bytes_each: int = 1 << 20
    ) -> tuple[str, ...]:
        """Put so many cached images below ``root``, each a disk with its extent; their names.

        The extent is a hole. The same call again gives the same names.
        """
        return self._fill(datastore, "image", root, count, bytes_each)

    def fill_vm_folders(
        self, datastore: str, count: int, bytes_each: int = 1 << 20
    ) -> tuple[str, ...]:
        """Put so many folders of VMs at the top, of VMs that are in no inventory; their names."""
        return self._fill(datastore, "vm", "", count, bytes_each)

    def _fill(
        self, datastore: str, kind: str, folder: str, count: int, bytes_each: int
    ) -> tuple[str, ...]:
        wanted = {"kind": kind, "folder": folder, "count": count, "bytes": bytes_each}
        answer = self._ask("POST", f"/lab/datastores/{datastore}/fill", wanted)
        return tuple(answer["names"])

    def _ask(self, method: str, path: str, body: object = None) -> Any:
        connection = http.client.HTTPSConnection(
            self._login.host, self._login.port, timeout=TIMEOUT_S, context=self._login.tls()
        )
        try:
            connection.request(method, path, json.dumps(body) if body is not None else None)
            answer = connection.getresponse()
            text = answer.read().decode()
        finally:
            connection.close()
        if answer.status != http.client.OK:
            raise SimulatorControlError(f"{method} {path}: {answer.status} {text.strip()}")
        return json.loads(text)
