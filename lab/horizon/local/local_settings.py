"""What the lab's deployer would write into Horizon's local_settings.py."""

import os

from django.utils.crypto import get_random_string

from lab.openstack_conf import (
    CALM_IMAGE_CACHE,
    IMAGE_CACHE,
    RESERVED_MEMORY_MB,
    cache_prefix,
    datastore_regex,
)
from lab.settings import HOST, LabSettings

_given = LabSettings.from_environment()
_lab = _given.recorded() or _given
_horizon = _lab.state / "horizon"


def _secret_key() -> str:
    """Kept in the state folder, so that sessions outlive a restart of Horizon."""
    path = _horizon / "secret_key"
    if not path.exists():
        path.parent.mkdir(parents=True, exist_ok=True)
        with os.fdopen(os.open(path, os.O_CREAT | os.O_WRONLY, 0o600), "w") as key:
            key.write(get_random_string(64))
    return path.read_text()


DEBUG = False
ALLOWED_HOSTS = [HOST, "localhost"]
WEBROOT = "/"
SECRET_KEY = _secret_key()
TIME_ZONE = "UTC"

OPENSTACK_KEYSTONE_URL = _lab.keystone_url
OPENSTACK_API_VERSIONS = {"identity": 3, "image": 2, "volume": 3}
OPENSTACK_KEYSTONE_DEFAULT_ROLE = "member"
CONSOLE_TYPE = None
OPENSTACK_NEUTRON_NETWORK = {
    "enable_router": False,
    "enable_quotas": False,
    "enable_ha_router": False,
    "enable_fip_topology_check": False,
}

# Horizon 27.0.0 cannot compress more than one theme offline; the lab offers the default alone.
AVAILABLE_THEMES = [("default", "Default", "themes/default")]
DEFAULT_THEME = "default"

SESSION_ENGINE = "django.contrib.sessions.backends.cache"
CACHES = {
    "default": {
        "BACKEND": "django.core.cache.backends.memcached.PyMemcacheCache",
        "LOCATION": f"{HOST}:{_lab.ports['memcached']}",
    },
    # Apart from the sessions: compressed files must not push them out.
    "compress": {
        "BACKEND": "django.core.cache.backends.filebased.FileBasedCache",
        "LOCATION": str(_horizon / "compress"),
        "TIMEOUT": None,
        "OPTIONS": {"MAX_ENTRIES": 10_000},
    },
}

STATIC_ROOT = str(_horizon / "static")
MEDIA_ROOT = str(_horizon / "media")
COMPRESS_ENABLED = True
COMPRESS_OFFLINE = False
COMPRESS_CACHE_BACKEND = "compress"
COMPRESS_CACHEABLE_PRECOMPILERS = ("text/scss",)

LOGGING = {
    "version": 1,
    "disable_existing_loggers": False,
    "formatters": {"line": {"format": "%(asctime)s %(levelname)s %(name)s %(message)s"}},
    "handlers": {"stderr": {"class": "logging.StreamHandler", "formatter": "line"}},
    "root": {"handlers": ["stderr"], "level": "WARNING"},
    "loggers": {"vmware_panel": {"level": "INFO"}},
}

VMWARE_PANEL = {
    "jobs": {"folder": str(_horizon / "jobs")},
    "vcenters": {
        "lab": {
            "host": HOST,
            "port": _lab.ports["vcenter"],
            "username": _lab.horizon_vcenter_user,
            "password": _lab.horizon_vcenter_password,
            "ca_file": str(_lab.ca_file),
        },
    },
    "computes": {
        host: {
            "cache_prefix": cache_prefix(cluster),
            "datastore_regex": datastore_regex(cluster),
            "reserved_host_cpus": 0,
            "reserved_host_memory_mb": RESERVED_MEMORY_MB,
            "reserved_host_disk_mb": 0,
            **IMAGE_CACHE,
            **(CALM_IMAGE_CACHE if _lab.size.nova_vms else {}),
        }
        for cluster, host in enumerate(_lab.compute_hosts())
    },
}
