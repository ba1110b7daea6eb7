# mypy: allow-untyped-calls
"""One login, step by step: API version, service content, user and password."""

import hashlib
import os
from contextlib import suppress
from dataclasses import dataclass
from typing import Any

from pyVmomi import vim, vmodl

from vmware_panel.domain.inventory import MoRef, VCenter
from vmware_panel.domain.outcome import TroubleKind
from vmware_panel.vsphere import api_version
from vmware_panel.vsphere.calls import CallCounter
from vmware_panel.vsphere.endpoint import Endpoint
from vmware_panel.vsphere.errors import ConnectionLost, SessionLost, VSphereError, bad_answer
from vmware_panel.vsphere.network import tls_context
from vmware_panel.vsphere.page_stub import PageStub
from vmware_panel.vsphere.transport import Channel, Stub, UpdateStub

_SALT = os.urandom(16)


@dataclass(frozen=True, slots=True, eq=False, repr=False)
class Connected:
    """A channel to a vCenter with the objects that every read starts from.

    The SDK's objects in it are to stay inside of this package.
    """

    vcenter: VCenter
    channel: Channel
    service: vim.ServiceInstance
    content: vim.ServiceInstanceContent
    root_folder: vim.Folder
    collector: vmodl.query.PropertyCollector
    sessions: vim.SessionManager
    search: vim.SearchIndex
    views: vim.view.ViewManager
    authorization: vim.AuthorizationManager

    def managed(self, kind: type, moref: MoRef) -> Any:
        """A managed object to call methods of. To read its attributes would be a call each."""
        return kind(moref, self.service._stub)

    def page_stub(self) -> PageStub:
        """For one read of pages; its `collector` is the same `PropertyCollector`."""
        return PageStub(self.channel, MoRef(self.collector._moId), self.service._stub.version)

    def updates_of(self, collector: Any, *, drives: bool = False) -> Any:
        """The same `PropertyCollector`, whose `WaitForUpdatesEx` gives an `UpdateSet` or None.

        With `drives` a VM's devices are its disks and the images in its drives.
        """
        stub = UpdateStub(self.channel, self.service._stub.version, drives=drives)
        return vmodl.query.PropertyCollector(collector._moId, stub)


def greet(endpoint: Endpoint, calls: CallCounter) -> Connected:
    """Connects without logging in (two calls); raises `VSphereError`.

    vCenter shows who it is to everyone, so this much can be told apart from a refused login.
    """
    channel = Channel(endpoint, tls_context(endpoint), calls)
    try:
        offered = channel.fetch(api_version.VERSIONS_FILE)
        stub = Stub(channel, api_version.choose(offered, source=endpoint.name))
        service = vim.ServiceInstance("ServiceInstance", stub)
        content = service.RetrieveContent()
        return _connected(endpoint, channel, service, content)
    except VSphereError:
        channel.retire()
        raise


def log_in(endpoint: Endpoint, connected: Connected) -> None:
    """One attempt; raises `VSphereError`, from a frame that never held the password."""
    error = _refusal(endpoint, connected)
    if error is not None:
        raise error


def log_out(connected: Connected) -> None:
    """Ends the session at vCenter if it still can be, and closes the connections."""
    with suppress(VSphereError):
        connected.sessions.Logout()
    connected.channel.retire()


def password_digest(endpoint: Endpoint) -> bytes:
    """Tells whether the password changed since, without keeping it; raises `VSphereError`."""
    digest = _read_digest(endpoint)
    if digest is None:
        raise _unreadable(endpoint)
    return digest


def _refusal(endpoint: Endpoint, connected: Connected) -> VSphereError | None:
    try:
        password = endpoint.password()
    except (OSError, ValueError):
        return _unreadable(endpoint)
    try:
        granted = connected.sessions.Login(endpoint.username, password, None)
    except (SessionLost, ConnectionLost) as exc:
        return VSphereError(TroubleKind.UNREACHABLE, exc.detail, source=endpoint.name)
    except VSphereError as exc:
        return exc.with_traceback(None)  # whose frames hold the request
    if not isinstance(granted, vim.UserSession):
        return bad_answer("Login: neither a session nor a SOAP fault", source=endpoint.name)
    return None


def _read_digest(endpoint: Endpoint) -> bytes | None:
    try:
        return hashlib.blake2b(endpoint.password().encode(), key=_SALT).digest()
    except (OSError, ValueError):
        return None


def _unreadable(endpoint: Endpoint) -> VSphereError:
    return VSphereError(
        TroubleKind.CONFIGURATION, "the password cannot be read", source=endpoint.name
    )


def _connected(
    endpoint: Endpoint,
    channel: Channel,
    service: vim.ServiceInstance,
    content: vim.ServiceInstanceContent | None,
) -> Connected:
    if not isinstance(content, vim.ServiceInstanceContent) or content.about is None:
        raise bad_answer("RetrieveServiceContent: no content", source=endpoint.name)
    vcenter = _who(endpoint, content.about)
    managers = (
        content.sessionManager,
        content.searchIndex,
        content.viewManager,
        content.authorizationManager,
    )
    sessions, search, views, authorization = managers
    if sessions is None or search is None or views is None or authorization is None:
        raise bad_answer("RetrieveServiceContent: a manager is missing", source=endpoint.name)
    return Connected(
        vcenter=vcenter,
        channel=channel,
        service=service,
        content=content,
        root_folder=content.rootFolder,
        collector=content.propertyCollector,
        sessions=sessions,
        search=search,
        views=views,
        authorization=authorization,
    )


def _who(endpoint: Endpoint, about: vim.AboutInfo) -> VCenter:
    if about.apiType != "VirtualCenter":
        raise bad_answer(
            "this is a single ESX host, not a vCenter"
            if about.apiType == "HostAgent"
            else "this is not a vCenter",
            source=endpoint.name,
        )
    return VCenter(
        name=endpoint.name,
        host=endpoint.host,
        port=endpoint.port,
        instance_uuid=about.instanceUuid or "",
        full_name=about.fullName or "",
        version=about.version or "",
        build=about.build or "",
        api_version=about.apiVersion or "",
    )
