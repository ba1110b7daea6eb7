"""Admin > VMware > Image Cache; only the answer of `ledger_report` is given to it."""

import csv
import html
import io
import json
import re
from dataclasses import replace
from typing import Any
from unittest import mock

from django.contrib.messages import get_messages
from django.test import override_settings
from openstack_dashboard.test import helpers

from tests.unit.domain import builders, caches
from tests.unit.panels import cache_pages as pages
from tests.unit.panels.test_clusters_page import HOSTILE, SETTINGS
from vmware_panel.api.image_cache import LedgerReport
from vmware_panel.config import ConfigError
from vmware_panel.domain.datastore_files import ScanProgress
from vmware_panel.domain.image_cache import Ageing
from vmware_panel.domain.inventory import Datastore
from vmware_panel.domain.outcome import Trouble, TroubleKind
from vmware_panel.panels.image_cache.panel import ImageCache
from vmware_panel.settings_reader import ConfigFault

URL = "/admin/vmware_image_cache/"
REPORT = "vmware_panel.api.image_cache.ledger_report"
SEARCH = "vmware_panel.api.searches.ask_scan"
LISTS = (URL, f"{URL}leftovers/", f"{URL}risks/")
EXPORTS = [f"{path}export/{kind}" for path in LISTS for kind in ("csv", "json")]


@override_settings(VMWARE_PANEL=SETTINGS)
class Page(helpers.BaseAdminViewTests):
    def page(self, path: str = "", report: LedgerReport | None = None) -> str:
        with mock.patch(REPORT, return_value=report or pages.report()):
            response: Any = self.client.get(URL + path)
        assert response.status_code == 200
        text = response.content.decode()
        start = text.index('<div class="vmware-panel')
        return " ".join(text[start : text.index('id="footer"')].split())

    def body(self, path: str = "", report: LedgerReport | None = None) -> list[str]:
        """The rows of the list, as text."""
        table = self.page(path, report).partition("vmware-listing")[2]
        rows = re.findall(
            r"<tr>(.*?)</tr>", table.partition("<tbody>")[2].partition("</tbody>")[0]
        )
        return [html.unescape(" ".join(re.sub("<.*?>", " ", row).split())) for row in rows]

    def exported(self, path: str, report: LedgerReport | None = None) -> dict[str, Any]:
        with mock.patch(REPORT, return_value=report or pages.report()):
            response: Any = self.client.get(URL + path)
        assert response.status_code == 200, response.content
        document: dict[str, Any] = json.loads(b"".join(response.streaming_content))
        return document


class TestTheList(Page):
    def test_an_image_with_all_that_the_books_say(self) -> None:
        (row,) = self.body("?use=used")
        for words in ("debian", caches.IMAGE, "active", "ds1", "c1_base", "with copies of 20 GB"):
            assert words in row, words
        for words in ("2.1 KiB", "web-1", "in use", "compute-1"):
            assert words in row, words

    def test_one_that_glance_no_longer_has_is_marked_and_at_risk(self) -> None:
        (row,) = self.body("?use=at_risk")
        assert "not in Glance" in row and "in use, at risk" in row
        assert "after" in row and "at a pass within 10 minutes" in row

    def test_one_in_nobodys_root_says_so(self) -> None:
        (row,) = self.body("?ownership=ownerless")
        assert "no compute's" in row and "unused" in row

    def test_a_mark_whose_age_is_not_told_names_novas_default(self) -> None:
        compute = replace(caches.COMPUTE_1, ageing=Ageing())
        computes = replace(caches.COMPUTES, all=(compute, caches.COMPUTE_2))
        report = pages.report(pages.books(computes=computes))
        (row,) = self.body("?marked=marked", report)
        assert "unknown by Nova" in row and "default after" in row
        page = html.unescape(self.page("", report))
        assert "By Nova's defaults a pass every 40 minutes" in page

    def test_a_compute_that_removes_nothing_never_deletes_what_is_marked(self) -> None:
        compute = replace(caches.COMPUTE_1, ageing=Ageing(removes=False))
        computes = replace(caches.COMPUTES, all=(compute, caches.COMPUTE_2))
        (row,) = self.body("?marked=marked", pages.report(pages.books(computes=computes)))
        assert "never: its compute removes nothing" in row

    def test_each_filter(self) -> None:
        for query, count in {
            "q=web-1": 1,
            "q=OLD_base": 1,
            f"image={caches.OTHER_IMAGE}": 1,
            "glance=gone": 1,
            "glance=active": 2,
            "use=unused": 1,
            "datastore=ds1": 3,
            "root=old_base": 1,
            "compute=compute-1": 2,
            "marked=not_marked": 2,
            "vcenter=lab&sort=image": 3,
        }.items():
            assert len(self.body(f"?{query}")) == count, query

    def test_a_book_that_did_not_answer_leaves_the_use_unknown(self) -> None:
        report = pages.report(
            pages.books(servers=None), troubles=(Trouble("nova", TroubleKind.TIMEOUT),)
        )
        page = self.page("?use=used", report)
        assert "1 more may belong here: what decides it is unknown." in page
        assert "Nova: it did not answer within the time allowed." in page

    def test_links_lead_to_the_instance(self) -> None:
        server = pages.vms()[0].instance_uuid
        assert f'href="/admin/instances/{server}/detail?tab=' in self.page("?use=used")

    def test_the_check_boxes_hold_the_keys_of_images(self) -> None:
        key = f"lab/datastore-1/c1_base/{caches.IMAGE}"
        assert f'name="key" value="{key}" form="vmware_selection"' in self.page("?use=used")

    def test_the_column_of_check_boxes_is_no_order_for_a_list(self) -> None:
        for path in ("", "leftovers/"):
            table = self.page(path).partition("vmware-listing")[2]
            head = table.partition("</thead>")[0]
            assert '<th scope="col"> Select </th>' in head, path
            assert "?sort=key" not in head and "?sort=datastore" in head, path
            refused = self.page(f"{path}?sort=key")
            assert "“key” cannot be used." in refused, path

    def test_an_image_can_be_put_into_a_cache_that_is_empty_or_was_never_searched(self) -> None:
        empty = pages.report(pages.books(scans=(caches.scan(),)))
        for report in (empty, pages.report(pages.books(scans=())), LedgerReport(ledger=None)):
            assert 'href="/admin/vmware_image_cache/seed/"' in self.page("", report)

    def test_all_that_can_go_is_one_step_away(self) -> None:
        assert 'href="/admin/vmware_image_cache/purge/?what=unused"' in self.page()
        assert 'href="/admin/vmware_image_cache/purge/?what=leftovers"' in self.page("leftovers/")

    def test_exports_have_all_of_it(self) -> None:
        document = self.exported("export/json?marked=marked")
        (row,) = document["rows"]
        assert row["key"] == f"lab/datastore-1/c1_base/{caches.OTHER_IMAGE}"
        assert row["deleted_after"] == "2026-11-22T02:30:00+00:00"
        assert (row["size_bytes"], row["use"], row["glance"]) == (2200, "at_risk", "gone")
        assert row["searched_at"] == caches.SCANNED_AT.isoformat()
        with mock.patch(REPORT, return_value=pages.report()):
            response: Any = self.client.get(f"{URL}export/csv?use=unused")
        (line,) = csv.DictReader(io.StringIO(b"".join(response.streaming_content).decode()))
        assert (line["root"], line["ownership"], line["owners"]) == ("old_base", "ownerless", "")


class TestTenThousandFolders(Page):
    def test_one_page_of_them_is_rendered_and_all_are_exported(self) -> None:
        files = [
            file
            for number in range(10_000)
            for file in caches.image_files(image=builders.uuid_of(number))[2:4]
        ]
        report = pages.report(pages.books(scans=(caches.scan(*files),)))
        page = self.page("?sort=image&size=50", report)
        assert "10,000 cached images" in page
        assert "1–50 of 10,000, out of 10,000 in all" in page
        assert page.count('name="key"') == 50
        assert self.exported("export/json", report)["count"] == 10_000


class TestTheSummary(Page):
    def test_bytes_by_use_and_by_datastore(self) -> None:
        page = self.page()
        assert "3 cached images · 6.4 KiB" in page
        for use in ("used", "at_risk", "unused", "unknown"):
            assert f'<li data-use="{use}">' in page
        assert '<tr data-datastore="lab/datastore-1">' in page
        assert page.count('<rect class="vmware-cache-unused" x=') == 1

    def test_a_datastore_that_was_not_searched_is_unknown_and_not_empty(self) -> None:
        line = self.page().partition('data-datastore="lab/datastore-2"')[2].partition("</tr>")[0]
        assert "not searched yet" in line and "unknown" in line and " B<" not in line

    def test_where_nothing_was_searched_no_count_says_zero(self) -> None:
        books = pages.books(scans=())
        for path in ("", "leftovers/"):
            page = self.page(path, pages.report(books))
            assert "none of them was searched" in page
            assert "0 cached images" not in page and "0 B" not in page
            assert page.count("<abbr") == 2

    def test_datastores_that_were_not_searched_are_counted(self) -> None:
        page = self.page()
        assert "1 datastore was not searched yet" in page
        assert '<span class="badge">3+</span>' in page

    def test_without_a_collector_it_says_who_searches_and_offers_to(self) -> None:
        """A thread of the process that is asked does it: `collecting.on_demand`."""
        with override_settings(VMWARE_PANEL={**SETTINGS, "collector": {"mode": "off"}}):
            page = self.page()
        assert "searched only when somebody asks for it, and what was found is known to" in page
        assert "Search afresh" in page

    def test_where_nothing_is_searched_by_itself_it_says_so(self) -> None:
        told = {**SETTINGS, "collector": {"scan_interval_s": 0}}
        with override_settings(VMWARE_PANEL=told):
            assert "scan_interval_s is 0" in self.page()
        assert "scan_interval_s is 0" not in self.page()

    def test_risks_that_the_books_leave_open_are_not_counted_as_none(self) -> None:
        badge = 'Parents at risk <span class="badge">'
        assert f"{badge}1</span>" in self.page()
        assert f"{badge}0+</span>" in self.page("", pages.report(pages.books(servers=None)))
        away = replace(pages.report(), complete=False)
        assert f"{badge}1+</span>" in self.page("", away)
        nobody = pages.report(pages.books(inventories=()))
        assert f"{badge}<abbr" in self.page("", replace(nobody, complete=False))

    def test_a_compute_that_is_not_told_is_named(self) -> None:
        computes = replace(
            caches.COMPUTES, all=(caches.COMPUTE_1, replace(caches.COMPUTE_2, root=None))
        )
        page = self.page("", pages.report(pages.books(computes=computes)))
        assert "do not tell the cache root of: compute-2" in page

    def test_a_search_under_way_and_one_that_failed(self) -> None:
        progress = ScanProgress(
            running="ds2",
            running_percent=40,
            wanted=2,
            troubles={caches.DATASTORE: Trouble("lab", TroubleKind.TIMEOUT)},
        )
        page = self.page("", pages.report(progress=progress))
        assert "Searching ds2: 40 %; 2 wait" in page
        assert f'data-vmware-progress="{URL}progress"' in page
        assert "searching now" in page and "The last search failed." in page


class TestLeftoversAndRisks(Page):
    def test_leftovers_of_each_kind(self) -> None:
        rows = self.body("leftovers/?sort=path")
        assert len(rows) == 3
        assert f"[ds1] {pages.GONE}" in rows[0] and "instance that is gone" in rows[0]
        assert "[ds1] old_base" in rows[1] and "2.1 KiB" in rows[1]
        assert "[ds1] vmware_temp/u1" in rows[2]
        assert len(self.body("leftovers/?kind=temp")) == 1

    def test_what_could_not_be_told_is_said(self) -> None:
        book = caches.inventory(datastores=(Datastore(caches.DATASTORE, "ds1", type="vsan"),))
        page = self.page("leftovers/", pages.report(pages.books(inventories=(book,))))
        assert "What could not be told" in page
        assert "(ds1): folders of a datastore of this type" in page

    def test_leftovers_that_could_not_be_told_are_not_counted_as_none(self) -> None:
        all_searched = (pages.scan(), replace(caches.scan(), datastore=caches.OTHER_DATASTORE))
        badge = 'Leftovers <span class="badge">'
        told = pages.report(pages.books(scans=all_searched))
        assert f"{badge}3</span>" in self.page("", told)
        vsan = Datastore(caches.DATASTORE, "ds1", type="vsan", accessible=True)
        book = caches.inventory(datastores=(vsan, Datastore(caches.OTHER_DATASTORE, "ds2", "NFS")))
        open_ = pages.report(pages.books(scans=all_searched, inventories=(book,)))
        assert f"{badge}2+</span>" in self.page("", open_)

    def test_leftovers_are_exported(self) -> None:
        (row,) = self.exported("leftovers/export/json?kind=temp")["rows"]
        assert row["key"] == "temp/lab/datastore-1/vmware_temp/u1"
        assert row["size_bytes"] == 7

    def test_a_parent_at_risk(self) -> None:
        (row,) = self.body("risks/")
        for words in ("web-2", "not on", "compute-2", "compute-1", "alpha", "after"):
            assert words in row, words
        (told,) = self.exported("risks/export/json?power=off")["rows"]
        assert told["parent"] == caches.parent(image=caches.OTHER_IMAGE)
        assert told["time_left_until"] == "2026-11-22T02:30:00+00:00"
        assert told["parent_listed"] is True

    def test_undecided_vms_are_counted(self) -> None:
        page = self.page("risks/", pages.report(pages.books(servers=None)))
        assert "Of 2 more VMs it is not known" in page


class TestWhatGoesWrong(Page):
    def test_without_any_search_it_says_so(self) -> None:
        report = replace(
            pages.report(), ledger=None, troubles=(Trouble("store", TroubleKind.UNREACHABLE),)
        )
        for path in ("", "leftovers/", "risks/"):
            assert "Try again" in self.page(path, report)
        with mock.patch(REPORT, return_value=report):
            assert self.client.get(f"{URL}export/json").status_code == 503

    def test_faults_of_the_settings_are_named(self) -> None:
        fault = ConfigError([ConfigFault("VMWARE_PANEL", "is wrong", "Mend it")])
        with mock.patch(REPORT, side_effect=fault):
            assert "is wrong" in self.client.get(URL).content.decode()

    def test_hostile_names_do_nothing(self) -> None:
        name = HOSTILE.replace("/", "")
        report = pages.renamed(pages.report(), name)
        for path in ("", "leftovers/", "risks/"):
            page = self.page(path, report)
            assert "<script" not in page
            assert 'class="vmware-panel vmware-image-cache" ng-non-bindable' in page


class TestSearchingAfresh(Page):
    def post(self, **data: Any) -> Any:
        with mock.patch(SEARCH, return_value=()) as ask:
            response = self.client.post(f"{URL}search", data)
        self.asked = [(call.args[1], list(call.args[2])) for call in ask.call_args_list]
        return response

    def test_one_datastore_or_all(self) -> None:
        assert self.post(datastore="lab/datastore-1").status_code == 302
        assert self.asked == [("lab", ["datastore-1"])]
        self.post()
        assert self.asked == [("lab", [])]

    def test_it_leaves_one_audit_line(self) -> None:
        with self.assertLogs("vmware_panel.audit", "INFO") as logged:
            self.post(datastore=["lab/datastore-1", "lab/datastore-2"])
        (line,) = logged.output
        assert 'change="datastore_scan" outcome="made" vcenter="lab"' in line
        assert 'target="datastore-1, datastore-2"' in line

    def test_a_name_that_is_no_datastores_is_told_and_nothing_is_asked_for(self) -> None:
        """Neither as if it were all, nor as done; and what it holds breaks no line of the log."""
        source = mock.Mock()
        for named in ("nonsense", "lab/", "lab/vm-1", "lab/datastore-1\nUser root asked", "/x"):
            with (
                mock.patch("vmware_panel.api.scans._source", return_value=source),
                self.assertLogs("vmware_panel", "INFO") as log,
            ):
                answer = self.client.post(f"{URL}search", {"datastore": named})
            (line,) = log.output
            assert 'outcome="failed"' in line and "\n" not in line, named
            *_before, message = get_messages(answer.wsgi_request)
            assert message.level_tag == "error", named
        source.ask_scan.assert_not_called()

    def test_more_datastores_than_one_asks_for_are_not_cut_off_in_silence(self) -> None:
        answer = self.post(datastore=[f"lab/datastore-{n}" for n in range(101)])
        assert self.asked == []
        (message,) = get_messages(answer.wsgi_request)
        assert "At most 100 datastores" in str(message)

    def test_a_get_changes_nothing(self) -> None:
        with mock.patch(SEARCH) as ask:
            assert self.client.get(f"{URL}search").status_code == 405
        ask.assert_not_called()

    def test_a_collector_that_cannot_be_asked_is_told(self) -> None:
        trouble = Trouble("lab", TroubleKind.NO_COLLECTOR)
        with (
            mock.patch(SEARCH, return_value=(trouble,)),
            self.assertLogs("vmware_panel.audit") as log,
        ):
            response = self.client.post(f"{URL}search")
        assert 'outcome="failed"' in log.output[0]
        assert response.status_code == 302

    def test_its_progress_is_told_to_the_script(self) -> None:
        progress = {"lab": ScanProgress(running="ds1", wanted=1)}
        with (
            mock.patch("vmware_panel.api.searches.searches_under_way", return_value=progress),
            mock.patch("vmware_panel.api.refresh.progress", return_value=()),
        ):
            said = json.loads(self.client.get(f"{URL}progress").content)
        assert said["under_way"] is True
        assert said["sources"] == [
            {
                "name": "searches of lab",
                "text": "Searching ds1; 1 waits",
                "listed": 0,
                "expected": None,
            }
        ]


class TestAMember(helpers.TestCase):
    def test_gets_none_of_it_and_nobody_is_asked(self) -> None:
        for path in (*LISTS, *EXPORTS, f"{URL}progress"):
            with mock.patch(REPORT) as report:
                assert self.client.get(path).status_code == 403, path
            report.assert_not_called()
        with mock.patch(SEARCH) as ask:
            assert self.client.post(f"{URL}search").status_code == 403
        ask.assert_not_called()

    def test_does_not_see_the_panel(self) -> None:
        assert not ImageCache().can_access({"request": self.factory.get(URL)})
