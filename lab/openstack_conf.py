"""The configuration file of each OpenStack service, as it is written below ``run/etc``.

They log to standard error, which the supervisor keeps, a file a service. Only what differs from the service's default is set. Where the reason is not plain, it is said.
"""

from __future__ import annotations

import shutil
import sys
import uuid
from collections.abc import Mapping
from pathlib import Path

from oslo_log.log import get_default_log_levels

from lab.settings import HOST, REGION, LabSettings

# What the driver says of images, which is what shows whether it has uploaded one.
_NOVA_LOG_LEVELS = [
    f"nova.virt.vmwareapi.{module}=DEBUG"
    for module in ("images", "vmops", "imagecache", "ds_util")
]

# Members may boot without a root disk (a linked clone of the image's own size) and say on which
# compute, so that the cloud comes out the same each time.
_NOVA_POLICY = """\
"os_compute_api:servers:create:zero_disk_flavor": "rule:project_member_or_admin"
"compute:servers:create:requested_destination": "rule:project_member_or_admin"
"""

RESERVED_MEMORY_MB = 0
NEVER = -1
"""As the interval of one of Nova's periodic tasks."""

IMAGE_CACHE = {
    "remove_unused_base_images": True,
    "remove_unused_original_minimum_age_seconds": 120,
    "manager_interval": 120,
}
CALM_IMAGE_CACHE = {"manager_interval": NEVER}

Section = Mapping[str, object]
Conf = Mapping[str, Section]

DATABASES = ("keystone", "glance", "placement", "nova_api", "nova", "nova_cell0", "cinder")
SERVICE_USERS = ("nova", "glance", "placement", "neutron", "cinder")


def render(conf: Conf) -> str:
    """The text of an oslo.config file; a list is an option given several times."""
    lines: list[str] = []
    for name, section in conf.items():
        lines.append(f"[{name}]")
        for key, value in section.items():
            for item in value if isinstance(value, list) else [value]:
                text = str(item).lower() if isinstance(item, bool) else str(item)
                lines.append(f"{key} = {text}")
        lines.append("")
    return "\n".join(lines)


def database_url(settings: LabSettings, name: str) -> str:
    return f"mysql+pymysql://lab:lab@{HOST}:{settings.ports['mariadb']}/{name}"


def datastore_regex(cluster: int) -> str:
    """The shared datastores and the cluster's own ones."""
    return rf"^(shared-ds|c{cluster}-local)-.*"


def cache_prefix(cluster: int) -> str:
    """Both computes have one address: without a prefix they would share one cache root."""
    return f"c{cluster}"


def _calm(conf: dict[str, Section]) -> None:
    """Seldom or never what nova-compute does again and again for every instance of its own.

    Thousands of them would keep this machine busy with it, and nothing else could be measured:
    two vCenter calls an instance for its power state, the whole list every 30 s for the resources,
    every 120 s for the scheduler and for the image cache.
    """
    conf["DEFAULT"] = {
        **conf["DEFAULT"],
        "sync_power_state_interval": NEVER,
        "update_resources_interval": 600,
    }
    conf["filter_scheduler"] = {"track_instance_changes": False}
    conf["image_cache"] = {**IMAGE_CACHE, **CALM_IMAGE_CACHE}


class OpenStackConf:
    """Writes every file of one lab; ``write_all`` is all that the outside needs."""

    def __init__(self, settings: LabSettings) -> None:
        self._settings = settings
        self._shipped = Path(sys.prefix) / "etc"
        self._transport_url = f"rabbit://guest:guest@{HOST}:{settings.ports['rabbitmq']}/"

    def write_all(self) -> None:
        etc = self._settings.etc
        self._write(etc / "keystone/keystone.conf", self._keystone())
        self._write(etc / "placement/placement.conf", self._placement())
        self._write(etc / "glance/glance-api.conf", self._glance())
        nova = etc / "nova"
        self._write(nova / "nova.conf", self._nova("api"))
        self._write(nova / "conductor.conf", self._nova("conductor"))
        self._write(nova / "scheduler.conf", self._nova("scheduler"))
        for cluster, host in enumerate(self._settings.compute_hosts()):
            self._write(nova / f"{host}.conf", self._vmware_compute(cluster, host))
        self._write(nova / "other.conf", self._other_compute())
        (nova / "policy.yaml").write_text(_NOVA_POLICY)
        self._write(etc / "cinder/cinder.conf", self._cinder())
        for shipped in (
            "glance/glance-api-paste.ini",
            "nova/api-paste.ini",
            "cinder/api-paste.ini",
            "cinder/resource_filters.json",
        ):
            shutil.copy(self._shipped / shipped, etc / shipped)

    def _write(self, path: Path, conf: Conf) -> None:
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(render(conf))

    # -- what several files share ----------------------------------------------------------

    def _state(self, name: str) -> str:
        folder = self._settings.run / name
        folder.mkdir(parents=True, exist_ok=True)
        return str(folder)

    def _auth(self, user: str) -> dict[str, object]:
        return {
            "auth_url": self._settings.keystone_url,
            "auth_type": "password",
            "project_domain_id": "default",
            "user_domain_id": "default",
            "project_name": "service",
            "username": user,
            "password": self._settings.password,
            "region_name": REGION,
        }

    def _token(self, user: str) -> dict[str, object]:
        return {"www_authenticate_uri": self._settings.keystone_url, **self._auth(user)}

    # -- one method a service --------------------------------------------------------------

    def _keystone(self) -> Conf:
        keys = self._settings.run / "keystone"
        return {
            "DEFAULT": {"use_stderr": True},
            "database": {"connection": database_url(self._settings, "keystone")},
            "fernet_tokens": {"key_repository": keys / "fernet"},
            "fernet_receipts": {"key_repository": keys / "fernet"},
            "credential": {"key_repository": keys / "credential"},
            "identity": {"password_hash_rounds": 4},
            # Without a cache a token check takes 0.65 s instead of 0.015 s.
            "cache": {"enabled": True, "backend": "oslo_cache.dict", "expiration_time": 300},
        }

    def _placement(self) -> Conf:
        return {
            "DEFAULT": {"use_stderr": True},
            "placement_database": {"connection": database_url(self._settings, "placement")},
            "api": {"auth_strategy": "keystone"},
            "keystone_authtoken": self._token("placement"),
        }

    def _glance(self) -> Conf:
        settings = self._settings
        return {
            "DEFAULT": {
                "use_stderr": True,
                "enabled_backends": "file:file",
                "bind_host": HOST,
                "show_image_direct_url": True,
                "show_multiple_locations": True,
                "worker_self_reference_url": settings.url("glance"),
            },
            "database": {"connection": database_url(settings, "glance")},
            "glance_store": {"default_backend": "file"},
            "file": {"filesystem_store_datadir": self._state("glance/images")},
            "os_glance_staging_store": {"filesystem_store_datadir": self._state("glance/staging")},
            "os_glance_tasks_store": {"filesystem_store_datadir": self._state("glance/tasks")},
            "paste_deploy": {
                "flavor": "keystone",
                "config_file": settings.etc / "glance/glance-api-paste.ini",
            },
            # A monolithicFlat image is a bare extent, which no format inspector knows.
            "image_format": {
                "require_image_format_match": False,
                "vmdk_allowed_types": "streamOptimized,monolithicSparse,monolithicFlat",
            },
            "keystone_authtoken": self._token("glance"),
            "oslo_policy": {"enforce_new_defaults": True},
        }

    def _nova(self, name: str) -> dict[str, Section]:
        settings = self._settings
        return {
            "DEFAULT": {
                "host": f"lab-{name}",
                "my_ip": HOST,
                "state_path": self._state("nova"),
                "transport_url": self._transport_url,
                "use_stderr": True,
                "compute_driver": "vmwareapi.VMwareVCDriver",
                "force_config_drive": False,
                "flat_injected": False,
                # What vCenter has changes in Nova's and Placement's books soon; power states later,
                # by default: a drift has to last until it was looked at.
                "update_resources_interval": 30,
                "sync_power_state_interval": settings.power_sync_s or NEVER,
                "periodic_fuzzy_delay": 0,
                "reserved_host_memory_mb": RESERVED_MEMORY_MB,
                "cell_worker_thread_pool_size": 20,
            },
            "api_database": {"connection": database_url(settings, "nova_api")},
            "database": {"connection": database_url(settings, "nova")},
            "conductor": {"workers": 1},
            "scheduler": {"workers": 1, "discover_hosts_in_cells_interval": 2},
            "wsgi": {"api_paste_config": settings.etc / "nova/api-paste.ini"},
            "api": {"auth_strategy": "keystone"},
            "keystone_authtoken": self._token("nova"),
            "service_user": {"send_service_user_token": True, **self._auth("nova")},
            "placement": self._auth("placement"),
            "neutron": {**self._auth("neutron"), "endpoint_override": settings.url("neutron")},
            "glance": {**self._auth("glance"), "endpoint_override": settings.url("glance")},
            "cinder": {**self._auth("cinder"), "catalog_info": "volumev3::publicURL"},
            "vnc": {"enabled": False},
            "oslo_concurrency": {"lock_path": self._state("lock")},
            "oslo_policy": {"policy_file": settings.etc / "nova/policy.yaml"},
            "quota": {"instances": -1, "cores": -1, "ram": -1},
            "image_cache": IMAGE_CACHE,
        }

    def _compute(self, host: str) -> dict[str, Section]:
        conf = self._nova(host)
        # A nova-compute reaches the database through the conductor alone.
        del conf["api_database"], conf["database"]
        conf["DEFAULT"] = {
            **conf["DEFAULT"],
            "host": host,
            "use_stderr": True,
            "state_path": self._state(f"nova-{host}"),
        }
        return conf

    def _vmware_compute(self, cluster: int, host: str) -> Conf:
        settings = self._settings
        conf = self._compute(host)
        # In native threads, Nova 34's default, replies of vCenter reach the wrong caller: suds keeps
        # the nodes of a reply on an object that all threads share (suds/bindings/multiref.py).
        conf["DEFAULT"] = {
            **conf["DEFAULT"],
            "concurrency_backend": "eventlet",
            "default_log_levels": ",".join([*get_default_log_levels(), *_NOVA_LOG_LEVELS]),
        }
        conf["vmware"] = {
            "host_ip": HOST,
            "host_port": settings.ports["vcenter"],
            "host_username": settings.vcenter_user,
            "host_password": settings.vcenter_password,
            "ca_file": settings.ca_file,
            "cluster_name": f"DC0_C{cluster}",
            "datastore_regex": datastore_regex(cluster),
            "cache_prefix": cache_prefix(cluster),
            "task_poll_interval": 0.1,
            "api_retry_count": 3,
        }
        if settings.size.nova_vms:
            _calm(conf)
            self._know_node(host)
        return conf

    def _know_node(self, host: str) -> None:
        """A node id as an earlier start leaves it: see :func:`lab.databases.compute_services`."""
        file = Path(self._state(f"nova-{host}")) / "compute_id"
        file.write_text(f"{uuid.uuid4()}\n")

    def _other_compute(self) -> Conf:
        """A compute of another driver. Its images say ``img_hv_type=fake``, the others do not."""
        conf = self._compute("kvm-1")
        conf["DEFAULT"] = {**conf["DEFAULT"], "compute_driver": "fake.SmallFakeDriver"}
        return conf

    def _cinder(self) -> Conf:
        settings = self._settings
        etc = settings.etc / "cinder"
        state = self._state("cinder")
        return {
            "DEFAULT": {
                "host": "lab-cinder",
                "my_ip": HOST,
                "state_path": state,
                "transport_url": self._transport_url,
                "use_stderr": True,
                "auth_strategy": "keystone",
                "api_paste_config": etc / "api-paste.ini",
                "resource_query_filters_file": etc / "resource_filters.json",
                "rootwrap_config": self._shipped / "cinder/rootwrap.conf",
                "glance_api_servers": settings.url("glance"),
                "enabled_backends": "vmware",
                "default_volume_type": "__DEFAULT__",
            },
            "database": {"connection": database_url(settings, "cinder")},
            "keystone_authtoken": {
                **self._token("cinder"),
                "service_token_roles": "service",
                "service_token_roles_required": True,
            },
            "service_user": {"send_service_user_token": True, **self._auth("cinder")},
            "nova": self._auth("nova"),
            "oslo_concurrency": {"lock_path": self._state("lock")},
            "coordination": {"backend_url": f"file://{state}"},
            "vmware": {
                "volume_driver": "cinder.volume.drivers.vmware.vmdk.VMwareVcVmdkDriver",
                "volume_backend_name": "vmware",
                "vmware_host_ip": HOST,
                "vmware_host_port": settings.ports["vcenter"],
                "vmware_host_username": settings.vcenter_user,
                "vmware_host_password": settings.vcenter_password,
                "vmware_ca_file": settings.ca_file,
                "vmware_task_poll_interval": 0.1,
                "vmware_volume_folder": "Volumes",
                "vmware_cluster_name": [f"DC0_C{n}" for n in range(settings.size.clusters)],
            },
        }
