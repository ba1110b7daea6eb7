"""What can go from the image cache, shown by GET, begun as a job by POST; the ledger is a sample."""

import html
import re
from typing import Any
from unittest import mock
from urllib.parse import urlencode

from django.core.cache import cache
from django.test import override_settings
from openstack_dashboard.test import helpers

from tests.unit.domain import caches
from tests.unit.panels import cache_pages as pages
from tests.unit.panels.test_clusters_page import HOSTILE, SETTINGS
from vmware_panel.api.image_cache import LedgerReport
from vmware_panel.domain.jobs import JobItem, JobKind
from vmware_panel.domain.outcome import Trouble, TroubleKind

PURGE, MARK = "/admin/vmware_image_cache/purge/", "/admin/vmware_image_cache/mark/"
REPORT = "vmware_panel.api.purge_plans.ledger_report"
BEGIN = "vmware_panel.api.jobs.begin"
PRIVILEGES = "vmware_panel.api.purge_plans.missing_privileges"

USED = f"lab/datastore-1/c1_base/{caches.IMAGE}"
MARKED = f"lab/datastore-1/c1_base/{caches.OTHER_IMAGE}"
FREE = f"lab/datastore-1/old_base/{caches.IMAGE}"
TEMP = "temp/lab/datastore-1/vmware_temp/u1"
ROOT = "ownerless_root/lab/datastore-1/old_base"


class TestAMember(helpers.TestCase):
    def test_neither_sees_a_plan_nor_begins_a_job(self) -> None:
        with mock.patch(REPORT) as report, mock.patch(BEGIN) as begin:
            for url in (PURGE, MARK):
                assert self.client.get(url).status_code == 403
                assert self.client.post(url, {}).status_code == 403
                assert self.client.post(url, {"show": "1", "key": FREE}).status_code == 403
        report.assert_not_called()
        begin.assert_not_called()


@override_settings(VMWARE_PANEL=SETTINGS)
class TestAnAdmin(helpers.BaseAdminViewTests):
    def setUp(self) -> None:
        super().setUp()
        cache.clear()
        self.report: LedgerReport = pages.report()
        patches = [
            mock.patch(REPORT, side_effect=lambda request: self.report),
            mock.patch(BEGIN, return_value="job0000000000001"),
            mock.patch(PRIVILEGES, side_effect=lambda vcenter, datastores: self.lacking),
        ]
        self.lacking: tuple[str, ...] = ()
        _, self.begin, self.privileges = (patch.start() for patch in patches)
        for patch in patches:
            self.addCleanup(patch.stop)

    def get(self, url: str, *keys: str, **choices: str) -> str:
        query = urlencode([*(("key", key) for key in keys), *choices.items()])
        answer: Any = self.client.get(f"{url}?{query}")
        assert answer.status_code == 200
        return str(answer.content.decode())

    def confirm(self, url: str, page: str, **changes: str) -> Any:
        form = page.partition('class="vmware-confirm"')[2].partition("</form>")[0]
        found = re.findall(r'<input type="hidden" name="(\w+)" value="([^"]*)"', form)
        return self.client.post(url, {**{n: html.unescape(v) for n, v in found}, **changes})

    def table(self, page: str, name: str) -> list[str]:
        body = page.partition(f"vmware-{name}")[2].partition("<tbody>")[2].partition("</tbody>")[0]
        rows = re.findall(r"<tr>(.*?)</tr>", body, re.DOTALL)
        texts = [html.unescape(" ".join(re.sub("<.*?>", " ", row).split())) for row in rows]
        return [text.replace("\u2068", "").replace("\u2069", "") for text in texts]

    def items(self) -> list[JobItem]:
        return list(self.begin.call_args.args[4])

    def test_one_that_nobody_uses_is_planned_and_begun_as_a_job(self) -> None:
        page = self.get(PURGE, FREE)
        (row,) = self.table(page, "taken")
        assert f"[ds1] old_base/{caches.IMAGE}" in row and "2.1 KiB" in row
        assert self.begin.call_count == 0
        answer = self.confirm(PURGE, page)
        assert answer.status_code == 302, answer.content.decode()
        assert answer["Location"].endswith("/job0000000000001/")
        assert self.begin.call_args.args[1:3] == (JobKind.CACHE_PURGE, "lab")
        (item,) = self.items()
        assert item.about["path"] == f"[ds1] old_base/{caches.IMAGE}"
        assert self.begin.call_args.kwargs["dry_run"] is False

    def test_a_right_that_vcenters_account_lacks_is_named(self) -> None:
        self.lacking = ("Datastore.FileManagement",)
        page = self.get(PURGE, FREE)
        assert "Datastore.FileManagement" in page
        assert 'name="fingerprint"' not in page

    def test_a_dry_run_is_begun_as_one(self) -> None:
        self.confirm(PURGE, self.get(PURGE, FREE), dry_run="on")
        assert self.begin.call_args.kwargs["dry_run"] is True

    def test_every_reason_for_keeping_is_named_and_the_rest_goes(self) -> None:
        page = self.get(PURGE, FREE, USED)
        (kept,) = self.table(page, "kept")
        assert "web-1" in kept and "looked after by compute-1" in kept
        self.confirm(PURGE, page)
        assert [item.about["path"] for item in self.items()] == [f"[ds1] old_base/{caches.IMAGE}"]

    def test_where_nothing_can_go_there_is_no_button(self) -> None:
        page = self.get(PURGE, USED)
        assert 'name="fingerprint"' not in page
        assert "Nothing of what was chosen can go." in page
        assert self.client.post(PURGE, {"keys": USED}).status_code == 400
        assert self.begin.call_count == 0

    def test_all_unused_are_those_that_nothing_is_known_to_use(self) -> None:
        page = self.get(PURGE, what="unused", older_than_h="24", vcenter="lab")
        assert len(self.table(page, "taken")) == 1
        page = self.get(PURGE, what="unused", older_than_h="87000", vcenter="lab")
        assert self.table(page, "taken") == []
        (kept,) = self.table(page, "kept")
        assert "too young" in kept

    def test_leftovers_go_with_the_ownerless_root_image_by_image(self) -> None:
        page = self.get(PURGE, what="leftovers", older_than_h="24", vcenter="lab")
        taken = self.table(page, "taken")
        assert [row for row in taken if "vmware_temp/u1" in row]
        assert [row for row in taken if f"old_base/{caches.IMAGE}" in row]
        assert "cache root without an owner" in taken[-1], "the root comes after what is in it"
        assert any("folder of an instance that is gone" in row for row in taken)

    def test_a_selected_leftover_is_found_by_its_rows_key(self) -> None:
        self.confirm(PURGE, self.get(PURGE, TEMP, ROOT))
        assert [item.about["kind"] for item in self.items()] == ["image", "temp", "empty_root"]
        assert self.begin.call_args.args[5]["older_than_h"] == "24"

    def show(self, url: str, *keys: str, **choices: str) -> str:
        """As the button beneath the list asks for the plan."""
        answer = self.client.post(url, {"show": "1", "key": list(keys), **choices})
        assert answer.status_code == 200
        return str(answer.content.decode())

    def test_as_many_as_a_page_shows_can_be_selected(self) -> None:
        """Their names together are longer than any web server lets an address be."""
        many = [f"lab/datastore-1/c1_base/{n:08x}{caches.IMAGE[8:]}" for n in range(499)]
        page = self.show(PURGE, *many, FREE)
        assert self.begin.call_count == 0
        assert len(self.table(page, "taken")) == 1
        choices = page.partition('class="vmware-choices')[2].partition("</form>")[0]
        assert 'method="post"' in page and 'name="show"' in choices
        assert "csrfmiddlewaretoken" in choices
        other = page.partition('class="vmware-selection"')[2].partition("</form>")[0]
        assert other.count('name="key"') == 500
        for href in re.findall(r'(?:href|action)="([^"]*)"', page):
            assert len(href) < 2048
        assert self.confirm(PURGE, page).status_code == 302
        assert len(self.items()) == 1

    def test_where_no_row_was_ticked_it_is_not_all_that_is_planned(self) -> None:
        """As the button beneath the list sends it."""
        page = self.show(PURGE, what="selected")
        assert "No row was ticked" in page
        assert 'name="fingerprint"' not in page and not self.table(page, "taken")

    def test_a_plan_that_is_asked_for_by_post_changes_nothing(self) -> None:
        page = self.get(PURGE, FREE)
        told = dict(re.findall(r'name="(fingerprint|nonce)" value="(\w+)"', page))
        shown = self.show(PURGE, FREE, **told)
        assert self.begin.call_count == 0
        assert "Nothing was changed" not in shown and "not as it was" not in shown

    def test_more_than_a_job_holds_are_not_cut_off_in_silence(self) -> None:
        many = [f"lab/datastore-1/c1_base/{n}" for n in range(1001)]
        answer = self.client.post(PURGE, {"show": "1", "keys": "\n".join(many)})
        page = answer.content.decode()
        assert "At most 1000 can be selected at once." in page
        assert 'name="fingerprint"' not in page

    def test_a_key_that_no_row_has_is_refused(self) -> None:
        for key in ("lab/datastore-1/../x", "temp/lab/datastore-1/web-server", "lab", "\x00"):
            page = self.get(PURGE, key)
            assert 'name="fingerprint"' not in page

    def test_marking_is_for_roots_that_a_compute_looks_after(self) -> None:
        page = self.get(MARK, FREE, MARKED, USED)
        assert self.table(page, "taken") == []
        kept = self.table(page, "kept")
        assert any("No compute looks after" in row for row in kept)
        assert any("is marked already" in row for row in kept)

    def test_an_unused_image_of_an_owned_root_is_marked_by_a_job_of_its_kind(self) -> None:
        books = pages.books(
            scans=(caches.scan(*caches.image_files()),),
            inventories=(caches.inventory(),),
            servers=(),
        )
        self.report = pages.report(books)
        answer = self.confirm(MARK, self.get(MARK, USED))
        assert answer.status_code == 302
        assert self.begin.call_args.args[1] is JobKind.CACHE_MARK

    def test_a_book_that_is_silent_keeps_everything(self) -> None:
        self.report = pages.report(
            pages.books(servers=None), troubles=(Trouble("nova", TroubleKind.TIMEOUT),)
        )
        page = self.get(PURGE, FREE)
        (kept,) = self.table(page, "kept")
        assert "is not known: Nova" in kept

    def test_an_image_that_came_into_use_since_shows_the_new_plan(self) -> None:
        page = self.get(PURGE, FREE)
        clone = caches.clone(5, caches.parent("old_base"))
        self.report = pages.report(pages.books(inventories=(caches.inventory(clone),)))
        answer = self.confirm(PURGE, page)
        assert answer.status_code == 409
        assert self.begin.call_count == 0

    def test_without_a_search_there_is_no_plan(self) -> None:
        self.report = LedgerReport(ledger=None)
        page = self.get(PURGE, FREE)
        assert 'name="fingerprint"' not in page

    def test_no_name_is_anything_but_text(self) -> None:
        self.report = pages.renamed(pages.report(), HOSTILE)
        for url in (PURGE, MARK):
            for what in ("unused", "leftovers")[: 2 if url == PURGE else 1]:
                page = self.get(url, what=what, older_than_h="0", vcenter="lab")
                page = page[page.index('<div class="vmware-panel') : page.index('id="footer"')]
                assert "<script" not in page
                assert "ng-non-bindable" in page
        page = self.get(PURGE, f"lab/datastore-1/{HOSTILE}/x")
        page = page[page.index('<div class="vmware-panel') : page.index('id="footer"')]
        assert "<script" not in page

    def test_a_folder_with_a_hostile_name_does_not_go(self) -> None:
        for name in ("..", "a\\b", " a", "x\u202e", "a\nb"):
            report = pages.renamed(pages.report(), name)
            self.report = report
            page = self.get(PURGE, what="leftovers", older_than_h="24", vcenter="lab")
            assert not any("vmware_temp" in row for row in self.table(page, "taken")), name
