"""What Nova says of servers and computes, for the works that ask it right before a deletion.

Stands in for builds that begin at just the wrong moment, cells that are down, and a Nova that does
not answer. The filters `image` and `task_state` with `all_tenants`, and services of a cell that is
down without an id, were checked against Nova 34 of the lab: `tests/cloud/test_purge.py`.
"""

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

from tests.unit.openstack.fake_cloud import FakeServer, Handler, Request, say

Json = dict[str, Any]


@dataclass
class Nova:
    """`hosts` are its computes, each with the name of its node; `on_servers` happens before each
    list of servers is answered.
    """

    hosts: dict[str, str]
    servers: list[Json] = field(default_factory=list)
    cells_down: set[str] = field(default_factory=set)
    fails: int = 0
    on_servers: Callable[[Request], None] = lambda request: None
    calls: list[str] = field(default_factory=list)

    def answer_at(self, cloud: FakeServer) -> None:
        cloud.answers.update(
            {
                "/v2.1/servers/detail": self._list,
                "/v2.1/servers/[^/]+": self._show,
                "/v2.1/os-services": self._services,
                "/v2.1/os-hypervisors/detail": self._hypervisors,
            }
        )

    def boot(self, image: str, host: str, **more: Any) -> Json:
        server = {
            "id": f"server-{len(self.servers)}",
            "name": f"shop-{len(self.servers)}",
            "tenant_id": "p1",
            "status": "ACTIVE",
            "image": {"id": image},
            "OS-EXT-SRV-ATTR:host": host,
            "OS-EXT-STS:task_state": None,
            **more,
        }
        self.servers.append(server)
        return server

    def _list(self, handler: Handler, request: Request) -> None:
        self.calls.append(f"servers?{'&'.join(sorted(request.query))}")
        self.on_servers(request)
        query = request.query
        assert query.get("all_tenants") == "1", "another project's server is a user as well"
        found = [
            server
            for server in self.servers
            if server["OS-EXT-SRV-ATTR:host"] not in self.cells_down
            and query.get("image", server["image"]["id"]) == server["image"]["id"]
            and query.get("task_state", server["OS-EXT-STS:task_state"])
            == server["OS-EXT-STS:task_state"]
        ]
        self._say(handler, request, {"servers": found})

    def _show(self, handler: Handler, request: Request) -> None:
        self.calls.append("server")
        wanted = request.path.rpartition("/")[2]
        found = next((s for s in self.servers if s["id"] == wanted), None)
        if found is None and not self.fails:
            say(404, {"itemNotFound": {"code": 404, "message": "gone"}})(handler, request)
        else:
            self._say(handler, request, {"server": found})

    def _services(self, handler: Handler, request: Request) -> None:
        self.calls.append("services")
        services = [
            {"binary": "nova-compute", "host": host}
            if host in self.cells_down
            else {"binary": "nova-compute", "host": host, "id": f"id-{host}", "status": "enabled"}
            for host in self.hosts
        ]
        self._say(handler, request, {"services": services})

    def _hypervisors(self, handler: Handler, request: Request) -> None:
        self.calls.append("hypervisors")
        nodes = [
            {
                "id": f"id-{host}",
                "hypervisor_hostname": node,
                "hypervisor_type": "VMware vCenter Server",
                "service": {"host": host},
            }
            for host, node in self.hosts.items()
        ]
        self._say(handler, request, {"hypervisors": nodes})

    def _say(self, handler: Handler, request: Request, body: Json) -> None:
        if self.fails:
            self.fails -= 1
            say(503, {"error": {"message": "busy"}})(handler, request)
        else:
            say(200, body)(handler, request)
