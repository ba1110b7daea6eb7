"""What one ESX host is, in words: its state and hardware, what it uses, and what it mounts."""

from dataclasses import dataclass
from datetime import timedelta

from django.urls import NoReverseMatch, reverse
from django.utils import timezone
from django.utils.formats import number_format
from django.utils.timesince import timesince
from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from vmware_panel.api.hosts import HostReport
from vmware_panel.domain.cluster_detail import NumaNode
from vmware_panel.domain.inventory import Datastore, EsxHost
from vmware_panel.panels.links import datastore_url
from vmware_panel.wording import (
    UNKNOWN,
    Tone,
    bytes_of,
    filled,
    foreign,
    free_of,
    host_state,
    host_tone,
    mb_of,
)

FILLING_PERCENT, FULL_PERCENT = 75, 90
_MIB = 1024**2


@dataclass(frozen=True, slots=True)
class Fact:
    """`text` empty: unknown. With a `tone` it is a label, with a `url` a link."""

    key: str
    label: str
    text: str
    tone: Tone | None = None
    url: str = ""


@dataclass(frozen=True, slots=True)
class Bar:
    """How full something is. `percent` None: nothing is drawn."""

    key: str
    label: str
    text: str
    percent: int | None = None

    @property
    def bar_class(self) -> str:
        percent = self.percent or 0
        if percent >= FULL_PERCENT:
            return "vmware-bar-full"
        return "vmware-bar-filling" if percent >= FILLING_PERCENT else "vmware-bar-used"


@dataclass(frozen=True, slots=True)
class DatastoreRow:
    name: str
    type: str
    state: str
    tone: Tone
    bar: Bar
    url: str = ""


@dataclass(frozen=True, slots=True)
class NumaRow:
    id: int
    threads: str
    memory: str


@dataclass(frozen=True, slots=True)
class AdapterRow:
    device: str
    mac: str
    driver: str
    link: str
    tone: Tone


def facts(report: HostReport) -> tuple[Fact, ...]:
    host, detail, inventory = report.host, report.detail, report.inventory
    if host is None:
        return ()
    cluster = inventory.cluster_by_ref.get(host.cluster) if inventory and host.cluster else None
    uptime_s = report.usage.uptime_s if report.usage else None
    version = detail.product if detail and detail.product else host.version or ""
    return (
        Fact("state", _("State"), host_state(host), host_tone(host)),
        Fact("vcenter", _("vCenter"), foreign(report.vcenter)),
        Fact(
            "cluster",
            _("Cluster"),
            foreign(cluster.name) if cluster else "",
            url=_cluster_url(report.vcenter, cluster.moref) if cluster else "",
        ),
        Fact("version", _("Version"), foreign(version)),
        Fact(
            "model",
            _("Model"),
            foreign(f"{detail.vendor} {detail.model}".strip()) if detail else "",
        ),
        Fact("cpu_model", _("CPU model"), foreign(detail.cpu_model) if detail else ""),
        Fact("cpus", _("Sockets × cores × threads"), topology(host)),
        Fact("memory", _("Memory"), bytes_of(host.memory_bytes) if host.memory_bytes else ""),
        Fact("numa", _("NUMA nodes"), str(host.numa_nodes) if host.numa_nodes else ""),
        Fact("uptime", _("Uptime"), _span(uptime_s)),
        Fact("power_policy", _("Power policy"), foreign(detail.power_policy) if detail else ""),
    )


def topology(host: EsxHost) -> str:
    """ "2 sockets × 8 cores × 2 threads = 32 threads at 2394 MHz"; empty where it is unknown."""
    sockets, cores, threads = host.cpu_packages, host.cpu_cores, host.cpu_threads
    if not sockets or not cores or not threads:
        return ""
    said = filled(
        _("%(sockets)s × %(cores)s × %(threads)s = %(all)s"),
        sockets=ngettext("%d socket", "%d sockets", sockets) % sockets,
        cores=_each(ngettext("%s core", "%s cores", cores // sockets), cores, sockets),
        threads=_each(ngettext("%s thread", "%s threads", threads // cores), threads, cores),
        all=ngettext("%d thread", "%d threads", threads) % threads,
    )
    if host.cpu_mhz:
        said = filled(_("%(threads)s at %(mhz)d MHz"), threads=said, mhz=host.cpu_mhz)
    return said


def bars(report: HostReport) -> tuple[Bar, ...]:
    host, usage = report.host, report.usage
    if host is None:
        return ()
    total_mhz = host.cpu_mhz * host.cpu_cores if host.cpu_mhz and host.cpu_cores else None
    used_mhz = usage.cpu_used_mhz if usage else None
    used_mb = usage.memory_used_mb if usage else None
    total_mb = host.memory_bytes // _MIB if host.memory_bytes else None
    return (
        _bar("cpu", _("CPU"), used_mhz, total_mhz, mhz_of(used_mhz), mhz_of(total_mhz)),
        _bar(
            "memory", _("Memory"), used_mb, total_mb, mb_of(used_mb), bytes_of(host.memory_bytes)
        ),
    )


def numa_nodes(report: HostReport) -> tuple[NumaRow, ...]:
    nodes: tuple[NumaNode, ...] = report.detail.numa if report.detail else ()
    return tuple(
        NumaRow(node.id, number_format(node.threads), bytes_of(node.memory_bytes))
        for node in nodes
    )


def adapters(report: HostReport) -> tuple[AdapterRow, ...] | None:
    """None: vCenter does not say."""
    if report.detail is None or report.detail.adapters is None:
        return None
    return tuple(
        AdapterRow(
            device=foreign(adapter.device),
            mac=foreign(adapter.mac),
            driver=foreign(adapter.driver),
            link=filled(_("up, %(mbps)s Mbit/s"), mbps=number_format(adapter.link_mbps))
            if adapter.link_mbps is not None
            else _("no link"),
            tone=Tone.CARE if adapter.link_mbps is None else Tone.GOOD,
        )
        for adapter in report.detail.adapters
    )


def datastores(report: HostReport) -> tuple[DatastoreRow, ...]:
    if report.host is None or report.inventory is None:
        return ()
    known = report.inventory.datastore_by_ref
    found = (known[moref] for moref in report.host.datastores if moref in known)
    return tuple(
        _datastore(report.vcenter, datastore) for datastore in sorted(found, key=lambda d: d.name)
    )


def mhz_of(mhz: int | float | None) -> str:
    """In GHz, with two decimals."""
    if mhz is None:
        return str(UNKNOWN)
    return filled(
        _("%(number)s GHz"), number=number_format(round(mhz / 1000, 2), 2, force_grouping=True)
    )


def _bar(
    key: str, label: str, used: int | None, total: int | None, said_used: str, said_total: str
) -> Bar:
    text = filled(_("%(used)s used of %(total)s"), used=said_used, total=said_total)
    if used is None or not total:
        return Bar(key, label, text)
    percent = min(100, max(0, round(100 * used / total)))
    return Bar(key, label, f"{text}, {percent} %", percent)


def _datastore(vcenter: str, datastore: Datastore) -> DatastoreRow:
    used = datastore.used_fraction
    text = free_of(datastore.free_bytes, datastore.capacity_bytes)
    state, tone = _("accessible"), Tone.GOOD
    if datastore.accessible is None:
        state, tone = str(UNKNOWN), Tone.PLAIN
    elif not datastore.accessible:
        state, tone = _("not accessible"), Tone.BAD
    elif datastore.maintenance_mode and datastore.maintenance_mode != "normal":
        state, tone = _("in maintenance mode"), Tone.CARE
    bar = Bar("space", _("Space"), text, None if used is None else round(100 * used))
    url = datastore_url(vcenter, datastore.moref)
    return DatastoreRow(
        foreign(datastore.name), foreign(datastore.type or ""), state, tone, bar, url
    )


def _each(text: str, of: int, by: int) -> str:
    """Whole numbers as such; a host whose sockets differ has a fraction."""
    return text % (of // by if of % by == 0 else number_format(of / by, 1))


def _span(seconds: int | None) -> str:
    if seconds is None:
        return ""
    now = timezone.now()
    return timesince(now - timedelta(seconds=seconds), now)


def _cluster_url(vcenter: str, moref: str) -> str:
    try:
        return str(reverse("horizon:admin:vmware_clusters:detail", args=[vcenter, moref]))
    except NoReverseMatch:  # the deployer has taken the panel out
        return ""
