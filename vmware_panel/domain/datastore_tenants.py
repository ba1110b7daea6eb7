"""Whose instances and volumes lie on a datastore: each VM with its project, by both books."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from vmware_panel.domain.cloud import Server, Volume
from vmware_panel.domain.datastore_uses import is_shadow
from vmware_panel.domain.inventory import Inventory, MoRef, VirtualMachine
from vmware_panel.domain.occupants import Owner, occupant


@dataclass(frozen=True, slots=True)
class Tenant:
    """A VM with something on the datastore.

    `disk_bytes` is what its disks there are configured with, of which an attached volume's file is
    the volume's; None: a size is not known. `project_id` is None where its book did not answer,
    empty where it knows no such thing.
    """

    vm: VirtualMachine
    owner: Owner
    server: Server | None = None
    volume_id: str = ""
    volume: Volume | None = None
    project_id: str | None = None
    disk_bytes: int | None = None


@dataclass(frozen=True, slots=True)
class Tenants:
    """By project id, in order of size; `others` are no instances and no volumes.

    `unplaced` are instances and volumes whose project nobody tells: their book did not answer, or
    knows no such thing.
    """

    by_project: Mapping[str, tuple[Tenant, ...]]
    unplaced: tuple[Tenant, ...] = ()
    others: tuple[Tenant, ...] = ()


def tenants_of(
    datastore: MoRef,
    vms: Iterable[VirtualMachine],
    inventory: Inventory,
    servers: Mapping[str, Server] | None,
    volumes: Mapping[str, Volume] | None,
) -> Tenants:
    """`vms` are those with something there (`DatastoreUses.vms`). `servers` and `volumes` are by id
    in lower case; None: Nova or Cinder did not answer.
    """
    by_project: dict[str, list[Tenant]] = {}
    unplaced, others = [], []
    for vm in vms:
        one = _tenant(datastore, vm, inventory, servers, volumes)
        if one.owner is Owner.OTHER or (one.owner is Owner.CINDER and not one.volume_id):
            others.append(one)
        elif one.project_id:
            by_project.setdefault(one.project_id, []).append(one)
        else:
            unplaced.append(one)
    ordered = sorted(by_project.items(), key=lambda item: (-_bytes(item[1]), item[0]))
    return Tenants(
        {project: _ordered(its) for project, its in ordered}, _ordered(unplaced), _ordered(others)
    )


def _tenant(
    datastore: MoRef,
    vm: VirtualMachine,
    inventory: Inventory,
    servers: Mapping[str, Server] | None,
    volumes: Mapping[str, Volume] | None,
) -> Tenant:
    its = occupant(vm, servers)
    volume_id = vm.instance_uuid.lower() if is_shadow(vm) else ""
    volume = (volumes or {}).get(volume_id)
    project: str | None = None
    if its.server:
        project = its.server.project_id
    elif volume_id:
        project = None if volumes is None else volume.project_id if volume else ""
    elif its.owner is Owner.NOVA:
        project = None if servers is None else ""
    return Tenant(
        vm,
        its.owner,
        its.server,
        volume_id,
        volume,
        project,
        _disk_bytes(datastore, vm, inventory, own_volume=bool(volume_id)),
    )


def _disk_bytes(
    datastore: MoRef, vm: VirtualMachine, inventory: Inventory, *, own_volume: bool
) -> int | None:
    whole = 0
    for disk in vm.disks:
        if disk.datastore != datastore:
            continue
        holders = inventory.vms_by_disk_path.get(disk.path, ())
        if not own_volume and any(is_shadow(other) for other in holders):
            continue
        if disk.capacity_bytes is None:
            return None
        whole += disk.capacity_bytes
    return whole


def _bytes(tenants: Iterable[Tenant]) -> int:
    return sum(one.disk_bytes or 0 for one in tenants)


def _ordered(tenants: Iterable[Tenant]) -> tuple[Tenant, ...]:
    return tuple(sorted(tenants, key=lambda one: (-(one.disk_bytes or 0), one.vm.name)))
