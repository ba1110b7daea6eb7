"""Datastores: all of them for the list, or one for its page.

From what the collectors and their searches keep: no list asks vCenter, and of OpenStack as much as
any list of instances. One datastore's page asks vCenter for that datastore, and waits
`LIVE_PATIENCE_S` at most.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from functools import partial
from typing import Any

from django.http import HttpRequest

from vmware_panel.api import cloud
from vmware_panel.api.cinder_book import ListedVolumes, listed_volumes
from vmware_panel.api.context import access_of, scope_of, vcenter_named, vcenters_of
from vmware_panel.api.datastore_books import kept_book
from vmware_panel.api.datastore_entries import (
    VOLUME_GB,
    DatastoreEntry,
    drivers_of,
    entries_of,
)
from vmware_panel.api.inventories import inventory_source
from vmware_panel.api.placement import INVENTORIES, Answers, answers_of_all, client_url
from vmware_panel.api.reading import BooksReport
from vmware_panel.api.scans import Scans, read_scans
from vmware_panel.config import VCenterConfig
from vmware_panel.domain.cloud import Volume
from vmware_panel.domain.datastore_refresh import PRIVILEGE
from vmware_panel.domain.datastore_tenants import Tenants, tenants_of
from vmware_panel.domain.datastores import DatastoreDetail
from vmware_panel.domain.inventory import Inventory, MoRef
from vmware_panel.domain.outcome import Outcome, Trouble, TroubleKind
from vmware_panel.domain.snapshot import Snapshot
from vmware_panel.domain.volume_disks import seen_in
from vmware_panel.domain.volumes import Seen
from vmware_panel.endpoints import client
from vmware_panel.openstack import gather

__all__ = [
    "VOLUME_GB",
    "DatastoreEntry",
    "DatastoreReport",
    "DatastoresReport",
    "datastore_report",
    "datastores_report",
    "entries_of",
]

LIVE_PATIENCE_S = 5.0
_LIVE, _SCANS = "datastore", "scans"


@dataclass(frozen=True)
class DatastoresReport(BooksReport):
    """Every datastore of the region. `entries` None: no vCenter's book could be had."""

    entries: tuple[DatastoreEntry, ...] | None
    scans: Scans = field(default_factory=Scans, repr=False)


@dataclass(frozen=True)
class DatastoreReport:
    """One datastore by its vCenter's name in the settings and its id there.

    `detail` is vCenter's own answer just now; None: it gave none, and `entry` is from the
    collectors' book alone. `missing_privileges` are for having it counted anew; None: not known.
    `tenants` None: vCenter's book could not be had.
    """

    vcenter: str
    moref: MoRef
    configured: bool = True
    gone: bool = False
    entry: DatastoreEntry | None = None
    detail: DatastoreDetail | None = field(default=None, repr=False)
    missing_privileges: tuple[str, ...] | None = None
    tenants: Tenants | None = field(default=None, repr=False)
    project_names: Mapping[str, str] = field(default_factory=dict, repr=False)
    volume_gb: int = VOLUME_GB
    inventories: tuple[Inventory, ...] = ()
    troubles: tuple[Trouble, ...] = ()
    snapshots: Mapping[str, Snapshot] = field(default_factory=dict)
    client_url: str | None = None

    @property
    def possible(self) -> bool:
        """False if the books say that there is no such datastore."""
        if not self.configured or self.gone:
            return False
        return self.entry is not None or not self.inventories

    @property
    def answers(self) -> bool:
        """Whether vCenter itself has just answered."""
        return self.detail is not None


def datastores_report(request: HttpRequest) -> DatastoresReport:
    """All datastores. Raises `ConfigError`."""
    vcenters = vcenters_of(request)
    answers = answers_of_all(_parts(request, vcenters), vcenters)
    reading = answers.reading
    scans: Scans = answers.get(_SCANS, Scans())
    drivers, indexed = drivers_of(answers), answers.get("servers")
    entries: list[DatastoreEntry] = []
    for inventory in reading.inventories:
        entries += entries_of(
            kept_book(inventory),
            inventory,
            None if drivers is None else drivers.get(inventory.vcenter.name, ()),
            scans,
            indexed,
        )
    return DatastoresReport(
        entries=tuple(entries) if reading.inventories or not vcenters else None,
        inventories=reading.inventories,
        snapshots=reading.snapshots,
        troubles=tuple(dict.fromkeys((*answers.troubles, *scans.troubles))),
        scans=scans,
        configured=bool(vcenters),
    )


def datastore_report(
    request: HttpRequest,
    vcenter: str,
    moref: MoRef,
    *,
    volume_gb: int = VOLUME_GB,
    with_privileges: bool = True,
) -> DatastoreReport:
    """One call to that vCenter, and two more for its privileges; to OpenStack those of a list of
    instances, and Cinder's list of volumes, each within its memo. Raises `ConfigError`.
    """
    its = vcenter_named(request, vcenter)
    if its is None or not moref.startswith("datastore-"):
        return DatastoreReport(vcenter, moref, configured=False)
    access, scope = access_of(request), scope_of(request)
    parts = _parts(request, [its])
    parts["projects"] = partial(cloud.project_names, access, scope)
    parts["volumes"] = partial(listed_volumes, access, scope, _seen(request))
    answers = answers_of_all(parts, [its])
    inventory = next(iter(answers.reading.inventories), None)
    if inventory is not None and moref not in inventory.datastore_by_ref:
        return DatastoreReport(vcenter, moref, inventories=(inventory,))
    live = _live(its, moref, with_privileges=with_privileges)
    detail, missing = live.value or (None, None)
    scans: Scans = answers.get(_SCANS, Scans())
    entry, tenants = None, None
    if inventory is not None:
        entry, tenants = _one(answers, inventory, moref, detail, scans, volume_gb)
    return DatastoreReport(
        vcenter,
        moref,
        gone=live.trouble is not None and live.trouble.kind is TroubleKind.NOT_FOUND,
        entry=entry,
        detail=detail,
        missing_privileges=missing,
        tenants=tenants,
        project_names=answers.get("projects", {}),
        volume_gb=volume_gb,
        inventories=answers.reading.inventories,
        snapshots=answers.reading.snapshots,
        troubles=_troubles(answers, scans, live.trouble),
        client_url=client_url(inventory.vcenter, [its], "datastore", "Datastore", moref)
        if inventory
        else None,
    )


def _one(
    answers: Answers,
    inventory: Inventory,
    moref: MoRef,
    detail: DatastoreDetail | None,
    scans: Scans,
    volume_gb: int,
) -> tuple[DatastoreEntry, Tenants]:
    """The datastore with vCenter's figures of just now, if it gave any, beside the others' as the
    book has them.
    """
    book = kept_book(inventory)
    indexed, drivers = answers.get("servers"), drivers_of(answers)
    volumes = _volumes(answers.get("volumes"))
    (entry,) = entries_of(
        book,
        _overlaid(inventory, detail),
        None if drivers is None else drivers.get(inventory.vcenter.name, ()),
        scans,
        indexed,
        volume_gb=volume_gb,
        only=moref,
    )
    tenants = tenants_of(
        moref,
        book.uses.vms(moref),
        inventory,
        {s.id.lower(): s for s in indexed.servers} if indexed else None,
        volumes,
    )
    return entry, tenants


def _seen(request: HttpRequest) -> Callable[[], Seen]:
    """What the memo of Cinder's book, which other pages share, wants to be looked at before it."""
    source, vcenters = inventory_source(), vcenters_of(request)
    return lambda: seen_in(source.read(vcenters).books, None)


def _volumes(listed: ListedVolumes | None) -> dict[str, Volume] | None:
    """By every id that a shadow VM may bear; None where Cinder did not tell of all projects."""
    if listed is None:
        return None
    volumes = listed.volumes
    if volumes and all(volume.backend_host is None for volume in volumes):
        return None  # those of the asker's project alone: Cinder tells admins where a volume is
    named = {volume.name_id.lower(): volume for volume in volumes if volume.name_id}
    return {**named, **{volume.id.lower(): volume for volume in volumes}}


def _overlaid(inventory: Inventory, detail: DatastoreDetail | None) -> Inventory:
    if detail is None:
        return inventory
    its = detail.datastore
    return replace(
        inventory,
        datastores=tuple(its if d.moref == its.moref else d for d in inventory.datastores),
    )


def _parts(
    request: HttpRequest, vcenters: Sequence[VCenterConfig]
) -> dict[str, Callable[[], Any]]:
    access, scope = access_of(request), scope_of(request)
    return {
        INVENTORIES: partial(inventory_source().read, vcenters),
        _SCANS: partial(read_scans, vcenters),
        "servers": partial(cloud.all_servers, access, scope),
        "services": partial(cloud.compute_services, access, scope),
        "hypervisors": partial(cloud.hypervisors, access, scope),
    }


def _live(
    its: VCenterConfig, moref: MoRef, *, with_privileges: bool
) -> Outcome[tuple[DatastoreDetail, tuple[str, ...] | None]]:
    def read() -> tuple[DatastoreDetail, tuple[str, ...] | None]:
        vcenter = client(its)
        detail = vcenter.datastore_detail(moref, datetime.now(UTC))
        missing = vcenter.missing_privileges([moref], [PRIVILEGE]) if with_privileges else None
        return detail, missing

    outcome = gather({_LIVE: read}, timeout_s=LIVE_PATIENCE_S)[_LIVE]
    if outcome.trouble and outcome.trouble.source == _LIVE:  # the page's own deadline came first
        return Outcome(trouble=replace(outcome.trouble, source=its.name))
    return outcome


def _troubles(answers: Answers, scans: Scans, live: Trouble | None) -> tuple[Trouble, ...]:
    """Each source's first."""
    found: dict[str, Trouble] = {}
    for trouble in (*answers.troubles, *scans.troubles, *([live] if live else ())):
        found.setdefault(trouble.source, trouble)
    return tuple(found.values())
