"""Pages are read as the SDK's own decoder reads them, or refused."""

import io
from collections.abc import Callable
from xml.parsers.expat import ExpatError

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from pyVmomi import vim, vmodl

from tests.vsphere.answers import (
    CLOSE,
    OPEN,
    VERSION,
    answer,
    missing,
    prop,
    read,
    read_by_sdk,
    response,
    told,
)
from tests.vsphere.generated import FAULTS, SHAPES, parts
from vmware_panel.vsphere import answer_decoder, page_decoder
from vmware_panel.vsphere.errors import CALL_FAULTS
from vmware_panel.vsphere.leaves import UnreadableAnswer
from vmware_panel.vsphere.rows import Fault, Option, Reference


def the_same_by_both(xml: bytes) -> object:
    page = told(read(xml))
    assert page == told(read_by_sdk(xml))
    return page


def values_by_both(*parts: str) -> dict[str, object]:
    xml = answer(parts)
    the_same_by_both(xml)
    return dict(read(xml).rows[0].values)


@settings(max_examples=300, deadline=None)
@given(parts, SHAPES)
def test_a_page_says_what_it_says_to_the_sdk(
    its: list[str], shaped: Callable[[bytes], bytes]
) -> None:
    the_same_by_both(shaped(answer(its, token="next")))


@settings(max_examples=50, deadline=None)
@given(parts, st.integers(1, 9))
def test_it_does_not_matter_how_the_bytes_come(its: list[str], size: int) -> None:
    xml = answer(its)

    class Dripping(io.BytesIO):
        def read(self, _: int | None = -1, /) -> bytes:
            return super().read(size)

    assert told(page_decoder.decode_page(Dripping(xml), VERSION)) == told(read(xml))


@settings(max_examples=200, deadline=None)
@given(parts, st.data())
def test_a_page_that_is_cut_off_is_refused_wherever_it_is_cut(
    its: list[str], data: st.DataObject
) -> None:
    xml = answer(its)
    with pytest.raises(ExpatError):
        read(xml[: data.draw(st.integers(0, len(xml) - 1))])


@settings(max_examples=300, deadline=None)
@given(parts, st.data())
def test_a_page_with_a_wrong_byte_is_read_or_refused_by_a_named_error(
    its: list[str], data: st.DataObject
) -> None:
    xml = bytearray(answer(its))
    at = data.draw(st.integers(0, len(xml) - 1))
    xml[at : at + data.draw(st.integers(0, 8))] = data.draw(st.binary(max_size=4))
    try:
        read(bytes(xml))
    except CALL_FAULTS:
        pass


# Cases worth a name


def test_several_objects_of_several_types_and_a_token() -> None:
    page = read(
        response(
            "<token>T</token>"
            '<objects><obj type="HostSystem">host-1</obj></objects>'
            '<objects><obj type="Datastore">datastore-1</obj></objects>'
        )
    )
    assert [(row.kind, row.moref) for row in page.rows] == [
        (vim.HostSystem, "host-1"),
        (vim.Datastore, "datastore-1"),
    ]
    assert page.token == "T"


def test_an_answer_without_a_result_has_no_rows() -> None:
    xml = f'{OPEN}<RetrievePropertiesExResponse xmlns="urn:vim25"/>{CLOSE}'.encode()
    assert the_same_by_both(xml) == ([], None)


def test_a_prefix_means_what_was_declared_last() -> None:
    found = values_by_both(
        prop(
            "a",
            '<val xmlns:xsd="urn:vim25" xmlns:q="http://www.w3.org/2001/XMLSchema" '
            'xsi:type="q:int">7</val>',
        ),
        prop(
            "b", '<val xmlns:q="urn:vim25" xsi:type="q:VirtualMachinePowerState">poweredOn</val>'
        ),
        prop("c", '<val xsi:type="xsd:int">8</val>'),
    )
    assert found == {"a": 7, "b": "poweredOn", "c": 8}


def test_an_option_is_text_whatever_its_type() -> None:
    xsd = "xsd:boolean"
    found = values_by_both(
        prop(
            "o",
            f'<val xsi:type="OptionValue"><key>k</key><value xsi:type="{xsd}">1</value></val>',
        )
    )
    assert found == {"o": Option("k", "True")}


def test_the_fault_of_a_missing_property_and_the_object_it_names_are_known() -> None:
    xml = answer([missing("name", FAULTS[2])])
    the_same_by_both(xml)
    assert read(xml).rows[0].faults == (
        Fault(vmodl.fault.ManagedObjectNotFound, Reference("VirtualMachine", "vm-1")),  # type: ignore[arg-type]
    )


@pytest.mark.parametrize(
    "val",
    [
        '<val xsi:type="NewerThanTheSdk"><a><val>1</val></a></val>',
        '<val xsi:type="xsd:newer">x</val>',
        '<val xsi:type="ArrayOfNewer"><Newer>1</Newer></val>',
    ],
)
def test_a_type_that_the_sdk_does_not_know_costs_one_property_and_no_page(val: str) -> None:
    """Here the SDK gives up the whole page."""
    xml = answer([prop("a", val), prop("b", '<val xsi:type="xsd:int">8</val>')])
    with pytest.raises(CALL_FAULTS):
        read_by_sdk(xml)
    assert read(xml).rows[0].values == {"b": 8}


def test_devices_that_are_no_disks_are_passed_over_whatever_is_in_them() -> None:
    xml = answer(
        [
            prop(
                "config.hardware.device",
                '<val xsi:type="ArrayOfVirtualDevice">'
                '<VirtualDevice xsi:type="VirtualNewer"><newer xsi:type="VirtualDisk">'
                "<key>1</key></newer><val>3</val></VirtualDevice>"
                '<VirtualDevice xsi:type="VirtualDisk"><key>2</key></VirtualDevice></val>',
            )
        ]
    )
    (page,) = read(xml).rows
    assert [disk.key for disk in page.values["config.hardware.device"]] == [2]  # type: ignore[union-attr]
    the_same_by_both(xml)


# What is refused


DEVICE = '<VirtualDevice xsi:type="VirtualNewer">'
NESTED = (
    "<VirtualDevice/>",
    "<VirtualDevice/><key>1</key>",
    '<VirtualDevice/><VirtualDevice xsi:type="VirtualDisk"><key>1</key></VirtualDevice>',
    "<a><VirtualDevice/></a>",
    "<VirtualDevice><VirtualDevice/></VirtualDevice>",
    "<VirtualDevice></VirtualDevice></VirtualDevice></val></propSet><propSet><name>a</name>"
    '<val xsi:type="ArrayOfVirtualDevice"><VirtualDevice xsi:type="VirtualNewer"><VirtualDevice/>',
)


@pytest.mark.parametrize("inside", NESTED)
@pytest.mark.parametrize("name", ["VirtualDevice", "val", "propSet", "objects", "newer"])
def test_a_device_within_a_device_is_refused_and_never_taken_for_its_end(
    inside: str, name: str
) -> None:
    """No vCenter has them; passing over a device looks for the end tag of its name alone."""
    list_of_one = f'<val xsi:type="ArrayOfVirtualDevice">{DEVICE}{inside}</VirtualDevice></val>'
    xml = answer(
        [
            prop(
                "a",
                list_of_one.replace("VirtualDevice>", f"{name}>").replace(
                    "<VirtualDevice", f"<{name}"
                ),
            )
        ]
    )
    with pytest.raises(UnreadableAnswer):
        read(xml)


def test_a_device_beyond_all_measure_is_refused() -> None:
    """However deep, what is passed over takes no more memory than that."""
    deep = "<a>" * 200_000 + "</a>" * 200_000
    xml = answer(
        [prop("a", f'<val xsi:type="ArrayOfVirtualDevice">{DEVICE}{deep}</VirtualDevice></val>')]
    )
    with pytest.raises(UnreadableAnswer):
        read(xml)


BILLION_LAUGHS = (
    '<!DOCTYPE a [<!ENTITY a "ha"><!ENTITY b "&a;&a;&a;&a;&a;&a;&a;&a;">'
    '<!ENTITY c "&b;&b;&b;&b;&b;&b;&b;&b;">]>'
)
INT = '<val xsi:type="xsd:int">'
REFUSED = {
    "a document type": response("").replace(b"<soapenv:Env", b"<!DOCTYPE a><soapenv:Env", 1),
    "entities": response("<token>&c;</token>").replace(
        b"<soapenv:Env", BILLION_LAUGHS.encode() + b"<soapenv:Env", 1
    ),
    "a file": response("<token>&f;</token>").replace(
        b"<soapenv:Env", b'<!DOCTYPE a [<!ENTITY f SYSTEM "file:///etc/passwd">]><soapenv:Env', 1
    ),
    "a great depth": answer(
        [prop("a", '<val xsi:type="X">' + "<a>" * 2000 + "</a>" * 2000 + "</val>")]
    ),
    "a great depth in a fault": answer([missing("a", "<fault>" * 2000 + "</fault>" * 2000)]),
    "no number": answer([prop("a", f"{INT}x</val>")]),
    "an empty number": answer([prop("a", f"{INT}</val>")]),
    "no flag": answer([prop("a", '<val xsi:type="xsd:boolean">yes</val>')]),
    "a value without a type": answer([prop("a", "<val>x</val>")]),
    "an element in a plain value": answer([prop("a", f"{INT}1<b/></val>")]),
    "an element in a token": response("<token>a<b/></token>"),
    "an element in a name": answer(["<propSet><name>a<b/></name></propSet>"]),
    "a reference without a type": answer(
        [prop("a", '<val xsi:type="ManagedObjectReference">vm-1</val>')]
    ),
    "an object without a name": response("<objects></objects>"),
    "an object of an unknown type": response('<objects><obj type="Newer">a</obj></objects>'),
    "an object that is none": response('<objects><obj type="TaskInfo">a</obj></objects>'),
    "an unknown part": response("<other/>"),
    "an unknown part of an object": answer(["<other/>"]),
    "an unknown part of a property": answer(["<propSet><other/></propSet>"]),
    "two answers": (
        OPEN + "<RetrievePropertiesExResponse/><RetrievePropertiesExResponse/>" + CLOSE
    ).encode(),
    "a fault in place of an answer": f"{OPEN}<soapenv:Fault/>{CLOSE}".encode(),
    "an empty body": (OPEN + CLOSE).encode(),
    "another document": b"<html><body>no</body></html>",
    "something after the end": response("") + b"<a/>",
    "no XML": b"no",
    "a prefix that was not declared": answer([prop("a", '<val j:type="xsd:int">1</val>')]),
}


@pytest.mark.parametrize("xml", REFUSED.values(), ids=REFUSED.keys())
def test_what_is_no_sound_page_is_refused(xml: bytes) -> None:
    with pytest.raises((ValueError, ExpatError)):
        read(xml)


def test_a_page_beyond_all_measure_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(answer_decoder, "MAX_ANSWER_BYTES", 100)
    with pytest.raises(UnreadableAnswer):
        read(response(""))
