"""What the tab says of one instance, figure by figure, with Nova's book and vCenter's apart."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass

from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from vmware_panel.domain.cloud import parse_node_name
from vmware_panel.domain.placement import Placement, RemarkKind, Whereabouts
from vmware_panel.wording import (
    UNKNOWN,
    Tone,
    bytes_of,
    filled,
    gb_of,
    host_state,
    host_tone,
    mb_of,
    nova_power,
    service_state,
    service_tone,
    tools,
    vcpus,
    vm_power,
    whereabouts_label,
)


@dataclass(frozen=True, slots=True)
class Said:
    """What one book says of one thing. `text` None: unknown. `state` is shown as a label."""

    text: str | None = None
    note: str = ""
    state: str = ""
    tone: Tone = Tone.PLAIN


@dataclass(frozen=True, slots=True)
class Figure:
    """One thing and what each book says of it. None: that book does not hold such a thing."""

    label: str
    nova: Said | None = None
    vcenter: Said | None = None
    differs: bool = False


UNTOLD = Said()


def where(placement: Placement) -> tuple[Figure, ...]:
    """Where the instance runs."""
    return tuple(_where(placement))


def what(placement: Placement) -> tuple[Figure, ...]:
    """What it is: names, power, size."""
    return tuple(_what(placement))


def _where(placement: Placement) -> Iterator[Figure]:
    yield Figure(
        _("Cluster"),
        _nova_cluster(placement),
        _of_vm(placement, lambda: _cluster(placement)),
        differs=_has(
            placement,
            RemarkKind.OTHER_CLUSTER,
            RemarkKind.OTHER_VCENTER,
            RemarkKind.NODE_WITHOUT_CLUSTER,
            RemarkKind.UNEXPECTED_VM,
            RemarkKind.NO_VM,
        ),
    )
    if _is_about_vcenter(placement):
        yield Figure(_("ESX host"), None, _of_vm(placement, lambda: _host(placement)))
        yield Figure(
            _("Resource pool"),
            None,
            _of_vm(placement, lambda: _pool(placement)),
            differs=_has(placement, RemarkKind.CHILD_POOL),
        )
        yield Figure(_("Folder"), None, _of_vm(placement, lambda: _folder(placement)))
        yield Figure(_("vCenter"), None, _vcenter(placement))
    yield Figure(_("Compute service"), _service(placement))
    yield Figure(_("Node"), _node(placement))
    if placement.server.availability_zone:
        yield Figure(_("Availability zone"), Said(placement.server.availability_zone))


def _what(placement: Placement) -> Iterator[Figure]:
    server, vm = placement.server, placement.vm
    about_vcenter = _is_about_vcenter(placement)
    yield Figure(
        _("Name"),
        Said(server.name, server.id),
        _of_vm(placement, lambda: Said(vm.name, vm.moref) if vm else UNTOLD),
        differs=_has(placement, RemarkKind.DUPLICATE_ID, RemarkKind.CLONE_CLAIMS_ID),
    )
    yield Figure(
        _("Power state"),
        Said(nova_power(server.power)) if server.power is not None else UNTOLD,
        _of_vm(placement, lambda: Said(vm_power(vm.power)) if vm and vm.power else UNTOLD),
        differs=_has(placement, RemarkKind.POWER_STATE),
    )
    flavor = filled(_("flavor %(name)s"), name=server.flavor_name) if server.flavor_name else ""
    root_disk = filled(_("root disk of %(flavor)s"), flavor=flavor) if flavor else ""
    yield Figure(
        _("vCPUs"),
        known(server.flavor_vcpus, str(server.flavor_vcpus), flavor),
        _of_vm(placement, lambda: known(vm.vcpus, vcpus(vm)) if vm else UNTOLD),
    )
    yield Figure(
        _("Memory"),
        known(server.flavor_ram_mb, mb_of(server.flavor_ram_mb), flavor),
        _of_vm(placement, lambda: known(vm.memory_mb, mb_of(vm.memory_mb)) if vm else UNTOLD),
    )
    yield Figure(
        _("Disk"),
        known(server.flavor_disk_gb, gb_of(server.flavor_disk_gb), root_disk),
        _of_vm(placement, lambda: _disks(placement)),
    )
    if not about_vcenter:
        return
    yield Figure(
        _("Hardware version"),
        None,
        _of_vm(placement, lambda: Said(vm.hardware_version or None) if vm else UNTOLD),
    )
    yield Figure(
        _("Guest system"),
        None,
        _of_vm(placement, lambda: Said(vm.guest_id or None) if vm else UNTOLD),
    )
    yield Figure(
        _("VMware Tools"),
        None,
        _of_vm(placement, lambda: Said(tools(vm.tools)) if vm and vm.tools else UNTOLD),
    )
    yield Figure(
        _("NUMA nodes of the ESX host"), None, _of_vm(placement, lambda: _numa(placement))
    )
    yield Figure(
        _("Managed by"),
        None,
        _of_vm(placement, lambda: Said(vm.manager_key or _("nobody")) if vm else UNTOLD),
        differs=_has(placement, RemarkKind.NOT_MANAGED),
    )


def _of_vm(placement: Placement, said: Callable[[], Said]) -> Said | None:
    """vCenter's word on a VM; without one, why there is none."""
    if placement.vm:
        return said()
    if placement.whereabouts in (Whereabouts.MISSING, Whereabouts.BUILDING):
        return Said("", state=whereabouts_label(placement.whereabouts), tone=Tone.CARE)
    if placement.whereabouts in (Whereabouts.UNKNOWN, Whereabouts.UNCONFIGURED):
        return UNTOLD
    return None


def _is_about_vcenter(placement: Placement) -> bool:
    return placement.whereabouts not in (Whereabouts.NOT_ON_VCENTER, Whereabouts.NOT_PLACED)


def _has(placement: Placement, *kinds: RemarkKind) -> bool:
    return any(remark.kind in kinds for remark in placement.remarks)


def known(value: object, text: str, note: str = "") -> Said:
    return UNTOLD if value is None else Said(text, note)


def _nova_cluster(placement: Placement) -> Said | None:
    """Nova names its cluster by id within its node; the name of that id is vCenter's."""
    server = placement.server
    if server.node is None:
        return UNTOLD
    node = parse_node_name(server.node)
    if node is None:
        return None
    if placement.nova_cluster:
        return Said(placement.nova_cluster.name, node.cluster)
    return Said(node.cluster, _("the id in the node's name"))


def _cluster(placement: Placement) -> Said:
    if not placement.cluster:
        return UNTOLD
    return Said(placement.cluster.name, placement.cluster.moref)


def _host(placement: Placement) -> Said:
    if not placement.host:
        return UNTOLD
    return Said(
        placement.host.name, state=host_state(placement.host), tone=host_tone(placement.host)
    )


def _pool(placement: Placement) -> Said:
    if not placement.pool or not placement.inventory:
        return UNTOLD
    return Said(" / ".join(placement.inventory.pool_path(placement.pool.moref)) or None)


def _folder(placement: Placement) -> Said:
    if not placement.vm or not placement.inventory:
        return UNTOLD
    return Said(" / ".join(placement.inventory.folder_path(placement.vm.folder)) or None)


def _vcenter(placement: Placement) -> Said:
    if not placement.inventory:
        return UNTOLD
    vcenter = placement.inventory.vcenter
    return Said(vcenter.name, vcenter.full_name or vcenter.version)


def _service(placement: Placement) -> Said:
    server, service = placement.server, placement.service
    if server.compute_host == "":
        return Said(_("none"))
    if not service:
        unknown_state = str(UNKNOWN) if server.compute_host else ""
        return Said(server.compute_host, state=unknown_state)
    return Said(
        service.host, service.disabled_reason, service_state(service), service_tone(service)
    )


def _node(placement: Placement) -> Said:
    if placement.server.node == "":
        return Said(_("none"))
    kind = placement.hypervisor.type if placement.hypervisor else ""
    return Said(placement.server.node, kind)


def _disks(placement: Placement) -> Said:
    sizes = [disk.capacity_bytes for disk in placement.vm.disks] if placement.vm else []
    text = ngettext("%(size)s in %(count)d disk", "%(size)s in %(count)d disks", len(sizes))
    known = [size for size in sizes if size is not None]
    total = sum(known) if len(known) == len(sizes) else None
    return Said(filled(text, size=bytes_of(total), count=len(sizes)))


def _numa(placement: Placement) -> Said:
    nodes = placement.host.numa_nodes if placement.host else None
    return known(nodes, str(nodes))
