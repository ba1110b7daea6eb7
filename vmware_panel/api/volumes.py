"""All volumes of the region with what stands behind them, from what the collectors keep and Cinder."""

import threading
from collections import OrderedDict
from collections.abc import Callable, Hashable, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from functools import partial
from typing import Any

from django.http import HttpRequest

from vmware_panel.api import cloud
from vmware_panel.api.cinder_book import ListedVolumes, listed_volumes
from vmware_panel.api.context import access_of, scope_of, vcenters_of
from vmware_panel.api.inventories import inventory_source
from vmware_panel.api.joined import versions_of
from vmware_panel.api.placement import INVENTORIES, Answers, answers_of_all
from vmware_panel.api.reading import BooksReport
from vmware_panel.domain.kept import Kept
from vmware_panel.domain.volume_disks import seen_in
from vmware_panel.domain.volume_join import counts_of, join_volumes
from vmware_panel.domain.volumes import CinderBook, Seen, VolumeCounts, VolumeEntry
from vmware_panel.openstack.server_index import IndexedServers

MOST_KEPT = 4


@dataclass(frozen=True)
class VolumesReport(BooksReport):
    """Every volume, and every VM of Cinder's. `entries` None: neither Cinder nor a vCenter answered.

    `cinder_read_at` None: Cinder did not answer, and what is shown is vCenter's half.
    `all_projects` False: Cinder may have listed the asker's own volumes only. `nova_known` False:
    whether an attached instance is Nova's at all is unknown. `complete` False: the book of a
    configured vCenter is not there, or is not whole.
    """

    entries: Kept[VolumeEntry] | None
    counts: VolumeCounts | None = None
    cinder_read_at: datetime | None = None
    all_projects: bool = True
    nova_known: bool = True
    project_names: Mapping[str, str] = field(default_factory=dict)
    complete: bool = True


class _Joins:
    """The last joins of this process, by what they were made of; threads may share it."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._made: OrderedDict[Hashable, tuple[object, Kept[VolumeEntry]]] = OrderedDict()

    def get(
        self, key: Hashable, held: object, make: Callable[[], Kept[VolumeEntry]]
    ) -> Kept[VolumeEntry]:
        """`held` is kept with it, so that nothing else can have the identities in the key."""
        with self._lock:
            known = self._made.get(key)
        if known is not None:
            return known[1]
        made = make()
        with self._lock:
            self._made[key] = (held, made)
            while len(self._made) > MOST_KEPT:
                self._made.popitem(last=False)
        return made


_joins = _Joins()
_known_servers: OrderedDict[str, tuple[int, frozenset[str]]] = OrderedDict()
"""By scope, what the last page of it had from Nova: the version and the ids."""


def volumes_report(request: HttpRequest) -> VolumesReport:
    """All volumes of all projects. Asks no vCenter; Cinder once for each 1,000 volumes and 1,000
    snapshots, and for its pools, none within 20 s of another such page. Raises `ConfigError`.
    """
    vcenters = vcenters_of(request)
    access, scope = access_of(request), scope_of(request)
    source = inventory_source()

    def look() -> Seen:
        _version, servers = _known_servers.get(scope, (0, None))
        return seen_in(source.read(vcenters).books, servers)

    parts: dict[str, Callable[[], Any]] = {
        INVENTORIES: partial(source.read, vcenters),
        "volumes": partial(listed_volumes, access, scope, look),
        "storage pools": partial(cloud.storage_pools, access, scope),
        "servers": partial(cloud.all_servers, access, scope),
        "projects": partial(cloud.project_names, access, scope),
    }
    answers = answers_of_all(parts, vcenters)
    indexed: IndexedServers | None = answers.get("servers")
    if indexed is not None:
        _remember(scope, indexed)
    book = _book(answers)
    entries = _joined(answers, book, indexed)
    listed: ListedVolumes | None = answers.get("volumes")
    more = (listed.trouble,) if listed and listed.trouble else ()
    reading = answers.reading
    return VolumesReport(
        entries=entries if book is not None or reading.inventories else None,
        counts=entries.derived("counts", partial(counts_of, entries)),
        cinder_read_at=book.read_at if book else None,
        all_projects=book is None or book.all_projects,
        nova_known=indexed is not None,
        project_names=answers.get("projects", {}),
        inventories=reading.inventories,
        snapshots=reading.snapshots,
        troubles=tuple(dict.fromkeys((*answers.troubles, *more))),
        configured=bool(vcenters),
        complete=reading.books.complete and all(i.whole for i in reading.inventories),
    )


def _book(answers: Answers) -> CinderBook | None:
    listed: ListedVolumes | None = answers.get("volumes")
    if listed is None:
        return None
    pools = answers.get("storage pools")
    # Cinder tells an admin of its own where a volume is, and lists others their own volumes only.
    told = any(volume.backend_host is not None for volume in listed.volumes)
    return CinderBook(
        read_at=listed.read_at,
        volumes=listed.volumes,
        all_projects=told or (not listed.volumes and pools is not None),
        snapshots=listed.snapshots,
        pools=pools,
        seen=listed.seen,
    )


def _joined(
    answers: Answers, book: CinderBook | None, indexed: IndexedServers | None
) -> Kept[VolumeEntry]:
    """Kept while none of the books moves, and no longer than 10 s: what is not certain yet may be so
    by the books' age alone.
    """
    listed, pools = answers.get("volumes"), answers.get("storage pools")
    reading = answers.reading
    age = int(reading.read_at.timestamp()) // 10 if reading.read_at else 0
    servers = indexed.servers if indexed else None
    key = (id(listed), id(pools), id(servers), versions_of(reading), age)

    def make() -> Kept[VolumeEntry]:
        by_id = None if servers is None else {s.id.lower(): s for s in servers}
        return Kept(join_volumes(book, reading.books, by_id))

    return _joins.get(key, (listed, pools, servers), make)


def _remember(scope: str, indexed: IndexedServers) -> None:
    known = _known_servers.get(scope)
    if known is None or known[0] != indexed.version:
        ids = frozenset(server.id.lower() for server in indexed.servers)
        _known_servers[scope] = (indexed.version, ids)
    while len(_known_servers) > MOST_KEPT:
        _known_servers.popitem(last=False)
