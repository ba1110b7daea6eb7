"""Whose the VMs on one ESX host are: which are instances, of which project, and which are not."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from enum import StrEnum

from vmware_panel.domain.cloud import Server
from vmware_panel.domain.inventory import MoRef, VirtualMachine


class Owner(StrEnum):
    """Whose a VM is."""

    INSTANCE = "instance"  # Nova knows a server of its id
    NOVA = "nova"  # Nova's driver made it; no such server is known
    CINDER = "cinder"  # Cinder's driver made it, to hold a volume
    OTHER = "other"  # not OpenStack's


@dataclass(frozen=True, slots=True)
class Occupant:
    vm: VirtualMachine
    owner: Owner
    server: Server | None = None


def occupants(
    vms: Iterable[VirtualMachine], host: MoRef, servers: Mapping[str, Server] | None
) -> tuple[Occupant, ...]:
    """The VMs that stand on the host, by name. `servers` by id in lower case; None: Nova did not
    tell, and then what its driver made is `NOVA`.
    """
    mine = (vm for vm in vms if vm.host == host)
    return tuple(occupant(vm, servers) for vm in sorted(mine, key=lambda vm: (vm.name, vm.moref)))


def occupant(vm: VirtualMachine, servers: Mapping[str, Server] | None) -> Occupant:
    """Whose one VM is; `servers` as above."""
    server = (servers or {}).get(vm.instance_uuid.lower()) if not vm.is_template else None
    if server is not None:
        return Occupant(vm, Owner.INSTANCE, server)
    if vm.managed_by_nova:
        return Occupant(vm, Owner.NOVA)
    return Occupant(vm, Owner.CINDER if vm.managed_by_cinder else Owner.OTHER)
