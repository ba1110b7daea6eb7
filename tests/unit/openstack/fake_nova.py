"""A Nova of servers in memory, that lists them and tells what changed since.

It stands in for what the lab's Nova cannot be brought to in a test: clocks that differ, rows that
show late, a cell that is down, requests that are refused. What it answers was checked against
Nova 34 of the lab, by `tests/cloud/test_server_index.py` (boot, rename, delete, a build that found
no host, volumes, the `Date`), and in its source where the lab has no way to it:

- `changes-since` compares `updated_at`, which is not set before a row's first update
  (`nova/db/main/api.py`, `_get_query_nova_resource_by_changes_time`);
- one without a row yet is always told of (`nova/objects/build_request.py`, `get_by_filters`);
- cells that are down are left out, except of the first page of a plain list, where their servers
  show as `UNKNOWN` as far as there is room (`nova/api/openstack/compute/servers.py`,
  `_is_cell_down_supported`; `nova/compute/api.py`, `get_all`).
"""

from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from email.utils import format_datetime

from tests.unit.openstack.fake_cloud import Answer, Handler, Json, Pages, Request, say

START = datetime(2026, 11, 22, 16, tzinfo=UTC)


@dataclass
class Row:
    id: str
    name: str
    created: datetime
    updated: datetime | None = None
    status: str = "ACTIVE"
    host: str = "compute-a"
    cell: str = "cell1"
    deleted: bool = False
    volumes: tuple[str, ...] = ()
    only_requested: bool = False

    def shown(self) -> Json:
        return {
            "id": self.id,
            "name": self.name,
            "tenant_id": "p1",
            "status": "DELETED" if self.deleted else self.status,
            "created": _written(self.created),
            "updated": _written(self.updated or self.created),
            "OS-EXT-SRV-ATTR:host": self.host or None,
            "OS-EXT-STS:power_state": 1,
            "os-extended-volumes:volumes_attached": [{"id": volume} for volume in self.volumes],
        }

    def minimal(self) -> Json:
        """What is known of it while its cell is down."""
        created = _written(self.created)
        return {"id": self.id, "tenant_id": "p1", "status": "UNKNOWN", "created": created}


@dataclass
class FakeNova:
    """Its `now` is the clock of its api; rows are stamped by `now` and `skew`."""

    rows: dict[str, Row] = field(default_factory=dict)
    now: datetime = START
    skew: timedelta = timedelta()
    page_size: int = 1000
    cells_down: set[str] = field(default_factory=set)
    refuses_changes: Answer | None = None
    writes_date: bool = True
    lists: int = 0
    changes: int = 0
    shows: int = 0
    since: list[datetime] = field(default_factory=list)

    @property
    def stamp(self) -> datetime:
        return self.now + self.skew

    def boot(self, server_id: str, **values: object) -> Row:
        row = Row(server_id, f"name-{server_id}", self.stamp, self.stamp, **values)  # type: ignore[arg-type]
        self.rows[server_id] = row
        return row

    def request(self, server_id: str) -> Row:
        """It waits for the scheduler, and has no row."""
        row = self.boot(server_id, status="BUILD", host="", only_requested=True)
        row.updated = None
        return row

    def rename(self, server_id: str, name: str) -> None:
        row = self.rows[server_id]
        row.name, row.updated = name, self.stamp

    def delete(self, server_id: str) -> None:
        row = self.rows[server_id]
        if row.only_requested:
            del self.rows[server_id]
        else:
            row.deleted, row.updated = True, self.stamp

    def names(self) -> dict[str, str]:
        """What a whole list shows."""
        return {
            row.id: row.name
            for row in self.rows.values()
            if not row.deleted and row.status != "SOFT_DELETED"
        }

    def detail(self, handler: Handler, request: Request) -> None:
        since = request.query.get("changes-since")
        if since is None:
            self.lists += "marker" not in request.query
            found = [row for row in self._up() if row.id in self.names()]
            items = [row.shown() for row in found]
            if "marker" not in request.query:
                lost = [row for row in self.rows.values() if row.cell in self.cells_down]
                room = max(0, self.page_size - len(items))
                items = [row.minimal() for row in lost[:room] if not row.deleted] + items
        else:
            self.changes += 1
            if self.refuses_changes is not None:
                self.refuses_changes(handler, request)
                return
            self.since.append(datetime.fromisoformat(since))
            items = [
                row.shown()
                for row in self._up()
                if row.only_requested or (row.updated and row.updated >= self.since[-1])
            ]
        handler.date = format_datetime(self.now, usegmt=True) if self.writes_date else "never"
        Pages("servers", items, self.page_size)(handler, request)

    def show(self, handler: Handler, request: Request) -> None:
        self.shows += 1
        row = self.rows.get(request.path.rpartition("/")[2])
        if row is None or row.deleted:
            say(404, {"itemNotFound": {"code": 404, "message": "gone"}})(handler, request)
            return
        down = row.cell in self.cells_down
        say(200, {"server": row.minimal() if down else row.shown()})(handler, request)

    def _up(self) -> list[Row]:
        rows = [row for row in self.rows.values() if row.cell not in self.cells_down]
        return sorted(rows, key=lambda row: row.created, reverse=True)

    @property
    def answers(self) -> dict[str, Answer]:
        return {"/v2.1/servers/detail": self.detail, "/v2.1/servers/[^/]+": self.show}


def _written(when: datetime) -> str:
    return f"{when:%Y-%m-%dT%H:%M:%SZ}"
