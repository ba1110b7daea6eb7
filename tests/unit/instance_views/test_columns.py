"""The columns in Admin > Instances: read once a page, marked, and only for those who may."""

import re
from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, datetime
from typing import Any
from unittest import mock

from horizon import tables as horizon_tables
from openstack_dashboard import api as horizon_api
from openstack_dashboard.dashboards.admin.instances import tables, views

from tests.unit.domain import builders
from tests.unit.instance_views import samples
from tests.unit.instance_views.pages import Columns, InstancePages
from vmware_panel.api import placement as api
from vmware_panel.api.placement import ColumnsReport
from vmware_panel.config import ConfigError
from vmware_panel.domain.cloud import Server
from vmware_panel.domain.inventory import MoRef
from vmware_panel.domain.outcome import Trouble, TroubleKind
from vmware_panel.domain.placement import Books, join
from vmware_panel.instance_views import cells, columns

HEADINGS = ("Cluster", "ESX Host", "Datastores")


def on_vcenter(servers: tuple[Server, ...]) -> ColumnsReport:
    """Each server has a VM; the first one's runs in the other cluster."""
    placed = {}
    for number, server in enumerate(servers):
        host = MoRef("host-1" if number else "host-2")
        its_vm = samples.vm(instance_uuid=server.id, host=host, name=server.id)
        seen = builders.server(id=server.id, node=builders.node_name())
        (found,) = join([seen], Books((builders.inventory(its_vm),)))
        placed[server.id] = found
    return ColumnsReport(placed)


def down(servers: tuple[Server, ...]) -> ColumnsReport:
    placements = join(servers, Books((), complete=False))
    trouble = Trouble("prod", TroubleKind.TIMEOUT, "esx-1 is slow")
    return ColumnsReport({p.server.id: p for p in placements}, (trouble,))


def down_since(servers: tuple[Server, ...]) -> ColumnsReport:
    """The collector's book is there still."""
    trouble = Trouble("prod", TroubleKind.UNREACHABLE)
    read_at = {"prod": datetime(2026, 11, 23, 3, 4, 5, tzinfo=UTC)}
    return replace(on_vcenter(servers), troubles=(trouble,), read_at=read_at)


class ColumnPages(InstancePages):
    def setUp(self) -> None:
        super().setUp()
        self.admin()
        self.use(on_vcenter)

    def use(self, make: Callable[[tuple[Server, ...]], ColumnsReport]) -> None:
        self.columns = Columns(make)
        patcher = mock.patch.object(api, "columns_report", self.columns)
        patcher.start()
        self.addCleanup(patcher.stop)

    def test_the_columns_stand_beside_novas_host(self):
        page = self.index()
        names = [str(column) for column in page.context["table"].get_columns()]
        at = names.index("Host")
        assert tuple(names[at + 1 : at + 4]) == HEADINGS
        self.assertContains(page, "esx-1")
        self.assertContains(page, "ds1, ds2")

    def test_a_page_is_read_once_however_many_rows_it_has(self):
        self.index()
        assert [len(servers) for servers in self.columns.asked] == [len(self.servers.list())]

    def test_where_the_books_disagree_a_mark_leads_to_the_tab(self):
        page = self.index()
        marks = re.findall(r'<a class="vmware-mark [^>]*>', page.content.decode())
        (mark,) = [m for m in marks if "disagreement" in m]
        assert (
            f"/admin/instances/{self.servers.first().id}/detail?tab=instance_details__vmware"
            in (mark)
        )
        assert 'title="In another cluster than Nova&#x27;s"' in mark
        self.assertContains(page, "Disagreement: In another cluster", count=1)

    def test_an_updated_row_keeps_the_columns(self):
        server = self.servers.first()
        query = {"action": "row_update", "table": "instances", "obj_id": server.id}
        row = self.index(data=query, HTTP_X_REQUESTED_WITH="XMLHttpRequest")
        self.assertContains(row, "esx-2")
        assert [[s.id for s in servers] for servers in self.columns.asked] == [[server.id]]

    def test_vcenter_down_is_said_once_and_the_cells_are_unknown(self):
        self.use(down)
        page = self.index()
        self.assertContains(page, "vCenter prod: it did not answer within the time allowed.", 1)
        self.assertNotContains(page, "esx-1 is slow")
        self.assertContains(page, "What it knows is shown as unknown in the columns", 1)
        rows = len(self.servers.list())
        assert len(re.findall(r">unknown</span>", page.content.decode())) == 3 * rows
        assert len(self.columns.asked) == 1

    def test_what_vcenter_held_before_it_went_is_shown_with_its_time(self):
        self.use(down_since)
        page = self.index()
        self.assertContains(page, "vCenter prod: it cannot be reached.", 1)
        self.assertContains(page, "show what it held when it was last read", 1)
        self.assertContains(page, 'datetime="2026-11-23T03:04:05+00:00"', 1)
        self.assertContains(page, "esx-1")
        self.assertNotContains(page, "is shown as unknown")

    def test_faulty_settings_are_said_once(self):
        def faulty(servers: tuple[Server, ...]) -> ColumnsReport:
            raise ConfigError([])

        self.use(faulty)
        self.assertContains(self.index(), "VMWARE_PANEL", 1)
        assert len(self.columns.asked) == 1

    def test_the_menu_of_an_instances_own_page_asks_no_vcenter(self):
        page = self.detail("admin", tab="instance_details__overview", ajax=False)
        self.assertContains(page, "Delete Instance")
        assert self.columns.asked == []

    def test_an_action_that_redirects_asks_no_vcenter(self):
        data = {"action": f"instances__delete__{self.servers.first().id}"}
        assert self.index("post", data).status_code == 302
        assert self.columns.asked == []

    def test_without_the_right_the_table_is_horizons_own(self):
        self.write_policy("vmware:instances:list: '!'\n")
        page = self.index()
        names = [str(column) for column in page.context["table"].get_columns()]
        assert not set(names) & set(HEADINGS)
        self.assertNotContains(page, "esx-1")
        assert self.columns.asked == []

    def test_a_page_without_rows_asks_nothing(self):
        self.listed = []
        self.assertContains(self.index(), "No items to display.")
        assert self.columns.asked == []


def test_installing_again_changes_nothing():
    table, get_data = tables.AdminInstancesTable, views.AdminIndexView.get_data
    columns.install()
    assert tables.AdminInstancesTable is table is views.AdminIndexView.table_class
    assert views.AdminIndexView.get_data is get_data


def test_another_plugins_table_keeps_its_columns_and_its_row():
    horizons: Any = next(
        base for base in tables.AdminInstancesTable.__mro__ if base.__module__ == tables.__name__
    )
    their_row: Any = type("TheirRow", (tables.AdminUpdateRow,), {})
    their_meta = type("Meta", (horizons.Meta,), {"row_class": their_row})
    their_column = horizon_tables.Column("theirs")
    theirs: Any = type(horizons)(
        "Theirs", (horizons,), {"theirs": their_column, "Meta": their_meta}
    )

    ours = columns.with_columns(theirs)
    assert {"theirs", *columns.NAMES} <= set(ours._columns)
    assert issubclass(ours._meta.row_class, their_row)
    assert ours._meta.status_columns == ["status", "task"]
    assert list(ours._columns)[0] == "multi_select" and list(ours._columns)[-1] == "actions"

    later_meta = type("Meta", (ours.Meta,), {})
    later_column = horizon_tables.Column("later")
    later: Any = type(ours)("Later", (ours,), {"later": later_column, "Meta": later_meta})
    assert {"later", "theirs", *columns.NAMES} <= set(later._columns)


def test_no_name_becomes_markup_in_a_cell():
    placement = samples.hostile_report().placement
    for draw in (cells.cluster, cells.host, cells.datastores):
        html = draw(placement, placement.server.id)
        assert "<script" not in html and "{$" not in html
        assert not re.search(r'="[^"]*<', html)


def test_a_cell_says_why_there_is_no_vm():
    def of(server: Server, books: Books) -> list[str]:
        (placement,) = join([server], books)
        drawn = (cells.cluster, cells.host, cells.datastores)
        return [re.sub(r"<[^>]+>", "", draw(placement, server.id)).strip() for draw in drawn]

    kvm = of(samples.server(node="kvm-1"), Books(()))
    assert kvm == ["not on vCenter", "–none", "–none"]
    missing = of(samples.server(), Books((builders.inventory(),)))
    assert missing[0].startswith("no VM") and "No VM in vCenter" in missing[0]
    assert of(samples.server(), Books((), complete=False)) == ["unknown"] * 3
    assert cells.cluster(None, "x") and "unknown" in cells.host(None, "x")
    hidden = samples.placement(datastores=(MoRef("datastore-1"), MoRef("datastore-9")))
    assert "ds1</bdi> and 1 unknown" in cells.datastores(hidden, "x")


class HorizonsWrapper(InstancePages):
    def test_it_hides_neither_the_node_nor_the_volumes_and_nova_is_not_asked(self):
        resource = self.instance
        setattr(resource, "OS-EXT-SRV-ATTR:hypervisor_hostname", "domain-c1.x")
        setattr(resource, "os-extended-volumes:volumes_attached", [{"id": "v1"}])
        resource.image = ""
        wrapped = horizon_api.nova.Server(resource, self.request)
        wrapped.image = {"id": "the image of its boot volume"}
        for instance in (wrapped, resource):
            server = api.server_of(instance)
            assert (server.node, server.volume_ids) == ("domain-c1.x", ("v1",))
            assert server.image_id is None
