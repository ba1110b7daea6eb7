"""Answers to property reads, written by hand or by the SDK's own serializer."""

import io
from collections.abc import Iterable
from typing import Any

from pyVmomi import vmodl
from pyVmomi.SoapAdapter import SerializeToStr

from tests.vsphere import reference
from vmware_panel.vsphere.page_decoder import Page, decode_page
from vmware_panel.vsphere.rows import Row
from vmware_panel.vsphere.update_decoder import decode_updates
from vmware_panel.vsphere.updates import UpdateSet

VERSION = "vim.version.v8_0_1_0"

OPEN = (
    '<?xml version="1.0" encoding="UTF-8"?>\n'
    '<soapenv:Envelope xmlns:soapenv="http://schemas.xmlsoap.org/soap/envelope/" '
    'xmlns:xsd="http://www.w3.org/2001/XMLSchema" '
    'xmlns:xsi="http://www.w3.org/2001/XMLSchema-instance">\n<soapenv:Body>\n'
)
CLOSE = "\n</soapenv:Body>\n</soapenv:Envelope>"


def response(inside: str) -> bytes:
    """What stands in `returnval`."""
    xml = (
        f'{OPEN}<RetrievePropertiesExResponse xmlns="urn:vim25"><returnval>{inside}</returnval>'
        f"</RetrievePropertiesExResponse>{CLOSE}"
    )
    return xml.encode()


def answer(vm: Iterable[str], token: str = "") -> bytes:
    """One VM with these parts."""
    said = f"<token>{token}</token>" if token else ""
    return response(
        said + '<objects><obj type="VirtualMachine">vm-1</obj>' + "".join(vm) + "</objects>"
    )


def prop(path: str, val: str) -> str:
    return f"<propSet><name>{path}</name>{val}</propSet>"


def missing(path: str, fault: str) -> str:
    """`fault` is the inner one, whole."""
    return (
        f"<missingSet><path>{path}</path><fault>{fault}"
        "<localizedMessage>no</localizedMessage></fault></missingSet>"
    )


def updates_response(inside: str) -> bytes:
    """What stands in the `returnval` of `WaitForUpdatesEx`."""
    xml = (
        f'{OPEN}<WaitForUpdatesExResponse xmlns="urn:vim25"><returnval>{inside}</returnval>'
        f"</WaitForUpdatesExResponse>{CLOSE}"
    )
    return xml.encode()


def updates_answer(objects: str, more: str = "") -> bytes:
    """The updates of one filter; `more` stands after it."""
    return updates_response(
        '<version>7</version><filterSet><filter type="PropertyFilter">f</filter>'
        f"{objects}</filterSet>{more}"
    )


def update(kind: str, parts: Iterable[str]) -> str:
    """Of one VM."""
    return (
        f'<objectSet><kind>{kind}</kind><obj type="VirtualMachine">vm-1</obj>'
        + "".join(parts)
        + "</objectSet>"
    )


def change(path: str, val: str, op: str = "assign") -> str:
    return f"<changeSet><name>{path}</name><op>{op}</op>{val}</changeSet>"


def missing_object(moref: str, fault: str) -> str:
    return (
        f'<missingSet><obj type="VirtualMachine">{moref}</obj>'
        f"<fault>{fault}<localizedMessage>no</localizedMessage></fault></missingSet>"
    )


def serialized(value: Any) -> str:
    """A value as the SDK writes it, with its type."""
    info = vmodl.DynamicProperty._GetPropertyInfo("val")
    return SerializeToStr(value, info, VERSION)


def read(xml: bytes) -> Page:
    """By the project's decoder."""
    return decode_page(io.BytesIO(xml), VERSION)


def read_by_sdk(xml: bytes) -> Page:
    return reference.decode_page(io.BytesIO(xml), VERSION)


def read_updates(xml: bytes) -> UpdateSet | None:
    return decode_updates(io.BytesIO(xml), VERSION)


def read_updates_by_sdk(xml: bytes) -> UpdateSet | None:
    return reference.decode_updates(io.BytesIO(xml), VERSION)


def updates_told(updates: UpdateSet | None) -> Any:
    if updates is None:
        return None
    rows = [(kind, _row_told(row)) for kind, row in updates.updates]
    return updates.version, updates.truncated, rows


def told(page: Page) -> Any:
    """All that a page says, to be compared."""
    return [_row_told(row) for row in page.rows], page.token


def _row_told(row: Row) -> Any:
    return row.kind, row.ref, dict(row.values), row.faults
