"""The page of one datastore; only the answer of `datastore_report` is given to it."""

import re
from typing import Any
from unittest import mock

from django.test import override_settings
from openstack_dashboard.test import helpers

from tests.unit.domain import builders
from tests.unit.panels import datastore_pages as pages
from tests.unit.panels.test_clusters_page import HOSTILE, SETTINGS
from vmware_panel import policy
from vmware_panel.api.datastores import DatastoreReport
from vmware_panel.api.scans import Scans
from vmware_panel.domain.datastore_files import ScanProgress, TopFolder
from vmware_panel.domain.datastores import HostMount
from vmware_panel.domain.inventory import MoRef
from vmware_panel.domain.outcome import Trouble, TroubleKind

URL = "/admin/vmware_datastores/lab/datastore-1/"
ASK = "vmware_panel.api.searches.ask_scan"


@override_settings(VMWARE_PANEL=SETTINGS)
class TestThePage(helpers.BaseAdminViewTests):
    def page(self, report: DatastoreReport | None = None, query: str = "") -> str:
        with pages.patched(report or pages.datastore_report(), "datastore_report") as read:
            response: Any = self.client.get(URL + query)
        self.read = read
        assert response.status_code == 200
        text = response.content.decode()
        start = text.index('<div class="vmware-panel vmware-datastore"')
        return " ".join(text[start : text.index('id="footer"')].split())

    def kinds(self, page: str) -> dict[str, str]:
        rows = re.findall(r'<tr data-kind="(\w+)">.*?</th> <td>(.*?)</td>', page)
        return dict(rows)

    def test_what_fills_it_stands_in_the_table_and_in_the_picture(self) -> None:
        page = self.page()
        assert self.kinds(page) == {
            "instances": "100 GiB",
            "volumes": "50 GiB",
            "cache": "200 GiB",
            "leftovers": "20 GiB",
            "foreign": "30 GiB",
            "unaccounted": "200 GiB",
            "free": "400 GiB",
        }
        picture = page[page.index('<svg class="vmware-fill"') :].partition("</svg>")[0]
        for words in (
            "Image cache: 200 GiB",
            "Unaccounted for: 200 GiB",
            "Temporary and left over: 20 GiB",
        ):
            assert words in picture, words
        areas = {
            kind: float(w) * float(h)
            for kind, w, h in re.findall(
                r'<g class="vmware-fill-(\w+)"> <rect class="vmware-fill-ground"[^>]*?'
                r'width="([\d.]+)" height="([\d.]+)"',
                picture,
            )
        }
        assert len(areas) == 6 and "free" not in areas
        assert 1.6 < areas["cache"] / areas["instances"] < 2.4, "areas are not as the bytes"
        assert f"/admin/instances/{builders.uuid_of(1)}/" in picture

    def test_its_room_and_when_vcenter_counted_it(self) -> None:
        page = self.page()
        for words in (
            "1,000 GiB",
            "600 GiB (60 %)",
            "1.1 TiB",
            "110 % of the capacity",
            "minutes",
        ):
            assert words in page, words

    def test_where_the_next_disk_goes_by_either_rule(self) -> None:
        page = self.page()
        rows = page[page.index('class="table table-condensed vmware-next"') :].partition(
            "</table>"
        )[0]
        blue, green = re.findall(r"<tr> <th scope=\"row\">.*?</tr>", rows)
        assert "ds2" in blue and "900 GiB free of 1,000 GiB" in blue and "compute-1" in blue
        assert "nowhere: none may be used" in green and "compute-2" in green
        assert (
            "Cinder: a volume of 10 GiB" in page and "an instance and its volume can land" in page
        )

    def test_the_size_of_the_volume_can_be_chosen_and_a_wrong_one_is_said_so(self) -> None:
        self.page(query="?volume_gb=500")
        assert self.read.call_args.kwargs["volume_gb"] == 500
        assert "Ensure this value is" in self.page(query="?volume_gb=0")
        assert self.read.call_args.kwargs["volume_gb"] == 10

    def test_a_volume_that_fits_one_datastore_alone_goes_there(self) -> None:
        page = self.page(pages.datastore_report(volume_gb=600))
        assert page.count("ds2</bdi></a> <small>900 GiB free") >= 2

    def test_each_compute_with_the_reason_and_each_cluster_with_its_hosts(self) -> None:
        page = self.page()
        assert "its name does not match datastore_regex" in page
        assert "not mounted by all" in page and "/admin/vmware_hosts/lab/host-3/" in page
        page = self.page(
            pages.datastore_report(
                mount=HostMount(MoRef("host-1"), True, False, "readWrite", "AllPathsDown")
            )
        )
        assert "not accessible: AllPathsDown" in page

    def test_instances_and_volumes_stand_under_their_projects(self) -> None:
        page = self.page()
        table = page[page.index("vmware-tenants") :]
        beta = table[table.index("<bdi>beta") :].partition("</tbody>")[0]
        assert f"/admin/volumes/{pages.VOLUME_ID}/" in beta and "<bdi>data</bdi>" in beta
        alpha = table[table.index("<bdi>alpha") :].partition("</tbody>")[0]
        assert "web-1" in alpha and "20 GiB" in alpha
        assert "instances: 1, volumes: 0" in alpha and "dns" in table

    def test_what_a_book_does_not_tell_is_unknown(self) -> None:
        page = self.page(pages.datastore_report(nova=False, cinder=False))
        assert "Nova did not say which compute drives" in page and "Project unknown" in page
        assert self.kinds(page)["undecided"] == "20 GiB"

    def test_while_vcenter_does_not_answer_the_last_book_stands_and_nothing_can_be_done(
        self,
    ) -> None:
        trouble = Trouble("lab", TroubleKind.UNREACHABLE, "connection refused")
        page = self.page(pages.datastore_report(live=False, troubles=(trouble,)))
        assert "vmware-not-live" in page and "as the collectors last read it" in page
        button = page[page.index('aria-describedby="vmware_refresh_hindrance"') - 80 :]
        assert "disabled" in button and "vCenter does not answer just now." in page
        assert f'href="{URL}space"' not in page and "400 GiB" in page

    def test_a_missing_privilege_greys_the_action_out_by_name(self) -> None:
        page = self.page(pages.datastore_report(missing=("System.Read",)))
        assert "lacks the privilege System.Read on ds1" in page
        assert f'href="{URL}space"' not in page

    def test_whom_the_policy_does_not_let_sees_no_action(self) -> None:
        def allowed(_request: object, rule: policy.Rule, *_target: object) -> bool:
            return rule not in (policy.Rule.REFRESH_DATASTORE, policy.Rule.SCAN_DATASTORES)

        with mock.patch.object(policy, "allowed", side_effect=allowed):
            page = self.page()
        assert f"{URL}space" not in page and f"{URL}search" not in page
        assert self.read.call_args.kwargs["with_privileges"] is False

    def test_never_searched_under_way_and_failed_searches_say_so(self) -> None:
        page = self.page(pages.datastore_report(searched=Scans()))
        assert "its files were never searched" in page and '<svg class="vmware-fill"' not in page
        running = ScanProgress(running="ds1", running_percent=40, wanted=3)
        searched = pages.scans(pages.scan(unread=("lost+found",)), progress=running)
        page = self.page(pages.datastore_report(searched=searched))
        assert "being searched just now: 40 %" in page
        assert "could not be searched: <bdi>lost+found</bdi>" in page
        waiting = ScanProgress(
            running="datastore-2",
            wanted=3,
            troubles={pages.MINE: Trouble("lab", TroubleKind.FORBIDDEN)},
        )
        page = self.page(
            pages.datastore_report(searched=pages.scans(pages.scan(), progress=waiting))
        )
        assert "3 still wait" in page and "The last search failed." in page

    def test_sizes_that_are_not_known_make_sums_at_least(self) -> None:
        searched = pages.scans(pages.scan(TopFolder("a_base", None), TopFolder("", 1)))
        page = self.page(pages.datastore_report(searched=searched))
        assert self.kinds(page)["cache"] == "at least 200 GiB"
        assert "(files at the top)" in page

    def test_hostile_names_do_nothing(self) -> None:
        book = pages.inventory(
            pages.datastore(1, name=HOSTILE), vms=(pages.foreign(HOSTILE), pages.shadow())
        )
        searched = pages.scans(
            pages.scan(TopFolder(HOSTILE, 5), unread=(HOSTILE,), datastore_name=HOSTILE)
        )
        mount = HostMount(MoRef("host-1"), True, False, HOSTILE, HOSTILE)
        page = self.page(pages.datastore_report(book, searched, mount=mount))
        assert "<script" not in page and "&lt;script&gt;" in page
        assert 'vmware-datastore" ng-non-bindable' in page

    def test_one_that_no_book_has_is_not_found(self) -> None:
        for report in (
            DatastoreReport("lab", pages.MINE, configured=False),
            DatastoreReport("lab", pages.MINE, inventories=(pages.inventory(),)),
            DatastoreReport("lab", pages.MINE, gone=True),
        ):
            with pages.patched(report, "datastore_report"):
                assert self.client.get(URL).status_code == 404

    def test_before_the_first_book_nothing_is_known_and_said_so(self) -> None:
        trouble = Trouble("lab", TroubleKind.NO_COLLECTOR)
        page = self.page(DatastoreReport("lab", pages.MINE, troubles=(trouble,)))
        assert "Nothing is known of this datastore until" in page and "vmware-facts" not in page


@override_settings(VMWARE_PANEL=SETTINGS)
class TestASearch(helpers.BaseAdminViewTests):
    def post(self, troubles: tuple[Trouble, ...] = (), path: str = URL) -> Any:
        with (
            mock.patch(ASK, return_value=troubles) as self.asked,
            self.assertLogs("vmware_panel.audit", "INFO") as self.lines,
        ):
            return self.client.post(f"{path}search")

    def test_is_asked_for_by_post_with_one_audit_line(self) -> None:
        answer = self.post()
        assert answer.status_code == 302 and answer["Location"] == URL
        assert self.asked.call_args.args[1:] == ("lab", ("datastore-1",))
        (line,) = self.lines.output
        assert 'change="datastore_scan" outcome="made"' in line and "datastore-1" in line

    def test_that_cannot_be_asked_for_says_why(self) -> None:
        self.post((Trouble("lab", TroubleKind.NO_COLLECTOR),))
        (line,) = self.lines.output
        assert 'outcome="failed"' in line and "no_collector" in line

    def test_is_never_begun_by_a_get_nor_for_what_is_no_datastore(self) -> None:
        with mock.patch(ASK) as ask:
            assert self.client.get(f"{URL}search").status_code == 405
            for path in ("nowhere/datastore-1", "lab/host-1"):
                url = f"/admin/vmware_datastores/{path}/search"
                assert self.client.post(url).status_code == 404
        ask.assert_not_called()
