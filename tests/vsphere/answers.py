"""Answers to property reads, written by hand or by the SDK's own serializer."""

import io
from collections.abc import Iterable
from typing import Any

from pyVmomi import vmodl
from pyVmomi.SoapAdapter import SerializeToStr

from tests.vsphere import reference
from vmware_panel.vsphere.page_decoder import Page, decode_page

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


def serialized(value: Any) -> str:
    """A value as the SDK writes it, with its type."""
    info = vmodl.DynamicProperty._GetPropertyInfo("val")
    return SerializeToStr(value, info, VERSION)


def read(xml: bytes) -> Page:
    """By the project's decoder."""
    return decode_page(io.BytesIO(xml), VERSION)


def read_by_sdk(xml: bytes) -> Page:
    return reference.decode_page(io.BytesIO(xml), VERSION)


def told(page: Page) -> Any:
    """All that a page says, to be compared."""
    rows = [(row.kind, row.ref, dict(row.values), row.faults) for row in page.rows]
    return rows, page.token
