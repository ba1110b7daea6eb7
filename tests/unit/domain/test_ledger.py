"""vCenter's book while it is kept current."""

from datetime import UTC, datetime, timedelta

from hypothesis import given
from hypothesis import strategies as st

from tests.unit.domain.builders import READ_AT, esx_host, vcenter, vm
from vmware_panel.domain.inventory import Cluster, Datastore, Folder, MoRef
from vmware_panel.domain.ledger import Delta, Ledger
from vmware_panel.domain.snapshot import confirmed

REFS = [MoRef(f"o-{number}") for number in range(6)]
KINDS = {
    "vm": lambda ref, name: vm(moref=ref, name=name),
    "folder": lambda ref, name: Folder(ref, name),
    "cluster": lambda ref, name: Cluster(ref, name),
}
objects = st.builds(
    lambda ref, name: KINDS[["vm", "folder", "cluster"][REFS.index(ref) % 3]](ref, name),
    st.sampled_from(REFS),
    st.text(max_size=3),
)
deltas = st.builds(
    Delta,
    st.lists(objects, max_size=4, unique_by=lambda o: o.moref).map(tuple),
    st.lists(st.sampled_from(REFS), max_size=3).map(tuple),
)


@given(st.lists(deltas, max_size=8))
def test_after_any_changes_the_ledger_holds_the_last_state_of_each_object(steps):
    ledger = Ledger()
    expected: dict[MoRef, object] = {}
    for delta in steps:
        ledger.apply(delta)
        for moref in delta.gone:
            expected.pop(moref, None)
        for item in delta.changed:
            expected[item.moref] = item
    book = ledger.inventory(vcenter(), READ_AT)
    held = {o.moref: o for o in (*book.vms, *book.folders, *book.clusters)}
    assert held == expected
    assert len(ledger) == len(expected)
    assert all(ledger.get(moref) == expected.get(moref) for moref in REFS)


def test_an_inventory_does_not_change_when_the_ledger_does():
    ledger = Ledger([vm(moref=MoRef("vm-1"), name="a")])
    before = ledger.inventory(vcenter(), READ_AT)
    ledger.apply(Delta(changed=(vm(moref=MoRef("vm-1"), name="b"),)))
    assert [v.name for v in before.vms] == ["a"]
    assert [v.name for v in ledger.inventory(vcenter(), READ_AT).vms] == ["b"]


def test_a_datastore_knows_the_hosts_that_mount_it_now():
    store = Datastore(MoRef("datastore-1"), "ssd")
    ledger = Ledger([store, esx_host(1, datastores=(store.moref,)), esx_host(2)])
    assert ledger.inventory(vcenter(), READ_AT).datastores[0].hosts == (esx_host(1).moref,)
    ledger.apply(Delta(changed=(esx_host(1), esx_host(2, datastores=(store.moref,)))))
    assert ledger.inventory(vcenter(), READ_AT).datastores[0].hosts == (esx_host(2).moref,)


def test_a_later_confirmation_keeps_the_indexes_and_leaves_the_first_alone():
    book = Ledger([vm(moref=MoRef("vm-1"), instance_uuid="A")]).inventory(vcenter(), READ_AT)
    index = book.vms_by_instance_uuid
    later = READ_AT + timedelta(seconds=5)
    again = confirmed(book, later)
    assert (again.read_at, book.read_at) == (later, READ_AT)
    assert again.vms_by_instance_uuid is index
    assert again.vms is book.vms


def test_a_confirmation_at_the_same_time_is_the_same_book():
    book = Ledger().inventory(vcenter(), datetime(2026, 1, 1, tzinfo=UTC))
    assert confirmed(book, book.read_at) is book
