"""A page asks as often of a large vCenter as of a small one."""

from dataclasses import replace

import pytest

from lab.simulator import nova_instance_uuid
from tests.cloud.sized import sized_vcenter
from tests.lab_run import RunningLab
from vmware_panel.api import cloud
from vmware_panel.api import placement as api
from vmware_panel.domain.cloud import Server
from vmware_panel.openstack import counting as counting_openstack
from vmware_panel.vsphere import counting as counting_vcenter

pytestmark = [pytest.mark.lab, pytest.mark.simulator]


def calls_of_each_page(request, nova_vms: int, mode: str) -> dict[str, tuple[int, int]]:
    """vCenter's and OpenStack's calls by page, with so many VMs in vCenter."""
    with sized_vcenter(nova_vms, mode) as simulator:
        report = api.instances_report(request)  # logs in, or has the collector begin
        assert not report.troubles
        uuid = _vcenter_uuid(simulator)
        assert report.placements
        server = Server(
            id=nova_instance_uuid(nova_vms - 1),
            name="the last one",
            node=f"domain-c1.{uuid}",
            compute_host="vmware-c0",
        )
        page_of_servers = [server, replace(server, id=nova_instance_uuid(0))]
        pages = {
            "panel": lambda: api.instances_report(request),
            "tab": lambda: api.instance_report(request, server),
            "columns": lambda: api.columns_report(request, page_of_servers),
        }
        counted = {}
        cloud.forget_all()
        for name, page in pages.items():
            with counting_vcenter() as vcenter, counting_openstack() as made:
                answer = page()
            counted[name] = (vcenter.total, len(made))
            if name == "tab":
                assert answer.placement.vm, "the VM was not found"
        return counted


def _vcenter_uuid(simulator) -> str:
    with simulator.login.connected() as service:
        return str(service.content.about.instanceUuid)


@pytest.mark.parametrize(
    ("mode", "expected"),
    [
        ("embedded", {"panel": (0, 4), "tab": (2, 1), "columns": (0, 0)}),
        ("off", {"panel": (3, 4), "tab": (2, 1), "columns": (3, 0)}),
    ],
)
def test_the_calls_of_a_page_are_the_same_for_20_and_for_2000_vms(
    lab: RunningLab,
    request_of,
    at_one_moment: None,
    mode: str,
    expected: dict[str, tuple[int, int]],
):
    request = request_of()
    assert calls_of_each_page(request, 20, mode) == expected
    assert calls_of_each_page(request, 2000, mode) == expected
