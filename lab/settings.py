"""Where the lab lives, on which ports, and how large it is.

Every value has a default, an environment variable or a command-line option; options win.

* ``VMWARE_LAB_STATE``: the folder that holds everything built or run (default ``.lab`` in the
  project's root).
* ``VMWARE_LAB_BUILD``: the folder of the built simulator (default ``build`` in the state folder),
  for several labs that share one.
* ``VMWARE_LAB_PORT_OFFSET``: added to every default port.
* ``VMWARE_LAB_PORTS``: single ports, such as ``horizon=8000,keystone=5000``.
* ``VMWARE_LAB_POWER_SYNC_S``: seconds between Nova's looks at the power states (default: Nova's
  own, 600; 0 is never).
"""

from __future__ import annotations

import dataclasses
import json
import os
from collections.abc import Mapping
from pathlib import Path
from typing import Any

PROJECT_ROOT = Path(__file__).resolve().parent.parent
HOST = "127.0.0.1"
REGION = "RegionOne"
POWER_SYNC_S = 600

DEFAULT_PORTS: Mapping[str, int] = {
    "keystone": 15000,
    "nova": 18774,
    "placement": 18778,
    "cinder": 18776,
    "glance": 19292,
    "neutron": 19696,
    "vcenter": 8989,
    "mariadb": 13306,
    "rabbitmq": 15673,
    "rabbitmq_dist": 15674,
    "epmd": 14369,
    "memcached": 21211,
    "horizon": 18080,
}


class SettingsError(ValueError):
    """A setting of the lab that cannot be used; the message names it and the remedy."""


@dataclasses.dataclass(frozen=True)
class Size:
    """How much vCenter the lab simulates."""

    clusters: int = 2
    hosts_per_cluster: int = 3
    shared_datastores: int = 1
    local_datastores_per_cluster: int = 1
    outside_vms: int = 5
    """VMs in vCenter that OpenStack does not know."""
    nova_vms: int = 0
    """VMs in vCenter as Nova's driver makes them; ``lab servers`` gives Nova the rows for them."""

    def __post_init__(self) -> None:
        minimum = {"clusters": 1, "hosts_per_cluster": 1, "shared_datastores": 1}
        for field in dataclasses.fields(self):
            least = minimum.get(field.name, 0)
            if getattr(self, field.name) < least:
                option = "--" + field.name.replace("_", "-")
                raise SettingsError(
                    f"{option} is {getattr(self, field.name)}: give {least} or more"
                )


@dataclasses.dataclass(frozen=True)
class LabSettings:
    """One lab: its folder, ports, size and accounts."""

    state: Path
    ports: Mapping[str, int]
    size: Size = Size()
    other_compute: bool = True
    """Also run a nova-compute with Nova's fake driver: instances that are not on vCenter."""

    power_sync_s: int = POWER_SYNC_S
    """Nova's ``sync_power_state_interval``: it stops an instance whose VM it finds off. 0: never."""

    build_folder: Path | None = None
    password: str = "secret"
    vcenter_user: str = "administrator@vsphere.local"
    vcenter_password: str = "secret"
    horizon_vcenter_user: str = "horizon@vsphere.local"
    """The plugin's own account, which may change what its pages can. See ``deny`` of the simulator."""

    horizon_vcenter_password: str = "look-only"

    @classmethod
    def from_environment(
        cls,
        environment: Mapping[str, str] | None = None,
        *,
        state: str | None = None,
        port_offset: int | None = None,
        ports: Mapping[str, int] | None = None,
        **values: Any,
    ) -> LabSettings:
        """Settings from ``environment`` (default: the process's), overridden by the arguments.

        :raises SettingsError: a value that is no port, an unknown port name, a negative interval
        """
        environ = os.environ if environment is None else environment
        folder = state or environ.get("VMWARE_LAB_STATE") or str(PROJECT_ROOT / ".lab")
        if port_offset is None:
            port_offset = _integer(environ, "VMWARE_LAB_PORT_OFFSET")
        single = parse_ports(environ.get("VMWARE_LAB_PORTS", ""), "VMWARE_LAB_PORTS")
        single.update(ports or {})
        numbers = {name: number + port_offset for name, number in DEFAULT_PORTS.items()} | single
        _check_ports(numbers)
        built = environ.get("VMWARE_LAB_BUILD")
        values.setdefault("power_sync_s", _power_sync_s(environ))
        return cls(
            state=Path(folder).expanduser().resolve(),
            ports=numbers,
            build_folder=Path(built).expanduser().resolve() if built else None,
            **values,
        )

    # -- folders ---------------------------------------------------------------------------

    @property
    def run(self) -> Path:
        """What lives only as long as the services: databases, configuration, temporary files."""
        return self.state / "run"

    @property
    def etc(self) -> Path:
        return self.run / "etc"

    @property
    def tmp(self) -> Path:
        return self.run / "tmp"

    @property
    def logs(self) -> Path:
        return self.state / "logs"

    @property
    def build(self) -> Path:
        """What is built once: the simulator's program and its WSDL."""
        return self.build_folder or self.state / "build"

    @property
    def certificates(self) -> Path:
        return self.state / "certificates"

    @property
    def ca_file(self) -> Path:
        """The CA that signed the simulator's certificate."""
        return self.certificates / "ca.pem"

    # -- addresses -------------------------------------------------------------------------

    def url(self, service: str, path: str = "") -> str:
        return f"http://{HOST}:{self.ports[service]}{path}"

    @property
    def keystone_url(self) -> str:
        return self.url("keystone", "/v3")

    @property
    def horizon_url(self) -> str:
        return self.url("horizon", "/")

    @property
    def vcenter_url(self) -> str:
        return f"https://{HOST}:{self.ports['vcenter']}/sdk"

    def compute_hosts(self) -> tuple[str, ...]:
        """The ``host`` of each nova-compute with the VMware driver, one a cluster."""
        return tuple(f"vmware-c{n}" for n in range(self.size.clusters))

    def openstack_environment(self) -> dict[str, str]:
        """The ``OS_*`` variables of the cloud's admin."""
        return {
            "OS_AUTH_URL": self.keystone_url,
            "OS_USERNAME": "admin",
            "OS_PASSWORD": self.password,
            "OS_PROJECT_NAME": "admin",
            "OS_USER_DOMAIN_ID": "default",
            "OS_PROJECT_DOMAIN_ID": "default",
            "OS_IDENTITY_API_VERSION": "3",
            "OS_REGION_NAME": REGION,
            "OS_COMPUTE_API_VERSION": "2.96",
            "OS_PLACEMENT_API_VERSION": "1.39",
        }

    # -- what a running lab was started with -----------------------------------------------

    def to_environment(self) -> dict[str, str]:
        """The variables that give a child process these very settings."""
        ports = ",".join(f"{name}={number}" for name, number in self.ports.items())
        return {
            "VMWARE_LAB_STATE": str(self.state),
            "VMWARE_LAB_BUILD": str(self.build),
            "VMWARE_LAB_PORTS": ports,
            "VMWARE_LAB_PORT_OFFSET": "0",
            "VMWARE_LAB_POWER_SYNC_S": str(self.power_sync_s),
        }

    def describe(self) -> dict[str, Any]:
        """What decides how the lab is built, as plain values (for ``lab.json``)."""
        return {
            "ports": dict(self.ports),
            "size": dataclasses.asdict(self.size),
            "other_compute": self.other_compute,
            "power_sync_s": self.power_sync_s,
        }

    @property
    def record_file(self) -> Path:
        return self.run / "lab.json"

    @property
    def seeded_file(self) -> Path:
        """There once the cloud of :mod:`lab.cloud` was made."""
        return self.run / "seeded"

    def write_record(self) -> None:
        self.run.mkdir(parents=True, exist_ok=True)
        self.record_file.write_text(json.dumps(self.describe(), indent=1))

    def recorded(self) -> LabSettings | None:
        """The settings that the lab in this state folder was last started with."""
        try:
            record = json.loads(self.record_file.read_text())
        except (OSError, ValueError):
            return None
        return dataclasses.replace(
            self,
            ports=record["ports"],
            size=Size(**record["size"]),
            other_compute=record["other_compute"],
            power_sync_s=record["power_sync_s"],
        )


def parse_ports(text: str, source: str) -> dict[str, int]:
    """``"horizon=8000,nova=8774"`` as a mapping.

    :raises SettingsError: naming ``source`` and what a right value looks like
    """
    ports: dict[str, int] = {}
    for item in filter(None, (part.strip() for part in text.split(","))):
        name, _, number = item.partition("=")
        if not number.isdigit():
            raise SettingsError(f"{source}: {item!r} is not NAME=NUMBER, such as horizon=8000")
        ports[name] = int(number)
    return ports


def _power_sync_s(environ: Mapping[str, str]) -> int:
    name = "VMWARE_LAB_POWER_SYNC_S"
    seconds = _integer(environ, name, POWER_SYNC_S)
    if seconds < 0:
        raise SettingsError(f"{name} is {seconds}: give seconds, or 0 for never")
    return seconds


def _integer(environ: Mapping[str, str], name: str, default: int = 0) -> int:
    value = environ.get(name, "").strip() or str(default)
    try:
        return int(value)
    except ValueError:
        raise SettingsError(f"{name} is {value!r}: give a whole number, such as 100") from None


def _check_ports(ports: Mapping[str, int]) -> None:
    unknown = sorted(set(ports) - set(DEFAULT_PORTS))
    if unknown:
        raise SettingsError(
            f"unknown port name {', '.join(unknown)}: the lab has {', '.join(DEFAULT_PORTS)}"
        )
    owners: dict[int, str] = {}
    for name, number in ports.items():
        if not 1024 <= number <= 65535:
            raise SettingsError(f"port {number} of {name}: give a number from 1024 to 65535")
        if number in owners:
            raise SettingsError(f"port {number} is given to both {owners[number]} and {name}")
        owners[number] = name
