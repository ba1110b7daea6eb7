import csv
import dataclasses
import io
import json
from typing import Any
from unittest import mock

from openstack_dashboard.test import helpers

from tests.unit.domain import builders
from tests.unit.panels import clouds
from vmware_panel import exports
from vmware_panel.api.placement import InstancesReport
from vmware_panel.config import ConfigError
from vmware_panel.domain.outcome import Trouble, TroubleKind
from vmware_panel.settings_reader import ConfigFault

URL = "/admin/vmware_instances/export/"
REPORT = "vmware_panel.api.placement.instances_report"


class Export(helpers.BaseAdminViewTests):
    def get(self, path: str, report: InstancesReport | None = None) -> Any:
        with mock.patch(REPORT, return_value=report or clouds.sound()):
            return self.client.get(URL + path)

    def csv(self, query: str = "", report: InstancesReport | None = None) -> list[dict[str, str]]:
        response = self.get(f"csv{query}", report)
        assert response.status_code == 200, response.content
        text = b"".join(response.streaming_content).decode("utf-8")
        return list(csv.DictReader(io.StringIO(text, newline="")))

    def json(self, query: str = "", report: InstancesReport | None = None) -> Any:
        response = self.get(f"json{query}", report)
        assert response.status_code == 200, response.content
        return json.loads(b"".join(response.streaming_content))


class TestRows(Export):
    def test_exactly_the_filtered_rows_in_the_order_of_the_list(self) -> None:
        query = "?cluster=blue&sort=-name"
        expected = ["web-10", "web-2", "web-1"]
        assert [row["name"] for row in self.csv(query)] == expected
        assert [row["name"] for row in self.json(query)["rows"]] == expected

    def test_all_pages_whatever_page_the_address_is_of(self) -> None:
        rows = self.json("?page=2&size=20&disagreement=any", clouds.many(3000))["rows"]
        assert len(rows) == 60

    def test_both_carry_names_and_ids(self) -> None:
        (row,) = self.csv("?name=web-10")
        expected = {
            "id": builders.uuid_of(10),
            "project": "beta",
            "project_id": "p2",
            "compute": "compute-1",
            "compute_state": "up",
            "compute_status": "enabled",
            "vcenter": "lab",
            "cluster": "blue",
            "cluster_moref": "domain-c1",
            "host": "esx-1",
            "host_moref": "host-1",
            "datastores": "ds1; ds2",
            "vm_moref": "vm-10",
            "vcenter_read_at": "2026-11-22T03:00:00+00:00",
            "sources_missing": "",
        }
        assert {name: row[name] for name in expected} == expected
        (its,) = self.json("?name=web-10")["rows"]
        assert its["datastores"] == ["ds1", "ds2"]
        assert its["datastore_morefs"] == ["datastore-1", "datastore-2"]
        assert its["disagreements"] == []

    def test_a_disagreement_with_both_books(self) -> None:
        (row,) = self.csv("?name=web-2")
        assert row["disagreements"].endswith("Nova says running, vCenter says powered off.")
        (its,) = self.json("?name=web-2")["rows"]
        (remark,) = its["disagreements"]
        assert (remark["kind"], remark["nova"]) == ("power_state", "RUNNING")
        assert remark["vcenter"] == "poweredOff"

    def test_the_json_says_when_from_what_and_what_was_asked(self) -> None:
        got = self.json("?host=esx-1&sort=-name")
        assert got["filters"] == {"host": "esx-1"} and got["sort"] == "-name"
        assert got["read_at"] == "2026-11-22T03:00:00+00:00"
        assert got["generated_at"] and got["troubles"] == []
        assert (got["count"], got["undecided"]) == (3, 0)


class TestWhatIsUnknown(Export):
    def test_it_is_said_so_and_why(self) -> None:
        trouble = Trouble("lab", TroubleKind.TIMEOUT)
        report = clouds.report(None, troubles=(trouble,), complete=False)
        row, kvm = (self.csv(f"?name={name}", report)[0] for name in ("web-1", "on-kvm"))
        for name in ("vcenter", "cluster", "host", "datastores", "disagreements", "host_moref"):
            assert row[name] == "unknown", name
            assert kvm[name] == "", f"{name}: nothing is not unknown"
        assert row["compute"] == "compute-1"
        assert "vCenter lab: it did not answer" in row["sources_missing"]
        assert row["vcenter_read_at"] == "unknown"
        got = self.json("?name=web-10", report)
        (its,) = got["rows"]
        assert its["host"] is None and its["datastores"] is None and its["disagreements"] is None
        assert got["read_at"] is None
        (said,) = got["troubles"]
        assert (said["source"], said["kind"]) == ("lab", "timeout")

    def test_nova_down_is_an_error_and_no_empty_file(self) -> None:
        report = InstancesReport(
            placements=None, troubles=(Trouble("nova", TroubleKind.UNREACHABLE),)
        )
        for ending in ("csv", "json"):
            response = self.get(ending, report)
            assert response.status_code == 503
            assert "Nova: it cannot be reached." in response.content.decode()
            assert "Content-Disposition" not in response

    def test_settings_that_cannot_be_read_are_an_error(self) -> None:
        fault = ConfigFault("vcenters", "must be a mapping", "Write it as {...}")
        with mock.patch(REPORT, side_effect=ConfigError([fault])):
            response = self.client.get(URL + "csv")
        assert response.status_code == 503
        assert "VMWARE_PANEL.vcenters must be a mapping" in response.content.decode()


class TestAWrongAddress(Export):
    def test_it_gives_no_other_rows_than_were_asked_for(self) -> None:
        for query in ("?host=esx-7", "?sort=x", "?hots=esx-1"):
            for ending in ("csv", "json"):
                response = self.get(ending + query)
                assert response.status_code == 400, query
                assert "llowed" in response.content.decode()

    def test_a_page_of_the_list_is_not_asked_for_and_so_cannot_be_wrong(self) -> None:
        assert len(self.csv("?page=99&size=33")) == 5


class TestHostileNames(Export):
    def test_no_cell_is_a_formula_and_every_name_can_be_had_back(self) -> None:
        names = ['=HYPERLINK("http://x","y")', "+1", "-1", "@SUM(A1)", "\t=1", "＝1", "a\r\n=1"]
        servers = [builders.server(n, name=name) for n, name in enumerate(names, 1)]
        report = clouds.report(servers, project_names={"p1": "=cmd|' /C calc'!A0"})
        rows = self.csv("", report)
        assert sorted(exports.original_cell(row["name"]) for row in rows) == sorted(names)
        cells = [cell for row in rows for cell in row.values()]
        assert not [cell for cell in cells if cell.startswith(tuple(exports.FORMULA_SIGNS))]

    def test_a_trouble_in_the_csv_is_no_formula_either(self) -> None:
        report = dataclasses.replace(
            clouds.sound(), troubles=(Trouble("=1+1", TroubleKind.TIMEOUT),)
        )
        assert not self.csv("", report)[0]["sources_missing"].startswith("=")
