"""The nova-computes whose image caches the region has, by Nova and by the settings."""

from collections.abc import Sequence
from dataclasses import replace

from django.http import HttpRequest

from vmware_panel.config import ANY_COMPUTE, ComputeConfig, PanelConfig, VCenterConfig
from vmware_panel.domain.cache_roots import CacheCompute, CacheComputes
from vmware_panel.domain.cloud import ComputeService, Hypervisor, parse_node_name
from vmware_panel.domain.image_cache import Ageing
from vmware_panel.domain.inventory import Inventory


def stands_alone(request: HttpRequest, vcenters: Sequence[VCenterConfig]) -> bool:
    """Whether all instances on these vCenters are in this region, as far as the settings tell."""
    regions = getattr(request.user, "available_services_regions", None) or ()
    return len(regions) <= 1 or all(vcenter.region is not None for vcenter in vcenters)


def cache_computes(
    config: PanelConfig,
    hypervisors: Sequence[Hypervisor] | None,
    services: Sequence[ComputeService] | None,
    inventories: Sequence[Inventory],
    *,
    alone: bool = True,
) -> CacheComputes:
    """The nova-computes of the VMware driver, and those that only the settings name.

    Complete if Nova told its nodes and services, and the settings tell of each compute whose cell
    is down: its node is not listed.
    """
    names = {i.vcenter.instance_uuid.lower(): i.vcenter.name for i in inventories}
    found: dict[str, CacheCompute] = {}
    others = set()
    for hypervisor in hypervisors or ():
        node = parse_node_name(hypervisor.node)
        if not hypervisor.is_vmware or node is None:
            others.add(hypervisor.service_host)
            continue
        told = _told(config.compute(hypervisor.service_host), hypervisor.service_host)
        vcenter = names.get(node.vcenter_uuid, "")
        found[told.host] = replace(told, vcenter=vcenter, cluster=node.cluster)
    for host, its in config.computes.items():
        if host != ANY_COMPUTE and host not in found and host not in others:
            if its.cache_root is not None:
                found[host] = _told(its, host)
    known = hypervisors is not None and services is not None
    dark = {service.host for service in services or () if not service.id} - set(found)
    return CacheComputes(
        tuple(found[host] for host in sorted(found)), complete=known and alone and not dark
    )


def _told(config: ComputeConfig, host: str) -> CacheCompute:
    interval = config.manager_interval
    removes = config.remove_unused_base_images
    if interval is not None and interval < 0:
        removes = False
    return CacheCompute(
        host=host,
        root=config.cache_root,
        datastore_regex=config.datastore_regex,
        ageing=Ageing(removes, config.remove_unused_original_minimum_age_seconds, interval),
        other_root=config.other_cache_root,
    )
