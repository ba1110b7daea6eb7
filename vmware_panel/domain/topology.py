"""How many sockets and cores the VMware driver gives a VM, and how that suits the hosts.

Repeated from nova 34: `virt/vmwareapi/vmops.py` `_get_extra_specs` sets `numCoresPerSocket` to the
cores of `virt/hardware.py` `get_best_cpu_topology(flavor, image, allow_threads=False)`. Without a
wish in flavor or image that is one core a socket. `prepare_for_spawn` refuses memory that is not a
multiple of 4 MB.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from enum import StrEnum

from vmware_panel.domain.cloud import Flavor
from vmware_panel.domain.inventory import EsxHost

MEMORY_STEP_MB = 4
_NO_LIMIT = 65536


@dataclass(frozen=True, slots=True)
class CpuTopology:
    """Of a VM. The driver asks for no threads."""

    sockets: int
    cores: int

    @property
    def vcpus(self) -> int:
        return self.sockets * self.cores


class TopologyFault(StrEnum):
    """Why Nova refuses the wishes of flavor and image."""

    NO_NUMBER = "no_number"  # an extra spec or property that is not a whole number
    IMAGE_ABOVE_FLAVOR = "image_above_flavor"  # the image allows more than the flavor
    IMAGE_ABOVE_LIMIT = "image_above_limit"  # the image wants more than is allowed
    IMPOSSIBLE = "impossible"  # no sockets x cores within the limits make the vCPUs


class TopologyError(ValueError):
    """Nova would not boot it. `key` is the extra spec or property, if one is to blame."""

    def __init__(self, fault: TopologyFault, key: str = "") -> None:
        super().__init__(f"{fault.value} {key}".strip())
        self.fault = fault
        self.key = key


def cpu_topology(flavor: Flavor, properties: Mapping[str, str] | None = None) -> CpuTopology:
    """What the driver sets for this flavor and an image with these properties.

    Raises `TopologyError` where Nova refuses.
    """
    image = properties or {}
    limits = _limits(flavor.extra_specs, image)
    wish = _wish(flavor.extra_specs, image, limits)
    highest = [min(flavor.vcpus, limit) for limit in limits]
    possible = [
        CpuTopology(sockets, flavor.vcpus // sockets)
        for sockets in range(highest[0], 0, -1)
        if flavor.vcpus % sockets == 0 and flavor.vcpus // sockets <= highest[1]
    ]
    if not possible:
        raise TopologyError(TopologyFault.IMPOSSIBLE)
    # Of equals the first, with the most sockets. One thread for all of them decides nothing.
    return max(possible, key=lambda one: (one.sockets == wish[0]) + (one.cores == wish[1]))


_KINDS = ("sockets", "cores", "threads")


def _limits(specs: Mapping[str, str], image: Mapping[str, str]) -> list[int]:
    limits = []
    for kind in _KINDS:
        of_flavor = _number(specs, f"hw:cpu_max_{kind}")
        of_image = _number(image, f"hw_cpu_max_{kind}")
        if of_flavor and of_image > of_flavor:
            raise TopologyError(TopologyFault.IMAGE_ABOVE_FLAVOR, f"hw_cpu_max_{kind}")
        limits.append(of_image or of_flavor or _NO_LIMIT)
    return limits


def _wish(specs: Mapping[str, str], image: Mapping[str, str], limits: list[int]) -> list[int]:
    """Sockets, cores and threads wished for; 0: no wish. Any wish of the image's counts alone."""
    of_flavor = [_number(specs, f"hw:cpu_{kind}") for kind in _KINDS]
    of_image = [_number(image, f"hw_cpu_{kind}") for kind in _KINDS]
    for kind, wish, limit in zip(_KINDS, of_image, limits, strict=True):
        if wish > limit:
            raise TopologyError(TopologyFault.IMAGE_ABOVE_LIMIT, f"hw_cpu_{kind}")
    if any(of_image):
        return of_image
    if any(wish > limit for wish, limit in zip(of_flavor, limits, strict=True)):
        return [0, 0, 0]
    return of_flavor


def _number(values: Mapping[str, str], key: str) -> int:
    try:
        return int(values.get(key) or 0)
    except ValueError:
        raise TopologyError(TopologyFault.NO_NUMBER, key) from None


class ConcernKind(StrEnum):
    """What is wrong, or may be, with a flavor's shape on these hosts."""

    MEMORY_STEP = "memory_step"  # Nova's driver refuses to boot it
    TOO_WIDE = "too_wide"  # more vCPUs than any host has logical CPUs: vCenter cannot start it
    MORE_SOCKETS = "more_sockets"  # than any host has
    WIDE_SOCKET = "wide_socket"  # more cores in a socket than a NUMA node of any host
    SPANS_NODES = "spans_nodes"  # more vCPUs than cores in a NUMA node, in unequal parts
    MEMORY_SPANS_NODES = "memory_spans_nodes"  # more memory than a NUMA node of any host
    REFUSED = "refused"  # Nova refuses the wishes of flavor and image


@dataclass(frozen=True, slots=True)
class Concern:
    """`wanted` against what there is at most. `mend` are extra specs that would help.

    `certain` False: it costs speed or may fail, but need not.
    """

    kind: ConcernKind
    wanted: int = 0
    at_most: int = 0
    certain: bool = False
    mend: tuple[tuple[str, str], ...] = ()
    key: str = ""
    fault: TopologyFault | None = None


def concerns(
    flavor: Flavor, hosts: Iterable[EsxHost], properties: Mapping[str, str] | None = None
) -> tuple[Concern, ...]:
    """What speaks against the flavor's shape on these hosts; hosts that say nothing count for
    nothing.
    """
    found = []
    if flavor.ram_mb % MEMORY_STEP_MB:
        found.append(Concern(ConcernKind.MEMORY_STEP, flavor.ram_mb, MEMORY_STEP_MB, certain=True))
    try:
        topology = cpu_topology(flavor, properties)
    except TopologyError as error:
        refused = Concern(ConcernKind.REFUSED, certain=True, key=error.key, fault=error.fault)
        return (*found, refused)
    return (*found, *_against_hosts(flavor, topology, tuple(hosts)))


def _against_hosts(
    flavor: Flavor, topology: CpuTopology, hosts: tuple[EsxHost, ...]
) -> Iterable[Concern]:
    threads = max((h.cpu_threads for h in hosts if h.cpu_threads), default=None)
    packages = max((h.cpu_packages for h in hosts if h.cpu_packages), default=None)
    node_cores = max((n for h in hosts if (n := cores_per_node(h))), default=None)
    node_memory_mb = max((n for h in hosts if (n := memory_mb_per_node(h))), default=None)
    mend = mending_specs(flavor.vcpus, packages, node_cores)
    if threads is not None and flavor.vcpus > threads:
        yield Concern(ConcernKind.TOO_WIDE, flavor.vcpus, threads, certain=True)
    if packages is not None and topology.sockets > packages:
        yield Concern(ConcernKind.MORE_SOCKETS, topology.sockets, packages, mend=mend)
    if node_cores is not None and topology.cores > node_cores:
        yield Concern(ConcernKind.WIDE_SOCKET, topology.cores, node_cores, mend=mend)
    elif node_cores is not None and flavor.vcpus > node_cores:
        nodes = -(-flavor.vcpus // node_cores)
        if topology.sockets % nodes:
            yield Concern(ConcernKind.SPANS_NODES, flavor.vcpus, node_cores, mend=mend)
    if node_memory_mb is not None and flavor.ram_mb > node_memory_mb:
        yield Concern(ConcernKind.MEMORY_SPANS_NODES, flavor.ram_mb, node_memory_mb)


def cores_per_node(host: EsxHost) -> int | None:
    if not host.cpu_cores or not host.numa_nodes:
        return None
    return host.cpu_cores // host.numa_nodes


def memory_mb_per_node(host: EsxHost) -> int | None:
    """As if the memory were spread evenly, which it mostly is."""
    if not host.memory_bytes or not host.numa_nodes:
        return None
    return host.memory_bytes // host.numa_nodes >> 20


def mending_specs(
    vcpus: int, packages: int | None, node_cores: int | None
) -> tuple[tuple[str, str], ...]:
    """Extra specs for the fewest sockets whose cores lie within a NUMA node; none if there are
    no such.
    """
    if not node_cores:
        return ()
    for sockets in range(1, min(vcpus, packages or vcpus) + 1):
        if vcpus % sockets == 0 and vcpus // sockets <= node_cores:
            return (("hw:cpu_sockets", str(sockets)), ("hw:cpu_cores", str(vcpus // sockets)))
    return ()
