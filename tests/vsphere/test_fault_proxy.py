"""The faults of the proxy are those that they are called, seen by plain pyVmomi."""

import gc
import socket
import ssl
import warnings
from collections.abc import Callable
from dataclasses import replace
from http.client import HTTPException
from pathlib import Path
from typing import Any
from xml.parsers.expat import ExpatError

import pytest
from pyVmomi import vim, vmodl

from lab.simulator import VCenterLogin
from tests.vsphere.certificates import Authority
from tests.vsphere.fault_proxy import (
    Fault,
    cut_after,
    cut_off,
    delayed,
    empty_answer,
    hang_up,
    http_status,
    session_missing,
    soap_fault,
    truncated_to,
)
from tests.vsphere.rig import VCenter

pytestmark = pytest.mark.simulator

Collector = vmodl.query.PropertyCollector


def login_of(vcenter: VCenter, authority: Authority) -> VCenterLogin:
    return replace(vcenter.simulator.login, port=vcenter.proxy.port, ca_file=authority.ca_file)


@pytest.fixture
def service(vcenter: VCenter, authority: Authority) -> Any:
    with login_of(vcenter, authority).connected() as connected:
        yield connected
        vcenter.proxy.heal()


def read_names(service: Any, most: int | None = 5) -> tuple[list[Any], list[int]]:
    """All 20 VMs with their names, and how many came in each page."""
    content = service.RetrieveContent()
    view = content.viewManager.CreateContainerView(content.rootFolder, [vim.VirtualMachine], True)
    try:
        members = Collector.TraversalSpec(type=type(view), path="view", skip=False)
        spec = Collector.FilterSpec(
            objectSet=[Collector.ObjectSpec(obj=view, skip=True, selectSet=[members])],
            propSet=[Collector.PropertySpec(type=vim.VirtualMachine, pathSet=["name"])],
        )
        pages, objects = [], []
        options = Collector.RetrieveOptions(maxObjects=most)
        answer = content.propertyCollector.RetrievePropertiesEx([spec], options)
        while answer is not None:
            pages.append(len(answer.objects))
            objects += answer.objects
            if not answer.token:
                break
            answer = content.propertyCollector.ContinueRetrievePropertiesEx(answer.token)
        return objects, pages
    finally:
        view.DestroyView()


@pytest.mark.parametrize("fault", [cut_off, cut_after(0), cut_after(700), hang_up])
def test_a_read_is_cut_at_a_byte_of_a_page(vcenter: VCenter, service: Any, fault: Fault) -> None:
    vcenter.proxy.spoil_page(3, fault)

    with pytest.raises((HTTPException, OSError, ExpatError)):
        read_names(service)

    assert vcenter.proxy.count("ContinueRetrievePropertiesEx") >= 2
    assert len(read_names(service)[0]) == 20, "the next read is whole"


def test_the_first_page_is_spoilt_too(vcenter: VCenter, service: Any) -> None:
    vcenter.proxy.spoil_page(1, http_status(503))

    with pytest.raises(HTTPException, match="503"):
        read_names(service)


def test_pages_are_smaller_than_asked_for(vcenter: VCenter, service: Any) -> None:
    vcenter.proxy.spoil("RetrievePropertiesEx", truncated_to(3))

    objects, pages = read_names(service, most=100)

    assert pages == [3, 3, 3, 3, 3, 3, 2]
    assert len({o.obj._moId for o in objects}) == 20


def test_a_named_fault_comes_once_and_then_the_answer(vcenter: VCenter, service: Any) -> None:
    vcenter.proxy.spoil("CurrentTime", soap_fault("InvalidCollectorVersion"), times=1)

    with pytest.raises(vmodl.query.InvalidCollectorVersion):
        service.CurrentTime()
    assert service.CurrentTime()


def test_a_lost_session_shows_as_a_missing_set_a_fault_or_nothing(
    vcenter: VCenter, service: Any
) -> None:
    method = "RetrievePropertiesEx"
    vcenter.proxy.spoil(method, session_missing, times=1)
    first = read_names(service, most=20)[0]
    assert len(first) == 20
    assert all(not o.propSet for o in first)
    assert isinstance(first[0].missingSet[0].fault, vim.fault.NotAuthenticated)

    vcenter.proxy.spoil(method, soap_fault("NotAuthenticated"), times=1)
    with pytest.raises(vim.fault.NotAuthenticated):
        read_names(service)

    vcenter.proxy.spoil(method, empty_answer(method), times=1)
    assert read_names(service) == ([], [])


def test_an_answer_is_late(vcenter: VCenter, authority: Authority) -> None:
    with login_of(vcenter, authority).connected() as service:
        service._stub.schemeArgs["timeout"] = 0.3
        service._stub.DropConnections()
        vcenter.proxy.spoil("CurrentTime", delayed(2), times=1)

        with pytest.raises(TimeoutError):
            service.CurrentTime()


def test_a_deaf_server_keeps_the_client_until_its_own_deadline(vcenter: VCenter) -> None:
    vcenter.proxy.deaf = True

    with pytest.raises(TimeoutError):
        raw = socket.create_connection(("127.0.0.1", vcenter.proxy.port), timeout=0.3)
        with raw:
            ssl.create_default_context().wrap_socket(raw, server_hostname="127.0.0.1")


def test_other_certificates_are_shown_and_refused(
    vcenter: VCenter, authority: Authority, tmp_path: Path
) -> None:
    login = login_of(vcenter, authority)
    for files, why in (
        (Authority(tmp_path, "Other CA").issue("127.0.0.1"), "unable to get local issuer"),
        (authority.issue("vc.example.org"), "IP address mismatch"),
        (authority.issue("127.0.0.1", days_left=-2), "certificate has expired"),
    ):
        vcenter.proxy.present(*files)
        with pytest.raises(ssl.SSLError, match=why):
            login.connect()


def test_a_restarted_vcenter_cuts_refuses_and_knows_no_session(
    vcenter: VCenter, start_simulator: Callable[..., Any], authority: Authority
) -> None:
    simulator = start_simulator(nova_vms=20)
    vcenter.proxy.upstream_port = simulator.port
    login = login_of(vcenter, authority)
    service = login.connect()
    assert len(read_names(service)[0]) == 20

    vcenter.proxy.go_down()
    simulator.expire_sessions("fault")
    with pytest.raises((HTTPException, OSError)):
        service.CurrentTime()
    with pytest.raises(ConnectionRefusedError):
        login.connect()

    vcenter.proxy.come_back()
    with pytest.raises(vim.fault.NotAuthenticated):
        service.CurrentTime()
    with login.connected() as again:
        assert len(read_names(again)[0]) == 20
    service._stub.DropConnections()


def test_no_socket_is_left_open(vcenter: VCenter, authority: Authority) -> None:
    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always", ResourceWarning)
        with login_of(vcenter, authority).connected() as service:
            service.CurrentTime()
            vcenter.proxy.break_connections()
            service._stub.DropConnections()
            service.CurrentTime()
        vcenter.proxy.go_down()
        gc.collect()

    assert [str(w.message) for w in caught if "proxy" in str(w.message)] == []
