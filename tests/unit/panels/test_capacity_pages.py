"""The capacity panel: who gets to it, what it shows, and what it does with a wrong address."""

import re
from dataclasses import replace
from typing import Any
from unittest import mock

from openstack_dashboard.test import helpers

from tests.unit.domain.builders import READ_AT, inventory, node_name, vcenter
from tests.unit.domain.test_driver_sums import ANY, book
from tests.unit.domain.test_driver_sums import host as esx
from tests.unit.domain.test_fits import flavor, provider, record, used
from vmware_panel.api.capacity import ClusterFits, FitsReport
from vmware_panel.api.landing import LandingReport
from vmware_panel.domain.cloud import ComputeService, Hypervisor, Image, ServiceState
from vmware_panel.domain.clusters import ClusterBooks, Driven
from vmware_panel.domain.driver_sums import DriverSettings, report_of
from vmware_panel.domain.fits import fit_of, largest_instance, room_of
from vmware_panel.domain.inventory import Cluster, MoRef
from vmware_panel.domain.landing import Candidate, Wanted, landing_on
from vmware_panel.panels.capacity.panel import Capacity

URL = "/admin/vmware_capacity/"
FITS = "vmware_panel.api.capacity.fits_report"
LANDING = "vmware_panel.panels.capacity.landing_views.landing_report"
PATHS = (URL, f"{URL}list/", f"{URL}landing/", f"{URL}export/csv", f"{URL}export/json")
SMALL = replace(flavor(1, 1024, 10), id="f1", name="small")
LARGE = replace(flavor(8, 65536, 100), id="f2", name='{{ 7*7 }}<b>"large"')


def column(name: str = "blue", **changes: Any) -> ClusterFits:
    found = book(esx(1), esx(2))
    cluster = Cluster(MoRef("domain-c1"), name, ha_enabled=False)
    found = inventory(hosts=found.hosts, datastores=found.datastores, clusters=(cluster,))
    settings = changes.pop("settings", DriverSettings(ANY))
    report = report_of(cluster, found, settings)
    room = room_of(cluster, report, provider(record("VCPU", 4)), used(1024, 2048))
    books = ClusterBooks(
        vcenter="lab",
        moref=cluster.moref,
        driven=Driven.DRIVEN,
        inventory=found,
        cluster=cluster,
        hypervisor=Hypervisor("p", node_name(), service_host="compute-1"),
        service=changes.pop("service", ComputeService("s", "compute-1", state=ServiceState.UP)),
    )
    return ClusterFits(
        books,
        room=room,
        report=report,
        largest=largest_instance(room),
        fits=tuple(fit_of(each, room) for each in (SMALL, LARGE)),
        regex_told=settings.datastore_regex is not None,
    )


def fits(*columns: ClusterFits, **changes: Any) -> FitsReport:
    fields: dict[str, Any] = {
        "flavors": (SMALL, LARGE),
        "clusters": columns or (column(),),
        "inventories": (inventory(vcenter=vcenter(), read_at=READ_AT),),
    }
    return FitsReport(**{**fields, **changes})


def landing(wanted: Wanted | None = None, **changes: Any) -> LandingReport:
    its = column()
    assert its.room
    assert its.books.inventory
    candidate = Candidate(
        its.room, its.books.inventory, its.books.service, its.room.provider, frozenset({"p"})
    )
    landings = ((its, landing_on(wanted, candidate)),) if wanted else ()
    fields: dict[str, Any] = {
        "flavors": (SMALL, LARGE),
        "images": (Image("i1", "debian", "active", disk_format="vmdk"),),
        "zones": ("nova",),
        "wanted": wanted,
        "landings": landings,
    }
    return LandingReport(**{**fields, **changes})


class TestAMember(helpers.TestCase):
    def test_gets_none_of_it_and_nobody_is_asked(self) -> None:
        for path in PATHS:
            with mock.patch(FITS) as asked, mock.patch(LANDING) as other:
                assert self.client.get(path).status_code == 403, path
            asked.assert_not_called()
            other.assert_not_called()
        assert not Capacity().can_access({"request": self.factory.get(URL)})


class TestAnAdmin(helpers.BaseAdminViewTests):
    def page(self, path: str, report: FitsReport | None = None) -> str:
        with mock.patch(FITS, return_value=report or fits()):
            response = self.client.get(path)
        assert response.status_code == 200, path
        return response.content.decode()

    def test_sees_each_flavor_on_each_cluster(self) -> None:
        text = self.page(URL)
        assert re.search(r"<strong>4</strong><br><small>Placement</small>", text, re.DOTALL)
        assert "vmware-fit-yes" in text
        assert "vmware-fit-no" in text

    def test_no_name_is_markup_or_a_template_of_horizons_script(self) -> None:
        for path in (URL, f"{URL}list/"):
            text = self.page(path)
            assert "<b>" not in text.split("<main")[-1].split("footer")[0]
            assert "&lt;b&gt;&quot;large&quot;" in text
            assert text.index("ng-non-bindable") < text.index("{{ 7*7 }}")

    def test_a_service_that_takes_nothing_is_marked_at_its_cluster(self) -> None:
        off = column(service=ComputeService("s", "c", enabled=False, state=ServiceState.UP))
        assert "label-warning" in self.page(URL, fits(off))

    def test_what_the_settings_do_not_tell_is_said(self) -> None:
        text = self.page(URL, fits(column(settings=DriverSettings())))
        assert "do not tell datastore_regex" in text
        assert "≤" in text

    def test_a_list_with_every_bound(self) -> None:
        text = self.page(f"{URL}list/?flavor=small")
        assert "By ESX hosts" in text
        assert "large" not in text.split("<tbody")[-1]

    def test_exports(self) -> None:
        with mock.patch(FITS, return_value=fits()):
            found = self.client.get(f"{URL}export/json?answer=no")
        body = b"".join(found.streaming_content)  # type: ignore[attr-defined]
        assert b'"bites": ["placement"' in body or b'"fits": 0' in body
        assert b'"small"' not in body

    def test_nothing_is_shown_as_zero_where_nova_did_not_answer(self) -> None:
        text = self.page(URL, fits(flavors=None))
        assert "Try again" in text or "vmware-matrix" not in text

    def landed(self, query: str, report: LandingReport) -> str:
        with mock.patch(LANDING, return_value=report) as asked:
            response = self.client.get(f"{URL}landing/?{query}")
        assert response.status_code == 200
        assert asked.call_count == 1
        return response.content.decode()

    def test_where_it_lands_and_which_datastore(self) -> None:
        wanted = Wanted(SMALL, Image("i1", "debian", "active", disk_format="vmdk"))
        text = self.landed("flavor=f1&image=i1", landing(wanted))
        assert "label-success" in text
        assert "<strong>ds1</strong>" in text
        assert "could run it" in text

    def test_why_it_does_not_land(self) -> None:
        wanted = Wanted(LARGE, Image("i1", "debian", "active", disk_format="qcow2"))
        text = self.landed("flavor=f2&image=i1", landing(wanted))
        assert "label-danger" in text
        assert "disk format is qcow2" in text
        assert "of its memory are free" in text

    def test_a_wrong_value_is_named_by_its_field_and_stays_chosen(self) -> None:
        problems = {"flavor": "gone", "zone": "<i>moon</i>"}
        text = self.landed("flavor=gone&zone=<i>moon</i>", landing(problems=problems))
        assert "<strong>Flavor:</strong>" in text
        assert "<strong>Availability zone:</strong>" in text
        assert '<option value="gone" selected>' in text
        assert "<i>moon</i>" not in text

    def test_a_choice_without_a_flavor_says_what_is_missing(self) -> None:
        text = self.landed("image=i1", landing())
        assert "<strong>Flavor:</strong> Choose one" in text

    def test_nothing_changes_by_a_post(self) -> None:
        for path in PATHS:
            assert self.client.post(path).status_code == 405, path
