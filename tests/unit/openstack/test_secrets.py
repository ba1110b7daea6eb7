"""The token, and what users put into their servers, are in no log, error, page or traceback."""

import logging
import traceback

import pytest

from tests.unit.openstack.conftest import TOKEN, access_to
from tests.unit.openstack.fake_cloud import (
    FakeServer,
    Handler,
    Pages,
    Request,
    break_off,
    hang,
    say,
)
from vmware_panel.openstack import Access, CloudError, cinder, gather, glance, nova, placement
from vmware_panel.openstack.errors import MAX_DETAIL_CHARS

USER_DATA = "cGFzc3dvcmQ6IGh1bnRlcjI="


@pytest.fixture
def everything(caplog: pytest.LogCaptureFixture) -> pytest.LogCaptureFixture:
    """All that any logger says, at DEBUG."""
    caplog.set_level(logging.DEBUG)
    for name in ("keystoneauth", "urllib3", "requests", "novaclient", "glanceclient"):
        caplog.set_level(logging.DEBUG, logger=name)
    return caplog


def test_the_logs_hold_the_calls_and_no_token_nor_body(
    cloud: FakeServer, access: Access, everything: pytest.LogCaptureFixture
) -> None:
    server = {"id": "1", "OS-EXT-SRV-ATTR:user_data": USER_DATA}
    cloud.answers["/v2.1/servers/detail"] = Pages("servers", [server])
    cloud.answers["/v2/images"] = Pages("images", [], glance_style=True)
    cloud.answers["/v3/.*"] = Pages("volumes", [])
    cloud.answers["/placement/.*"] = say(200, {"resource_providers": []})
    nova.list_servers(access)
    glance.list_images(access)
    cinder.list_volumes(access)
    placement.list_resource_providers(access)
    assert {request.headers["X-Auth-Token"] for request in cloud.requests} == {TOKEN}
    assert "nova GET /servers/detail: HTTP 200" in everything.text
    for secret in (TOKEN, USER_DATA):
        assert secret not in everything.text
    assert "{SHA256}" not in everything.text  # keystoneauth's own log is off


def echo(handler: Handler, request: Request) -> None:
    """A debug page that shows what it was sent."""
    say(500, {"fault": {"message": f"headers: {dict(request.headers)}"}})(handler, request)


def echo_at_the_cut(handler: Handler, request: Request) -> None:
    """The token stands across the place where a long message is cut."""
    token = request.headers["X-Auth-Token"]
    message = "x" * (MAX_DETAIL_CHARS - len(token)) + token
    say(500, {"fault": {"message": message}})(handler, request)


def echo_in_address(handler: Handler, request: Request) -> None:
    location = f"http://127.0.0.1/?token={request.headers['X-Auth-Token']}"
    say(302, b"", Location=location)(handler, request)


@pytest.mark.parametrize("answer", [echo, echo_at_the_cut, echo_in_address, hang, break_off])
def test_no_error_holds_the_token(
    cloud: FakeServer, everything: pytest.LogCaptureFixture, answer: object
) -> None:
    cloud.answers[".*"] = answer  # type: ignore[assignment]
    with pytest.raises(CloudError) as caught:
        nova.list_servers(access_to(cloud.url, timeout_s=0.2))
    shown = "".join(traceback.format_exception(caught.value))
    for text in (shown, str(caught.value), repr(caught.value.trouble), everything.text):
        assert TOKEN not in text
        assert TOKEN[:12] not in text


def test_a_token_that_no_header_can_hold_is_not_quoted(
    cloud: FakeServer, everything: pytest.LogCaptureFixture
) -> None:
    access = Access(f"{TOKEN}\n", access_to(cloud.url).endpoints)
    with pytest.raises(CloudError) as caught:
        nova.list_servers(access)
    assert TOKEN not in "".join(traceback.format_exception(caught.value)) + everything.text


def test_an_access_does_not_show_its_token(access: Access) -> None:
    assert TOKEN not in f"{access!r} {access}"


def test_an_outcome_does_not_show_it_either(cloud: FakeServer, access: Access) -> None:
    cloud.answers[".*"] = echo
    outcomes = gather({"servers": lambda: nova.list_servers(access)}, timeout_s=5)
    assert outcomes["servers"].trouble
    assert TOKEN not in repr(outcomes)
