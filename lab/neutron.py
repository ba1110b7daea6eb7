"""A small stand-in for the Neutron API: the one service of the lab that is not the real one.

One shared network on a vCenter port group, with one subnet; ports are bound as VIF type ``dvs``,
as networking-vsphere does it. Nova (create, bind, update and delete ports) and Horizon (lists,
quotas, extensions) were run against it. It checks no tokens and forgets everything at its end.

Served by ``python -m lab.wsgi PORT lab.neutron [PORT GROUP]``.
"""

from __future__ import annotations

import json
import re
import sys
import threading
import urllib.parse
import uuid
from collections.abc import Callable, Iterable
from typing import Any

Resource = dict[str, Any]

_NETWORK, _SUBNET, _SECURITY_GROUP = (f"11111111-1111-4111-8111-{n:012d}" for n in (1, 2, 3))
_EXTENSIONS = (
    "binding",
    "external-net",
    "extended-resources",
    "multi-provider",
    "port-security",
    "provider",
    "quotas",
    "security-group",
    "vnic-index",
)
_QUOTAS = (
    "network",
    "subnet",
    "port",
    "router",
    "floatingip",
    "security_group",
    "security_group_rule",
)
_PORT_DEFAULTS: Resource = {
    "name": "",
    "device_id": "",
    "device_owner": "",
    "binding:vnic_type": "normal",
    "binding:profile": {},
    "admin_state_up": True,
    "security_groups": [_SECURITY_GROUP],
    "port_security_enabled": False,
    "allowed_address_pairs": [],
    "resource_request": None,
}
_NO_FILTERS = {"fields", "limit", "marker", "sort_key", "sort_dir", "page_reverse", "shared"}
_OF_ALL_PROJECTS = {"networks", "subnets", "security-groups"}
_PATH = re.compile(r"^/v2\.0/([a-z-]+)(?:/([^/]+))?(?:/(.+))?$")


class _HttpError(Exception):
    def __init__(self, status: str, kind: str, message: str) -> None:
        super().__init__(message)
        self.status = status
        self.body = {"NeutronError": {"type": kind, "message": message, "detail": ""}}


class Neutron:
    """The collections of the API, and what the verbs do to them."""

    def __init__(self, port_group: str) -> None:
        self._port_group = port_group
        self._lock = threading.Lock()
        self._port_count = 9
        self._collections: dict[str, dict[str, Resource]] = {
            "networks": {_NETWORK: _network(port_group)},
            "subnets": {_SUBNET: _subnet()},
            "security-groups": {_SECURITY_GROUP: _security_group()},
            "extensions": {alias: _extension(alias) for alias in _EXTENSIONS},
        }
        for empty in (
            "ports",
            "floatingips",
            "routers",
            "agents",
            "availability_zones",
            "trunks",
            "security-group-rules",
        ):
            self._collections[empty] = {}

    def answer(
        self, method: str, path: str, query: dict[str, list[str]], body: Resource
    ) -> tuple[str, Resource | None]:
        """The status line and body of one request."""
        found = _PATH.match(path.rstrip("/").replace(".json", ""))
        if found is None:
            return "200 OK", {"versions": [{"id": "v2.0", "status": "CURRENT", "links": []}]}
        name, identifier, action = found.groups()
        try:
            if name == "quotas":
                return "200 OK", _quotas(with_usage=action is not None)
            with self._lock:
                return self._collection(method, name, identifier, query, body)
        except _HttpError as error:
            return error.status, error.body

    def _collection(
        self,
        method: str,
        name: str,
        identifier: str | None,
        query: dict[str, list[str]],
        body: Resource,
    ) -> tuple[str, Resource | None]:
        table = self._collections.get(name)
        if table is None:
            raise _HttpError("404 Not Found", "HTTPNotFound", name)
        many = name.replace("-", "_")
        one = many[:-3] + "y" if many.endswith("ies") else many[:-1]
        if identifier and identifier not in table:
            kind = one.title().replace("_", "") + "NotFound"
            message = f"{one} {identifier} could not be found."
            raise _HttpError("404 Not Found", kind, message)
        if method == "POST":
            made = [self._create(name, values) for values in body.get(many) or [body[one]]]
            return "201 Created", {many: made} if many in body else {one: made[0]}
        if identifier is None:
            return "200 OK", {many: _filtered(name, table.values(), query)}
        if method == "DELETE":
            del table[identifier]
            return "204 No Content", None
        if method == "PUT":
            table[identifier].update(body[one])
            self._bind(name, table[identifier])
        return "200 OK", {one: table[identifier]}

    def _create(self, name: str, values: Resource) -> Resource:
        made = {**values, "id": str(uuid.uuid4())}
        if name == "ports":
            self._port_count += 1
            high, low = divmod(self._port_count, 256)
            project = made.get("project_id") or made.get("tenant_id", "admin")
            made = {
                **_PORT_DEFAULTS,
                "mac_address": f"fa:16:3e:00:{high:02x}:{low:02x}",
                **made,
                "fixed_ips": [{"subnet_id": _SUBNET, "ip_address": f"10.20.{high}.{low}"}],
                "project_id": project,
                "tenant_id": project,
            }
        self._bind(name, made)
        self._collections[name][made["id"]] = made
        return made

    def _bind(self, name: str, port: Resource) -> None:
        if name != "ports":
            return
        bound = bool(port.get("binding:host_id"))
        port["binding:vif_type"] = "dvs" if bound else "unbound"
        port["binding:vif_details"] = {"dvs_port_group_name": self._port_group} if bound else {}
        port["status"] = "ACTIVE" if bound else "DOWN"


def _filtered(name: str, rows: Iterable[Resource], query: dict[str, list[str]]) -> list[Resource]:
    filters = {key: wanted for key, wanted in query.items() if key not in _NO_FILTERS}
    if name in _OF_ALL_PROJECTS:
        filters.pop("tenant_id", None)
        filters.pop("project_id", None)
    return [
        row
        for row in rows
        if all(str(row.get(key, "")) in wanted for key, wanted in filters.items())
    ]


def _network(port_group: str) -> Resource:
    return {
        "id": _NETWORK,
        "name": port_group,
        "tenant_id": "admin",
        "project_id": "admin",
        "admin_state_up": True,
        "status": "ACTIVE",
        "mtu": 1500,
        "shared": True,
        "router:external": False,
        "subnets": [_SUBNET],
        "port_security_enabled": False,
        "provider:network_type": "vlan",
        "provider:physical_network": "dvs",
        "provider:segmentation_id": 100,
        "availability_zones": [],
        "availability_zone_hints": [],
        "tags": [],
    }


def _subnet() -> Resource:
    return {
        "id": _SUBNET,
        "name": "lab",
        "network_id": _NETWORK,
        "tenant_id": "admin",
        "project_id": "admin",
        "ip_version": 4,
        "cidr": "10.20.0.0/16",
        "gateway_ip": "10.20.0.1",
        "enable_dhcp": False,
        "dns_nameservers": [],
        "host_routes": [],
        "allocation_pools": [{"start": "10.20.0.10", "end": "10.20.255.250"}],
    }


def _security_group() -> Resource:
    return {
        "id": _SECURITY_GROUP,
        "name": "default",
        "description": "",
        "tenant_id": "admin",
        "project_id": "admin",
        "security_group_rules": [],
    }


def _extension(alias: str) -> Resource:
    return {
        "alias": alias,
        "name": alias,
        "description": alias,
        "links": [],
        "updated": "2020-01-01T00:00:00Z",
    }


def _quotas(with_usage: bool) -> Resource:
    limit: Any = {"limit": 100, "used": 0, "reserved": 0} if with_usage else 100
    return {"quota": dict.fromkeys(_QUOTAS, limit)}


_NEUTRON = Neutron(
    sys.argv[1] if sys.argv[0].endswith("lab.neutron") and sys.argv[1:] else "DC0_DVPG0"
)


def application(environ: dict[str, Any], start: Callable[..., Any]) -> list[bytes]:
    """The WSGI application."""
    length = int(environ.get("CONTENT_LENGTH") or 0)
    body = json.loads(environ["wsgi.input"].read(length)) if length else {}
    query = environ.get("QUERY_STRING", "")
    status, answer = _NEUTRON.answer(
        environ["REQUEST_METHOD"], environ["PATH_INFO"], urllib.parse.parse_qs(query), body
    )
    data = b"" if answer is None else json.dumps(answer).encode()
    start(status, [("Content-Type", "application/json"), ("Content-Length", str(len(data)))])
    print(environ["REQUEST_METHOD"], environ["PATH_INFO"], query, "->", status, flush=True)
    return [data]
