"""Every way in which a service can fail has its kind and its words, within the deadline."""

import socket
import threading
from collections.abc import Callable
from pathlib import Path

import pytest

from tests.unit.openstack.certificates import self_signed, server_context
from tests.unit.openstack.conftest import TOKEN, access_to
from tests.unit.openstack.fake_cloud import (
    Answer,
    FakeServer,
    Handler,
    Pages,
    Request,
    break_off,
    break_off_chunked,
    drip,
    hang,
    hang_up,
    in_turn,
    say,
    serving,
)
from vmware_panel.domain.outcome import Trouble, TroubleKind
from vmware_panel.openstack import (
    Access,
    CloudError,
    cinder,
    counting,
    glance,
    nova,
    placement,
)

READS: dict[str, Callable[[Access], object]] = {
    "nova": nova.list_servers,
    "glance": glance.list_images,
    "cinder": cinder.list_volumes,
    "placement": placement.list_resource_providers,
}
each_service = pytest.mark.parametrize("source", READS)
HTML = b"<html><body><h1>Gateway</h1></body></html>"


def trouble_of(access: Access, source: str = "nova") -> Trouble:
    with pytest.raises(CloudError) as caught:
        READS[source](access)
    assert caught.value.trouble.source == source
    return caught.value.trouble


def trouble_with(
    cloud: FakeServer, answer: Answer, source: str = "nova", timeout_s: float = 5.0
) -> Trouble:
    cloud.answers[".*"] = answer
    return trouble_of(access_to(cloud.url, timeout_s), source)


@each_service
@pytest.mark.parametrize(
    ("status", "kind"),
    [
        (400, TroubleKind.BAD_ANSWER),
        (401, TroubleKind.LOGIN),
        (403, TroubleKind.FORBIDDEN),
        (406, TroubleKind.BAD_ANSWER),
        (409, TroubleKind.BAD_ANSWER),
        (413, TroubleKind.OVERLOADED),
        (429, TroubleKind.OVERLOADED),
        (500, TroubleKind.BAD_ANSWER),
        (502, TroubleKind.BAD_ANSWER),
        (503, TroubleKind.OVERLOADED),
        (504, TroubleKind.TIMEOUT),
        (599, TroubleKind.BAD_ANSWER),
    ],
)
def test_a_status_has_its_kind(
    cloud: FakeServer, source: str, status: int, kind: TroubleKind
) -> None:
    # glanceclient and cinderclient would fail over the last three bodies themselves.
    for body in (HTML, b"", b'{"x": "y"}', b"[]", b'{"x": 1}', b"\xff"):
        for content_type in ("text/html", "application/json"):
            found = trouble_with(cloud, say(status, body, content_type), source)
            assert (found.kind, found.detail.split(",")[0]) == (kind, f"HTTP {status}")


@each_service
def test_no_status_is_tried_twice(cloud: FakeServer, source: str) -> None:
    for status in (401, 429, 503):
        cloud.requests.clear()
        trouble_with(cloud, say(status, {}, Retry_After="1"), source)
        assert len(cloud.requests) == 1


@pytest.mark.parametrize(
    ("source", "body", "words"),
    [
        ("nova", {"forbidden": {"code": 403, "message": "Policy doesn't allow it."}}, "Policy"),
        ("cinder", {"forbidden": {"code": 403, "message": "Not for you."}}, "Not for you."),
        ("placement", {"errors": [{"status": 403, "detail": "Access was denied\n to"}]}, "denied to"),
        ("nova", {"error": {"code": 403, "message": "keystone says no", "title": "x"}}, "keystone"),
        ("glance", {"message": "It&#x27;s <b>no</b><br />\n\n", "code": "403"}, "It's no"),
    ],
)  # fmt: skip
def test_what_the_service_said_is_in_the_detail(
    cloud: FakeServer, source: str, body: object, words: str
) -> None:
    assert words in trouble_with(cloud, say(403, body), source).detail


def test_a_long_error_is_cut(cloud: FakeServer) -> None:
    body = {"computeFault": {"message": "x" * 100_000}}
    assert len(trouble_with(cloud, say(500, body)).detail) == 300


def test_an_error_cannot_write_lines_or_colours_into_a_log(cloud: FakeServer) -> None:
    body = {"computeFault": {"message": "one\ntwo \x1b[31mred\x1b[0m \ud83d\u202e"}}
    found = trouble_with(cloud, say(500, body))
    assert found.detail == "HTTP 500: one two ?[31mred?[0m ??"


def test_a_version_that_the_cloud_does_not_have_is_named(cloud: FakeServer) -> None:
    said = {
        "computeFault": {
            "code": 406,
            "message": "Version 2.69 is not supported by the API. Minimum is 2.1 and maximum is "
            "2.60.",
        }
    }
    found = trouble_with(cloud, say(406, said))
    assert "does not have API version compute 2.69" in found.detail
    assert "maximum is 2.60" in found.detail


@each_service
@pytest.mark.parametrize(
    "answer",
    [
        say(200, HTML, "text/html"),
        say(200, HTML),
        say(200, b""),
        say(200, b"", "text/plain"),
        say(200, b'{"servers": ['),
        say(200, b"[1, 2]"),
        say(200, b"null"),
        say(200, b"\xff\xfe\x00"),
        say(200, b"[" * 100_000),
        say(204, b""),
        say(200, b"not gzip", Content_Encoding="gzip"),
        break_off,
        break_off_chunked,
    ],
)
def test_an_answer_that_cannot_be_read(cloud: FakeServer, source: str, answer: Answer) -> None:
    assert trouble_with(cloud, answer, source).kind is TroubleKind.BAD_ANSWER


def test_half_an_answer_says_so(cloud: FakeServer) -> None:
    assert "broke off" in trouble_with(cloud, break_off).detail


@each_service
@pytest.mark.parametrize("answer", [hang, drip])
def test_a_service_that_never_finishes_is_left_at_the_deadline(
    cloud: FakeServer, source: str, answer: Answer
) -> None:
    found = trouble_with(cloud, answer, source, timeout_s=0.2)
    assert found.kind is TroubleKind.TIMEOUT
    assert found.detail.endswith("no whole answer within 0.2 s")
    assert len(cloud.requests) == 1


@each_service
def test_a_port_where_nobody_listens(source: str) -> None:
    with socket.socket() as held:
        held.bind(("127.0.0.1", 0))
        port = held.getsockname()[1]
        found = trouble_of(access_to(f"http://127.0.0.1:{port}"), source)
    assert found.kind is TroubleKind.UNREACHABLE
    assert found.detail == f"127.0.0.1:{port}: Connection refused"


def test_a_half_open_connection_is_left_at_the_deadline() -> None:
    with socket.create_server(("127.0.0.1", 0)) as silent:
        found = trouble_of(access_to(f"http://127.0.0.1:{silent.getsockname()[1]}", 0.2))
    assert found.kind is TroubleKind.TIMEOUT


@each_service
@pytest.mark.parametrize(
    "url",
    ["", "127.0.0.1:8774", "ftp://x", "http://", "http://[x", "http://x:99999", "http://x:y"],
)
def test_an_address_that_is_none(source: str, url: str) -> None:
    assert trouble_of(access_to(url), source).kind is TroubleKind.CONFIGURATION


@each_service
@pytest.mark.parametrize("status", [300, 301, 302, 303, 307, 308])
def test_a_redirect_gets_no_token(cloud: FakeServer, source: str, status: int) -> None:
    with serving() as elsewhere:
        found = trouble_with(cloud, say(status, {}, Location=f"{elsewhere.url}/x"), source)
        assert not elsewhere.requests
    assert found.kind is TroubleKind.BAD_ANSWER
    assert f"redirected to {elsewhere.url}/x" in found.detail


def test_a_kept_connection_that_the_server_closed_is_made_anew(
    cloud: FakeServer, access: Access
) -> None:
    cloud.answers[".*"] = in_turn(say(200, {"servers": []}), hang_up, say(200, {"servers": []}))
    with counting() as calls:
        nova.list_servers(access)
        nova.list_servers(access)
    assert (len(cloud.requests), len(calls)) == (3, 2)


def test_a_server_that_hangs_up_twice_is_unreachable(cloud: FakeServer) -> None:
    assert trouble_with(cloud, hang_up).kind is TroubleKind.UNREACHABLE
    assert len(cloud.requests) == 2


def test_connections_are_kept_from_one_read_to_the_next(cloud: FakeServer) -> None:
    cloud.answers[".*"] = Pages("servers", [])
    for _ in range(5):
        nova.list_servers(access_to(cloud.url))
    assert cloud.connections == 1


def test_no_cookie_is_carried_from_one_user_to_the_next(cloud: FakeServer) -> None:
    cloud.answers[".*"] = say(200, {"servers": []}, Set_Cookie="session=of-the-first; Path=/")
    nova.list_servers(access_to(cloud.url))
    nova.list_servers(access_to(cloud.url))
    assert "Cookie" not in cloud.requests[1].headers


def test_each_user_asks_with_their_own_token_at_the_same_time(cloud: FakeServer) -> None:
    def echo(handler: Handler, request: Request) -> None:
        say(200, {"servers": [{"id": request.headers["X-Auth-Token"]}]})(handler, request)

    cloud.answers[".*"] = echo
    seen: dict[str, str] = {}

    def ask(token: str) -> None:
        seen[token] = nova.list_servers(Access(token, access_to(cloud.url).endpoints))[0].id

    threads = [threading.Thread(target=ask, args=(f"token-{n}",)) for n in range(20)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(seen) == 20
    assert all(token == heard for token, heard in seen.items())


def test_a_certificate_of_an_unknown_ca(tmp_path: Path) -> None:
    with serving(server_context(self_signed(tmp_path))) as cloud:
        found = trouble_of(access_to(cloud.url))
    assert found.kind is TroubleKind.CERTIFICATE
    assert "self-signed certificate" in found.detail
    assert not cloud.requests


@pytest.mark.parametrize(
    ("address", "days", "words"),
    [("127.0.0.9", 1, "IP address mismatch"), ("127.0.0.1", -1, "expired")],
)
def test_a_certificate_that_is_not_good(
    tmp_path: Path, address: str, days: int, words: str
) -> None:
    certificate = self_signed(tmp_path, address, days)
    with serving(server_context(certificate)) as cloud:
        found = trouble_of(access_to(cloud.url, ca_file=str(certificate)))
    assert found.kind is TroubleKind.CERTIFICATE
    assert words in found.detail


def test_a_certificate_of_the_ca_in_the_settings(tmp_path: Path) -> None:
    certificate = self_signed(tmp_path)
    with serving(server_context(certificate)) as cloud:
        cloud.answers[".*"] = Pages("servers", [])
        assert nova.list_servers(access_to(cloud.url, ca_file=str(certificate))) == ()


@pytest.mark.filterwarnings("ignore:Unverified HTTPS request")
def test_not_verifying_is_for_the_one_who_said_so(tmp_path: Path) -> None:
    with serving(server_context(self_signed(tmp_path))) as cloud:
        cloud.answers[".*"] = Pages("servers", [])
        assert nova.list_servers(access_to(cloud.url, insecure=True)) == ()
        assert trouble_of(access_to(cloud.url)).kind is TroubleKind.CERTIFICATE


def test_tls_where_the_server_has_none(cloud: FakeServer) -> None:
    found = trouble_of(access_to(cloud.url.replace("http:", "https:"), timeout_s=2))
    assert found.kind is TroubleKind.UNREACHABLE
    assert "TLS" in found.detail


@pytest.mark.parametrize("content", [None, b"no certificate"])
def test_a_ca_file_that_cannot_be_read(tmp_path: Path, content: bytes | None) -> None:
    ca_file = tmp_path / "ca.pem"
    if content is not None:
        ca_file.write_bytes(content)
    with serving(server_context(self_signed(tmp_path))) as cloud:
        found = trouble_of(access_to(cloud.url, ca_file=str(ca_file)))
    assert found.kind is TroubleKind.CONFIGURATION
    assert str(ca_file) in found.detail


@pytest.mark.parametrize("token", ["", "two\nlines", " " + TOKEN])
def test_a_token_that_is_none(cloud: FakeServer, token: str) -> None:
    found = trouble_of(Access(token, access_to(cloud.url).endpoints))
    assert found.kind is TroubleKind.LOGIN
    assert not cloud.requests
