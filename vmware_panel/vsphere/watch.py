# mypy: allow-untyped-calls
"""A watch over everything that one vCenter holds: all of it first, and then what becomes of it.

A property collector of one's own, so that nobody else's waiting is in the way, with one filter over
one container view. All three belong to the session, and go with it.
"""

from contextlib import suppress
from typing import Any, ClassVar, Self

from pyVmomi import vim, vmodl

from vmware_panel.domain.inventory import MoRef
from vmware_panel.domain.ledger import Delta, Entity, Ledger
from vmware_panel.domain.outcome import TroubleKind
from vmware_panel.vsphere.deadlines import Deadline, within
from vmware_panel.vsphere.errors import VSphereError, WatchLost, bad_answer
from vmware_panel.vsphere.inventory_rows import entity_of, updated
from vmware_panel.vsphere.login import Connected
from vmware_panel.vsphere.property_reader import (
    FilterSpec,
    ObjectSpec,
    PropertySpec,
    is_gone,
    read_rows,
    traversal,
)
from vmware_panel.vsphere.property_sets import BULK, PropertySets
from vmware_panel.vsphere.updates import ObjectUpdate, UpdateKind, UpdateSet

WaitOptions = vmodl.query.PropertyCollector.WaitOptions

PAGE_SIZE = 2500
CLEAN_UP_S = 2.0


class Watch:
    """Made by `open`. Every call needs a deadline that holds, and raises `VSphereError`.

    `properties` are what is watched, and of which types; a subclass may watch something else.
    """

    properties: ClassVar[PropertySets] = BULK

    def __init__(self, connected: Connected, collector: Any, view: Any, page_size: int) -> None:
        self._connected = connected
        self._collector = collector
        self._updates = self.updates_of(connected, collector)
        self._view = view
        self._page_size = page_size
        self._version = ""
        self.replayable = False

    @classmethod
    def open(cls, connected: Connected, page_size: int = PAGE_SIZE) -> Self:
        """Three calls; what was made before one that fails is taken away again."""
        collector = connected.collector.CreatePropertyCollector()
        view = None
        try:
            kinds = [kind for kind in cls.properties if issubclass(kind, vim.ManagedEntity)]
            view = connected.views.CreateContainerView(connected.root_folder, kinds, True)
            collector.CreateFilter(cls.filter_spec(connected, view), False)
            return cls(connected, collector, view, page_size)
        except VSphereError:
            with within(Deadline(CLEAN_UP_S)):  # the time of the one that failed may be over
                _destroy(collector, view)
            raise

    @classmethod
    def filter_spec(cls, connected: Connected, view: vim.view.ContainerView) -> FilterSpec:
        return _filter(connected, view, cls.properties)

    @classmethod
    def updates_of(cls, connected: Connected, collector: Any) -> Any:
        return connected.updates_of(collector)

    def next(self, connected: Connected, max_wait_s: int) -> UpdateSet | None:
        """What is new since the last answer, as soon as there is anything; None after that long
        without anything. The first answers are everything, in pages.

        After a failure with `replayable` the same may be asked again, else the watch is over.
        """
        self._refuse_another(connected)
        options = WaitOptions(maxWaitSeconds=max_wait_s, maxObjectUpdates=self._page_size)
        answer: UpdateSet | None = self._updates.WaitForUpdatesEx(self._version, options)
        if answer is None:
            return None
        if not answer.version:
            raise bad_answer("WaitForUpdatesEx: no version", source=connected.vcenter.name)
        self._version = answer.version
        self.replayable = not answer.truncated
        return answer

    def confirm(self, connected: Connected) -> None:
        """Raises `SessionLost` if vCenter took us for nobody: then "nothing" proves nothing."""
        self._refuse_another(connected)
        read_rows(connected, (), {}, lambda _row: None)

    def close(self) -> None:
        """Takes everything away at vCenter, if that still can be."""
        with within(Deadline(CLEAN_UP_S)):
            _destroy(self._collector, self._view)

    def _refuse_another(self, connected: Connected) -> None:
        if connected is not self._connected:
            raise WatchLost(
                TroubleKind.SESSION,
                "the session that the watch belonged to has ended",
                source=connected.vcenter.name,
            )


def delta_of(ledger: Ledger, updates: list[ObjectUpdate], connected: Connected) -> Delta:
    """What the updates come to, for a ledger that holds what was said before them.

    Raises `SessionLost` where a property is missing for want of a session.
    """
    changed: dict[MoRef, Entity] = {}
    gone: dict[MoRef, None] = {}
    for kind, row in updates:
        moref = row.moref
        if kind is UpdateKind.LEAVE:
            changed.pop(moref, None)
            gone[moref] = None
        elif row.faults and is_gone(connected, row):
            continue  # vCenter will say that it left
        elif kind is UpdateKind.ENTER:
            if (made := entity_of(row)) is not None:
                changed[moref] = made
                gone.pop(moref, None)
        else:
            known = changed.get(moref) or (None if moref in gone else ledger.get(moref))
            if known is not None and (now := updated(known, row)) != known:
                changed[moref] = now
    return Delta(tuple(changed.values()), tuple(gone))


def _filter(
    connected: Connected, view: vim.view.ContainerView, properties: PropertySets
) -> FilterSpec:
    members = traversal("members", vim.view.ContainerView, "view")
    return FilterSpec(
        objectSet=[
            ObjectSpec(obj=view, skip=True, selectSet=[members]),
            # A view leaves out what it starts from, which the folders' paths end in.
            ObjectSpec(obj=connected.root_folder, skip=False),
        ],
        propSet=[
            PropertySpec(type=kind, all=False, pathSet=list(paths))
            for kind, paths in properties.items()
        ],
        reportMissingObjectsInResults=True,  # leaves them out, where a fault would end it all
    )


def _destroy(collector: Any, view: Any) -> None:
    for end in (collector.DestroyPropertyCollector, view and view.DestroyView):
        if end:
            with suppress(VSphereError):
                end()
