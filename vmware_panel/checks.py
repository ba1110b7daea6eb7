"""Django's system checks of `VMWARE_PANEL`: `manage.py check` names key, fault and remedy.

Errors (E) are faults of the settings' text; the ids are those of `FaultKind`, and of what CACHES has
under the alias that VMWARE_PANEL names. Warnings (W) are
what an operator should know, and what this machine lacks just now: a settings file is also read
where an image is built, without its password files.
"""

import re
import ssl
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from django.apps import AppConfig
from django.conf import settings
from django.core.cache import InvalidCacheBackendError, caches
from django.core.cache.backends.db import DatabaseCache
from django.core.cache.backends.dummy import DummyCache
from django.core.cache.backends.filebased import FileBasedCache
from django.core.cache.backends.locmem import LocMemCache
from django.core.cache.backends.memcached import BaseMemcachedCache, PyMemcacheCache
from django.core.cache.backends.redis import RedisCache
from django.core.checks import CheckMessage, Error, Warning, register
from django.core.exceptions import ImproperlyConfigured

from vmware_panel.config import (
    SETTING,
    CollectorMode,
    ConfigError,
    JobsConfig,
    PanelConfig,
    VCenterConfig,
    get_config,
)
from vmware_panel.config_types import JOBS_QUEUE
from vmware_panel.jobs.backends import RQ, faults_of, kind_of
from vmware_panel.jobs.folder import fault_of, journal_folder
from vmware_panel.secret import SecretUnavailableError

INSECURE = "vmware_panel.W001"
NO_VCENTER = "vmware_panel.W002"
NO_PASSWORD = "vmware_panel.W003"  # noqa: S105
BAD_CA_FILE = "vmware_panel.W004"
UNFIT_CACHE = "vmware_panel.E005"
SEVERAL_SERVERS = "vmware_panel.W005"
NO_CACHE_TIMEOUTS = "vmware_panel.W006"
NO_CACHE = "vmware_panel.W007"
UNFIT_JOURNAL = "vmware_panel.E006"
UNFIT_BACKEND = "vmware_panel.E007"
BAD_FOLDER = "vmware_panel.W008"
SHORT_JOBS = "vmware_panel.W009"

RQ_NO_TIMEOUT = -1

# Of one process alone; or that two may take one lease of, and that clear away what is in use.
_UNFIT = {
    DummyCache: "keeps nothing",
    LocMemCache: "is memory of one process, which no other one sees",
    FileBasedCache: "cannot keep two collectors apart, and serves one machine alone",
    DatabaseCache: "cannot keep two collectors apart, and by default clears away what is in use",
}
_FORGETS = {
    **_UNFIT,
    DatabaseCache: "by default clears away what is in use",
    BaseMemcachedCache: "throws away what is in use, and forgets all when it restarts",
}
_REMEDY = "Let the alias be a memcached, Redis or Valkey that all of them reach"
_TIMEOUTS = {
    PyMemcacheCache: {
        "connect_timeout": "1",
        "timeout": "3",
        "retry_attempts": "0",
        "dead_timeout": "1",
    },
    RedisCache: {"socket_connect_timeout": "1", "socket_timeout": "3"},
}


@register("vmware_panel")
def check_settings(
    app_configs: Sequence[AppConfig] | None = None, **kwargs: object
) -> list[CheckMessage]:
    try:
        config = get_config()
    except ConfigError as error:
        return [Error(f.statement, hint=f.advice, id=f.kind) for f in error.faults]
    if not config.vcenters:
        return [
            Warning(
                f"{SETTING} describes no vCenter, so the VMware pages have nothing to show.",
                hint=f"Write {SETTING} = {{'vcenters': {{'prod': {{'host': "
                "'vcenter.example.org', 'username': 'horizon@vsphere.local', 'password_file': "
                "'/etc/openstack-dashboard/vcenter-prod.password'}}} into local_settings.py.",
                id=NO_VCENTER,
            )
        ]
    of_vcenters = [message for vcenter in config.vcenters for message in _warnings(vcenter)]
    return [*of_vcenters, *_of_store(config), *_of_jobs(config.jobs)]


def _warnings(vcenter: VCenterConfig) -> Iterator[Warning]:
    key = f"{SETTING}.vcenters.{vcenter.name}"
    if vcenter.insecure:
        yield Warning(
            f"{key}.insecure: the certificate of {vcenter.host} is not checked, so whoever can "
            "answer in its place gets the password.",
            hint="Remove insecure, and name the CA that signed the certificate in ca_file.",
            id=INSECURE,
        )
    try:
        vcenter.password.reveal()
    except SecretUnavailableError as error:
        yield Warning(
            f"{key}.password: {error}.",
            hint="Provide it to the user that runs Horizon, or correct password_env or "
            "password_file.",
            id=NO_PASSWORD,
        )
    if vcenter.ca_file and (fault := _ca_file_fault(vcenter.ca_file)):
        yield Warning(
            f"{key}.ca_file: {fault}.",
            hint="Give a PEM file with the CA's certificate that the user who runs Horizon can "
            "read, or remove ca_file to use the system's CAs.",
            id=BAD_CA_FILE,
        )


def _ca_file_fault(path: str) -> str:
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    try:
        context.load_verify_locations(cafile=path)
    except ssl.SSLError:
        return f"{path} holds no certificate in PEM form"
    except OSError as error:
        return f"cannot read {path}: {error.strerror}"
    return ""


def _of_store(config: PanelConfig) -> Iterator[CheckMessage]:
    alias = config.store.cache
    if alias is None or config.collector.mode is CollectorMode.OFF:
        return
    key = f"{SETTING}.store.cache: the alias '{alias}'"
    try:
        cache = caches[alias]
    except (ImportError, ImproperlyConfigured, InvalidCacheBackendError) as error:
        yield Warning(
            f"{key} cannot be used on this machine: {error}.",
            hint="Correct it in CACHES, and install what its BACKEND needs: pymemcache or redis.",
            id=NO_CACHE,
        )
        return
    for kind, reason in _UNFIT.items():
        if isinstance(cache, kind):
            hint = (
                f"{_REMEDY}."
                if config.collector.mode is CollectorMode.EXTERNAL
                else (f"{_REMEDY}, or leave store.cache out: then each process keeps its own.")
            )
            yield Error(f"{key} {reason}.", hint=hint, id=UNFIT_CACHE)
            return
    yield from _cache_warnings(key, cache, settings.CACHES[alias])


def _of_jobs(jobs: JobsConfig) -> Iterator[CheckMessage]:
    if jobs.cache is None:
        folder = journal_folder(jobs.folder)
        if fault := fault_of(folder):
            yield Warning(
                f"{SETTING}.jobs.folder: {folder} {fault}.",
                hint="Give the user that runs Horizon a folder of its own, which nobody else may "
                "write.",
                id=BAD_FOLDER,
            )
    else:
        yield from _of_journal(jobs.cache)
    if jobs.backend is not None:
        yield from _of_workers(jobs.backend)


def _of_workers(alias: str) -> Iterator[CheckMessage]:
    for fault in faults_of(alias):
        yield Error(fault.statement, hint=fault.advice, id=UNFIT_BACKEND)
    if kind_of(alias) is RQ:
        queue = getattr(settings, "RQ_QUEUES", {}).get(JOBS_QUEUE, {})
        if queue.get("DEFAULT_TIMEOUT") != RQ_NO_TIMEOUT:
            yield Warning(
                f"RQ_QUEUES['{JOBS_QUEUE}'] ends a job after DEFAULT_TIMEOUT, 180 s where it is not "
                "given.",
                hint=f"Set its DEFAULT_TIMEOUT to {RQ_NO_TIMEOUT}: a job takes as long as its "
                "items do, and one that dies is noticed by its claim.",
                id=SHORT_JOBS,
            )


def _of_journal(alias: str) -> Iterator[CheckMessage]:
    try:
        cache = caches[alias]
    except (ImportError, ImproperlyConfigured, InvalidCacheBackendError) as error:
        yield Warning(
            f"{SETTING}.jobs.cache: the alias '{alias}' cannot be used on this machine: {error}.",
            hint="Correct it in CACHES, and install what its BACKEND needs: redis.",
            id=NO_CACHE,
        )
        return
    for kind, reason in _FORGETS.items():
        if isinstance(cache, kind):
            yield Error(
                f"{SETTING}.jobs.cache: the alias '{alias}' {reason}.",
                hint="Let the alias be a Redis or Valkey with maxmemory-policy noeviction, or "
                "leave jobs.cache out: then a file keeps the jobs of one machine.",
                id=UNFIT_JOURNAL,
            )
            return


def _cache_warnings(key: str, cache: object, described: Mapping[str, Any]) -> Iterator[Warning]:
    if isinstance(cache, BaseMemcachedCache | RedisCache):
        if len(_servers(described.get("LOCATION", ""))) > 1:
            yield Warning(
                f"{key} has several servers in LOCATION.",
                hint="Name one. The loss of one of several memcached loses the whole snapshot, "
                "and a Redis replica may be older than the lease that it is asked for.",
                id=SEVERAL_SERVERS,
            )
    options = described.get("OPTIONS", {})
    for kind, wanted in _TIMEOUTS.items():
        missing = [f"'{name}': {value}" for name, value in wanted.items() if name not in options]
        if isinstance(cache, kind) and missing:
            yield Warning(
                f"{key} has no deadlines, so a cache that hangs holds pages and the collector.",
                hint=f"Add to its OPTIONS: {', '.join(missing)}.",
                id=NO_CACHE_TIMEOUTS,
            )


def _servers(location: object) -> list[str]:
    """As Django's memcached and Redis caches read LOCATION."""
    listed = re.split("[;,]", location) if isinstance(location, str) else list(location)  # type: ignore[call-overload]
    return [str(server) for server in listed if server]
