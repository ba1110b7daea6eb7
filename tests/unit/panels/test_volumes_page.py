"""The list of volumes as a browser gets it; only the answer of `volumes_report` is given to it."""

import csv
import io
import re
from dataclasses import replace
from typing import Any
from unittest import mock

import pytest
from django.test import override_settings
from openstack_dashboard.test import helpers

from tests.unit.domain import builders
from tests.unit.domain.builders import uuid_of
from tests.unit.domain.volume_books import attached, shadow, volume
from tests.unit.panels import volume_pages as pages
from tests.unit.panels.answers import exported_rows, ours
from tests.unit.panels.test_clusters_page import HOSTILE, SETTINGS
from vmware_panel.api.volumes import VolumesReport
from vmware_panel.config import ConfigError
from vmware_panel.domain.outcome import Trouble, TroubleKind
from vmware_panel.domain.volumes import DiskState, Finding, FindingKind, VolumeState
from vmware_panel.panels.volumes.panel import Volumes
from vmware_panel.settings_reader import ConfigFault
from vmware_panel.wording import volumes as wording

URL = "/admin/vmware_volumes/"
REPORT = "vmware_panel.api.volumes.volumes_report"
READ = "vmware_panel.api.inventories.SnapshotSource.read"
PATHS = tuple(URL + page for page in ("", "export/csv", "export/json?q=x", "progress", "?q="))

CINDER_IS_DOWN = Trouble("cinder", TroubleKind.TIMEOUT)
VCENTER_IS_DOWN = Trouble("lab", TroubleKind.TIMEOUT)


@override_settings(VMWARE_PANEL=SETTINGS)
class TestThePage(helpers.BaseAdminViewTests):
    def page(self, query: str = "", report: VolumesReport | None = None) -> str:
        """The part of the page that is ours."""
        with mock.patch(REPORT, return_value=report or pages.report()):
            response: Any = self.client.get(URL + query)
        return ours(response)

    def row(self, name: str, report: VolumesReport | None = None) -> str:
        page = self.page(f"?name={name}", report)
        return page.partition("<tbody>")[2].partition("</tbody>")[0]

    def names(self, query: str) -> list[str]:
        cells = re.findall(r'<th scope="row">(.*?)</th>', self.page(query))
        found = [re.sub("<.*?>", "", cell).strip() for cell in cells]
        return ["ghost" if name == f"volume-{uuid_of(1005)}" else name for name in found]

    def exported(self, report: VolumesReport) -> dict[str, dict[str, Any]]:
        with mock.patch(REPORT, return_value=report):
            response: Any = self.client.get(f"{URL}export/json")
        rows = exported_rows(response)
        return {row["name"]: row for row in rows}

    def test_a_volume_that_is_as_it_should_be(self) -> None:
        row = self.row("sound")
        for words in ("alpha", "in-use", "2 GiB", "with a shadow VM", "ds1", "web-1", "same disk"):
            assert words in row, words
        assert f'href="/admin/volumes/{uuid_of(1001)}/"' in row
        assert f'href="/admin/instances/{uuid_of(1)}/detail?tab=instance_details__vmware"' in row

    def test_one_that_storage_drs_moved_says_where_and_what_to_do(self) -> None:
        row = self.row("moved")
        for words in ("another file", pages.path_of(2), pages.MOVED_TO, "A detach in OpenStack"):
            assert words in row, words

    def test_one_that_was_never_attached_is_no_fault(self) -> None:
        row = self.row("lazy")
        assert "not yet created" in row and "fa-exclamation" not in row and "beta" in row

    def test_one_whose_shadow_vm_is_gone_and_a_vm_whose_volume_is_gone(self) -> None:
        assert "Do not attach the volume before" in self.row("lost")
        ghost = self.row(f"volume-{uuid_of(1005)}")
        assert "without a volume" in ghost and "no other cloud or region" in ghost

    def test_a_snapshots_template(self) -> None:
        row = self.row("nightly")
        assert f'href="/admin/snapshots/{uuid_of(2001)}' in row
        assert "snapshot" in row

    def test_each_filter(self) -> None:
        for query, expected in {
            "q=web-2": ["moved"],
            "q=ds1+sound": ["sound"],
            f"name={uuid_of(1003)}": ["lazy"],
            "project=beta": ["lazy"],
            "status=available": ["lazy"],
            "state=not_yet": ["lazy"],
            "state=ghost": ["ghost"],
            "state=snapshot": ["nightly"],
            "vcenter=lab&state=stored": ["moved", "sound"],
            "datastore=ds1&state=stored&sort=-name": ["sound", "moved"],
            "datastore=~none": ["lazy", "lost"],
            "disk=moved": ["moved"],
            "finding=any": ["lost", "moved", "ghost"],
            "finding=none": ["lazy", "nightly", "sound"],
            "finding=ghost": ["ghost"],
            "sort=-size_gb&status=in-use": ["lost", "moved", "sound"],
        }.items():
            assert self.names(f"?{query}") == expected, query
        assert "No volume matches." in self.page("?datastore=ds2")
        assert "1–1 of 1, out of 6 in all" in self.page("?disk=moved")

    def test_the_summary_counts_and_leads_to_the_rows(self) -> None:
        page = self.page()
        assert "4 volumes of 8 GiB (Cinder)" in page
        assert "disks of Cinder’s VMs with room for 8 GiB (vCenter)" in page
        assert '<a href="?finding=any">3 with a finding</a>' in page
        assert '<a href="?finding=moved">Moved away from its shadow VM: 1</a>' in page
        assert 'href="?state=not_yet"' in page and "with a shadow VM: 2" in page

    def test_sums_that_leave_something_out_say_so(self) -> None:
        report = pages.report()
        assert report.counts is not None
        counts = replace(report.counts, unsized_volumes=1, unsized_disks=1)
        page = self.page("", replace(report, counts=counts))
        assert "4 volumes of at least 8 GiB" in page and "with room for at least 8 GiB" in page

    def test_where_a_book_is_missing_nothing_is_said_to_be_without_a_finding(self) -> None:
        sound = pages.report(pages.VOLUMES[0], vms=(pages.VMS[0], *pages.VMS[-2:-1]))
        assert "no finding" in self.page("", sound) and "no finding known" not in self.page(
            "", sound
        )
        silent = pages.report(
            pages.VOLUMES[0], vms=(pages.VMS[0], *pages.VMS[-2:-1]), servers=None
        )
        assert "no finding known" in self.page("", silent)

    def test_without_cinder_its_vms_are_shown_and_nothing_is_called_left_over(self) -> None:
        report = pages.report(with_cinder=False, troubles=(CINDER_IS_DOWN,))
        page = self.page("", report)
        assert "Cinder’s volumes are unknown" in page and "Cinder did not answer" in page
        assert f"volume-{uuid_of(1001)}" in page and "without a volume" not in page
        row = self.exported(report)[f"volume-{uuid_of(1001)}"]
        for name in ("id", "status", "size_gb", "state", "instances", "findings"):
            assert row[name] is None, name
        assert (row["datastore"], row["capacity_bytes"]) == ("ds1", 2 * 1024**3)

    def test_without_vcenter_the_volumes_are_shown_and_none_is_called_missing(self) -> None:
        report = pages.report(with_vcenter=False, troubles=(VCENTER_IS_DOWN,))
        page = self.page("", report)
        assert "vCenter lab: did not answer" in page and "disks in vCenter unknown" in page
        row = self.exported(report)["lost"]
        assert (row["status"], row["size_gb"], row["instances"]) == ("in-use", 2, ["web-1"])
        for name in ("state", "vm", "datastore", "path", "capacity_bytes", "findings"):
            assert row[name] is None, name
        assert row["instance_disks"] == ["unknown"]

    def test_without_either_it_says_so(self) -> None:
        report = pages.report(
            with_cinder=False, with_vcenter=False, troubles=(CINDER_IS_DOWN, VCENTER_IS_DOWN)
        )
        page = self.page("", report)
        assert "<table" not in page and "Try again" in page
        with mock.patch(REPORT, return_value=report):
            assert self.client.get(f"{URL}export/json").status_code == 503

    def test_without_nova_instances_have_their_ids(self) -> None:
        page = self.page("?name=sound", pages.report(servers=None))
        assert uuid_of(1) in page and "Nova did not answer" in page

    def test_whom_cinder_may_not_have_told_all_is_told_so(self) -> None:
        page = self.page("", pages.report(all_projects=False))
        assert "your own project’s volumes only" in page and "without a volume" not in page

    def test_both_exports_have_all_columns_and_what_was_found(self) -> None:
        row = self.exported(pages.report())["moved"]
        assert row["instance_paths"] == [pages.MOVED_TO] and row["vm_moref"] == "vm-1002"
        assert [f["kind"] for f in row["findings"]] == ["moved"]
        assert (row["backend"], row["backend_host"]) == ("vmdk", "cinder@vmware#vmware")
        with mock.patch(REPORT, return_value=pages.report()):
            response: Any = self.client.get(f"{URL}export/csv?state=stored")
        lines = list(csv.DictReader(io.StringIO(b"".join(response.streaming_content).decode())))
        assert [line["name"] for line in lines] == ["moved", "sound"]
        assert lines[0]["findings"].startswith("Moved away from its shadow VM: ")
        assert lines[1]["instance_disks"] == "agrees"

    def test_hostile_names_do_nothing(self) -> None:
        ghost = shadow(5, name=HOSTILE)
        its = attached(1, name=HOSTILE, status=HOSTILE, type=HOSTILE, project_id=HOSTILE)
        servers = (builders.server(1, name=HOSTILE),)
        page = self.page("", pages.report(its, vms=(*pages.VMS[:1], ghost), servers=servers))
        assert "<script" not in page and 'class="vmware-panel" ng-non-bindable' in page
        assert "&lt;script&gt;" in page

    def test_settings_that_cannot_be_read_are_told(self) -> None:
        fault = ConfigError((ConfigFault("vcenters", "is no mapping", "Write one."),))
        with mock.patch(REPORT, side_effect=fault):
            response: Any = self.client.get(URL)
        assert response.status_code == 200 and "is no mapping" in response.content.decode()

    def test_a_datastore_leads_to_its_page_where_there_is_one(self) -> None:
        with mock.patch("vmware_panel.panels.links.reverse", return_value="/to/datastore-1"):
            assert '<a href="/to/datastore-1">ds1</a>' in self.row("sound")


class TestAMember(helpers.TestCase):
    def test_gets_none_of_it_and_nobody_is_asked(self) -> None:
        for path in PATHS:
            with mock.patch(READ) as read:
                response: Any = self.client.get(path)
            assert response.status_code == 403, path
            read.assert_not_called()
        assert not Volumes().can_access({"request": self.factory.get(URL)})


class TestAnAdmin(helpers.BaseAdminViewTests):
    def test_sees_the_panel(self) -> None:
        assert Volumes().can_access({"request": self.factory.get(URL)})


class TestTheWords(helpers.TestCase):
    def test_everything_has_words_that_take_what_they_are_given(self) -> None:
        for state in VolumeState:
            assert wording.volume_state(state) and wording.volume_state_sentence(state)
        for disk in DiskState:
            assert wording.disk_state(disk)
        for kind in FindingKind:
            words = wording.finding_words(Finding(kind, "3", "4", "web-1"))
            assert words.heading and words.sentence and words.remedy
            assert "%(" not in words.sentence + words.remedy


def test_a_volume_row_needs_no_name() -> None:
    from vmware_panel.panels.volumes.rows import row_of

    (entry,) = [e for e in pages.report(volume(name="")).entries or () if e.volume]
    assert row_of(entry, {}).name == volume().id


@pytest.mark.parametrize("folder", ["Volumes", ""])
def test_a_ghosts_project_is_unknown_where_no_folder_tells(folder: str) -> None:
    from vmware_panel.panels.volumes.rows import row_of

    report = pages.report(volume(), vms=(shadow(5),))
    (entry,) = [e for e in report.entries or () if not e.volume]
    assert row_of(entry, pages.PROJECTS).project is None
