"""What a page of all instances asks of OpenStack, kept for those of equal rights.

Each function takes the asker's `Access` and their `api.context.scope_of`, and raises `CloudError`.
"""

from collections.abc import Mapping
from datetime import datetime
from functools import partial
from typing import Any

from vmware_panel.api import cinder_book
from vmware_panel.domain.cloud import (
    ComputeService,
    Flavor,
    Hypervisor,
    Image,
    ResourceProvider,
    StoragePool,
)
from vmware_panel.openstack import Access, Service, cinder, glance, keystone, nova, placement
from vmware_panel.openstack.memo import Memo
from vmware_panel.openstack.server_index import IndexedServers, ServerIndexes

NODES_AGE_S = 5.0
"""A compute service that went down is shown that much later."""
PROJECTS_AGE_S = 60.0
PROVIDERS_AGE_S = 30.0
"""Two calls a cluster: what an instance takes of Placement shows that much later."""
FLAVORS_AGE_S = 20.0
"""Of flavors and images."""
POOLS_AGE_S = 60.0
"""Which driver a backend of Cinder's has hardly ever changes."""

_indexes = ServerIndexes()
_services: Memo[tuple[ComputeService, ...]] = Memo(Service.NOVA, NODES_AGE_S)
_hypervisors: Memo[tuple[Hypervisor, ...]] = Memo(Service.NOVA, NODES_AGE_S)
_providers: Memo[tuple[ResourceProvider, ...]] = Memo(Service.PLACEMENT, PROVIDERS_AGE_S)
_flavors: Memo[tuple[Flavor, ...]] = Memo(Service.NOVA, FLAVORS_AGE_S)
_images: Memo[tuple[Image, ...]] = Memo(Service.GLANCE, FLAVORS_AGE_S)
_all_images: Memo[Mapping[str, Image]] = Memo(Service.GLANCE, FLAVORS_AGE_S)
_lately_there: Memo[frozenset[str]] = Memo(Service.NOVA, FLAVORS_AGE_S)
_projects: Memo[Mapping[str, str]] = Memo(Service.KEYSTONE, PROJECTS_AGE_S)
_pools: Memo[tuple[StoragePool, ...]] = Memo(Service.CINDER, POOLS_AGE_S)


def all_servers(access: Access, scope: str) -> IndexedServers:
    """The servers of all projects: one call where they were listed before."""
    return _indexes.servers(access, scope)


def servers_listed_so_far(scope: str) -> int | None:
    """While the first list of all servers is under way; else None."""
    return _indexes.listing(scope)


def compute_services(access: Access, scope: str) -> tuple[ComputeService, ...]:
    return _services.get(scope, partial(nova.list_compute_services, access)).value


def hypervisors(access: Access, scope: str) -> tuple[Hypervisor, ...]:
    return _hypervisors.get(scope, partial(nova.list_hypervisors, access)).value


def project_names(access: Access, scope: str) -> Mapping[str, str]:
    return _projects.get(scope, partial(keystone.project_names, access)).value


def vmware_providers(access: Access, scope: str) -> tuple[ResourceProvider, ...]:
    """Placement's providers of Nova's VMware nodes: 1 call and 2 more for each such node, besides
    those of `hypervisors`.
    """

    def read() -> tuple[ResourceProvider, ...]:
        nodes = {node.id for node in hypervisors(access, scope) if node.is_vmware}
        return placement.list_resource_providers(access, of=nodes) if nodes else ()

    return _providers.get(scope, read).value


def flavors(access: Access, scope: str) -> tuple[Flavor, ...]:
    return _flavors.get(scope, partial(nova.list_flavors, access)).value


def images(access: Access, scope: str) -> tuple[Image, ...]:
    """Those that Glance lists to everyone who may boot them; hidden ones are left out."""
    read = partial(glance.list_images, access, with_hidden=False)
    return _images.get(scope, read).value


def all_images(access: Access, scope: str) -> Mapping[str, Image]:
    """Every image that Glance has, hidden ones included, by id."""

    def read() -> Mapping[str, Image]:
        return {image.id: image for image in glance.list_images(access)}

    return _all_images.get(scope, read).value


def lately_there(access: Access, scope: str, since: datetime) -> frozenset[str]:
    """The ids, in lower case, of the servers that Nova has or deleted after `since`.

    Besides those of `all_servers` one call, and one more for each 1,000 that were deleted. A server
    that is deleted while the answer is kept is in it: it was there.
    """

    def read() -> frozenset[str]:
        there = all_servers(access, scope).servers
        deleted = nova.list_servers(
            access, all_projects=True, changes_since=since, filters={"deleted": "true"}
        )
        return frozenset(server.id.lower() for server in (*there, *deleted))

    return _lately_there.get(f"{scope} {since.isoformat()}", read).value


def storage_pools(access: Access, scope: str) -> tuple[StoragePool, ...]:
    """The pools of Cinder's backends; for its admins."""
    return _pools.get(scope, partial(cinder.list_pools, access)).value


def refresh(scope: str) -> None:
    """The next page of this scope reads all of it anew: for "Refresh now"."""
    _indexes.relist(scope)
    for memo in _memos():
        memo.forget(scope)
    _lately_there.forget_all()


def forget_nodes(scope: str) -> None:
    """What was changed about services and nodes shows on the next page."""
    for memo in (_services, _hypervisors, _providers):
        memo.forget(scope)


def forget_all() -> None:
    """As in a process that was just started: for tests, each of which counts its own calls."""
    _indexes.forget_all()
    for memo in _memos():
        memo.forget_all()


def _memos() -> tuple[Memo[Any], ...]:
    of_nova = (_services, _hypervisors, _providers, _flavors, _lately_there)
    return (*of_nova, _images, _all_images, _projects, _pools, cinder_book.MEMO)
