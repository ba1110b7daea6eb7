"""Placement's book: resource providers with their inventories and usages."""

from collections.abc import Collection, Mapping
from concurrent.futures import ThreadPoolExecutor
from contextvars import copy_context
from functools import partial
from types import MappingProxyType
from urllib.parse import quote

from vmware_panel.domain.cloud import Allocation, ResourceInventory, ResourceProvider
from vmware_panel.domain.outcome import TroubleKind
from vmware_panel.openstack import clients
from vmware_panel.openstack.access import Access
from vmware_panel.openstack.clients import Json, Reader
from vmware_panel.openstack.errors import CloudError
from vmware_panel.openstack.fields import EMPTY, identity, inner, needed, needed_real, text, whole
from vmware_panel.openstack.pages import items, parse, parse_change

MOST_AT_ONCE = 8
"""Providers that are read side by side."""
MOST_CANDIDATES = 1000  # `[scheduler] max_placement_results`


def list_resource_providers(
    access: Access, *, of: Collection[str] | None = None
) -> tuple[ResourceProvider, ...]:
    """The providers with what they have and what of it is used; admins only by default.

    `of` keeps those with these UUIDs, which are the ids of Nova's hypervisors; without it all are
    read. One call, and two for each provider kept, as Placement gives inventories and usages of
    one at a time: with VMware as many as there are clusters, but a KVM cloud has one a host, so
    say which ones. Raises `CloudError`.
    """
    reader = clients.placement(access)
    body = reader.get("/resource_providers")
    wanted = []
    for item in items(reader, body, "resource_providers"):
        uuid = parse(reader, lambda listed: identity(listed, "uuid"), item)
        if of is None or uuid in of:
            wanted.append(partial(_provider, access, uuid, item))
    if len(wanted) <= 1:
        found = [read() for read in wanted]
    else:
        with ThreadPoolExecutor(min(len(wanted), MOST_AT_ONCE), "placement") as pool:
            # Each in a context of its own: the deadline and the count of calls are the page's.
            reads = [pool.submit(copy_context().run, read) for read in wanted]
            found = [read.result() for read in reads]
    return tuple(provider for provider in found if provider)


def _provider(access: Access, uuid: str, item: Json) -> ResourceProvider | None:
    """None if it was deleted since it was listed."""
    reader: Reader = clients.placement(access)  # a client of its own: threads share none
    try:
        inventories = reader.get(f"/resource_providers/{quote(uuid, safe='')}/inventories")
        usages = reader.get(f"/resource_providers/{quote(uuid, safe='')}/usages")
    except CloudError as error:
        if error.trouble.kind is TroubleKind.NOT_FOUND:
            return None
        raise
    return parse(reader, lambda listed: to_resource_provider(listed, inventories, usages), item)


def get_resource_provider(access: Access, uuid: str) -> ResourceProvider:
    """One provider as it is now: three calls. Raises `CloudError`."""
    reader = clients.placement(access)
    path = f"/resource_providers/{quote(uuid, safe='')}"
    item = reader.get(path)
    inventories = reader.get(f"{path}/inventories")
    usages = reader.get(f"{path}/usages")
    return parse(reader, lambda one: to_resource_provider(one, inventories, usages), item)


def set_allocation_ratio(
    access: Access, provider_uuid: str, resource_class: str, ratio: float, generation: int
) -> int:
    """Sets the allocation ratio of one resource class of one provider; all else stays as it is.

    `generation` is the provider's as it was when the change was decided on: where Placement has
    moved on since, `Conflict` is raised and nothing is changed. Returns the generation after it.
    Two calls, the second of them the change, sent once. Raises `CloudError`: `not_found` where the
    provider has no such inventory, `Unanswered` where nobody knows whether it was done.
    """
    path = f"/resource_providers/{quote(provider_uuid, safe='')}/inventories"
    path += f"/{quote(resource_class, safe='')}"
    reader = clients.placement(access)
    record = parse(reader, lambda read: to_inventory(resource_class, read), reader.get(path))
    changer = clients.placement_change(access)
    answer = changer.put(
        path,
        {
            "resource_provider_generation": generation,
            "total": record.total,
            "reserved": record.reserved,
            "min_unit": record.min_unit,
            "max_unit": record.max_unit,
            "step_size": record.step_size,
            "allocation_ratio": ratio,
        },
    )
    return parse_change(changer, lambda read: needed(read, "resource_provider_generation"), answer)


def list_allocations(access: Access, provider_uuid: str) -> tuple[Allocation, ...]:
    """Who holds how much of one provider. One call. Raises `CloudError`."""
    reader = clients.placement(access)
    path = f"/resource_providers/{quote(provider_uuid, safe='')}/allocations"
    held = parse(reader, lambda body: inner(body, "allocations"), reader.get(path))
    return tuple(
        parse(reader, partial(to_allocation, consumer), inner(held, consumer))
        for consumer in sorted(held)
    )


def list_candidates(
    access: Access,
    resources: Mapping[str, int],
    *,
    required: Collection[str] = (),
    forbidden: Collection[str] = (),
) -> frozenset[str]:
    """The UUIDs of the providers that can give all these resources at once, as the scheduler asks.

    `required` and `forbidden` are traits. One call. At most 1,000 candidates, as Nova's own
    default. Raises `CloudError`.
    """
    reader = clients.placement(access)
    wanted = [f"{name}:{amount}" for name, amount in sorted(resources.items()) if amount]
    query: dict[str, str | int] = {"resources": ",".join(wanted), "limit": MOST_CANDIDATES}
    traits = [*sorted(required), *(f"!{trait}" for trait in sorted(forbidden))]
    if traits:
        query["required"] = ",".join(traits)
    body = reader.get("/allocation_candidates", query)
    requests = items(reader, body, "allocation_requests")
    return frozenset(uuid for request in requests for uuid in inner(request, "allocations"))


def to_allocation(consumer: str, item: Json) -> Allocation:
    held = inner(item, "resources")
    return Allocation(
        consumer, MappingProxyType({name: needed(held, name) for name in sorted(held)})
    )


def to_resource_provider(item: Json, inventories: Json, usages: Json) -> ResourceProvider:
    """A provider from its entry in the list and from its own `inventories` and `usages`.

    `generation` is that of the inventories, which may be newer than the list's.
    """
    records = inner(inventories, "inventories")
    used = inner(usages, "usages")
    return ResourceProvider(
        uuid=identity(item, "uuid"),
        name=text(item, "name"),
        generation=needed(inventories, "resource_provider_generation"),
        inventories=tuple(
            to_inventory(resource_class, inner(records, resource_class), used)
            for resource_class in sorted(records)
        ),
    )


def to_inventory(resource_class: str, record: Json, used: Json = EMPTY) -> ResourceInventory:
    return ResourceInventory(
        resource_class=resource_class,
        total=needed(record, "total"),
        reserved=needed(record, "reserved"),
        allocation_ratio=needed_real(record, "allocation_ratio"),
        min_unit=needed(record, "min_unit"),
        max_unit=needed(record, "max_unit"),
        step_size=needed(record, "step_size"),
        used=whole(used, resource_class),
    )
