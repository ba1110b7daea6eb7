"""What a page of all instances asks of OpenStack, kept for those of equal rights.

Each function takes the asker's `Access` and their `api.context.scope_of`, and raises `CloudError`.
"""

from collections.abc import Mapping
from functools import partial

from vmware_panel.domain.cloud import ComputeService, Hypervisor
from vmware_panel.openstack import Access, Service, keystone, nova
from vmware_panel.openstack.memo import Memo
from vmware_panel.openstack.server_index import IndexedServers, ServerIndexes

NODES_AGE_S = 5.0
"""A compute service that went down is shown that much later."""
PROJECTS_AGE_S = 60.0

_indexes = ServerIndexes()
_services: Memo[tuple[ComputeService, ...]] = Memo(Service.NOVA, NODES_AGE_S)
_hypervisors: Memo[tuple[Hypervisor, ...]] = Memo(Service.NOVA, NODES_AGE_S)
_projects: Memo[Mapping[str, str]] = Memo(Service.KEYSTONE, PROJECTS_AGE_S)


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


def refresh(scope: str) -> None:
    """The next page of this scope reads all of it anew: for "Refresh now"."""
    _indexes.relist(scope)
    for memo in (_services, _hypervisors, _projects):
        memo.forget(scope)


def forget_nodes(scope: str) -> None:
    """What was changed about services and nodes shows on the next page."""
    for memo in (_services, _hypervisors):
        memo.forget(scope)


def forget_all() -> None:
    """As in a process that was just started: for tests, each of which counts its own calls."""
    for kept in (_indexes, _services, _hypervisors, _projects):
        kept.forget_all()
