"""The list of datastores; only the answer of `datastores_report` is given to it."""

import re
from typing import Any
from unittest import mock

from django.test import override_settings
from openstack_dashboard.test import helpers

from tests.unit.panels import datastore_pages as pages
from tests.unit.panels.answers import exported_rows, ours
from tests.unit.panels.test_clusters_page import HOSTILE, SETTINGS
from vmware_panel import policy
from vmware_panel.api.datastores import DatastoresReport
from vmware_panel.api.scans import Scans
from vmware_panel.domain.outcome import Trouble, TroubleKind
from vmware_panel.panels.datastores.panel import Datastores
from vmware_panel.panels.datastores.tables import DatastoresTable

URL = "/admin/vmware_datastores/"
READ = "vmware_panel.api.inventories.SnapshotSource.read"
PATHS = (
    URL,
    f"{URL}export/csv",
    f"{URL}export/json",
    f"{URL}progress",
    f"{URL}lab/datastore-1/",
    f"{URL}lab/datastore-1/space",
)


class TestAMember(helpers.TestCase):
    def test_gets_none_of_it_and_nobody_is_asked(self) -> None:
        for path in PATHS:
            with mock.patch(READ) as read:
                response: Any = self.client.get(path)
            assert response.status_code == 403, path
            read.assert_not_called()
        with mock.patch("vmware_panel.api.searches.ask_scan") as ask:
            assert self.client.post(f"{URL}lab/datastore-1/search").status_code == 403
        ask.assert_not_called()
        assert not Datastores().can_access({"request": self.factory.get(URL)})


@override_settings(VMWARE_PANEL=SETTINGS)
class TestThePage(helpers.BaseAdminViewTests):
    def page(self, query: str = "", report: DatastoresReport | None = None) -> str:
        report = report or pages.datastores_report(pages.inventory())
        with pages.patched(report, "datastores_report"):
            response: Any = self.client.get(URL + query)
        return ours(response)

    def names(self, query: str, report: DatastoresReport | None = None) -> list[str]:
        cells = re.findall(r'<th scope="row">(.*?)</th>', self.page(query, report))
        return [re.sub("<.*?>", "", cell) for cell in cells]

    def cell(self, report: DatastoresReport, name: str) -> str:
        """Of the first row, as text."""
        row = self.page("", report).partition("<tbody>")[2].partition("</tr>")[0]
        cells = [re.sub("<.*?>", "", cell).strip() for cell in re.split("</t[dh]>", row)]
        shown = [n for n, c in DatastoresTable.base_columns.items() if c.visible]
        return cells[shown.index(name)]

    def exported(self, report: DatastoresReport) -> list[dict[str, Any]]:
        with pages.patched(report, "datastores_report"):
            response: Any = self.client.get(f"{URL}export/json")
        return exported_rows(response)

    def test_every_rule_is_asked_before_anybody_else(self) -> None:
        assert Datastores().can_access({"request": self.factory.get(URL)})
        with mock.patch.object(policy, "allowed", return_value=False), mock.patch(READ) as read:
            for path in PATHS:
                assert self.client.get(path).status_code == 403, path
        read.assert_not_called()

    def test_a_datastore_with_all_that_the_books_say(self) -> None:
        row = self.page("?name=ds1").partition("<tbody>")[2]
        for words in (
            "accessible",
            "400 GiB free of 1,000 GiB",
            "110 %",
            "blue, green",
            "(not all hosts)",
            "200 GiB",  # the cache
            "20 GiB",  # left over
            "compute-1",
            "2 hours ago",
        ):
            assert words in row, words
        assert 'class="vmware-gauge-promised"' in row and 'class="vmware-gauge-over"' in row
        assert '<a href="/admin/vmware_instances/?vcenter=lab&amp;datastore=ds1">1</a>' in row
        assert 'href="/admin/vmware_datastores/lab/datastore-1/"' in row

    def test_the_exports_have_every_figure(self) -> None:
        first, second = self.exported(pages.datastores_report(pages.inventory()))
        expected = {
            "capacity_bytes": 1000 * pages.GIB,
            "used_bytes": 600 * pages.GIB,
            "provisioned_bytes": 1100 * pages.GIB,
            "provisioned_percent": 110.0,
            "hosts": 3,
            "partly_mounted": ["blue"],
            "taken_by": ["compute-1"],
            "not_taken": ["compute-2: its name does not match datastore_regex"],
            "next_of_nova": [],
            "instances": 1,
            "volumes": 1,
            "other_vms": 1,
            "instances_bytes": 100 * pages.GIB,
            "volumes_bytes": 50 * pages.GIB,
            "cache_bytes": 200 * pages.GIB,
            "leftovers_bytes": 20 * pages.GIB,
            "foreign_bytes": 30 * pages.GIB,
            "unaccounted_bytes": 200 * pages.GIB,
        }
        assert {name: first[name] for name in expected} == expected
        assert second["next_of_nova"] == ["blue"] and second["next_of_cinder"] == ["blue", "green"]
        assert second["cache_bytes"] is None and second["searched"] is None

    def test_each_filter(self) -> None:
        for query, expected in {
            "q=vmfs&sort=-name": ["ds2", "ds1"],
            "name=datastore-2": ["ds2"],
            "cluster=green&sort=-used_percent": ["ds1", "ds2"],
            "state=accessible&compute=compute-1": ["ds1", "ds2"],
            "flag=overcommitted": ["ds1"],
            "flag=not_searched": ["ds2"],
            "flag=partly_mounted&sort=name": ["ds1", "ds2"],
            "type=VMFS&vcenter=lab": ["ds1", "ds2"],
        }.items():
            assert self.names(f"?{query}") == expected, query
        assert "No datastore matches." in self.page("?state=inaccessible")

    def test_inaccessible_ones_and_those_in_maintenance_are_said_so_and_taken_by_nobody(
        self,
    ) -> None:
        book = pages.inventory(
            pages.datastore(1, accessible=False),
            pages.datastore(2, maintenance_mode="inMaintenance"),
            pages.datastore(3, maintenance_mode="enteringMaintenance"),
        )
        report = pages.datastores_report(book)
        assert self.names("?state=inaccessible", report) == ["ds1"]
        assert self.names("?state=maintenance", report) == ["ds2"]
        assert self.names("?flag=not_taken&sort=name", report) == ["ds1", "ds2", "ds3"]
        assert "1 not accessible" in self.page("", report)
        assert all(row["next_of_nova"] == [] for row in self.exported(report))

    def test_what_nobody_says_is_unknown_and_not_zero(self) -> None:
        bare = pages.datastore(
            1, capacity_bytes=None, free_bytes=None, uncommitted_bytes=None, type=None
        )
        report = pages.datastores_report(pages.inventory(bare), searched=Scans(), nova=False)
        (row,) = self.exported(report)
        for name in (
            "capacity_bytes used_bytes used_percent provisioned_percent taken_by not_taken "
            "next_of_nova next_of_cinder cache_bytes leftovers_bytes unaccounted_bytes type"
        ).split():
            assert row[name] is None, name
        row_shown = self.page("", report).partition("<tbody>")[2]
        assert "(never searched)" in row_shown and "unknown" in row_shown
        assert "None" not in row_shown

    def test_a_folder_of_an_instance_is_not_left_over_while_nova_does_not_answer(self) -> None:
        report = pages.datastores_report(pages.inventory(), nova=False)
        row = self.exported(report)[0]
        assert row["leftovers_bytes"] == 0 and row["undecided_bytes"] == 20 * pages.GIB

    def test_what_may_be_left_over_is_not_shown_as_none(self) -> None:
        whole = pages.datastores_report(pages.inventory())
        assert self.cell(whole, "leftovers_bytes") == "20 GiB"
        silent = pages.datastores_report(pages.inventory(), nova=False)
        assert self.cell(silent, "leftovers_bytes") == "unknown"

    def test_bytes_of_which_a_part_could_not_be_searched_are_said_to_be_at_least(self) -> None:
        part = pages.scans(pages.scan(unread=("192.0.2.1_base/x", "vmware_temp")))
        report = pages.datastores_report(pages.inventory(), searched=part)
        assert self.cell(report, "cache_bytes").startswith("at least 200 GiB")
        assert self.exported(report)[0]["unread_folders"] == 2

    def test_without_any_answer_it_says_so(self) -> None:
        report = pages.datastores_report(troubles=(Trouble("lab", TroubleKind.TIMEOUT),))
        page = self.page("", report)
        assert "vCenter lab: did not answer" in page and "<table" not in page
        with pages.patched(report, "datastores_report"):
            assert self.client.get(f"{URL}export/json").status_code == 503

    def test_a_hostile_name_does_nothing(self) -> None:
        report = pages.datastores_report(
            pages.inventory(pages.datastore(1, name=HOSTILE, type=HOSTILE))
        )
        page = self.page("", report)
        assert "<script" not in page and 'class="vmware-panel" ng-non-bindable' in page

    def test_two_hundred_datastores_stand_on_pages(self) -> None:
        book = pages.inventory(*(pages.datastore(n) for n in range(1, 201)))
        report = pages.datastores_report(book)
        assert "1–20 of 200, out of 200 in all" in self.page("", report)
        assert self.names("?size=500&name=ds15&sort=-name", report)[0] == "ds159"
