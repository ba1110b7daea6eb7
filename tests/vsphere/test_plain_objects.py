"""Objects that are written plainly are read without the parser's calls, and to the same effect."""

import io
import re
from collections.abc import Callable
from unittest import mock

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from pyVmomi import vim

from tests.vsphere.answers import VERSION, answer, prop, read, response, serialized, told
from tests.vsphere.generated import SHAPES, parts
from vmware_panel.vsphere.errors import CALL_FAULTS
from vmware_panel.vsphere.leaves import Leaves
from vmware_panel.vsphere.page_decoder import Page, decode_page
from vmware_panel.vsphere.plain_objects import NotPlain, PlainObject, PlainObjects
from vmware_panel.vsphere.rows import Row
from vmware_panel.vsphere.wire_types import WireTypes

XSI = "http://www.w3.org/2001/XMLSchema-instance"
FIRST = '<objects><obj type="HostSystem">host-1</obj></objects>'  # it comes with the frame


def objects(*its: str) -> bytes:
    vm = '<objects><obj type="VirtualMachine">vm-1</obj>' + "".join(its) + "</objects>"
    return response(FIRST + vm + vm)


def read_by_parser(xml: bytes) -> Page:
    with mock.patch.object(PlainObjects, "read", side_effect=NotPlain):
        return read(xml)


def read_counted(xml: bytes) -> tuple[Page, int]:
    """How many objects were read plainly."""
    plain: list[PlainObject] = []
    original = PlainObjects.read

    def counted(self: PlainObjects, written: bytes) -> PlainObject:
        plain.append(found := original(self, written))
        return found

    with mock.patch.object(PlainObjects, "read", counted):
        page = read(xml)
    return page, len(plain)


def outcome(read_it: Callable[[bytes], Page], xml: bytes) -> object:
    try:
        return told(read_it(xml))
    except CALL_FAULTS:
        return "refused"


DISK = vim.vm.device.VirtualDisk(
    key=2000,
    capacityInKB=1024,
    deviceInfo=vim.Description(label="Hard & disk", summary=""),
    backing=vim.vm.device.VirtualDisk.FlatVer2BackingInfo(
        fileName="[ds] top.vmdk",
        datastore=vim.Datastore("datastore-7"),
        thinProvisioned=True,
        parent=vim.vm.device.VirtualDisk.FlatVer2BackingInfo(fileName="[ds] base.vmdk"),
    ),
)
DEVICES = vim.vm.device.VirtualDevice.Array([vim.vm.device.VirtualCdrom(key=3000), DISK])
TYPICAL = (
    prop("name", '<val xsi:type="xsd:string">a &lt;b&gt; &#xA;&#252;</val>'),
    prop("config.template", '<val xsi:type="xsd:boolean">false</val>'),
    prop("config.hardware.numCPU", '<val xsi:type="xsd:int">2</val>'),
    prop("a", f'<val xmlns:p="{XSI}" p:type="xsd:string">b</val>'),
    prop("config.hardware.device", serialized(DEVICES)),
    prop("config.managedBy", serialized(vim.ext.ManagedByInfo(extensionKey="k", type="t"))),
    prop("datastore", serialized(vim.Datastore.Array([vim.Datastore("datastore-7")]))),
    prop("runtime.host", '<val xsi:type="ManagedObjectReference" type="HostSystem">h</val>'),
    prop("date", '<val xsi:type="xsd:dateTime">2026-11-22T10:00:00Z</val>'),
)


def test_a_typical_vm_is_read_plainly() -> None:
    xml = objects(*TYPICAL)
    page, plain = read_counted(xml)
    assert plain == 2
    assert told(page) == told(read_by_parser(xml))
    row: Row = page.rows[2]
    assert row.text("name") == "a <b> \nü"
    assert len(row.all("config.hardware.device", object)) == 1


@settings(max_examples=300, deadline=None)
@given(parts, SHAPES)
def test_it_says_what_it_says_to_the_parser(
    its: list[str], shaped: Callable[[bytes], bytes]
) -> None:
    xml = shaped(objects(*its))
    assert told(read(xml)) == told(read_by_parser(xml))


SPOILS = (
    b"<a>", b"</a>", b"<VirtualDevice/>", b"</VirtualDevice>", b"</val>", b"</propSet>",
    b"</objects>", b"<objects>", b"<!-- <val> -->", b"<!-- </objects>", b"-->", b"<![CDATA[",
    b"]]>", b"<?a </objects>?>", b"&a;", b"&#x0;", b"&#99999999999999;", b"&#xA_0;", b"\r\n", b"/",
    b' a="b"', b' xmlns:xsi="urn:vim25"', b' xmlns:xsd="urn:vim25"', b' xmlns="a"', b"'", b'"',
    b"<", b">", b"&", b"\xff", b"\x00", b"]]", b"type=", b" ", b"0",
)  # fmt: skip


@settings(max_examples=1500, deadline=None)
@given(st.data())
def test_what_is_spoilt_is_read_or_refused_as_by_the_parser(data: st.DataObject) -> None:
    xml = bytearray(objects(*data.draw(st.permutations(TYPICAL))))
    for _ in range(data.draw(st.integers(1, 2))):
        tags = [found.start() for found in re.finditer(rb"[<>\"]", bytes(xml))]
        at = data.draw(st.sampled_from(tags) | st.integers(0, len(xml) - 1))
        at += data.draw(st.integers(0, 1))
        xml[at : at + data.draw(st.sampled_from([0, 0, 1, 6]))] = data.draw(
            st.sampled_from(SPOILS)
        )
    assert outcome(read, bytes(xml)) == outcome(read_by_parser, bytes(xml))


@pytest.mark.parametrize(
    "hidden", ["<!-- </objects> -->", "<![CDATA[</objects>]]>", "<?a </objects>?>"]
)
def test_an_end_that_is_none_is_not_taken_for_one(hidden: str) -> None:
    xml = objects(prop("a", f'<val xsi:type="xsd:string">{hidden}{FIRST[9:-10]}</val>'))
    assert outcome(read, xml) == outcome(read_by_parser, xml)
    text = prop("a", f'<val xsi:type="xsd:string">{hidden}<![CDATA[{FIRST}]]></val>')
    assert told(read(objects(text))) == told(read_by_parser(objects(text)))
    assert len(read(objects(text)).rows) == 3


def test_what_is_no_part_of_a_result_is_not_taken_for_one() -> None:
    header = f"<Header><a><b>{FIRST}{FIRST}{FIRST}</b></a></Header>"
    body = objects().decode()
    before = body.replace("<soapenv:Body>", f"{header}<soapenv:Body>").encode()
    after = body.replace("</soapenv:Body>", f"</soapenv:Body>{header}").encode()
    assert len(read(before).rows) == len(read(after).rows) == 3


def test_another_encoding_than_utf_8_is_left_to_the_parser() -> None:
    xml = objects(prop("a", '<val xsi:type="xsd:string">ü</val>')).decode()
    page, plain = read_counted(xml.replace("UTF-8", "ISO-8859-1").encode("latin-1"))
    assert plain == 0
    assert page.rows[1].text("a") == "ü"


def test_it_is_read_plainly_however_the_bytes_come() -> None:
    xml = answer([])
    assert told(read(xml)) == told(read_by_parser(xml))

    class Dripping(io.BytesIO):
        def read(self, _: int | None = -1, /) -> bytes:
            return super().read(7)

    xml = objects(*TYPICAL)
    assert told(decode_page(Dripping(xml), VERSION)) == told(read_by_parser(xml))


def test_a_tree_of_great_depth_is_left_to_the_parser() -> None:
    deep = "<a>" * 100 + "</a>" * 100
    written = (
        '<objects><obj type="VirtualMachine">vm-1</obj><propSet><name>a</name>'
        f'<val xsi:type="ManagedByInfo">{deep}</val></propSet></objects>'
    )
    types = WireTypes(VERSION)
    types.declare("xsi", XSI)
    types.declare(None, "urn:vim25")
    with pytest.raises(NotPlain):
        PlainObjects(types, Leaves(types)).read(written.encode())
