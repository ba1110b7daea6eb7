"""Reads over the wire: the same inventory as by the SDK's decoder, and typed errors."""

from collections.abc import Callable
from dataclasses import replace
from typing import Any
from unittest import mock

import pytest
from pyVmomi import vim

from lab.simulator import nova_instance_uuid
from tests.simulator import running_simulator
from tests.vsphere.fault_proxy import (
    Exchange,
    Fault,
    hang_up,
    rewritten,
    silence,
    soap_fault,
    wait_until,
)
from tests.vsphere.reference import use_reference
from tests.vsphere.rig import VCenter, endpoint_of
from vmware_panel.domain.inventory import Inventory
from vmware_panel.domain.outcome import TroubleKind
from vmware_panel.vsphere import Endpoint, VCenterClient, VSphereError, counting, page_stub
from vmware_panel.vsphere.errors import ConnectionLost, ObjectGone
from vmware_panel.vsphere.login import Connected
from vmware_panel.vsphere.page_decoder import Page
from vmware_panel.vsphere.property_reader import ObjectSpec, TraversalSpec, read_rows
from vmware_panel.vsphere.property_sets import BULK
from vmware_panel.vsphere.rows import Row
from vmware_panel.vsphere.transport import MAX_FAULT_BYTES

pytestmark = pytest.mark.simulator


def assert_equal(ours: Inventory, its: Inventory) -> None:
    assert replace(ours, read_at=its.read_at) == its


@pytest.mark.parametrize("page_size", [1, 7, 2500])
def test_the_inventory_is_the_one_that_the_sdk_reads(
    reader: VCenterClient, page_size: int
) -> None:
    with counting() as calls:
        ours = reader.read_inventory(page_size)
    with use_reference(), counting() as its_calls:
        its = reader.read_inventory(page_size)
    assert len(its.vms) > 0
    assert_equal(ours, its)
    assert calls.by_method["RetrievePropertiesEx"] == its_calls.by_method["RetrievePropertiesEx"]
    assert calls.by_method.get("ContinueRetrievePropertiesEx") == its_calls.by_method.get(
        "ContinueRetrievePropertiesEx"
    )


def test_so_is_that_of_a_large_one_on_several_pages(
    new_client: Callable[[Endpoint], VCenterClient],
) -> None:
    with running_simulator(nova_vms=500, outside_vms=100) as large:
        client = new_client(endpoint_of(large))
        ours = client.read_inventory(100)
        with use_reference():
            its = client.read_inventory(100)
    assert len(its.vms) == 600
    assert_equal(ours, its)


def test_so_is_one_instance(reader: VCenterClient) -> None:
    cluster = reader.read_inventory().clusters[1].moref
    for number in range(3):
        ours = reader.read_vm(nova_instance_uuid(number), cluster)
        with use_reference():
            its = reader.read_vm(nova_instance_uuid(number), cluster)
        assert ours.vms
        assert_equal(ours, its)


def of_status_500(body: bytes) -> Fault:
    def fault(exchange: Exchange) -> None:
        exchange.answer(500, body)

    return fault


BAD = {
    "a document type": rewritten(
        lambda body: body.replace(b"<soapenv:Env", b"<!DOCTYPE a><soapenv:Env")
    ),
    "a great depth": rewritten(lambda body: body.replace(b"<objects>", b"<objects>" * 1000)),
    "no page": rewritten(lambda body: b"<html/>"),
    "no XML": rewritten(lambda body: b"no"),
    "a type of object that no vCenter has": rewritten(
        lambda body: body.replace(b'<obj type="', b'<obj type="Newer')
    ),
    "a fault without an end": of_status_500(b"<a>" + b" " * MAX_FAULT_BYTES),
    "a fault with a document type": of_status_500(b"<!DOCTYPE a><a/>"),
    "a fault that is none": of_status_500(b"<a/>"),
}


@pytest.mark.parametrize("fault", BAD.values(), ids=BAD.keys())
@pytest.mark.parametrize("method", ["RetrievePropertiesEx", "ContinueRetrievePropertiesEx"])
def test_a_page_that_cannot_be_understood_is_a_bad_answer(
    reader: VCenterClient, vcenter: VCenter, method: str, fault: Fault
) -> None:
    vcenter.proxy.spoil(method, fault)
    with pytest.raises(VSphereError) as raised:
        reader.read_inventory(10)
    assert raised.value.kind is TroubleKind.BAD_ANSWER
    assert vcenter.proxy.count("DestroyView") == 1


def test_xml_that_ends_too_soon_is_a_lost_connection(
    reader: VCenterClient, vcenter: VCenter
) -> None:
    vcenter.proxy.spoil("RetrievePropertiesEx", rewritten(lambda body: body[: len(body) // 2]))
    with pytest.raises(ConnectionLost):
        reader.read_inventory()
    assert vcenter.proxy.count("RetrievePropertiesEx") == 2


@pytest.mark.parametrize("method", ["RetrievePropertiesEx", "ContinueRetrievePropertiesEx"])
@pytest.mark.parametrize(
    ("kind", "inside", "expected"),
    [
        ("NotAuthenticated", "", TroubleKind.SESSION),
        (
            "NoPermission",
            '<object type="Folder">group-d1</object><privilegeId>System.Read</privilegeId>',
            TroubleKind.FORBIDDEN,
        ),
        ("ManagedObjectNotFound", '<obj type="Folder">group-d1</obj>', TroubleKind.NOT_FOUND),
        ("InvalidCollectorVersion", "", TroubleKind.SESSION),
    ],
)
def test_a_fault_is_the_same_error_as_of_any_call(
    reader: VCenterClient,
    vcenter: VCenter,
    method: str,
    kind: str,
    inside: str,
    expected: TroubleKind,
) -> None:
    vcenter.proxy.spoil(method, soap_fault(kind, inside=inside))
    with pytest.raises(VSphereError) as raised:
        reader.read_inventory(10)
    assert raised.value.kind is expected
    if expected is TroubleKind.NOT_FOUND:
        assert isinstance(raised.value, ObjectGone)
        assert raised.value.moref == "group-d1"


# The page after the one that is decoded


def read_all(
    reader: VCenterClient, page_size: int, keep: Callable[[Row], None] = lambda _: None
) -> None:
    """Every VM, host and so on, without what an inventory makes of them."""

    def work(connected: Connected) -> None:
        view = connected.views.CreateContainerView(connected.root_folder, list(BULK), True)
        members = TraversalSpec(name="a", type=vim.view.ContainerView, path="view", skip=False)
        start = [ObjectSpec(obj=view, skip=True, selectSet=[members])]
        read_rows(connected, start, BULK, keep, page_size)

    reader._session.read(work, 30)


def test_a_page_is_asked_for_while_the_one_before_is_decoded_and_never_two(
    reader: VCenterClient, vcenter: VCenter
) -> None:
    pages = 0
    decode = page_stub.decode_page

    def watched(stream: Any, version: str, on_token: Callable[[str], None]) -> Page:
        nonlocal pages

        def on_token_watched(token: str) -> None:
            on_token(token)
            wait_until(lambda: vcenter.proxy.count("ContinueRetrievePropertiesEx") > pages)
            assert vcenter.proxy.count("ContinueRetrievePropertiesEx") == pages + 1

        page = decode(stream, version, on_token_watched)
        pages += 1
        return page

    with mock.patch.object(page_stub, "decode_page", watched), counting() as calls:
        read_all(reader, 7)
    assert pages > 4
    assert calls.by_method["ContinueRetrievePropertiesEx"] == pages - 1
    assert vcenter.proxy.count("ContinueRetrievePropertiesEx") == pages - 1
    assert vcenter.proxy.count("CancelRetrievePropertiesEx") == 0


def test_who_stops_reading_gives_up_the_page_that_was_asked_for(
    reader: VCenterClient, vcenter: VCenter
) -> None:
    class Enough(Exception):
        pass

    def keep(_: Row) -> None:
        raise Enough

    vcenter.proxy.spoil("ContinueRetrievePropertiesEx", silence)
    with pytest.raises(Enough):
        read_all(reader, 7, keep)
    assert vcenter.proxy.count("ContinueRetrievePropertiesEx") == 1
    assert vcenter.proxy.count("CancelRetrievePropertiesEx") == 1
    vcenter.proxy.heal()
    read_all(reader, 7)


def test_a_page_that_is_refused_gives_up_the_next(reader: VCenterClient, vcenter: VCenter) -> None:
    spoilt = rewritten(lambda body: body.replace(b"<propSet>", b"<other>", 1))
    vcenter.proxy.spoil("RetrievePropertiesEx", spoilt)
    with pytest.raises(VSphereError) as raised:
        read_all(reader, 7)
    assert raised.value.kind is TroubleKind.BAD_ANSWER
    assert "RetrievePropertiesEx" in raised.value.detail
    assert vcenter.proxy.count("CancelRetrievePropertiesEx") == 1


def test_a_page_that_cannot_be_asked_for_is_the_error_of_the_one_who_wants_it(
    reader: VCenterClient, vcenter: VCenter
) -> None:
    kept: list[Row] = []
    vcenter.proxy.spoil("ContinueRetrievePropertiesEx", hang_up)
    with pytest.raises(ConnectionLost) as raised:
        read_all(reader, 7, kept.append)
    assert "ContinueRetrievePropertiesEx" in raised.value.detail
    assert kept, "the page before was whole"
