"""Which top folders of the datastores are some VM's."""

from collections.abc import Mapping, Set
from typing import NamedTuple

from vmware_panel.domain.cache_users import (
    chain_of,
    datastore_names,
    datastore_refs,
    datastores_named,
)
from vmware_panel.domain.inventory import Inventory, MoRef, VirtualMachine
from vmware_panel.domain.kept import Latest, OfEach
from vmware_panel.domain.lineage import split_path


class Holder(NamedTuple):
    """One VM: the instance's id that it carries, in lower case, and the top folders in which it has
    its configuration or a disk's file.
    """

    instance_id: str
    folders: tuple[tuple[MoRef, str], ...]


class Holders(NamedTuple):
    """All VMs of one vCenter: the ids that they carry, and their top folders by datastore."""

    instance_ids: Set[str] = frozenset()
    folders: Mapping[MoRef, Set[str]] = {}


class KeptHolders:
    """What was made of the VMs of one vCenter before, and all of them together."""

    def __init__(self) -> None:
        self.of_each: OfEach[VirtualMachine, Holder] = OfEach()
        self.together: Latest[Holders] = Latest()


def holders_of(inventory: Inventory, kept: KeptHolders | None = None) -> Holders:
    """`kept` is what was made of the VMs of that vCenter before."""
    kept = kept or KeptHolders()
    refs = datastore_refs(inventory)
    each = kept.of_each.all(
        ((vm.moref, vm, None) for vm in inventory.vms),
        lambda vm: _holder(vm, refs),
        datastore_names(inventory),
    )
    return kept.together.of(each, lambda: _together(each))


def _holder(vm: VirtualMachine, refs: Mapping[str, tuple[MoRef, ...]]) -> Holder:
    found: dict[tuple[MoRef, str], None] = {}
    for path in (vm.vm_path, *(path for disk in vm.disks for path in chain_of(disk))):
        if path:
            name, below = split_path(path)
            top = below.partition("/")[0]
            named = refs.get(name, ())
            for datastore in named if len(named) == 1 else datastores_named(name, vm, refs):
                found[datastore, top] = None
    return Holder(vm.instance_uuid.lower(), tuple(found))


def _together(each: list[Holder]) -> Holders:
    found: dict[MoRef, set[str]] = {}
    for holder in each:
        for datastore, top in holder.folders:
            found.setdefault(datastore, set()).add(top)
    return Holders(frozenset(its.instance_id for its in each if its.instance_id), found)
