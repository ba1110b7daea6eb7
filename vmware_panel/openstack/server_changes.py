"""What Nova's `changes-since` tells of servers, and what follows for a list of them.

It gives the servers whose row was updated since, deleted ones included, and all that have no row
yet (`nova/db/main/api.py`, `nova/objects/build_request.py`). A cell whose database is down is left
out; a whole list shows its servers by id and project alone, with the status `UNKNOWN`, but only as
far as they fit on the first page (`nova/compute/api.py`, `get_all`).
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace
from datetime import UTC, datetime

from vmware_panel.domain.cloud import Server
from vmware_panel.domain.outcome import TroubleKind
from vmware_panel.openstack import nova
from vmware_panel.openstack.access import Access
from vmware_panel.openstack.errors import CloudError

GONE = frozenset({"DELETED", "SOFT_DELETED"})
"""A list shows neither; `changes-since` tells of both, and of a restored one as of any change."""
UNKNOWN = "UNKNOWN"

MOST_QUESTIONS = 20
"""Servers asked for one by one, at most, for one answer."""

_LONG_AGO = datetime(1, 1, 1, tzinfo=UTC)


def in_order(servers: Iterable[Server]) -> tuple[Server, ...]:
    """Newest first, as Nova lists them, and those of one second by id.

    Nova's own order among those follows numbers of rows, which no answer shows.
    """
    by_id = sorted(servers, key=lambda server: server.id)
    return tuple(sorted(by_id, key=lambda server: server.created or _LONG_AGO, reverse=True))


def with_changes(held: Mapping[str, Server], changed: Iterable[Server]) -> dict[str, Server]:
    """`held` with what `changes-since` told."""
    after = dict(held)
    for server in changed:
        if server.status in GONE:
            after.pop(server.id, None)
        else:
            after[server.id] = with_memory(server, held.get(server.id))
    return after


def with_memory(server: Server, before: Server | None) -> Server:
    """The server; where Nova cannot look into its cell, what it was like before.

    Its states are unknown then. Name, flavor, host and node stay: Nova changes none of them
    without the row that it cannot reach.
    """
    if server.status != UNKNOWN or before is None:
        return server
    return replace(before, status=UNKNOWN, vm_state=None, task_state=None, power=None)


def waits_for_a_host(server: Server) -> bool:
    """Being built, and without a host: it may have no row yet."""
    return server.status == "BUILD" and not server.compute_host


class Doubts:
    """What neither a list nor the changes are clear about, asked for one by one."""

    def __init__(self) -> None:
        self._settled: frozenset[str] = frozenset()

    def still_there(self, access: Access, missing: Sequence[Server]) -> dict[str, Server]:
        """Those that a whole list left out although nothing told of their end.

        They were taken out of the database, or their cell is down and they did not fit on the
        page: one server of each host is asked for. Raises `CloudError`.
        """
        by_host: dict[str, list[Server]] = {}
        for server in missing:
            by_host.setdefault(server.compute_host or "", []).append(server)
        kept: dict[str, Server] = {}
        for number, theirs in enumerate(by_host.values()):
            status = UNKNOWN
            if number < MOST_QUESTIONS:
                found = _ask(access, theirs[0].id)
                if found is None:
                    continue
                status = found.status
            for server in theirs:
                lost = with_memory(replace(server, status=UNKNOWN), server)
                kept[server.id] = lost if status == UNKNOWN else server
        return kept

    def without_deleted(
        self, access: Access, held: dict[str, Server], waiting: Sequence[Server]
    ) -> dict[str, Server]:
        """`held` without those that were deleted before they had a row.

        `waiting` are those that wait for a host although the changes do not tell of them: the one
        who has no row is always told of. One that is there is not asked for again. Raises
        `CloudError`.
        """
        ids = [server.id for server in waiting]
        after = dict(held)
        asked = [server_id for server_id in ids if server_id not in self._settled]
        for server_id in asked[:MOST_QUESTIONS]:
            found = _ask(access, server_id)
            if found is None or found.status in GONE:
                del after[server_id]
            else:
                after[server_id] = with_memory(found, held[server_id])
        not_asked = set(asked[MOST_QUESTIONS:])
        self._settled = frozenset(i for i in ids if i in after and i not in not_asked)
        return after


def _ask(access: Access, server_id: str) -> Server | None:
    try:
        return nova.get_server(access, server_id)
    except CloudError as error:
        if error.trouble.kind is TroubleKind.NOT_FOUND:
            return None
        raise
