"""Whether each configured vCenter can be used, step by step: what `manage.py vmware_check` runs."""

import os
from collections.abc import Iterator, Sequence

from vmware_panel.config import VCenterConfig
from vmware_panel.domain.cloud import Hypervisor, parse_node_name
from vmware_panel.domain.inventory import Cluster, VCenter
from vmware_panel.domain.outcome import Outcome, Trouble, TroubleKind
from vmware_panel.endpoints import endpoint_of
from vmware_panel.openstack import CloudError
from vmware_panel.openstack.environment import access_from_environment, has_credentials
from vmware_panel.openstack.nova import list_hypervisors
from vmware_panel.vsphere import ProbeStep, StepName, StepStatus, probe

__all__ = ["ProbeStep", "StepStatus", "check_vcenter", "nodes_step", "nova_nodes"]

NO_CREDENTIALS = Trouble(
    "nova", TroubleKind.CONFIGURATION, "neither OS_CLOUD nor OS_AUTH_URL is set"
)

Nodes = Outcome[tuple[Hypervisor, ...]]


def nova_nodes() -> Nodes:
    """Nova's VMware nodes, with the credentials of the environment."""
    if not has_credentials(os.environ):
        return Outcome(trouble=NO_CREDENTIALS)
    try:
        hypervisors = list_hypervisors(access_from_environment())
    except CloudError as error:
        return Outcome(trouble=error.trouble)
    return Outcome(value=tuple(h for h in hypervisors if h.is_vmware))


def check_vcenter(vcenter: VCenterConfig, nodes: Nodes) -> Iterator[ProbeStep]:
    """Every step of one vCenter as soon as it is done; Nova's nodes are the last."""
    about: VCenter | None = None
    clusters: tuple[Cluster, ...] = ()
    failed = ""
    for step in probe(endpoint_of(vcenter)):
        about = step.vcenter or about
        clusters = step.clusters or clusters
        if step.status is StepStatus.FAILED:
            failed = step.name
        yield step
    if failed or about is None:
        yield ProbeStep(StepName.NODES, StepStatus.SKIPPED, f"not tried: {failed} failed")
    else:
        yield nodes_step(about, clusters, nodes)


def nodes_step(about: VCenter, clusters: Sequence[Cluster], nodes: Nodes) -> ProbeStep:
    """Which of Nova's nodes this vCenter stands behind, and whether their clusters are there."""
    if nodes.value is None:
        return _nodes_unknown(nodes.trouble)
    known = {cluster.moref: cluster.name for cluster in clusters}
    matched: list[str] = []
    lost: list[str] = []
    for hypervisor in nodes.value:
        name = parse_node_name(hypervisor.node)
        if name is None or name.vcenter_uuid != about.instance_uuid.lower():
            continue
        if name.cluster in known:
            matched.append(f"{hypervisor.service_host} drives {known[name.cluster]}")
        else:
            lost.append(f"{hypervisor.service_host} ({name.cluster})")
    if lost:
        return ProbeStep(
            StepName.NODES,
            StepStatus.WARN,
            f"no cluster is found for {', '.join(lost)}; found: {', '.join(matched) or 'none'}",
            "check that the account sees the cluster, and that it was not removed and added again "
            "(its id changes then, and Nova's node name with it)",
        )
    if not matched:
        return ProbeStep(
            StepName.NODES,
            StepStatus.WARN,
            f"none of Nova's {len(nodes.value)} VMware nodes belongs to this vCenter",
            "check that this is the vCenter of nova.conf's [vmware] host_ip, and OS_REGION_NAME",
        )
    return ProbeStep(
        StepName.NODES, StepStatus.OK, f"{len(matched)} matched: {', '.join(matched)}"
    )


def _nodes_unknown(trouble: Trouble | None) -> ProbeStep:
    if trouble is NO_CREDENTIALS:
        return ProbeStep(
            StepName.NODES,
            StepStatus.SKIPPED,
            f"not tried: {NO_CREDENTIALS.detail}",
            "to match Nova's nodes as well, set OS_* variables of an admin and run it again",
        )
    detail = f"{trouble.source}: {trouble.detail}" if trouble else "Nova gave no answer"
    return ProbeStep(
        StepName.NODES,
        StepStatus.WARN,
        f"Nova's nodes could not be read: {detail}",
        "check the OS_* variables; listing hypervisors takes an admin",
    )
