"""What `manage.py vmware_check` is told of one vCenter, step by step."""

import socket
from pathlib import Path

import pytest

from tests.simulator import READER, RunningSimulator
from tests.vsphere.certificates import Authority
from tests.vsphere.fault_proxy import (
    closed_port,
    deaf_listener,
    fault_proxy,
    rewritten,
    soap_fault,
)
from tests.vsphere.rig import VCenter
from vmware_panel.vsphere import Endpoint, ProbeStep, StepName, StepStatus, probe

pytestmark = pytest.mark.simulator

STEPS = [name for name in StepName if name is not StepName.NODES]  # which is the caller's


def steps(endpoint: Endpoint) -> dict[StepName, ProbeStep]:
    found = {step.name: step for step in probe(endpoint)}
    assert list(found) == STEPS, "every step is told, in order"
    return found


def fails_at(endpoint: Endpoint, name: StepName) -> ProbeStep:
    found = steps(endpoint)
    failed = [step for step in found.values() if step.status is StepStatus.FAILED]
    assert [step.name for step in failed] == [name]
    later = STEPS[STEPS.index(name) + 1 :]
    assert {found[step].status for step in later} <= {StepStatus.SKIPPED}
    assert failed[0].remedy, "a failed step says what to do"
    return failed[0]


def test_all_is_well(vcenter: VCenter) -> None:
    found = steps(vcenter.endpoint)
    assert {name: step.status for name, step in found.items()} == {
        StepName.NAME: StepStatus.OK,
        StepName.TCP: StepStatus.OK,
        StepName.TLS: StepStatus.OK,
        StepName.LOGIN: StepStatus.OK,
        StepName.VERSION: StepStatus.WARN,  # the simulator is a vCenter 6.5
        StepName.RIGHTS: StepStatus.OK,
        StepName.CLUSTERS: StepStatus.OK,
    }
    assert "issued by Test CA" in found[StepName.TLS].detail
    assert [cluster.name for cluster in found[StepName.CLUSTERS].clusters] == ["DC0_C0", "DC0_C1"]
    about = found[StepName.VERSION].vcenter
    assert about is not None and about.version == "6.5.0"
    assert found[StepName.RIGHTS].missing_privileges == ()


def test_it_logs_in_once_and_out_again(vcenter: VCenter) -> None:
    steps(vcenter.endpoint)
    assert vcenter.proxy.count("Login") == vcenter.proxy.count("Logout") == 1


def test_it_logs_out_although_nobody_asks_for_the_rest(vcenter: VCenter) -> None:
    run = probe(vcenter.endpoint)
    for step in run:
        if step.name is StepName.LOGIN:
            break
    run.close()  # type: ignore[attr-defined]
    assert vcenter.proxy.count("Logout") == 1


def test_a_read_only_account_is_told_what_it_lacks_for_changes(
    vcenter: VCenter,
) -> None:
    endpoint = vcenter.endpoint_with(username=READER.user, password=lambda: READER.password)
    rights = steps(endpoint)[StepName.RIGHTS]
    assert rights.status is StepStatus.OK
    assert "Host.Config.Maintenance" in rights.missing_privileges
    assert "System.Read" not in rights.missing_privileges


def test_an_account_that_may_not_read_is_warned_of(vcenter: VCenter) -> None:
    def nothing_granted(body: bytes) -> bytes:
        return body.replace(b"<isGranted>true", b"<isGranted>false")

    vcenter.proxy.spoil("HasPrivilegeOnEntities", rewritten(nothing_granted))
    rights = steps(vcenter.endpoint)[StepName.RIGHTS]
    assert rights.status is StepStatus.WARN
    assert "System.Read" in rights.missing_privileges
    assert "Read-only" in rights.remedy


def test_rights_that_are_not_told_are_no_failure(vcenter: VCenter) -> None:
    vcenter.proxy.spoil("HasPrivilegeOnEntities", soap_fault("NotSupported"))
    assert steps(vcenter.endpoint)[StepName.RIGHTS].status is StepStatus.SKIPPED


def test_an_unknown_name(vcenter: VCenter, monkeypatch: pytest.MonkeyPatch) -> None:
    def no_such_name(*_: object, **__: object) -> list[object]:
        raise socket.gaierror(socket.EAI_NONAME, "Name or service not known")

    monkeypatch.setattr(socket, "getaddrinfo", no_such_name)
    assert (
        "vcenter.invalid"
        in fails_at(vcenter.endpoint_with(host="vcenter.invalid"), StepName.NAME).detail
    )


def test_a_refused_connection(vcenter: VCenter) -> None:
    fails_at(vcenter.endpoint_with(port=closed_port()), StepName.TCP)


def test_a_port_that_never_speaks(vcenter: VCenter) -> None:
    with deaf_listener() as port:
        fails_at(vcenter.endpoint_with(port=port, connect_timeout_s=0.5), StepName.TLS)


def test_a_certificate_for_another_name_is_shown(
    vcenter: VCenter, simulator: RunningSimulator, authority: Authority
) -> None:
    with fault_proxy(simulator.port, *authority.issue("vcenter.example.org")) as proxy:
        failed = fails_at(vcenter.endpoint_with(port=proxy.port), StepName.TLS)
    assert "certificate for vcenter.example.org" in failed.detail
    assert "ca_file" in failed.remedy


def test_a_certificate_of_another_ca_is_shown(vcenter: VCenter, tmp_path: Path) -> None:
    stranger = Authority(tmp_path, "Another CA")
    failed = fails_at(vcenter.endpoint_with(ca_file=str(stranger.ca_file)), StepName.TLS)
    assert "issued by Test CA" in failed.detail


def test_a_certificate_that_soon_expires_is_warned_of(
    vcenter: VCenter, simulator: RunningSimulator, authority: Authority
) -> None:
    with fault_proxy(simulator.port, *authority.issue("127.0.0.1", days_left=7)) as proxy:
        tls = steps(vcenter.endpoint_with(port=proxy.port))[StepName.TLS]
    assert tls.status is StepStatus.WARN
    assert "7 days left" in tls.detail


def test_insecure_is_warned_of(vcenter: VCenter) -> None:
    tls = steps(vcenter.endpoint_with(insecure=True))[StepName.TLS]
    assert tls.status is StepStatus.WARN
    assert "NOT verified" in tls.detail


def test_a_wrong_password_is_tried_once(vcenter: VCenter) -> None:
    failed = fails_at(vcenter.endpoint_with(password=lambda: "not the password"), StepName.LOGIN)
    assert "locks" in failed.remedy
    assert vcenter.proxy.count("Login") == 1


@pytest.mark.parametrize(
    ("version", "status"),
    [
        ("6.0.0", StepStatus.FAILED),
        ("6.7.0", StepStatus.WARN),
        ("7.0.3", StepStatus.OK),
        ("8.0.3", StepStatus.OK),
    ],
)
def test_versions(vcenter: VCenter, version: str, status: StepStatus) -> None:
    def aged(body: bytes) -> bytes:
        return body.replace(b"<version>6.5.0<", f"<version>{version}<".encode())

    vcenter.proxy.spoil("RetrieveServiceContent", rewritten(aged))
    assert steps(vcenter.endpoint)[StepName.VERSION].status is status


def test_an_esx_host_is_told_from_a_vcenter(vcenter: VCenter) -> None:
    def of_a_host(body: bytes) -> bytes:
        return body.replace(b"<apiType>VirtualCenter<", b"<apiType>HostAgent<")

    vcenter.proxy.spoil("RetrieveServiceContent", rewritten(of_a_host))
    assert "ESX host" in fails_at(vcenter.endpoint, StepName.LOGIN).detail


def test_no_cluster_in_sight_is_warned_of(vcenter: VCenter) -> None:
    def without_clusters(body: bytes) -> bytes:
        head, *objects = body.split(b"<objects>")
        kept = [part for part in objects if b'<obj type="ClusterComputeResource"' not in part]
        tail = objects[-1].partition(b"</objects>")[2]
        body = b"<objects>".join([head, *kept])
        return body if body.endswith(tail) else body + tail

    vcenter.proxy.spoil("RetrievePropertiesEx", rewritten(without_clusters))
    clusters = steps(vcenter.endpoint)[StepName.CLUSTERS]
    assert clusters.status is StepStatus.WARN
    assert clusters.clusters == ()
