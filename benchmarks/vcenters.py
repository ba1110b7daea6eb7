"""vCenters of the sizes that are measured, and clients of them."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any, TypeVar
from unittest import mock

from lab.simulator import VCenterLogin
from vmware_panel.vsphere import Endpoint, VCenterClient, VSphereError, transport

T = TypeVar("T")

VMS_PER_CLUSTER = 1_000
HOSTS_PER_CLUSTER = 63
"""40,000 VMs stand on 40 clusters of 63 hosts: vCenter's limits."""
LIST_TIMEOUT_S = 600


def shape(vms: int) -> dict[str, int]:
    """The simulator's options for so many VMs, on as many hosts as is usual for them."""
    return {
        "nova_vms": vms,
        "clusters": max(1, vms // VMS_PER_CLUSTER),
        "hosts_per_cluster": HOSTS_PER_CLUSTER,
    }


@contextmanager
def client_of(account: VCenterLogin) -> Iterator[VCenterClient]:
    client = VCenterClient(
        Endpoint(
            name="bench",
            host=account.host,
            port=account.port,
            username=account.user,
            password=lambda: account.password,
            ca_file=str(account.ca_file),
            list_timeout_s=LIST_TIMEOUT_S,
        )
    )
    try:
        yield client
    finally:
        client.close()


def told(work: Callable[..., T], *arguments: Any) -> T:
    """For a process of a pool: what the client raises does not come whole through a pipe."""
    try:
        return work(*arguments)
    except VSphereError as error:
        raise RuntimeError(str(error)) from None


class Counted:
    """A stream; the size of each part that is read of it goes into `sizes`."""

    def __init__(self, stream: Any, sizes: list[int]) -> None:
        self._stream, self._sizes = stream, sizes

    def read(self, size: int = -1, /) -> bytes:
        found: bytes = self._stream.read(size)
        self._sizes.append(len(found))
        return found


@contextmanager
def counted_bytes() -> Iterator[list[int]]:
    """The sizes of what is read of all answers, as it is before it is decoded, after decompression."""
    uncompressed = transport.uncompressed
    sizes: list[int] = []

    def counted(answer: Any, encoding: str) -> Any:
        return Counted(uncompressed(answer, encoding), sizes)

    with mock.patch.object(transport, "uncompressed", counted):
        yield sizes
