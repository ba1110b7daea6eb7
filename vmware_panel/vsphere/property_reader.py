# mypy: allow-untyped-calls
"""Reads properties of many objects by the PropertyCollector: paged, whole or not at all.

The session is read along with them. vCenter answers one who is not logged in (any more) in three
ways, a fault, a `missingSet` or an EMPTY result, and the last would look like "there is nothing".
"""

from collections.abc import Callable, Sequence
from contextlib import suppress

from pyVmomi import vim, vmodl

from vmware_panel.domain.outcome import TroubleKind
from vmware_panel.vsphere.errors import SessionLost, VSphereError
from vmware_panel.vsphere.login import Connected
from vmware_panel.vsphere.page_decoder import Page
from vmware_panel.vsphere.property_sets import PropertySets
from vmware_panel.vsphere.rows import LoggedIn, Row

FilterSpec = vmodl.query.PropertyCollector.FilterSpec
ObjectSpec = vmodl.query.PropertyCollector.ObjectSpec
PropertySpec = vmodl.query.PropertyCollector.PropertySpec
RetrieveOptions = vmodl.query.PropertyCollector.RetrieveOptions
SelectionSpec = vmodl.query.PropertyCollector.SelectionSpec
TraversalSpec = vmodl.query.PropertyCollector.TraversalSpec

CURRENT_SESSION = "currentSession"


def traversal(
    name: str, start: type, path: str, then: Sequence[SelectionSpec] = ()
) -> TraversalSpec:
    """One step of a walk: from objects of the type `start` along `path`, and on from there by `then`."""
    return TraversalSpec(name=name, type=start, path=path, skip=False, selectSet=list(then))


def read_rows(
    connected: Connected,
    start: Sequence[ObjectSpec],
    properties: PropertySets,
    keep: Callable[[Row], None],
    page_size: int | None = None,
) -> None:
    """Hands every object that the start objects lead to to `keep`, page by page.

    Costs one call, and one for each page after the first. Objects that vanish meanwhile are left
    out. `page_size` None leaves it to vCenter, which may page on its own account.

    Raises `VSphereError`, `SessionLost` among them; what was kept until then is to be thrown away.
    """
    stub = connected.page_stub()
    collector = stub.collector
    confirmed = False
    token = None
    try:
        page: Page = collector.RetrievePropertiesEx(
            [_filter(connected, start, properties)], RetrieveOptions(maxObjects=page_size)
        )
        token = page.token
        while True:
            confirmed |= _keep_page(connected, page, keep)
            if not token:
                break
            asked, token = token, None
            page = collector.ContinueRetrievePropertiesEx(asked)
            if not page.rows:
                raise _not_logged_in(connected)
            token = page.token
    finally:
        token = stub.drop() or token
        if token:
            with suppress(VSphereError):
                connected.collector.CancelRetrievePropertiesEx(token)
    if not confirmed:
        raise _not_logged_in(connected)


def _filter(
    connected: Connected, start: Sequence[ObjectSpec], properties: PropertySets
) -> FilterSpec:
    return FilterSpec(
        objectSet=[*start, ObjectSpec(obj=connected.sessions, skip=False)],
        propSet=[
            PropertySpec(type=kind, all=False, pathSet=list(paths))
            for kind, paths in {**properties, vim.SessionManager: (CURRENT_SESSION,)}.items()
        ],
        reportMissingObjectsInResults=True,  # leaves them out, where a fault would end it all
    )


def _keep_page(connected: Connected, page: Page, keep: Callable[[Row], None]) -> bool:
    """True if the page says that we are logged in."""
    confirmed = False
    for row in page.rows:
        if issubclass(row.kind, vim.SessionManager):
            confirmed = _is_logged_in(connected, row)
        elif not row.faults or not is_gone(connected, row):
            keep(row)
    return confirmed


def _is_logged_in(connected: Connected, row: Row) -> bool:
    if row.one(CURRENT_SESSION, LoggedIn) is not None:
        return True
    kinds = [fault.kind for fault in row.faults]
    if any(issubclass(kind, vim.fault.NotAuthenticated) for kind in kinds):
        return False
    if any(issubclass(kind, vim.fault.NoPermission) for kind in kinds):
        # Not readable, which no known vCenter does: ask in another way, at the price of a call.
        connected.service.CurrentTime()
        return True
    return False


def is_gone(connected: Connected, row: Row) -> bool:
    """True if the object vanished while it was read; raises `SessionLost`."""
    for fault in row.faults:
        if issubclass(fault.kind, vim.fault.NotAuthenticated):
            raise _not_logged_in(connected)
        if issubclass(fault.kind, vmodl.fault.ManagedObjectNotFound) and fault.about == row.ref:
            return True
    return False


def _not_logged_in(connected: Connected) -> SessionLost:
    return SessionLost(
        TroubleKind.SESSION, "an empty answer: not logged in", source=connected.vcenter.name
    )
