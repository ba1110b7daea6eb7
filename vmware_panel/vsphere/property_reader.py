# mypy: allow-untyped-calls
"""Reads properties of many objects by the PropertyCollector: paged, whole or not at all.

The session is read along with them. vCenter answers one who is not logged in (any more) in three
ways, a fault, a `missingSet` or an EMPTY result, and the last would look like "there is nothing".
"""

from collections.abc import Callable, Iterable, Sequence
from contextlib import suppress

from pyVmomi import vim, vmodl

from vmware_panel.domain.inventory import MoRef
from vmware_panel.domain.outcome import TroubleKind
from vmware_panel.vsphere.errors import SessionLost, VSphereError
from vmware_panel.vsphere.login import Connected
from vmware_panel.vsphere.property_sets import PropertySets
from vmware_panel.vsphere.rows import Row

FilterSpec = vmodl.query.PropertyCollector.FilterSpec
MissingProperty = vmodl.query.PropertyCollector.MissingProperty
ObjectContent = vmodl.query.PropertyCollector.ObjectContent
ObjectSpec = vmodl.query.PropertyCollector.ObjectSpec
PropertySpec = vmodl.query.PropertyCollector.PropertySpec
RetrieveOptions = vmodl.query.PropertyCollector.RetrieveOptions
RetrieveResult = vmodl.query.PropertyCollector.RetrieveResult
SelectionSpec = vmodl.query.PropertyCollector.SelectionSpec
TraversalSpec = vmodl.query.PropertyCollector.TraversalSpec

CURRENT_SESSION = "currentSession"


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
    collector = connected.collector
    confirmed = False
    page = collector.RetrievePropertiesEx(
        [_filter(connected, start, properties)], RetrieveOptions(maxObjects=page_size)
    )
    token = page.token if page else None
    try:
        while True:
            confirmed |= _keep_page(connected, page, keep)
            if not token:
                break
            asked, token = token, None
            page = collector.ContinueRetrievePropertiesEx(asked)
            if not page:
                raise _not_logged_in(connected)
            token = page.token
    finally:
        if token:
            with suppress(VSphereError):
                collector.CancelRetrievePropertiesEx(token)
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


def _keep_page(
    connected: Connected, page: RetrieveResult | None, keep: Callable[[Row], None]
) -> bool:
    """True if the page says that we are logged in."""
    confirmed = False
    objects: Iterable[ObjectContent] = page.objects if page else ()
    for content in objects:
        if isinstance(content.obj, vim.SessionManager):
            confirmed = _is_logged_in(connected, content)
        elif not _is_gone(connected, content):
            keep(
                Row(
                    type(content.obj),
                    MoRef(content.obj._moId),
                    {item.name: item.val for item in content.propSet},
                )
            )
    return confirmed


def _is_logged_in(connected: Connected, content: ObjectContent) -> bool:
    if any(isinstance(item.val, vim.UserSession) for item in content.propSet):
        return True
    faults = [item.fault for item in content.missingSet]
    if any(_is_logged_out(fault) for fault in faults):
        return False
    if any(isinstance(fault, vim.fault.NoPermission) for fault in faults):
        # Not readable, which no known vCenter does: ask in another way, at the price of a call.
        connected.service.CurrentTime()
        return True
    return False


def _is_gone(connected: Connected, content: ObjectContent) -> bool:
    """True if the object vanished while it was read; raises `SessionLost`."""
    for fault in (item.fault for item in content.missingSet):
        if _is_logged_out(fault):
            raise _not_logged_in(connected)
        if isinstance(fault, vmodl.fault.ManagedObjectNotFound) and fault.obj == content.obj:
            return True
    return False


def _is_logged_out(fault: object) -> bool:
    return isinstance(fault, vim.fault.NotAuthenticated)


def _not_logged_in(connected: Connected) -> SessionLost:
    return SessionLost(
        TroubleKind.SESSION, "an empty answer: not logged in", source=connected.vcenter.name
    )
