"""A cinder-api that hangs takes from our pages what only Cinder knows, and no more time than that
of one call.
"""

import socket
from collections.abc import Callable, Iterator
from functools import partial
from typing import Any

import pytest

from tests.cloud.test_reports import server_named
from vmware_panel.api import context, datastores, placement, volumes
from vmware_panel.domain.inventory import MoRef
from vmware_panel.domain.outcome import Trouble, TroubleKind
from vmware_panel.openstack import Access, Calls, counting

pytestmark = [pytest.mark.lab, pytest.mark.simulator, pytest.mark.timeout(120)]

PATIENCE_S = 5.0
"""Of one call; without it, `DEFAULT_TIMEOUT_S`. The other services, which do answer, have no more."""

OF_CINDER = frozenset({"block-storage", "block-store", "volume", "volumev3"})
WITH_A_VOLUME = "orders-db-1"
SHARED = MoRef("datastore-1001")


@pytest.fixture
def silent() -> Iterator[str]:
    """The address of a cinder-api that was stopped: the kernel takes connections, nobody reads."""
    with socket.create_server(("127.0.0.1", 0), backlog=64) as listening:
        yield f"http://127.0.0.1:{listening.getsockname()[1]}/v3"


@pytest.fixture
def request_there(
    silent: str, request_of: Callable[..., Any], monkeypatch: pytest.MonkeyPatch
) -> Any:
    """A request whose catalogue leads to it, by one who does not wait long."""
    monkeypatch.setattr(context, "Access", partial(Access, timeout_s=PATIENCE_S))
    request = request_of()
    for entry in request.user.service_catalog:
        if entry["type"] in OF_CINDER:
            for endpoint in entry["endpoints"]:
                endpoint["url"] = silent
    return request


def expect_one_wait(troubles: tuple[Trouble, ...], calls: Calls, *, at_once: int) -> None:
    """All that was asked of Cinder left together, and each call ended by its own deadline."""
    (kind,) = {(trouble.source, trouble.kind) for trouble in troubles}
    assert kind == ("cinder", TroubleKind.TIMEOUT)
    assert all(trouble.detail.endswith("within 5 s") for trouble in troubles), troubles
    assert calls.of("cinder") == at_once, calls


def test_the_list_of_volumes_shows_vcenters_half(configured, request_there) -> None:
    with configured(), counting() as calls:
        report = volumes.volumes_report(request_there)
    expect_one_wait(report.troubles, calls, at_once=2)  # volumes, and beside them pools
    assert report.cinder_read_at is None and report.inventories
    assert report.entries is not None and report.nova_known


def test_a_datastores_page_shows_all_but_volumes(configured, request_there) -> None:
    with configured(), counting() as calls:
        report = datastores.datastore_report(request_there, "lab", SHARED)
    expect_one_wait(report.troubles, calls, at_once=1)
    assert report.entry and report.detail and report.tenants


def test_the_tab_of_an_instance_shows_all_but_its_volumes(configured, request_there) -> None:
    server = server_named(request_there, WITH_A_VOLUME)
    assert server.volume_ids
    with configured(), counting() as calls:
        report = placement.instance_report(request_there, server)
    expect_one_wait(report.troubles, calls, at_once=1)
    assert report.placement.host and report.placement.service and not report.volumes


def test_no_list_of_instances_asks_cinder(configured, request_there) -> None:
    with configured(), counting() as calls:
        report = placement.instances_report(request_there)
    assert report.placements and not report.troubles
    assert calls.of("cinder") == 0, calls
