# mypy: allow-untyped-calls
"""Tests one vCenter step by step, as an operator would look for what is wrong.

Uses connections and a session of its own, closed at the end, and one login attempt.
"""

from collections.abc import Callable, Iterator
from contextlib import suppress
from dataclasses import dataclass
from datetime import UTC, datetime
from enum import StrEnum

from vmware_panel.domain.inventory import Cluster, VCenter
from vmware_panel.domain.outcome import TroubleKind
from vmware_panel.vsphere import certificate
from vmware_panel.vsphere.calls import CallCounter
from vmware_panel.vsphere.deadlines import Deadline, within
from vmware_panel.vsphere.endpoint import Endpoint
from vmware_panel.vsphere.errors import VSphereError, cannot_connect
from vmware_panel.vsphere.inventory_reader import read_inventory
from vmware_panel.vsphere.login import Connected, greet, log_in, log_out
from vmware_panel.vsphere.network import Address, open_tcp, resolve, tls_context
from vmware_panel.vsphere.property_sets import CLUSTERS

EXPIRES_SOON_DAYS = 30
LOG_OUT_TIMEOUT_S = 2.0
FLOOR_VERSION = (6, 5)
SUPPORTED_VERSION = (7, 0)

READ_PRIVILEGES = ("System.View", "System.Read")
CHANGE_PRIVILEGES = (
    "Datastore.AllocateSpace",
    "Datastore.Browse",
    "Datastore.Config",
    "Datastore.DeleteFile",
    "Datastore.FileManagement",
    "Host.Config.Maintenance",
    "Host.Inventory.EditCluster",
    "Resource.ApplyRecommendation",
    "Resource.ColdMigrate",
    "Resource.HotMigrate",
    "Resource.QueryVMotion",
)


class StepName(StrEnum):
    NAME = "name"
    TCP = "tcp"
    TLS = "tls"
    LOGIN = "login"
    VERSION = "version"
    RIGHTS = "rights"
    CLUSTERS = "clusters"
    NODES = "nodes"  # asked by the caller, who knows OpenStack


class StepStatus(StrEnum):
    OK = "ok"
    WARN = "warn"  # works, but look at it
    FAILED = "failed"  # nothing after it can work
    SKIPPED = "skipped"


@dataclass(frozen=True, slots=True)
class ProbeStep:
    """What one step found. `remedy` says what to do, and is empty where there is nothing to do.

    `vcenter` comes with the version step, `clusters` with the clusters step,
    `missing_privileges` with the rights step.
    """

    name: StepName
    status: StepStatus
    detail: str
    remedy: str = ""
    vcenter: VCenter | None = None
    clusters: tuple[Cluster, ...] = ()
    missing_privileges: tuple[str, ...] = ()


def probe(endpoint: Endpoint) -> Iterator[ProbeStep]:
    """All steps in order, each as soon as it is done; after a failed one the rest are skipped."""
    run = _Probe(endpoint)
    failed: StepName | None = None
    try:
        for name, step in run.steps():
            if failed is not None:
                yield ProbeStep(name, StepStatus.SKIPPED, f"not tried: {failed} failed")
                continue
            found = _found(name, step, endpoint)
            if found.status is StepStatus.FAILED:
                failed = name
            yield found
    finally:
        run.close()


def _found(name: StepName, step: Callable[[], ProbeStep], endpoint: Endpoint) -> ProbeStep:
    timeout_s = endpoint.connect_timeout_s if name in _CONNECTING else endpoint.read_timeout_s
    try:
        with within(Deadline(timeout_s)):
            return step()
    except (OSError, UnicodeError) as exc:
        error: VSphereError = cannot_connect(
            exc, source=endpoint.name, host=endpoint.host, port=endpoint.port
        )
    except VSphereError as exc:
        error = exc
    return ProbeStep(name, StepStatus.FAILED, error.detail, _remedy(name, error.kind))


_CONNECTING = (StepName.NAME, StepName.TCP, StepName.TLS)

_REMEDIES_BY_STEP = {
    StepName.NAME: "check host in the settings, and the name servers of this machine",
    StepName.TCP: "check host and port in the settings, and the firewalls in between",
}
_REMEDIES = {
    TroubleKind.CERTIFICATE: "give the CA's certificate as ca_file, and as host a name that is "
    "in vCenter's certificate",
    TroubleKind.CONFIGURATION: "check ca_file and the password's source: each must be there, and "
    "readable for the user that this runs as",
    TroubleKind.LOGIN: "check user (name@domain) and password. Do not repeat it too often: "
    "vCenter locks the account",
    TroubleKind.FORBIDDEN: "give the account the Read-only role at vCenter's root folder, "
    "propagating",
    TroubleKind.TIMEOUT: "look at vCenter's load, or allow more time in the settings",
    TroubleKind.OVERLOADED: "wait, and look for programs that leave sessions open at vCenter",
    TroubleKind.UNREACHABLE: "check that vCenter's services run (vpxd, envoy)",
    TroubleKind.BAD_ANSWER: "check that host and port are those of a vCenter's API, not of a "
    "proxy or an ESX host",
}


def _remedy(name: StepName, kind: TroubleKind) -> str:
    return _REMEDIES_BY_STEP.get(name) or _REMEDIES.get(kind, "")


class _Probe:
    """What the steps hand on to one another."""

    def __init__(self, endpoint: Endpoint) -> None:
        self._endpoint = endpoint
        self._addresses: list[Address] = []
        self._connected: Connected | None = None

    def steps(self) -> list[tuple[StepName, Callable[[], ProbeStep]]]:
        return [
            (StepName.NAME, self._resolve),
            (StepName.TCP, self._connect),
            (StepName.TLS, self._shake_hands),
            (StepName.LOGIN, self._log_in),
            (StepName.VERSION, self._look_at_version),
            (StepName.RIGHTS, self._ask_for_rights),
            (StepName.CLUSTERS, self._find_clusters),
        ]

    def close(self) -> None:
        if self._connected is not None:
            with within(Deadline(LOG_OUT_TIMEOUT_S)):
                log_out(self._connected)

    def _resolve(self) -> ProbeStep:
        endpoint = self._endpoint
        self._addresses = resolve(endpoint.host, endpoint.port)
        listed = ", ".join(dict.fromkeys(str(address[0]) for _, address in self._addresses))
        return ProbeStep(StepName.NAME, StepStatus.OK, f"{endpoint.host} is {listed}")

    def _connect(self) -> ProbeStep:
        with open_tcp(self._addresses) as plain:
            address, port = plain.getpeername()[:2]
        return ProbeStep(StepName.TCP, StepStatus.OK, f"{address} answers on port {port}")

    def _shake_hands(self) -> ProbeStep:
        endpoint = self._endpoint
        context = tls_context(endpoint)
        try:
            with context.wrap_socket(
                open_tcp(self._addresses), server_hostname=endpoint.host
            ) as tls:
                verified, version = certificate.of_socket(tls), tls.version()
        except OSError as exc:
            error = cannot_connect(
                exc, source=endpoint.name, host=endpoint.host, port=endpoint.port
            )
            return ProbeStep(
                StepName.TLS,
                StepStatus.FAILED,
                _joined(error.detail, self._shown_certificate()),
                _remedy(StepName.TLS, error.kind),
            )
        if verified is None:
            return ProbeStep(
                StepName.TLS,
                StepStatus.WARN,
                _joined(f"{version}, NOT verified, as insecure says", self._shown_certificate()),
                "give ca_file and take insecure out of the settings",
            )
        return _about_expiry(f"{version}, {verified}", verified.days_left)

    def _shown_certificate(self) -> str:
        with suppress(OSError):
            if shown := certificate.seen_at(self._addresses, self._endpoint.host):
                return f"it shows a {shown}"
        return ""

    def _log_in(self) -> ProbeStep:
        endpoint = self._endpoint
        connected = greet(endpoint, CallCounter())
        try:
            log_in(endpoint, connected)
        except VSphereError:
            connected.channel.retire()
            raise
        self._connected = connected
        return ProbeStep(StepName.LOGIN, StepStatus.OK, f"logged in as {endpoint.username}")

    def _look_at_version(self) -> ProbeStep:
        vcenter = self._logged_in().vcenter
        found = _numbers(vcenter.version)
        status, remedy = StepStatus.OK, ""
        if found < FLOOR_VERSION:
            status = StepStatus.FAILED
            remedy = "this project reads vCenter 6.5 and later: upgrade vCenter"
        elif found < SUPPORTED_VERSION:
            status = StepStatus.WARN
            remedy = "VMware supports 7.0 and later only; reading works, plan the upgrade"
        detail = f"{vcenter.full_name}, API {vcenter.api_version}, id {vcenter.instance_uuid}"
        return ProbeStep(StepName.VERSION, status, detail, remedy, vcenter=vcenter)

    def _ask_for_rights(self) -> ProbeStep:
        connected = self._logged_in()
        asked = (*READ_PRIVILEGES, *CHANGE_PRIVILEGES)
        try:
            session = connected.sessions.currentSession
            answers = connected.authorization.HasPrivilegeOnEntities(
                [connected.root_folder], session.key if session else "", list(asked)
            )
        except VSphereError as error:
            if error.kind is not TroubleKind.BAD_ANSWER:
                raise
            return ProbeStep(
                StepName.RIGHTS, StepStatus.SKIPPED, f"vCenter does not say: {error.detail}"
            )
        granted = {
            item.privId
            for answer in answers or ()
            for item in answer.privAvailability
            if item.isGranted
        }
        return _about_rights(tuple(name for name in asked if name not in granted))

    def _find_clusters(self) -> ProbeStep:
        found = read_inventory(self._logged_in(), datetime.now(UTC), properties=CLUSTERS).clusters
        if not found:
            return ProbeStep(
                StepName.CLUSTERS,
                StepStatus.WARN,
                "the account sees no cluster",
                _REMEDIES[TroubleKind.FORBIDDEN],
            )
        listed = ", ".join(f"{cluster.name} ({cluster.moref})" for cluster in found)
        return ProbeStep(
            StepName.CLUSTERS, StepStatus.OK, f"{len(found)} found: {listed}", clusters=found
        )

    def _logged_in(self) -> Connected:
        if self._connected is None:
            raise RuntimeError("this step comes after the login")
        return self._connected


def _about_expiry(detail: str, days_left: int) -> ProbeStep:
    if days_left >= EXPIRES_SOON_DAYS:
        return ProbeStep(StepName.TLS, StepStatus.OK, detail)
    return ProbeStep(
        StepName.TLS,
        StepStatus.WARN,
        f"{detail}: {days_left} days left",
        "renew vCenter's certificate; when it has expired nothing can be read",
    )


def _about_rights(missing: tuple[str, ...]) -> ProbeStep:
    needed = [name for name in missing if name in READ_PRIVILEGES]
    if needed:
        return ProbeStep(
            StepName.RIGHTS,
            StepStatus.WARN,
            f"missing at the root folder: {', '.join(missing)}; what the account cannot see "
            "counts as not there",
            _REMEDIES[TroubleKind.FORBIDDEN],
            missing_privileges=missing,
        )
    detail = "reads everything from the root folder down"
    if missing:
        detail += f"; not granted there, and needed for changes only: {', '.join(missing)}"
    return ProbeStep(StepName.RIGHTS, StepStatus.OK, detail, missing_privileges=missing)


def _joined(*parts: str) -> str:
    return "; ".join(part for part in parts if part)


def _numbers(version: str) -> tuple[int, ...]:
    return tuple(int(part) for part in version.split(".") if part.isdigit())
