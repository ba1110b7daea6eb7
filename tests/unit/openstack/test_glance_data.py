"""An image's bytes from Glance: all of them, the right ones, or an error that says what was wrong."""

import hashlib
import json
import threading
from collections.abc import Callable
from typing import Any

import pytest

from tests.unit.openstack.conftest import TOKEN
from tests.unit.openstack.fake_cloud import FakeServer, Handler, Request, say
from vmware_panel.domain.outcome import TroubleKind
from vmware_panel.openstack import Access, CloudError, glance_data
from vmware_panel.openstack.glance_data import image_data

BODY = bytes(range(256)) * 4096  # 1 MiB
FACTS = {"id": "i-1", "status": "active", "size": len(BODY)}


def serve(
    cloud: FakeServer,
    facts: dict[str, Any],
    body: Callable[[Handler, Request], None] | bytes = BODY,
) -> None:
    def whole(handler: Handler, request: Request) -> None:
        assert isinstance(body, bytes)
        handler.send(200, body, kind="application/octet-stream")

    cloud.answers["/v2/images/i-1"] = lambda handler, request: handler.send(
        200, json.dumps({**FACTS, **facts}).encode()
    )
    cloud.answers["/v2/images/i-1/file"] = whole if isinstance(body, bytes) else body


def read(access: Access) -> bytes:
    with image_data(access, "i-1") as data:
        return b"".join(data.chunks())


def trouble_of(access: Access) -> tuple[TroubleKind, str]:
    with pytest.raises(CloudError) as raised:
        read(access)
    assert raised.value.trouble.source == "glance"
    seen: BaseException | None = raised.value
    while seen is not None:
        assert TOKEN not in str(seen)
        seen = seen.__cause__ or (None if seen.__suppress_context__ else seen.__context__)
    return raised.value.trouble.kind, raised.value.trouble.detail


@pytest.mark.parametrize(
    "hashes",
    [
        {"os_hash_algo": "sha512", "os_hash_value": hashlib.sha512(BODY).hexdigest()},
        {"checksum": hashlib.md5(BODY, usedforsecurity=False).hexdigest()},
        {},
    ],
)
def test_every_byte_comes_once_and_in_order(
    cloud: FakeServer, access: Access, hashes: dict[str, str]
) -> None:
    serve(cloud, hashes)
    assert read(access) == BODY
    with image_data(access, "i-1") as data:
        assert data.verified is bool(hashes)
        assert max(map(len, data.chunks())) <= glance_data.CHUNK_BYTES


@pytest.mark.parametrize(
    "hashes", [{"os_hash_algo": "sha512", "os_hash_value": "0" * 128}, {"checksum": "0" * 32}]
)
def test_other_bytes_than_the_hash_names_are_an_error(
    cloud: FakeServer, access: Access, hashes: dict[str, str]
) -> None:
    serve(cloud, hashes)
    kind, detail = trouble_of(access)
    assert kind is TroubleKind.BAD_ANSWER and "hash" in detail


@pytest.mark.parametrize("body", [BODY[:-1], BODY + b"x"])
def test_fewer_or_more_bytes_than_glance_says_are_an_error(
    cloud: FakeServer, access: Access, body: bytes
) -> None:
    serve(cloud, {}, body)
    kind, detail = trouble_of(access)
    assert kind is TroubleKind.BAD_ANSWER and f"of {len(BODY)} bytes" in detail


def test_a_stream_that_breaks_off_is_an_error(cloud: FakeServer, access: Access) -> None:
    def half(handler: Handler, request: Request) -> None:
        handler.send_response(200)
        handler.send_header("Content-Length", str(len(BODY)))
        handler.end_headers()
        handler.wfile.write(BODY[: len(BODY) // 2])
        handler.close_connection = True

    serve(cloud, {}, half)
    kind, _ = trouble_of(access)
    assert kind in (TroubleKind.UNREACHABLE, TroubleKind.BAD_ANSWER)


@pytest.mark.parametrize("drips", [False, True])
def test_a_stream_that_stalls_or_drips_ends(
    cloud: FakeServer, access: Access, monkeypatch: pytest.MonkeyPatch, drips: bool
) -> None:
    monkeypatch.setattr(glance_data, "CHUNK_STALL_S", 0.4)
    over = threading.Event()

    def stalling(handler: Handler, request: Request) -> None:
        handler.send_response(200)
        handler.send_header("Content-Length", str(len(BODY)))
        handler.end_headers()
        for byte in BODY[:200]:
            if drips:
                handler.wfile.write(bytes([byte]))
                handler.wfile.flush()
            if over.wait(0.05):
                break
        handler.close_connection = True

    serve(cloud, {}, stalling)
    kind, _ = trouble_of(access)
    over.set()
    assert kind is TroubleKind.TIMEOUT


@pytest.mark.parametrize(
    ("status", "kind"),
    [
        (403, TroubleKind.FORBIDDEN),
        (401, TroubleKind.LOGIN),
        (404, TroubleKind.NOT_FOUND),
        (503, TroubleKind.OVERLOADED),
        (204, TroubleKind.BAD_ANSWER),
    ],
)
def test_a_refusal_is_told_by_its_kind(
    cloud: FakeServer, access: Access, status: int, kind: TroubleKind
) -> None:
    serve(cloud, {}, say(status, {"message": f"no {TOKEN}", "code": str(status)}))
    assert trouble_of(access)[0] is kind


def test_the_token_does_not_follow_a_redirect(cloud: FakeServer, access: Access) -> None:
    def away(handler: Handler, request: Request) -> None:
        handler.send(302, b"", Location=f"{cloud.url}/elsewhere")

    serve(cloud, {}, away)
    assert "redirected" in trouble_of(access)[1]
    assert not [request for request in cloud.requests if request.path == "/elsewhere"]


@pytest.mark.parametrize("facts", [{"status": "queued"}, {"size": None}, {"size": 0}])
def test_an_image_without_data_is_not_asked_for(
    cloud: FakeServer, access: Access, facts: dict[str, Any]
) -> None:
    serve(cloud, facts)
    assert trouble_of(access)[0] is TroubleKind.BAD_ANSWER
    assert not [request for request in cloud.requests if request.path.endswith("/file")]


def test_nobody_there_is_unreachable(cloud: FakeServer, access: Access) -> None:
    serve(cloud, {}, lambda handler, request: handler.connection.shutdown(2))
    assert trouble_of(access)[0] in (TroubleKind.UNREACHABLE, TroubleKind.BAD_ANSWER)
