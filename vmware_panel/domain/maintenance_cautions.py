"""What to know before an ESX host goes into maintenance mode, besides what keeps it from it."""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass

from vmware_panel.domain.cloud import Flavor, Server
from vmware_panel.domain.driver_sums import Resource
from vmware_panel.domain.ha import ha_reserve
from vmware_panel.domain.inventory import EsxHost, MoRef, VirtualMachine
from vmware_panel.domain.plans import Caution, CautionKind
from vmware_panel.domain.standing import Standing

NAMES_SHOWN = 10


@dataclass(frozen=True, slots=True)
class Nova:
    """What Nova's side adds. `servers`, by id, None: Nova did not answer. `names` are of projects."""

    servers: Mapping[str, Server] | None = None
    names: Mapping[str, str] | None = None
    flavors: Sequence[Flavor] = ()

    def server_of(self, vm: VirtualMachine) -> Server | None:
        if not vm.managed_by_nova or self.servers is None:
            return None
        return self.servers.get(vm.instance_uuid.lower())


def cautions(
    standing: Standing,
    leaving: Sequence[VirtualMachine],
    staying: Sequence[VirtualMachine],
    nova: Nova,
    moving_to: Mapping[MoRef, MoRef],
) -> Iterator[Caution]:
    """`moving_to` is where vCenter would move them, as far as it says."""
    host, cluster = standing.host, standing.cluster
    if host is None:
        return
    if nova.servers is None:
        yield Caution(CautionKind.BOOKS_INCOMPLETE, "nova")
    foreign = [vm.name for vm in leaving if not (vm.managed_by_nova or vm.managed_by_cinder)]
    if foreign:
        yield Caution(CautionKind.FOREIGN_VMS, host.name, listed(foreign))
    off = [vm.name for vm in staying if not vm.is_template]
    if off:
        yield Caution(CautionKind.POWERED_OFF_STAY, host.name, listed(off))
    for vm in leaving:
        server = nova.server_of(vm)
        if server and server.task_state:
            yield Caution(CautionKind.NOVA_AT_WORK, server.name, server.task_state)
    for name in sorted(_should_rules(standing, leaving, moving_to)):
        yield Caution(CautionKind.SHOULD_RULE, name)
    if cluster is None or not host.usable:
        return
    if not standing.others:
        yield Caution(CautionKind.LAST_HOST, cluster.name)
    else:
        for flavor in flavors_that_stop_fitting(nova.flavors, host, standing.others):
            yield Caution(CautionKind.FLAVOR_STOPS_FITTING, flavor.name)
        yield from _ha_reserve(standing)


def _should_rules(
    standing: Standing, leaving: Iterable[VirtualMachine], moving_to: Mapping[MoRef, MoRef]
) -> set[str]:
    return {
        rule.name
        for vm in leaving
        if (to := moving_to.get(vm.moref))
        for rule in standing.host_rules(vm.moref)
        if not rule.mandatory and not standing.allows(rule, to)
    }


def flavors_that_stop_fitting(
    flavors: Iterable[Flavor], out: EsxHost, left: Sequence[EsxHost]
) -> tuple[Flavor, ...]:
    """Those that the host could hold alone, empty as it may be, and none of the hosts left can.

    Threads and memory of single hosts, as vCenter shows them. What runs there is not looked at: an
    instance of such a flavor cannot start on the others however empty they are.
    """
    return tuple(
        flavor
        for flavor in flavors
        if _could_hold(out, flavor) and not any(_could_hold(host, flavor) for host in left)
    )


def _could_hold(host: EsxHost, flavor: Flavor) -> bool:
    """An unknown size is no reason to say that a flavor does not fit."""
    threads = host.cpu_threads is None or flavor.vcpus <= host.cpu_threads
    return threads and (host.memory_bytes is None or flavor.ram_mb <= host.memory_bytes >> 20)


def _ha_reserve(standing: Standing) -> Iterator[Caution]:
    """Whether what all hosts use now leaves on the others what HA holds back there, by memory."""
    cluster, host = standing.cluster, standing.host
    if cluster is None or host is None:
        return
    reserve_mb = ha_reserve(cluster, standing.others, Resource.MEMORY_MB, _memory_mb)
    sizes_mb = [_memory_mb(other) for other in standing.others]
    usages = [standing.usage.get(one.moref) for one in (host, *standing.others)]
    used_mb = [usage.memory_used_mb if usage else None for usage in usages]
    if not reserve_mb or None in sizes_mb or None in used_mb:
        return
    free_mb = sum(mb or 0 for mb in sizes_mb) - sum(mb or 0 for mb in used_mb)
    if free_mb < reserve_mb:
        detail = f"{max(0, free_mb)} MiB < {reserve_mb} MiB"
        yield Caution(CautionKind.HA_RESERVE_BROKEN, cluster.name, detail)


def _memory_mb(host: EsxHost) -> int | None:
    return None if host.memory_bytes is None else host.memory_bytes >> 20


def listed(names: Sequence[str]) -> str:
    """The first of them, and how many there are if that is not all."""
    shown = ", ".join(names[:NAMES_SHOWN])
    return shown if len(names) <= NAMES_SHOWN else f"{shown}, … ({len(names)})"
