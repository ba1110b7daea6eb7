"""Every operation ends by its deadline, whatever the other side does or leaves undone.

The times here are upper bounds that only a hang would pass.
"""

import socket
import threading
import time
from collections.abc import Callable
from contextlib import contextmanager

import pytest

from tests.vsphere.fault_proxy import closed_port, deaf_listener, drip, silence
from tests.vsphere.rig import VCenter
from vmware_panel.domain.outcome import TroubleKind
from vmware_panel.vsphere import Endpoint, VCenterClient, VSphereError
from vmware_panel.vsphere.deadlines import Deadline, current_deadline, within

MISSING = "00000000-0000-4000-8000-000000000000"
ALLOWED_S = 1.0
ENOUGH_S = 10.0  # for an answer of a busy machine
HANG_S = 20.0  # the proxy lets go of nobody before that

NewClient = Callable[[Endpoint], VCenterClient]


@contextmanager
def ends_with(kind: TroubleKind):  # type: ignore[no-untyped-def]
    started = time.monotonic()
    with pytest.raises(VSphereError) as raised:
        yield
    assert time.monotonic() - started < HANG_S, "the deadline was not kept"
    assert raised.value.trouble.kind is kind, raised.value.trouble


def endpoint(port: int, host: str = "127.0.0.1", allowed_s: float = ALLOWED_S) -> Endpoint:
    return Endpoint(
        name="west",
        host=host,
        port=port,
        username="someone",
        password=lambda: "secret",
        connect_timeout_s=allowed_s,
        read_timeout_s=allowed_s,
        list_timeout_s=allowed_s,
    )


@pytest.mark.loopback
def test_a_port_that_accepts_and_never_speaks(new_client: NewClient) -> None:
    with deaf_listener() as port:
        client = new_client(endpoint(port))
        with ends_with(TroubleKind.TIMEOUT):
            client.read_vm(MISSING)
        with ends_with(TroubleKind.TIMEOUT):
            client.read_inventory()


@pytest.mark.loopback
def test_a_refused_connection(new_client: NewClient) -> None:
    with ends_with(TroubleKind.UNREACHABLE):
        new_client(endpoint(closed_port(), allowed_s=ENOUGH_S)).read_vm(MISSING)


@pytest.mark.loopback
def test_a_server_that_speaks_no_tls(new_client: NewClient) -> None:
    with socket.create_server(("127.0.0.1", 0)) as listener:

        def answer() -> None:
            accepted = listener.accept()[0]
            accepted.recv(100)
            accepted.sendall(b"HTTP/1.1 400 Bad Request\r\n\r\n")
            accepted.close()

        thread = threading.Thread(target=answer)
        thread.start()
        with ends_with(TroubleKind.UNREACHABLE):
            port = listener.getsockname()[1]
            new_client(endpoint(port, allowed_s=ENOUGH_S)).read_vm(MISSING)
        thread.join(5)


def no_such_name(*_: object, **__: object) -> list[object]:
    raise socket.gaierror(socket.EAI_NONAME, "Name or service not known")


def test_an_unknown_host(new_client: NewClient, monkeypatch: pytest.MonkeyPatch) -> None:
    """The resolver's answer is put in its place: tests ask no name server."""
    monkeypatch.setattr(socket, "getaddrinfo", no_such_name)
    with ends_with(TroubleKind.UNREACHABLE):
        new_client(endpoint(443, "vcenter.invalid", ENOUGH_S)).read_vm(MISSING)


def test_a_host_name_that_cannot_be_one(
    new_client: NewClient, monkeypatch: pytest.MonkeyPatch
) -> None:
    """`getaddrinfo` encodes the name first, and fails at that with a UnicodeError."""
    monkeypatch.setattr(socket, "getaddrinfo", lambda host, *_, **__: host.encode("idna"))
    with ends_with(TroubleKind.UNREACHABLE):
        new_client(endpoint(443, "vcenter..west", ENOUGH_S)).read_vm(MISSING)


def test_a_name_server_that_does_not_answer(
    new_client: NewClient, monkeypatch: pytest.MonkeyPatch
) -> None:
    asked = threading.Event()
    over = threading.Event()

    def wait(*_: object, **__: object) -> list[object]:
        asked.set()
        over.wait(30)
        return no_such_name()

    monkeypatch.setattr(socket, "getaddrinfo", wait)
    try:
        with ends_with(TroubleKind.TIMEOUT):
            new_client(endpoint(443, "vcenter.invalid")).read_vm(MISSING)
    finally:
        over.set()
    assert asked.is_set()


@pytest.mark.simulator
@pytest.mark.parametrize("method", ["GET /sdk/vimServiceVersions.xml", "Login", "FindAllByUuid"])
@pytest.mark.parametrize("fault", [silence, drip])
def test_a_server_that_never_comes_to_an_end(
    vcenter: VCenter, new_client: NewClient, method: str, fault: object
) -> None:
    client = new_client(vcenter.endpoint_with(read_timeout_s=ALLOWED_S))
    vcenter.proxy.spoil(method, fault)  # type: ignore[arg-type]
    with ends_with(TroubleKind.TIMEOUT):
        client.read_vm(MISSING)


@pytest.mark.simulator
@pytest.mark.parametrize("fault", [silence, drip])
def test_a_bulk_read_has_one_deadline_for_all_its_pages(
    vcenter: VCenter, new_client: NewClient, fault: object
) -> None:
    client = new_client(vcenter.endpoint_with(list_timeout_s=ALLOWED_S * 2))
    client.about()
    vcenter.proxy.spoil("ContinueRetrievePropertiesEx", fault)  # type: ignore[arg-type]
    with ends_with(TroubleKind.TIMEOUT):
        client.read_inventory(page_size=5)


@pytest.mark.simulator
def test_a_client_is_of_use_again_after_a_deadline_passed(
    vcenter: VCenter, new_client: NewClient
) -> None:
    client = new_client(vcenter.endpoint_with(read_timeout_s=ENOUGH_S / 2))
    client.about()
    vcenter.proxy.spoil("FindAllByUuid", silence, times=1)
    with ends_with(TroubleKind.TIMEOUT):
        client.read_vm(MISSING)
    assert client.read_vm(MISSING).vms == ()
    assert vcenter.proxy.count("Login") == 1


def test_a_call_without_a_deadline_is_a_mistake_in_the_program() -> None:
    with pytest.raises(RuntimeError, match="needs a deadline"):
        current_deadline()


def test_a_deadline_that_has_passed_says_so() -> None:
    with pytest.raises(TimeoutError):
        Deadline(0).remaining_s()


def test_an_inner_deadline_cannot_be_later_than_the_outer_one() -> None:
    with within(Deadline(1.0)) as outer:
        assert outer.at_most(60.0).remaining_s() <= 1.0
        assert outer.at_most(0.5).remaining_s() <= 0.5


def test_time_to_clear_up_is_kept_back_but_never_more_than_half() -> None:
    assert 7.0 < Deadline(10.0).reserving(2.0).remaining_s() <= 8.0
    assert 0.4 < Deadline(1.0).reserving(2.0).remaining_s() <= 0.5
