"""Changes are sent once, and say whether they were made, were refused, or nobody knows."""

import json
import socket
from collections.abc import Callable
from pathlib import Path

import pytest

from tests.unit.openstack.certificates import self_signed, server_context
from tests.unit.openstack.conftest import TOKEN, access_to
from tests.unit.openstack.fake_cloud import (
    Answer,
    FakeServer,
    Handler,
    Request,
    break_off,
    hang,
    hang_up,
    say,
    serving,
)
from vmware_panel.domain.outcome import TroubleKind
from vmware_panel.openstack import (
    Access,
    CloudError,
    Conflict,
    Unanswered,
    nova,
    placement,
)

SERVICE = {
    "id": "service-1",
    "host": "compute-1",
    "binary": "nova-compute",
    "status": "disabled",
    "state": "up",
    "disabled_reason": "new RAM",
}
INVENTORY = {
    "resource_provider_generation": 7,
    "total": 64,
    "reserved": 2,
    "min_unit": 1,
    "max_unit": 16,
    "step_size": 1,
    "allocation_ratio": 4.0,
}


def disable(access: Access) -> object:
    return nova.set_service_enabled(access, "service-1", False, "new RAM")


def set_ratio(access: Access) -> object:
    return placement.set_allocation_ratio(access, "provider", "VCPU", 8.0, 7)


CHANGES: dict[str, Callable[[Access], object]] = {"nova": disable, "placement": set_ratio}
each_service = pytest.mark.parametrize("source", CHANGES)


def answering(cloud: FakeServer, answer: Answer) -> None:
    """That answer for every change, and the inventory that one of them reads before."""

    def either(handler: Handler, request: Request) -> None:
        chosen = say(200, INVENTORY) if request.method == "GET" else answer
        chosen(handler, request)

    cloud.answers[".*"] = either


def sent(cloud: FakeServer) -> list[Request]:
    return [request for request in cloud.requests if request.method != "GET"]


def failure(access: Access, source: str) -> CloudError:
    with pytest.raises(CloudError) as caught:
        CHANGES[source](access)
    assert caught.value.trouble.source == source
    return caught.value


def test_a_service_is_disabled_with_the_reason(cloud: FakeServer, access: Access) -> None:
    answering(cloud, say(200, {"service": SERVICE}))
    service = nova.set_service_enabled(access, "service-1", False, "new RAM")
    (request,) = cloud.requests
    assert (request.method, request.path) == ("PUT", "/v2.1/os-services/service-1")
    assert json.loads(request.body) == {"status": "disabled", "disabled_reason": "new RAM"}
    assert (service.enabled, service.disabled_reason) == (False, "new RAM")


@pytest.mark.parametrize(
    ("enabled", "reason", "status"),
    [(True, "", "enabled"), (True, "no more", "enabled"), (False, "", "disabled")],
)
def test_no_reason_goes_out_where_nova_takes_none(
    cloud: FakeServer, access: Access, enabled: bool, reason: str, status: str
) -> None:
    answering(cloud, say(200, {"service": SERVICE}))
    nova.set_service_enabled(access, "service-1", enabled, reason)
    assert json.loads(cloud.requests[0].body) == {"status": status}


def test_a_ratio_is_set_and_all_else_stays(cloud: FakeServer, access: Access) -> None:
    answering(cloud, say(200, INVENTORY | {"resource_provider_generation": 8}))
    assert placement.set_allocation_ratio(access, "p/1", "VCPU", 8.5, 6) == 8
    read, change = cloud.requests
    assert read.path == change.path == "/placement/resource_providers/p%2F1/inventories/VCPU"
    assert change.headers["OpenStack-API-Version"] == "placement 1.26"
    assert json.loads(change.body) == INVENTORY | {
        "allocation_ratio": 8.5,
        "resource_provider_generation": 6,  # the one that the asker decided by
    }


@each_service
def test_a_conflict_is_a_kind_of_its_own(cloud: FakeServer, access: Access, source: str) -> None:
    answering(cloud, say(409, {"errors": [{"detail": "resource provider generation conflict"}]}))
    error = failure(access, source)
    assert isinstance(error, Conflict)
    assert error.status == 409
    assert len(sent(cloud)) == 1


@each_service
@pytest.mark.parametrize("status", [400, 401, 403, 404, 429])
def test_a_refused_change_was_not_made(
    cloud: FakeServer, access: Access, source: str, status: int
) -> None:
    answering(cloud, say(status, {}))
    error = failure(access, source)
    assert not isinstance(error, Unanswered | Conflict)
    assert error.status == status
    assert len(sent(cloud)) == 1


LOST: dict[str, Answer] = {
    "hung up": hang_up,
    "broken off": break_off,
    "no answer": hang,
    "a failure of the server": say(500, {}),
    "a gateway's failure": say(504, {}),
    "no JSON": say(200, b"<html>", "text/html"),
    "JSON without what is needed": say(200, {}),
}


@each_service
@pytest.mark.parametrize("answer", LOST.values(), ids=list(LOST))
def test_of_a_lost_answer_nobody_knows_and_nothing_is_sent_again(
    cloud: FakeServer, source: str, answer: Answer
) -> None:
    answering(cloud, answer)
    error = failure(access_to(cloud.url, 0.5), source)
    assert isinstance(error, Unanswered)
    assert len(sent(cloud)) == 1
    assert TOKEN not in str(error)


def test_a_change_never_goes_over_a_kept_connection(cloud: FakeServer, access: Access) -> None:
    """The server may have closed it already, and the change would be lost in it."""
    answering(cloud, say(200, {"service": SERVICE}))
    for _ in range(3):
        disable(access)
    assert cloud.connections == 3


def test_what_was_never_sent_was_not_made() -> None:
    with socket.socket() as bound:
        bound.bind(("127.0.0.1", 0))
        closed = f"http://127.0.0.1:{bound.getsockname()[1]}"
    error = failure(access_to(closed), "nova")
    assert not isinstance(error, Unanswered)
    assert error.trouble.kind is TroubleKind.UNREACHABLE


def test_an_unknown_certificate_gets_no_change(tmp_path: Path) -> None:
    with serving(server_context(self_signed(tmp_path))) as cloud:
        error = failure(access_to(cloud.url), "nova")
        assert not isinstance(error, Unanswered)
        assert error.trouble.kind is TroubleKind.CERTIFICATE
        assert not cloud.requests


def test_a_token_that_is_none_is_not_sent(cloud: FakeServer) -> None:
    bad = Access("line\nbreak", access_to(cloud.url).endpoints)
    error = failure(bad, "nova")
    assert not isinstance(error, Unanswered)
    assert error.trouble.kind is TroubleKind.LOGIN
    assert not cloud.requests
