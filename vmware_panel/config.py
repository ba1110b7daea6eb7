"""The setting `VMWARE_PANEL`, read once into frozen types.

    VMWARE_PANEL = {
        "vcenters": {
            "prod": {
                "host": "vcenter.example.org",
                "username": "horizon@vsphere.local",
                "password_file": "/etc/openstack-dashboard/vcenter-prod.password",
            },
        },
        "computes": {"compute-vmware-1": {"cache_prefix": "c1", "datastore_regex": "^ssd-"}},
    }

The key of a vCenter is its name on every page and in every link. The keys of a compute are those
of its nova.conf. docs/configuration.md describes each key.
"""

import functools
import re
from collections.abc import Collection
from types import MappingProxyType

from django.conf import settings
from django.core.signals import setting_changed

from vmware_panel.config_types import (
    ANY_COMPUTE,
    CollectorConfig,
    CollectorMode,
    ComputeConfig,
    JobsConfig,
    PanelConfig,
    StoreConfig,
    VCenterConfig,
)
from vmware_panel.config_vcenters import read_vcenter, report_twins
from vmware_panel.secret import SecretUnavailableError
from vmware_panel.settings_reader import SETTING, ConfigError, ConfigFault, FaultKind, Section

__all__ = [
    "ANY_COMPUTE",
    "CollectorConfig",
    "CollectorMode",
    "ComputeConfig",
    "ConfigError",
    "ConfigFault",
    "JobsConfig",
    "PanelConfig",
    "StoreConfig",
    "VCenterConfig",
    "SETTING",
    "SecretUnavailableError",
    "get_config",
    "read",
]

MOST_RESERVED = 1 << 40
LONGEST_AGE_S = 100 * 366 * 86_400
LEAST_SCAN_INTERVAL_S = 300

VCENTERS_REMEDY = (
    "Write {'prod': {'host': 'vcenter.example.org', 'username': ..., 'password_file': ...}}"
)
COMPUTES_REMEDY = "Write {'<compute host>': {'cache_prefix': ..., 'datastore_regex': ...}}"


@functools.cache
def get_config() -> PanelConfig:
    """The configuration of this process.

    Raises `ConfigError` with every fault. Read again when a test overrides the setting.
    """
    return read(
        getattr(settings, SETTING, None),
        cache_aliases=settings.CACHES,
        task_aliases=getattr(settings, "TASKS", {}),
    )


def _forget(*, setting: str, **kwargs: object) -> None:
    if setting in (SETTING, "CACHES", "TASKS"):
        get_config.cache_clear()


setting_changed.connect(_forget, dispatch_uid="vmware_panel.config")


def read(
    raw: object,
    cache_aliases: Collection[str] | None = None,
    task_aliases: Collection[str] | None = None,
) -> PanelConfig:
    """Reads the value of `VMWARE_PANEL`; None reads as a configuration without vCenters.

    `cache_aliases` and `task_aliases` are the keys of Django's `CACHES` and `TASKS`; None skips the
    checks of what names one.
    Touches no file and no network: a password is fetched when it is asked for.
    Raises `ConfigError` with every fault.
    """
    faults: list[ConfigFault] = []
    config = _panel({} if raw is None else raw, faults, cache_aliases, task_aliases)
    # Out of the frame: a report with local variables would show the passwords in it.
    del raw
    if faults:
        raise ConfigError(faults)
    return config


def _panel(
    raw: object,
    faults: list[ConfigFault],
    cache_aliases: Collection[str] | None,
    task_aliases: Collection[str] | None,
) -> PanelConfig:
    section = Section("", raw, faults)
    vcenters = [
        read_vcenter(name, Section(section.key(f"vcenters.{name}"), value, faults))
        for name, value in section.children("vcenters", VCENTERS_REMEDY).items()
    ]
    report_twins(vcenters, section)
    computes = {
        host: _compute(host, Section(section.key(f"computes.{host}"), value, faults))
        for host, value in section.children("computes", COMPUTES_REMEDY).items()
    }
    collector = _collector(section.section("collector"))
    store = _store(section.section("store"), cache_aliases)
    if collector.mode is CollectorMode.EXTERNAL and store.cache is None:
        section.report(
            "store.cache",
            "is missing, and an external collector shares its snapshots through a cache",
            "Name an alias of CACHES that all web workers share",
            FaultKind.MISSING,
        )
    jobs = _jobs(section.section("jobs"), cache_aliases, task_aliases)
    section.close()
    return PanelConfig(tuple(vcenters), MappingProxyType(computes), collector, store, jobs)


def _compute(host: str, section: Section) -> ComputeConfig:
    prefix = section.text("cache_prefix", "Write [vmware] cache_prefix of the compute's nova.conf")
    my_ip = section.text("my_ip", "Write [DEFAULT] my_ip of the compute's nova.conf")
    if prefix is not None and "/" in prefix:
        section.report(
            "cache_prefix",
            "holds a slash, and the cache is one folder at the datastore's top",
            "Write [vmware] cache_prefix as it stands in nova.conf",
        )
    compute = ComputeConfig(
        host,
        prefix,
        my_ip,
        _regex(section),
        reserved_host_cpus=_reserved(section, "reserved_host_cpus"),
        reserved_host_memory_mb=_reserved(section, "reserved_host_memory_mb"),
        reserved_host_disk_mb=_reserved(section, "reserved_host_disk_mb"),
        remove_unused_base_images=section.known_flag(
            "remove_unused_base_images", "Write it as it stands in nova.conf, without quotes"
        ),
        remove_unused_original_minimum_age_seconds=_image_cache(
            section, "remove_unused_original_minimum_age_seconds", 0
        ),
        manager_interval=_image_cache(section, "manager_interval", -1),
    )
    section.close()
    return compute


def _image_cache(section: Section, name: str, low: int) -> int | None:
    remedy = f"Write [image_cache] {name} of the compute's nova.conf, in seconds without quotes"
    return section.known_number(name, low, LONGEST_AGE_S, remedy)


def _reserved(section: Section, name: str) -> int | None:
    remedy = f"Write [DEFAULT] {name} of the compute's nova.conf, without quotes"
    return section.known_number(name, 0, MOST_RESERVED, remedy)


def _regex(section: Section) -> re.Pattern[str] | None:
    text = section.text("datastore_regex", "Write [vmware] datastore_regex of nova.conf")
    if text is None:
        return None
    try:
        return re.compile(text)
    except (re.error, OverflowError, RecursionError) as error:
        reason = error.msg if isinstance(error, re.error) else "too large"
        section.report(
            "datastore_regex",
            f"is not a regular expression: {reason}",
            "Write [vmware] datastore_regex as it stands in nova.conf",
        )
        return None


def _collector(section: Section) -> CollectorConfig:
    collector = CollectorConfig(
        CollectorMode(section.choice("mode", CollectorMode.EMBEDDED.value, list(CollectorMode))),
        section.seconds("relist_interval_s", 3600.0, 60, 86400),
        section.seconds("stale_after_s", 300.0, 10, 86400),
        section.seconds("scan_interval_s", 3600.0, 0, 604800),
        section.seconds("scan_timeout_s", 600.0, 10, 86400),
    )
    if 0 < collector.scan_interval_s < LEAST_SCAN_INTERVAL_S:
        section.report(
            "scan_interval_s",
            f"is neither 0 nor at least {LEAST_SCAN_INTERVAL_S}",
            "Write 0 to have datastores searched only when somebody asks for it",
        )
    section.close()
    return collector


def _store(section: Section, cache_aliases: Collection[str] | None) -> StoreConfig:
    cache = _alias(section, "cache", "CACHES", cache_aliases, "leave it out for local memory")
    section.close()
    return StoreConfig(cache)


def _jobs(
    section: Section,
    cache_aliases: Collection[str] | None,
    task_aliases: Collection[str] | None,
) -> JobsConfig:
    folder = section.absolute_path(
        "folder", "Write the path of a folder on a disk of this machine"
    )
    cache = _alias(section, "cache", "CACHES", cache_aliases, "leave it out for a file")
    backend = _alias(
        section, "backend", "TASKS", task_aliases, "leave it out for threads of the web processes"
    )
    if folder is not None and cache is not None:
        section.report(
            "cache",
            "is given beside folder, and there is one journal",
            "Remove one of them",
            FaultKind.CONFLICT,
        )
    elif backend is not None and not section.has("folder") and not section.has("cache"):
        section.report(
            "folder",
            "is missing, and so is cache: workers of another user would look elsewhere",
            "Name the folder for workers on one machine, or a cache that all machines share",
            FaultKind.MISSING,
        )
    keep_days = section.whole_number("keep_days", 30, 1, 3650)
    section.close()
    return JobsConfig(folder, cache, backend, keep_days)


def _alias(
    section: Section, name: str, setting: str, known: Collection[str] | None, otherwise: str
) -> str | None:
    alias = section.text(name, f"Write an alias of {setting}, or {otherwise}")
    if alias is not None and known is not None and alias not in known:
        section.report(
            name,
            f"is not an alias in {setting}",
            f"Known are: {', '.join(map(str, known)) or 'none'}",
        )
    return alias
