"""What goes through the store's bytes comes out as it went in, or not at all."""

import zlib
from contextlib import suppress
from dataclasses import replace

import msgspec
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from benchmarks.store import inventory as large
from tests.unit.store.books import NOON
from vmware_panel.domain.inventory import (
    Cluster,
    Datastore,
    EsxHost,
    HaPolicy,
    HaPolicyKind,
    HostConnection,
    Inventory,
    MoRef,
    ToolsStatus,
    VCenter,
    VirtualDisk,
    VirtualMachine,
    VmPower,
)
from vmware_panel.domain.ledger import Delta
from vmware_panel.store.encoding import (
    LENGTH_BYTES,
    Decoder,
    FormatError,
    encode_delta,
    encode_inventory,
)

BOOK = large(40)
VCENTER = VCenter("west", "vc", 443, "uuid")

text = st.text(st.characters(exclude_categories=["Cs"]), max_size=8)
moref = text.map(MoRef)
maybe = st.none() | text
number = st.none() | st.integers(-(2**63), 2**63 - 1)
flag = st.none() | st.booleans()
morefs = st.lists(moref, max_size=3).map(tuple)
disks = st.builds(
    VirtualDisk,
    st.integers(-(2**31), 2**31),
    text,
    text,
    st.none() | moref,
    number,
    flag,
    maybe,
    st.lists(text, max_size=3).map(tuple),
)
vms = st.builds(
    VirtualMachine,
    moref,
    text,
    text,
    text,
    st.booleans(),
    power=st.none() | st.sampled_from(VmPower),
    tools=st.none() | st.sampled_from(ToolsStatus),
    vcpus=number,
    memory_mb=number,
    guest_id=maybe,
    host=st.none() | moref,
    annotation=text,
    datastores=morefs,
    disks=st.lists(disks, max_size=3).map(tuple),
    extra_config=st.dictionaries(text, text, max_size=3),
)
hosts = st.builds(
    EsxHost,
    moref,
    text,
    connection=st.none() | st.sampled_from(HostConnection),
    in_maintenance=flag,
    power=maybe | st.just("poweredOn"),
    cpu_packages=number,
    datastores=morefs,
)
clusters = st.builds(
    Cluster,
    moref,
    text,
    ha_enabled=flag,
    ha_admission_control=flag,
    ha_policy=st.none()
    | st.builds(HaPolicy, st.sampled_from(HaPolicyKind), number, number, number, morefs),
)
datastores = st.builds(
    Datastore, moref, text, capacity_bytes=number, accessible=flag, hosts=morefs
)


def through(book: Inventory) -> Inventory:
    return Decoder().inventory([encode_inventory(book)])


def exactly(book: Inventory) -> str:
    """Also tells True from 1 and an enum's member from its text, which are equal."""
    return repr(book)


@given(
    st.lists(vms, max_size=5),
    st.lists(clusters, max_size=3),
    st.lists(hosts, max_size=3),
    st.lists(datastores, max_size=3),
)
def test_any_book_comes_out_as_it_went_in(vms, clusters, hosts, datastores) -> None:
    book = Inventory(
        VCENTER,
        NOON,
        clusters=tuple(clusters),
        hosts=tuple(hosts),
        datastores=tuple(datastores),
        vms=tuple(vms),
    )
    assert exactly(through(book)) == exactly(book)


@given(st.lists(vms | clusters | hosts | datastores, max_size=6), st.lists(moref, max_size=3))
def test_any_delta_comes_out_kind_by_kind(changed, gone) -> None:
    found = Decoder().delta([encode_delta(Delta(tuple(changed), tuple(gone)))])
    assert found.gone == tuple(gone)
    for kind in (VirtualMachine, Cluster, EsxHost, Datastore):
        assert [i for i in found.changed if type(i) is kind] == [
            i for i in changed if type(i) is kind
        ]


@pytest.mark.parametrize("vms", [0, 499, 500, 501, 1001])
def test_books_of_any_number_of_frames(vms: int) -> None:
    assert through(large(vms)) == large(vms)


def test_it_may_come_in_pieces_of_any_size() -> None:
    packed = encode_inventory(BOOK)
    for size in (1, 7, 1000):
        pieces = [packed[at : at + size] for at in range(0, len(packed), size)]
        assert Decoder().inventory(pieces) == BOOK


def test_equal_strings_are_one_string() -> None:
    book = through(large(500))
    hosts = {host.moref: host for host in book.hosts}
    for vm in book.vms:
        assert vm.host is hosts[vm.host].moref
        assert vm.guest_id is book.vms[0].guest_id
        assert vm.extra_config["nvp.vm-uuid"] is vm.instance_uuid
        assert vm.disks[0].capacity_bytes is book.vms[0].disks[0].capacity_bytes
    shared = {id(vm.datastores) for vm in book.vms}
    assert len(shared) == len({vm.datastores for vm in book.vms})


def test_a_delta_shares_the_strings_of_its_base() -> None:
    decoder = Decoder()
    book = decoder.inventory([encode_inventory(BOOK)])
    delta = decoder.delta([encode_delta(Delta((replace(BOOK.vms[0], name="other"),)))])
    assert delta.changed[0].host is book.vms[0].host


@settings(max_examples=200)
@given(st.data())
def test_cut_off_bytes_are_refused(data) -> None:
    packed = encode_inventory(BOOK)
    with pytest.raises(FormatError):
        Decoder().inventory([packed[: data.draw(st.integers(0, len(packed) - 1))]])


@settings(max_examples=200)
@given(st.data())
def test_changed_bytes_raise_nothing_but_a_refusal(data) -> None:
    """zlib's Adler-32 lets a few changes through: `store.items` refuses those by the CRC of each part
    (`test_an_item_whose_bytes_were_changed_is_refused`).
    """
    packed = bytearray(encode_inventory(BOOK))
    packed[data.draw(st.integers(2, len(packed) - 1))] ^= data.draw(st.integers(1, 255))
    with suppress(FormatError):
        assert isinstance(Decoder().inventory([bytes(packed)]), Inventory)


@settings(max_examples=300)
@given(st.binary(max_size=200))
def test_foreign_bytes_are_refused(foreign: bytes) -> None:
    for packed in (foreign, zlib.compress(foreign), _stream(foreign)):
        with pytest.raises(FormatError):
            Decoder().inventory([packed])


def test_a_delta_is_no_inventory_and_the_other_way_round() -> None:
    with pytest.raises(FormatError):
        Decoder().inventory([encode_delta(Delta())])
    with pytest.raises(FormatError):
        Decoder().delta([encode_inventory(BOOK)])


COVER = [[0, 0, 0, 0, 0, 0, 1], [], msgspec.to_builtins(VCENTER), NOON, True]


def frames(columns: object, cover: object = COVER) -> bytes:
    pieces = [msgspec.msgpack.encode(cover), msgspec.msgpack.encode([6, columns])]
    return _stream(*pieces)


def _stream(*pieces: bytes) -> bytes:
    return zlib.compress(b"".join(len(p).to_bytes(LENGTH_BYTES) + p for p in pieces))


def vm_columns(**changes: object) -> list[object]:
    vm = VirtualMachine(MoRef("vm-1"), "web")
    values = {name: [getattr(vm, name)] for name in VirtualMachine.__dataclass_fields__}
    values["disks"] = [0]
    return [*({**values, **changes}.values()), *([] for _ in VirtualDisk.__dataclass_fields__)]


def test_the_made_up_columns_of_these_tests_are_good_ones() -> None:
    (vm,) = Decoder().inventory([frames(vm_columns())]).vms
    assert vm.name == "web"


@pytest.mark.parametrize(
    "columns",
    [
        vm_columns(name=[1]),
        vm_columns(power=["melted"]),
        vm_columns(name=[]),
        vm_columns(name=["a", "b"]),
        vm_columns(disks=[1]),
        vm_columns(disks=[-1]),
        vm_columns(extra_config=[{"a": 1}]),
        vm_columns()[:-1],
        [],
        {},
        None,
    ],
    ids=repr,
)
def test_columns_that_do_not_fit_are_refused(columns: object) -> None:
    with pytest.raises(FormatError):
        Decoder().inventory([frames(columns)])


def test_an_unknown_kind_and_a_missing_frame_are_refused() -> None:
    for packed in (
        _stream(msgspec.msgpack.encode(COVER)),
        _stream(msgspec.msgpack.encode(COVER), msgspec.msgpack.encode([7, vm_columns()])),
        _stream(msgspec.msgpack.encode(COVER), msgspec.msgpack.encode([-1, vm_columns()])),
    ):
        with pytest.raises(FormatError):
            Decoder().inventory([packed])


def test_a_frame_that_claims_gigabytes_is_refused_unread() -> None:
    with pytest.raises(FormatError, match="too large"):
        Decoder().inventory([zlib.compress(b"\xff\xff\xff\xff" + bytes(100))])
