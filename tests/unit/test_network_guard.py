import http.client
import socket

import pytest

from tests.network_guard import ForbiddenConnectionError, loopback, nowhere, only_to


def test_a_connection_elsewhere_is_refused_and_remembered() -> None:
    with only_to(loopback) as refused, pytest.raises(ForbiddenConnectionError, match="192.0.2.1"):
        socket.create_connection(("192.0.2.1", 443), timeout=1)
    assert refused == ["192.0.2.1"]


def test_a_name_is_refused_before_it_is_looked_up() -> None:
    connection = http.client.HTTPSConnection("vcenter.invalid", timeout=1)
    with only_to(loopback) as refused, pytest.raises(ForbiddenConnectionError):
        connection.request("GET", "/")
    assert refused == ["vcenter.invalid"]


def test_loopback_can_be_refused_too() -> None:
    with only_to(nowhere), socket.socket() as client, pytest.raises(ForbiddenConnectionError):
        client.connect_ex(("127.0.0.1", 9))


@pytest.mark.parametrize("host", ["127.0.0.1", "127.8.0.1", "::1", "localhost", ""])
def test_loopback(host: str) -> None:
    assert loopback(host)


@pytest.mark.parametrize("host", ["10.0.0.1", "0.0.0.0", "::", "example.org", "localhost.org"])  # noqa: S104
def test_not_loopback(host: str) -> None:
    assert not loopback(host)
