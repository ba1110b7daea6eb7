"""Clusters: all of them for the lists, or one for its page."""

from dataclasses import dataclass, field

from django.http import HttpRequest

from vmware_panel.api.context import vcenters_of
from vmware_panel.api.inventories import inventory_source
from vmware_panel.domain.inventory import Cluster, Inventory, MoRef
from vmware_panel.domain.outcome import Trouble


@dataclass(frozen=True)
class ClusterReport:
    """One cluster, from what the collectors keep.

    `vcenter` is the name in the settings. `inventory` None: that vCenter's book could not be had;
    `cluster` None: it is not in it. `faults` are those of the settings, in words.
    """

    vcenter: str
    moref: MoRef
    configured: bool = True
    inventory: Inventory | None = field(default=None, repr=False)
    troubles: tuple[Trouble, ...] = ()
    faults: tuple[str, ...] = ()

    @property
    def cluster(self) -> Cluster | None:
        return self.inventory.cluster_by_ref.get(self.moref) if self.inventory else None

    @property
    def possible(self) -> bool:
        """False if the books say that there is no such cluster."""
        return self.configured and (self.inventory is None or self.cluster is not None)


def cluster_report(request: HttpRequest, vcenter: str, moref: MoRef) -> ClusterReport:
    """One cluster by its vCenter's name and its id there. Raises `ConfigError`."""
    its = [v for v in vcenters_of(request) if v.name == vcenter]
    if not its:
        return ClusterReport(vcenter, moref, configured=False)
    reading = inventory_source().read(its)
    return ClusterReport(
        vcenter,
        moref,
        inventory=next(iter(reading.inventories), None),
        troubles=reading.troubles,
    )
