"""Clusters and ESX hosts in words."""

from django.utils.formats import number_format
from django.utils.functional import Promise
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy, ngettext, pgettext, pgettext_lazy

from vmware_panel.domain.cluster_sums import HostCounts, Largest
from vmware_panel.domain.clusters import Driven
from vmware_panel.domain.inventory import Cluster, HaPolicyKind
from vmware_panel.wording.sizes import mb_of
from vmware_panel.wording.values import UNKNOWN, Text, filled, foreign

OFF = "off"

_DRS: dict[str, str | Promise] = {
    "fullyAutomated": pgettext_lazy("DRS", "fully automated"),
    "partiallyAutomated": pgettext_lazy("DRS", "partially automated"),
    "manual": pgettext_lazy("DRS", "manual"),
    OFF: pgettext_lazy("DRS", "off"),
}

_HA: dict[str, str | Promise] = {
    "on": pgettext_lazy("HA", "on"),
    "no_reserve": pgettext_lazy("HA", "on, holds nothing back"),
    OFF: pgettext_lazy("HA", "off"),
}

_DRIVEN: dict[Driven, Text] = {
    Driven.DRIVEN: gettext_lazy("driven by Nova"),
    Driven.UNDRIVEN: gettext_lazy("no Nova node"),
    Driven.GONE: gettext_lazy("no such cluster"),
    Driven.UNCONFIGURED: gettext_lazy("vCenter not configured"),
    Driven.UNKNOWN: UNKNOWN,
}

_DRIVEN_SENTENCE: dict[Driven, Text] = {
    Driven.DRIVEN: gettext_lazy("A compute service of Nova's drives this cluster."),
    Driven.UNDRIVEN: gettext_lazy("vCenter has this cluster; no node of Nova's names it."),
    Driven.GONE: gettext_lazy(
        "A node of Nova's names this cluster; its vCenter answered and has none with that id."
    ),
    Driven.UNCONFIGURED: gettext_lazy(
        "A node of Nova's names this cluster; its vCenter is not in the settings of this Horizon."
    ),
    Driven.UNKNOWN: gettext_lazy("One of the books could not be had, so nobody knows."),
}


def drs_mode(cluster: Cluster) -> str | None:
    """The API's word of it, `off`, or None for unknown."""
    if cluster.drs_enabled is None:
        return None
    return cluster.drs_behavior if cluster.drs_enabled else OFF


def drs_words(mode: str | None) -> str:
    """What `drs_mode` says; a mode that no list here holds as it is."""
    return str(UNKNOWN) if mode is None else str(_DRS.get(mode, foreign(mode)))


def ha_mode(cluster: Cluster) -> str | None:
    """`on`, `no_reserve` (without admission control), `off`, or None for unknown."""
    if cluster.ha_enabled is None:
        return None
    if not cluster.ha_enabled:
        return OFF
    return "no_reserve" if cluster.ha_admission_control is False else "on"


def ha_words(mode: str | None) -> str:
    return str(UNKNOWN) if mode is None else str(_HA.get(mode, foreign(mode)))


def ha_reserve_words(cluster: Cluster) -> str:
    """What HA holds back, as its policy says it; empty where it holds nothing back."""
    policy = cluster.ha_policy
    if not cluster.ha_enabled or not cluster.ha_admission_control or policy is None:
        return ""
    if policy.kind is HaPolicyKind.PERCENTAGE:
        return filled(
            _("%(cpu)s %% of CPU and %(memory)s %% of memory"),
            cpu=UNKNOWN if policy.cpu_percent is None else policy.cpu_percent,
            memory=UNKNOWN if policy.memory_percent is None else policy.memory_percent,
        )
    if policy.kind is HaPolicyKind.HOST_FAILURES and policy.host_failures is not None:
        count = policy.host_failures
        text = ngettext(
            "slots for the failure of %(count)d host",
            "slots for the failure of %(count)d hosts",
            count,
        )
        return filled(text, count=count)
    if policy.kind is HaPolicyKind.FAILOVER_HOSTS:
        count = len(policy.failover_hosts)
        text = ngettext("%(count)d whole host", "%(count)d whole hosts", count)
        return filled(text, count=count)
    return str(UNKNOWN)


def driven_label(driven: Driven) -> str:
    return str(_DRIVEN[driven])


def driven_sentence(driven: Driven) -> str:
    return str(_DRIVEN_SENTENCE[driven])


def host_counts_words(counts: HostCounts) -> str:
    """ "14 usable, 1 in maintenance, 1 disconnected"; only what there is."""
    said = [
        (counts.usable, pgettext("ESX hosts", "%(count)d usable")),
        (counts.in_maintenance, pgettext("ESX hosts", "%(count)d in maintenance")),
        (counts.disconnected, pgettext("ESX hosts", "%(count)d disconnected")),
        (counts.unknown, pgettext("ESX hosts", "%(count)d in unknown state")),
    ]
    return ", ".join(filled(text, count=n) for n, text in said if n) or str(_("no host"))


def vcpus_of(count: int) -> str:
    return filled(ngettext("%(count)d vCPU", "%(count)d vCPUs", count), count=count)


def largest_words(largest: Largest) -> str:
    """ "16 vCPUs, 62 GiB"; a host of which little is known may have more room."""
    if largest.memory_mb is None:
        return str(UNKNOWN)
    if not largest.memory_mb or largest.vcpus == 0:
        return str(_("none"))
    parts = [str(_("unknown vCPUs")) if largest.vcpus is None else vcpus_of(largest.vcpus)]
    text = ", ".join([*parts, mb_of(largest.memory_mb)])
    return filled(_("at least %(size)s"), size=text) if largest.at_least else text


def at_least(text: str) -> str:
    return filled(_("at least %(size)s"), size=text)


def hertz_of(mhz: int | None) -> str:
    """`2400` -> "2.4 GHz"; sums of a cluster go up to THz."""
    if mhz is None:
        return str(UNKNOWN)
    number, unit = float(mhz), 0
    units = ("MHz", "GHz", "THz")
    while number >= 999.95 and unit < len(units) - 1:
        number, unit = number / 1000, unit + 1
    rounded = round(number, 1)
    decimals = 0 if rounded == int(rounded) or rounded >= 100 else 1
    return f"{number_format(rounded, decimals, force_grouping=True)} {units[unit]}"


def uptime_of(seconds: int | None) -> str:
    """ "12 days", "5 hours", "20 minutes"."""
    if seconds is None:
        return str(UNKNOWN)
    days, hours, minutes = seconds // 86400, seconds // 3600, seconds // 60
    if days:
        return filled(ngettext("%(count)d day", "%(count)d days", days), count=days)
    if hours:
        return filled(ngettext("%(count)d hour", "%(count)d hours", hours), count=hours)
    return filled(ngettext("%(count)d minute", "%(count)d minutes", minutes), count=minutes)
