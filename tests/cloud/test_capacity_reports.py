"""What fits, and where an instance would land, on the lab's own cloud."""

from collections.abc import Callable, Iterator
from typing import Any

import pytest
from django.test import override_settings

from lab.openstack_conf import datastore_regex
from tests.lab_run import RunningLab
from vmware_panel.api import cloud, inventories, usages
from vmware_panel.api.capacity import fits_report
from vmware_panel.api.landing import landing_report
from vmware_panel.domain.fits import Bound, resources_of
from vmware_panel.domain.landing import RejectionKind
from vmware_panel.openstack import counting
from vmware_panel.vsphere import close_clients

pytestmark = pytest.mark.lab


@pytest.fixture
def collected(lab: RunningLab, vcenter_setting: dict[str, Any]) -> Iterator[None]:
    """As in the lab's own Horizon, with a collector of this process."""
    computes = {
        host: {"datastore_regex": datastore_regex(number)}
        for number, host in enumerate(lab.settings.compute_hosts())
    }
    setting = {"vcenters": {"lab": vcenter_setting}, "computes": computes}
    close_clients()
    with override_settings(VMWARE_PANEL=setting):
        yield
    inventories.forget_all()
    usages.forget_all()
    cloud.forget_all()
    close_clients()


def test_a_flavor_fits_where_placement_offers_it(
    lab: RunningLab, collected: None, request_of: Callable[..., Any]
) -> None:
    report = fits_report(request_of())
    assert report.flavors
    assert not report.troubles
    assert len(report.clusters) == lab.settings.size.clusters
    headers = {"OpenStack-API-Version": "placement 1.39"}
    for flavor, *fits in zip(report.flavors, *(c.fits for c in report.clusters), strict=True):
        wanted = ",".join(f"{name}:{n}" for name, n in resources_of(flavor).items())
        query = f"/allocation_candidates?resources={wanted}"
        offered = lab.admin.placement.get(query, headers=headers).json()["provider_summaries"]
        for column, fit in zip(report.clusters, fits, strict=True):
            assert column.room and column.room.provider
            one_more = bool(fit.counts[Bound.PLACEMENT])
            assert one_more is (column.room.provider.uuid in offered), flavor.name


def test_a_warm_page_asks_nobody(
    lab: RunningLab, collected: None, request_of: Callable[..., Any], at_one_moment: None
) -> None:
    request = request_of()
    with counting() as first:
        fits_report(request)
    nodes = lab.settings.size.clusters
    # Services, hypervisors and flavors; of Placement the list and two of each node.
    assert (first.of("nova"), first.of("placement")) == (3, 1 + 2 * nodes)
    lab.control.reset_calls()
    with counting() as second:
        fits_report(request)
    assert len(second) == 0, str(second)
    assert lab.page_calls() == {}
    with counting() as third:
        report = landing_report(request)
    assert (third.of("glance"), len(third)) == (1, 1), str(third)
    flavor = next(f for f in report.flavors or () if f.name == "web.small")
    with counting() as fourth:
        landing_report(request, flavor.id)
    assert (fourth.of("placement"), len(fourth)) == (1, 1), str(fourth)
    assert lab.page_calls() == {}


def ids(report: Any) -> tuple[dict[str, str], dict[str, str]]:
    return {f.name: f.id for f in report.flavors}, {i.name: i.id for i in report.images}


def test_where_an_instance_lands_and_why_not(
    lab: RunningLab, collected: None, request_of: Callable[..., Any]
) -> None:
    request = request_of()
    flavors, images = ids(landing_report(request))
    found = landing_report(request, flavors["web.small"], images["debian-12"], "nova")
    assert found.problems == {}
    assert len(found.landings) == lab.settings.size.clusters
    for _, landing in found.landings:
        assert landing.possible, landing.rejections
        assert landing.picked
        assert any(not host.rejections for host in landing.hosts)
    other = landing_report(request, flavors["web.small"], images["debian-12-kvm"])
    for _, landing in other.landings:
        kinds = {rejection.kind for rejection in landing.rejections}
        assert kinds == {RejectionKind.IMAGE_HYPERVISOR, RejectionKind.IMAGE_FORMAT}


def test_vcenter_says_itself_where_it_would_place_one(
    lab: RunningLab, collected: None, request_of: Callable[..., Any]
) -> None:
    request = request_of()
    flavors, _ = ids(landing_report(request))
    lab.control.reset_calls()
    found = landing_report(request, flavors["web.small"], ask_vcenter=True)
    assert lab.page_calls() == {"PlaceVm": lab.settings.size.clusters}
    for fits, landing in found.landings:
        outcome = found.places[(fits.books.vcenter, fits.books.moref)]
        assert outcome.value, outcome.trouble
        hosts = {host.host.moref for host in landing.hosts}
        assert {place.host for place in outcome.value} <= hosts


def test_a_disabled_service_takes_nothing(
    lab: RunningLab, collected: None, request_of: Callable[..., Any]
) -> None:
    request = request_of()
    host = lab.settings.compute_hosts()[0]
    (service,) = lab.admin.compute.services(binary="nova-compute", host=host)
    flavors, _ = ids(landing_report(request))
    lab.admin.compute.put(
        f"/os-services/{service.id}",
        json={"status": "disabled", "disabled_reason": "new RAM"},
        headers={"OpenStack-API-Version": "compute 2.69"},
    )
    try:
        cloud.forget_all()
        found = landing_report(request, flavors["web.small"])
    finally:
        lab.admin.compute.put(
            f"/os-services/{service.id}",
            json={"status": "enabled"},
            headers={"OpenStack-API-Version": "compute 2.69"},
        )
    by_host = {
        fits.books.service.host: landing for fits, landing in found.landings if fits.books.service
    }
    assert [
        each.detail
        for each in by_host[host].rejections
        if each.kind is RejectionKind.SERVICE_DISABLED
    ] == ["new RAM"]
    assert by_host[lab.settings.compute_hosts()[1]].possible


def test_what_is_not_there_is_named_by_its_field(
    lab: RunningLab, collected: None, request_of: Callable[..., Any]
) -> None:
    found = landing_report(request_of(), "no-flavor", "no-image", "no-zone")
    assert found.problems == {"flavor": "no-flavor", "image": "no-image", "zone": "no-zone"}
    assert found.landings == ()
