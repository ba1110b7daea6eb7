"""Which nova-computes there are just now, and which cache root the settings say each has."""

from collections.abc import Iterable, Mapping

from vmware_panel.config import ANY_COMPUTE, ComputeConfig, PanelConfig
from vmware_panel.domain.cache_roots import CacheCompute, CacheComputes
from vmware_panel.domain.cloud import ComputeService, Hypervisor, parse_node_name
from vmware_panel.domain.image_cache import Ageing
from vmware_panel.domain.inventory import Inventory, MoRef


def cache_computes(
    settings: PanelConfig,
    services: Iterable[ComputeService],
    hypervisors: Iterable[Hypervisor],
    inventories: Iterable[Inventory],
) -> CacheComputes:
    """Every compute that Nova or the settings name. `services` are all that Nova has."""
    named = {i.vcenter.instance_uuid.lower(): i.vcenter.name for i in inventories}
    nodes = {}
    for hypervisor in hypervisors:
        if name := parse_node_name(hypervisor.node):
            vcenter = named.get(name.vcenter_uuid.lower(), "")
            nodes[hypervisor.service_host] = vcenter, name.cluster
    told = (host for host in settings.computes if host != ANY_COMPUTE)
    hosts = dict.fromkeys((*(service.host for service in services), *nodes, *told))
    return CacheComputes(
        tuple(_compute(host, nodes, settings.compute(host)) for host in hosts), complete=True
    )


def _compute(
    host: str, nodes: Mapping[str, tuple[str, MoRef]], told: ComputeConfig
) -> CacheCompute:
    vcenter, cluster = nodes.get(host, ("", None))
    return CacheCompute(
        host,
        vcenter,
        cluster,
        told.cache_root,
        told.datastore_regex,
        Ageing(
            removes=_removes(told),
            minimum_age_s=told.remove_unused_original_minimum_age_seconds,
            interval_s=told.manager_interval,
        ),
    )


def _removes(told: ComputeConfig) -> bool | None:
    """A `manager_interval` below 0 switches Nova's passes off."""
    if told.manager_interval is not None and told.manager_interval < 0:
        return False
    return told.remove_unused_base_images
