"""What HA admission control holds back, in any figure of a host."""

from collections.abc import Callable, Sequence

from vmware_panel.domain.driver_sums import Resource
from vmware_panel.domain.inventory import Cluster, EsxHost, HaPolicyKind


def ha_holds_back(cluster: Cluster) -> bool | None:
    """False where HA or its admission control is off; None where vCenter does not say."""
    if cluster.ha_enabled is False or cluster.ha_admission_control is False:
        return False
    return True if cluster.ha_enabled and cluster.ha_admission_control else None


def ha_reserve(
    cluster: Cluster,
    usable: Sequence[EsxHost],
    resource: Resource,
    size: Callable[[EsxHost], int | None],
) -> int | None:
    """How much of the usable hosts' sum is kept for a failover; None where that is unknown.

    By the policy: that percentage of the sum; the n largest hosts, as if they were the ones to
    fail (HA itself counts slots, which it does not tell); or the failover hosts, whole.
    """
    holds = ha_holds_back(cluster)
    if not holds:
        return 0 if holds is False else None
    sizes = {host.moref: size(host) for host in usable}
    known = [one for one in sizes.values() if one is not None]
    policy = cluster.ha_policy
    if policy is None or len(known) < len(sizes):
        return None
    match policy.kind:
        case HaPolicyKind.PERCENTAGE:
            of_cpu = resource is Resource.VCPU
            percent = policy.cpu_percent if of_cpu else policy.memory_percent
            return None if percent is None else -(-sum(known) * percent // 100)
        case HaPolicyKind.HOST_FAILURES:
            count = policy.host_failures
            return None if count is None else sum(sorted(known, reverse=True)[:count])
        case HaPolicyKind.FAILOVER_HOSTS:
            return sum(sizes.get(host) or 0 for host in policy.failover_hosts)
    return None
