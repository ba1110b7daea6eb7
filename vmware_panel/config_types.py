"""What the setting `VMWARE_PANEL` says, as frozen types. `vmware_panel.config` reads it."""

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from types import MappingProxyType

from vmware_panel.secret import Secret

HTTPS_PORT = 443
ANY_COMPUTE = "*"
JOBS_QUEUE = "vmware_panel"  # of the backend that `jobs.backend` names


class CollectorMode(StrEnum):
    """Who keeps the inventory current: a thread of the web process, a process of its own, nobody."""

    EMBEDDED = "embedded"
    EXTERNAL = "external"
    OFF = "off"


@dataclass(frozen=True, slots=True)
class VCenterConfig:
    """How to reach one vCenter, and for which region of OpenStack it stands.

    `read_timeout_s` is for all the reads of one instance's tab, `list_timeout_s` for a bulk read.
    `region` None: every region. `web_url` has no slash at its end.
    """

    name: str
    host: str
    username: str
    password: Secret
    port: int = HTTPS_PORT
    ca_file: str | None = None
    insecure: bool = False
    connect_timeout_s: float = 5.0
    read_timeout_s: float = 20.0
    list_timeout_s: float = 60.0
    region: str | None = None
    web_url: str = ""

    @property
    def longest_read_s(self) -> float:
        """After which the reads of one tab have ended, a first connection included."""
        return self.connect_timeout_s + self.read_timeout_s

    @property
    def longest_list_s(self) -> float:
        """The same of a bulk read."""
        return self.connect_timeout_s + self.list_timeout_s


SHARED_ROOT = "_base"
"""The image cache of every compute without a `cache_prefix` and without ageing."""


@dataclass(frozen=True, slots=True)
class ComputeConfig:
    """What a nova-compute's own nova.conf says and no OpenStack API tells.

    `cache_prefix`, `my_ip` and `datastore_regex` are its `[vmware] cache_prefix`,
    `[DEFAULT] my_ip` and `[vmware] datastore_regex`; `reserved_*` are options of `[DEFAULT]`, the
    last three of `[image_cache]`, by the same names. None: not told here, so unknown.
    """

    host: str
    cache_prefix: str | None = None
    my_ip: str | None = None
    datastore_regex: re.Pattern[str] | None = None
    reserved_host_cpus: int | None = None
    reserved_host_memory_mb: int | None = None
    reserved_host_disk_mb: int | None = None
    remove_unused_base_images: bool | None = None
    remove_unused_original_minimum_age_seconds: int | None = None
    manager_interval: int | None = None

    @property
    def cache_root(self) -> str | None:
        """The image cache's folder on a datastore, by `vmops.VMwareVMOps._get_base_folder` of Nova's
        driver: without a prefix, and with no ageing, all such computes have the same one.
        """
        if self.cache_prefix:
            return f"{self.cache_prefix}_base"
        if self.remove_unused_base_images is False:
            return SHARED_ROOT
        return f"{self.my_ip}_base" if self.my_ip else None

    @property
    def other_cache_root(self) -> str | None:
        """What it is instead if ageing is off, where that is not told."""
        untold = self.remove_unused_base_images is None and not self.cache_prefix
        return SHARED_ROOT if untold and self.my_ip else None


@dataclass(frozen=True, slots=True)
class CollectorConfig:
    """`stale_after_s`: from this age on, a page marks what it shows as old.

    Each datastore is searched for its files every `scan_interval_s` (0: only when somebody asks for
    it), and for `scan_timeout_s` at most.
    """

    mode: CollectorMode = CollectorMode.EMBEDDED
    relist_interval_s: float = 3600.0
    stale_after_s: float = 300.0
    scan_interval_s: float = 3600.0
    scan_timeout_s: float = 600.0


@dataclass(frozen=True, slots=True)
class StoreConfig:
    """`cache`: the alias in Django's `CACHES` that holds the snapshots; None: local memory."""

    cache: str | None = None


@dataclass(frozen=True, slots=True)
class JobsConfig:
    """Where jobs are written down, and who works at them.

    `folder` is the file journal's; None: below the user's state folder. `cache` is the alias in
    Django's `CACHES` that keeps the journal instead of a file. `backend` is the alias in Django's
    `TASKS`; None: threads of the web processes.
    """

    folder: str | None = None
    cache: str | None = None
    backend: str | None = None
    keep_days: int = 30


@dataclass(frozen=True, slots=True)
class PanelConfig:
    vcenters: tuple[VCenterConfig, ...] = ()
    computes: Mapping[str, ComputeConfig] = field(default_factory=lambda: MappingProxyType({}))
    collector: CollectorConfig = CollectorConfig()
    store: StoreConfig = StoreConfig()
    jobs: JobsConfig = JobsConfig()

    def vcenters_for_region(self, region: str | None) -> tuple[VCenterConfig, ...]:
        """The vCenters that stand for this region, in the order of the settings.

        A request without a region (None or empty) gets those that stand for every region only.
        """
        return tuple(v for v in self.vcenters if v.region is None or v.region == region)

    def vcenter(self, name: str) -> VCenterConfig | None:
        return next((v for v in self.vcenters if v.name == name), None)

    def compute(self, host: str) -> ComputeConfig:
        """What the settings say of this compute host, else of any ("*"), else nothing."""
        found = self.computes.get(host) or self.computes.get(ANY_COMPUTE)
        return found or ComputeConfig(host)
