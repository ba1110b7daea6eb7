# mypy: allow-untyped-calls
"""A file sent to a datastore through vCenter, by HTTPS PUT, as oslo.vmware's `FileWriteHandle` does.

The session's cookie lets it in, the certificate is verified as for every call, and a chunk that does
not get through in time ends it. It cannot be taken up again where it broke off: vCenter then keeps what
had come, which whoever sent it takes away.
"""

from collections.abc import Iterator
from functools import partial
from urllib.parse import quote, urlencode

from pyVmomi import vim

from vmware_panel.domain.datastore_paths import DatastorePath, FilePlace, PlaceKind, lies_in
from vmware_panel.domain.inventory import MoRef
from vmware_panel.domain.outcome import TroubleKind
from vmware_panel.vsphere.ancestors import with_ancestors
from vmware_panel.vsphere.before_sending import ask_before_sending
from vmware_panel.vsphere.calls import note_call
from vmware_panel.vsphere.endpoint import Endpoint
from vmware_panel.vsphere.errors import bad_answer
from vmware_panel.vsphere.file_changes import PathRefused
from vmware_panel.vsphere.http_put import HttpPut
from vmware_panel.vsphere.live_reads import read_found
from vmware_panel.vsphere.login import Connected
from vmware_panel.vsphere.network import tls_context
from vmware_panel.vsphere.session import Session
from vmware_panel.vsphere.transport import Connection

_METHOD = "PUT /folder"


class Uploads:
    """Part of `VCenterClient`."""

    endpoint: Endpoint
    _session: Session

    def datacenter_path(self, datacenter: MoRef) -> str:
        """Its path in the inventory, e.g. `Europe/DC0`: one call. Raises `VSphereError`."""
        work = partial(_datacenter_path, datacenter=datacenter)
        return self._session.read(work, self.endpoint.read_timeout_s)

    def upload(
        self,
        place: FilePlace,
        datacenter_path: str,
        path: DatastorePath,
        size_bytes: int,
        chunks: Iterator[bytes],
    ) -> int:
        """Sends one file into a staging folder; how many bytes. Sent once.

        What `chunks` raises passes through, after the connection was closed: so an upload is given
        up. Raises `VSphereError`; the file may then be there in part, or whole (`Unanswered`).
        """
        if not lies_in(place, path, PlaceKind.STAGED):
            detail = f"{path} is no file that may be made from here"
            raise PathRefused(TroubleKind.CONFIGURATION, detail, source=self.endpoint.name)
        cookie = self._session.read(_cookie, self.endpoint.read_timeout_s)
        note_call(_METHOD, self._session.calls)
        connection = Connection(self.endpoint, tls_context(self.endpoint))
        headers = {"Cookie": cookie, "Content-Type": "application/octet-stream"}
        address = _address(place, datacenter_path, path)
        put = HttpPut(self.endpoint.name, _METHOD, connection)
        ask_before_sending()
        return put.send(address, headers, size_bytes, chunks)


def _cookie(connected: Connected) -> str:
    """After a call that proves the session: what is sent next is not sent twice."""
    connected.service.CurrentTime()
    return str(connected.channel.cookie)


def _address(place: FilePlace, datacenter_path: str, path: DatastorePath) -> str:
    where = urlencode({"dcPath": datacenter_path, "dsName": place.name}, quote_via=quote)
    return f"/folder/{quote('/'.join(path.names))}?{where}"


def _datacenter_path(connected: Connected, datacenter: MoRef) -> str:
    start = with_ancestors(vim.Datacenter(datacenter))
    found = {
        one.moref: one
        for one in read_found(connected, [start], {vim.ManagedEntity: ("name", "parent")})
    }
    names: list[str] = []
    at: MoRef | None = datacenter
    while at is not None and (here := found.get(at)) is not None:
        parent = here.get("parent")
        if parent is not None:  # the root folder has a name, and is in no path
            names.append(here.get("name") or "")
        at = MoRef(parent._moId) if parent is not None else None
    if not names:
        raise bad_answer(f"{datacenter}: no path", source=connected.vcenter.name)
    return "/".join(reversed(names))
