"""A placement as a row of the list: every value is one thing, whose book is its column's.

As everywhere in a list, `None` is unknown and `""` or `()` is nothing. What vCenter says of an
instance is unknown where a vCenter that could tell did not answer or is not in the settings, and
nothing where no VM stands behind the instance.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from functools import cached_property
from typing import Any

from vmware_panel.domain.cloud import ComputeService
from vmware_panel.domain.inventory import EsxHost, Inventory
from vmware_panel.domain.kept import Kept
from vmware_panel.domain.placement import Placement, Remark, Severity, Whereabouts
from vmware_panel.panels.compute_services import state_of, status_of

_VCENTER_UNKNOWN = frozenset({Whereabouts.UNKNOWN, Whereabouts.UNCONFIGURED})


@dataclass(frozen=True)
class InstanceRow:
    """One instance. `project` is the name, or the id where Keystone did not tell it."""

    id: str
    name: str
    project_id: str
    project: str
    status: str
    task_state: str
    power_state: str | None
    compute: str | None
    node: str | None
    service: ComputeService | None
    hypervisor_id: str
    whereabouts: Whereabouts
    vcenter: str | None
    cluster: str | None
    cluster_moref: str | None
    nova_cluster: str | None
    host: str | None
    host_moref: str | None
    esx_host: EsxHost | None
    datastores: tuple[str | None, ...] | None
    datastore_morefs: tuple[str, ...] | None
    vm: str | None
    vm_moref: str | None
    vm_power_state: str | None
    remarks: tuple[Remark, ...] | None

    @cached_property
    def disagreements(self) -> tuple[Remark, ...] | None:
        return self._remarks_of(Severity.DISAGREEMENT)

    @cached_property
    def notices(self) -> tuple[Remark, ...] | None:
        return self._remarks_of(Severity.NOTICE)

    def _remarks_of(self, severity: Severity) -> tuple[Remark, ...] | None:
        if self.remarks is None:
            return None
        return tuple(remark for remark in self.remarks if remark.severity is severity)

    @property
    def compute_state(self) -> str | None:
        return state_of(self.compute, self.service)

    @property
    def compute_status(self) -> str | None:
        return status_of(self.compute, self.service)

    @property
    def vm_expected(self) -> bool:
        return self.whereabouts is Whereabouts.ON_VCENTER

    @property
    def texts(self) -> Iterable[str | None]:
        """What the free search looks through."""
        yield from (self.name, self.id, self.project, self.project_id, self.status)
        yield from (self.compute, self.node, self.vcenter, self.cluster, self.host, self.vm)
        yield from (self.vm_moref, self.host_moref, *(self.datastores or ()))


def rows_of(placements: Kept[Placement], project_names: Mapping[str, str]) -> Kept[InstanceRow]:
    """The rows of the list; the same ones as long as the placements and the names are the same."""
    return placements.derived(
        ("rows", tuple(sorted(project_names.items()))),
        lambda: Kept(row_of(placement, project_names) for placement in placements),
    )


def row_of(placement: Placement, project_names: Mapping[str, str]) -> InstanceRow:
    server = placement.server
    return InstanceRow(
        id=server.id,
        name=server.name,
        project_id=server.project_id,
        project=project_names.get(server.project_id) or server.project_id,
        status=server.status,
        task_state=server.task_state or "",
        power_state=server.power.name if server.power is not None else None,
        compute=server.compute_host,
        node=server.node,
        service=placement.service,
        hypervisor_id=placement.hypervisor.id if placement.hypervisor else "",
        whereabouts=placement.whereabouts,
        nova_cluster=_nova_cluster(placement),
        **_vcenter_half(placement),
    )


def _nova_cluster(placement: Placement) -> str | None:
    if placement.nova_cluster:
        return placement.nova_cluster.name
    return None if placement.whereabouts in _VCENTER_UNKNOWN else ""


def _vcenter_half(placement: Placement) -> dict[str, Any]:
    vm = placement.vm
    if vm is None:
        lost = placement.whereabouts in _VCENTER_UNKNOWN
        text, many = (None, None) if lost else ("", ())
        names = ("cluster", "cluster_moref", "host", "host_moref", "vm", "vm_moref")
        half: dict[str, Any] = dict.fromkeys((*names, "vm_power_state"), text)
        return half | {
            "vcenter": text if placement.inventory is None else placement.inventory.vcenter.name,
            "esx_host": None,
            "datastores": many,
            "datastore_morefs": many,
            "remarks": None if lost and not placement.remarks else placement.remarks,
        }
    cluster, host = placement.cluster, placement.host
    unnamed = (None,) * placement.unnamed_datastores
    return {
        "vcenter": placement.inventory.vcenter.name if placement.inventory else None,
        "cluster": cluster.name if cluster else None,
        "cluster_moref": cluster.moref if cluster else None,
        "host": host.name if host else None,
        "host_moref": vm.host,
        "esx_host": host,
        "datastores": (*(d.name for d in placement.datastores), *unnamed),
        "datastore_morefs": vm.datastores,
        "vm": vm.name,
        "vm_moref": vm.moref,
        "vm_power_state": vm.power.value if vm.power else None,
        "remarks": placement.remarks,
    }


def names_in(inventories: Iterable[Inventory]) -> dict[str, frozenset[str]]:
    """What may be asked for though no instance stands there: an ESX host that was emptied, say."""
    whole = tuple(inventories)
    return {
        "vcenter": frozenset(i.vcenter.name for i in whole),
        "cluster": frozenset(c.name for i in whole for c in i.clusters),
        "host": frozenset(h.name for i in whole for h in i.hosts),
        "datastore": frozenset(d.name for i in whole for d in i.datastores),
    }
