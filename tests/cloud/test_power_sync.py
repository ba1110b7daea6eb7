"""What the page says of differing power states, "an instance found off is stopped in Nova as well"."""

import time
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager
from typing import Any

import pytest

from lab import cloud as lab_cloud
from lab import drift
from lab.lab import Lab
from tests.lab_run import RunningLab
from vmware_panel.api import placement as api
from vmware_panel.api.context import access_of
from vmware_panel.domain.placement import Placement
from vmware_panel.domain.remarks import RemarkKind
from vmware_panel.openstack import nova

pytestmark = pytest.mark.lab

EVERY_S = 5
WAIT_S = 180


@pytest.fixture
def server_id(lab: RunningLab) -> Iterator[str]:
    """An instance of its own, of a cloud in which Nova never looks at power states by itself."""
    compute = lab.admin.compute
    made = compute.create_server(
        name="found-off",
        flavor_id=lab_cloud.FLAVORS[0].name,
        image_id=lab.admin.image.find_image("debian-12").id,
        networks=[{"uuid": next(iter(lab.admin.network.networks())).id}],
    )
    try:
        compute.wait_for_server(made, wait=WAIT_S)
        yield made.id
    finally:
        compute.delete_server(made, ignore_missing=True)
        compute.wait_for_delete(made, wait=WAIT_S)


def test_nova_stops_an_instance_that_it_finds_off_and_both_books_agree_again(
    lab: RunningLab,
    server_id: str,
    configured: Callable[..., AbstractContextManager[None]],
    request_of: Callable[..., Any],
) -> None:
    request = request_of()
    its, host = Lab(lab.settings), nova.get_server(access_of(request), server_id).compute_host

    def placement() -> Placement:
        server = nova.get_server(access_of(request), server_id)
        return api.instance_report(request, server).placement

    def differs() -> bool:
        return RemarkKind.POWER_STATE in {remark.kind for remark in placement().remarks}

    with configured():
        assert not differs()
        with lab.login.connected() as service:
            drift.apply(
                drift.VCenter(service, lab.control), "power-off", drift.Options(vm=server_id)
            )
        assert differs() and placement().server.status == "ACTIVE"
        try:
            its.set_power_sync(host, EVERY_S)
            until = time.monotonic() + WAIT_S
            while placement().server.status != "SHUTOFF":
                assert time.monotonic() < until, "Nova did not take it over"
                time.sleep(0.5)
        finally:
            its.set_power_sync(host, 0)
        assert not differs()
