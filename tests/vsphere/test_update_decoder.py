"""Updates are read as the SDK's own decoder reads them, or refused."""

from collections.abc import Callable
from xml.parsers.expat import ExpatError
from xml.sax.saxutils import escape

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from pyVmomi import vim

from tests.vsphere.answers import (
    CLOSE,
    OPEN,
    answer,
    change,
    missing,
    missing_object,
    prop,
    read_updates,
    read_updates_by_sdk,
    update,
    updates_answer,
    updates_response,
    updates_told,
)
from tests.vsphere.generated import DYNAMIC, FAULTS, SHAPES, TEXTS, values
from vmware_panel.vsphere.errors import CALL_FAULTS
from vmware_panel.vsphere.leaves import UnreadableAnswer
from vmware_panel.vsphere.rows import LoggedIn, Row
from vmware_panel.vsphere.updates import ObjectUpdate, UpdateKind

INT = '<val xsi:type="xsd:int">7</val>'


def the_same_by_both(xml: bytes) -> object:
    ours = updates_told(read_updates(xml))
    assert ours == updates_told(read_updates_by_sdk(xml))
    return ours


def the_update(*parts: str, kind: str = "modify") -> ObjectUpdate:
    updates = read_updates(updates_answer(update(kind, parts)))
    assert updates is not None
    (only,) = updates.updates
    return only


OPS = st.sampled_from(["add", "assign", "remove", "indirectRemove"])
parts = st.lists(
    st.builds(change, TEXTS.map(escape), values | st.just(""), OPS)
    | st.builds(missing, st.just("name"), st.sampled_from(FAULTS))
    | st.sampled_from(DYNAMIC)
)
objects = st.lists(
    st.builds(update, st.sampled_from(["enter", "modify", "leave"]), parts), max_size=3
).map("".join)
missing_objects = st.lists(
    st.builds(missing_object, st.sampled_from(["vm-1", "vm-2"]), st.sampled_from(FAULTS))
).map("".join)
truncated = st.sampled_from(["", "<truncated>true</truncated>", "<truncated>false</truncated>"])
answers = st.builds(
    lambda one, gone, two, last: updates_answer(
        one + gone, f'<filterSet><filter type="PropertyFilter">g</filter>{two}</filterSet>{last}'
    ),
    objects,
    missing_objects,
    objects,
    truncated,
)


@settings(max_examples=300, deadline=None)
@given(answers, SHAPES)
def test_updates_say_what_they_say_to_the_sdk(
    xml: bytes, shaped: Callable[[bytes], bytes]
) -> None:
    the_same_by_both(shaped(xml))


@settings(max_examples=200, deadline=None)
@given(answers, st.data())
def test_updates_with_a_wrong_byte_are_read_or_refused_by_a_named_error(
    xml: bytes, data: st.DataObject
) -> None:
    spoilt = bytearray(xml)
    at = data.draw(st.integers(0, len(spoilt) - 1))
    spoilt[at : at + data.draw(st.integers(0, 8))] = data.draw(st.binary(max_size=4))
    try:
        read_updates(bytes(spoilt))
    except CALL_FAULTS:
        pass


def test_updates_that_are_cut_off_are_refused_at_every_byte() -> None:
    xml = updates_answer(
        update("enter", [change("a", INT), missing("b", FAULTS[0])])
        + update("modify", [change("a", "", "remove")])
        + missing_object("vm-2", FAULTS[2]),
        "<truncated>true</truncated>",
    )
    the_same_by_both(xml)
    for length in range(len(xml) - 1):
        with pytest.raises(ExpatError):
            read_updates(xml[:length])


def test_a_wait_that_ended_without_a_change_says_none() -> None:
    xml = f'{OPEN}<WaitForUpdatesExResponse xmlns="urn:vim25"/>{CLOSE}'.encode()
    assert the_same_by_both(xml) is None


def test_what_is_unset_is_none_in_a_modify() -> None:
    found = the_update(
        change("given", INT),
        change("removed", "", "remove"),
        change("indirectly", INT, "indirectRemove"),
        change("no value", ""),
        change("nil", '<val xsi:nil="true"/>'),
        change("typed nil", '<val xsi:nil="1" xsi:type="xsd:int"/>'),
        change("not nil", '<val xsi:nil="false" xsi:type="xsd:int">8</val>'),
        change("newer", '<val xsi:type="NewerThanTheSdk"><val>1</val></val>'),
        missing("refused", FAULTS[0]),
    )
    assert found.kind is UpdateKind.MODIFY
    assert found.row.values == {
        "given": 7,
        "removed": None,
        "indirectly": None,
        "no value": None,
        "nil": None,
        "typed nil": None,
        "not nil": 8,
        "newer": None,
        "refused": None,
    }
    assert [fault.kind for fault in found.row.faults] == [vim.fault.NoPermission]


def test_what_is_unset_is_not_there_in_an_enter() -> None:
    found = the_update(
        change("given", INT),
        change("no value", ""),
        change("newer", '<val xsi:type="NewerThanTheSdk"/>'),
        missing("refused", FAULTS[0]),
        kind="enter",
    )
    assert found.row.values == {"given": 7}
    assert [fault.kind for fault in found.row.faults] == [vim.fault.NoPermission]


def test_what_has_left_has_no_values() -> None:
    assert the_update(change("given", INT), kind="leave").row.values == {}


def test_a_deeper_path_is_never_taken_for_the_value_that_was_asked_for() -> None:
    path = "config.hardware.device[4000].connectable.connected"
    found = the_update(change(path, '<val xsi:type="xsd:boolean">true</val>'))
    assert found.row.values == {path: True}


def test_an_object_that_is_gone_has_left_and_one_that_is_refused_has_not() -> None:
    xml = updates_answer(missing_object("vm-8", FAULTS[2]) + missing_object("vm-9", FAULTS[0]))
    the_same_by_both(xml)
    updates = read_updates(xml)
    assert updates is not None
    assert [(kind, row.moref, dict(row.values)) for kind, row in updates.updates] == [
        (UpdateKind.LEAVE, "vm-8", {}),
        (UpdateKind.MODIFY, "vm-9", {}),
    ]
    assert [bool(row.faults) for _, row in updates.updates] == [True, True]


def test_the_session_is_read_along() -> None:
    session = (
        '<val xsi:type="UserSession"><key>secret</key><userName>u</userName><fullName>f</fullName>'
        "<loginTime>2026-11-22T10:00:00Z</loginTime><lastActiveTime>2026-11-22T10:00:00Z"
        "</lastActiveTime><locale>en</locale><messageLocale>en</messageLocale></val>"
    )
    xml = updates_answer(
        '<objectSet><kind>enter</kind><obj type="SessionManager">SessionManager</obj>'
        + change("currentSession", session)
        + "</objectSet>"
    )
    the_same_by_both(xml)
    updates = read_updates(xml)
    assert updates is not None
    row: Row = updates.updates[0].row
    assert row.kind is vim.SessionManager
    assert row.one("currentSession", LoggedIn) == LoggedIn()


DEEP = "<a>" * 2000 + "</a>" * 2000
REFUSED = {
    "no version": updates_response("<truncated>true</truncated>"),
    "an empty version": updates_response("<version/>"),
    "an update of no known kind": updates_answer(update("newer", [])),
    "an update of no kind": updates_answer(
        '<objectSet><obj type="VirtualMachine">vm-1</obj></objectSet>'
    ),
    "an update of nothing": updates_answer("<objectSet><kind>enter</kind></objectSet>"),
    "an update of an unknown type": updates_answer(
        '<objectSet><kind>leave</kind><obj type="Newer">a</obj></objectSet>'
    ),
    "a change of no known kind": updates_answer(update("modify", [change("a", INT, "newer")])),
    "a change of no kind": updates_answer(
        update("modify", [f"<changeSet><name>a</name>{INT}</changeSet>"])
    ),
    "a missing object without a reason": updates_answer(
        '<missingSet><obj type="VirtualMachine">vm-1</obj></missingSet>'
    ),
    "a missing object without a name": updates_answer(
        f"<missingSet><fault>{FAULTS[2]}</fault></missingSet>"
    ),
    "an unknown part": updates_response("<version>1</version><other/>"),
    "an unknown part of a filter": updates_answer("<other/>"),
    "an unknown part of an object": updates_answer(update("modify", ["<other/>"])),
    "the part of a page": updates_answer(update("modify", [prop("a", INT)])),
    "a page": answer([prop("a", INT)]),
    "an element in a version": updates_response("<version>1<a/></version>"),
    "an element in a kind": updates_answer(update("<a/>modify", [])),
    "an element in an op": updates_answer(update("modify", [change("a", INT, "<a/>add")])),
    "an element in a reference": updates_answer("<filter><a/></filter>"),
    "a value that may be nil": updates_answer(
        update("modify", [change("a", '<val xsi:nil="perhaps"/>')])
    ),
    "a great depth": updates_answer(
        update("modify", [change("a", f'<val xsi:type="X">{DEEP}</val>')])
    ),
    "a great depth in what is nil": updates_answer(
        update("modify", [change("a", f'<val xsi:nil="true">{DEEP}</val>')])
    ),
    "two results": updates_response("<version>1</version></returnval><returnval>"),
    "a fault in place of an answer": f"{OPEN}<soapenv:Fault/>{CLOSE}".encode(),
    "an empty body": (OPEN + CLOSE).encode(),
    "a document type": updates_response("<version>1</version>").replace(
        b"<soapenv:Env", b"<!DOCTYPE a><soapenv:Env", 1
    ),
}


@pytest.mark.parametrize("xml", REFUSED.values(), ids=REFUSED.keys())
def test_what_are_no_sound_updates_is_refused(xml: bytes) -> None:
    with pytest.raises(UnreadableAnswer if b"perhaps" not in xml else ValueError):
        read_updates(xml)
