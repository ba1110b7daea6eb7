"""The fresh reads of one purge: vCenter's folder and VMs, Nova's servers and computes, other jobs.

Nova is asked in the name of the one who confirmed the job. What cannot be read is never "nobody":
it goes into the answer as a trouble, and the checks refuse.
"""

import time
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

from vmware_panel.api.cache_computes import cache_computes
from vmware_panel.api.inventories import inventory_source
from vmware_panel.api.other_vcenters import OtherVCenters
from vmware_panel.api.strangers import Strangers
from vmware_panel.config import VCenterConfig, get_config
from vmware_panel.domain.cache_roots import CacheComputes, root_named
from vmware_panel.domain.cloud import ComputeService, Server
from vmware_panel.domain.datastore_paths import DatastorePath, FilePlace, FolderListing
from vmware_panel.domain.details import Detail, DetailKind, detail
from vmware_panel.domain.file_use import FileUser, FolderUse
from vmware_panel.domain.image_cache import CacheRoot
from vmware_panel.domain.inventory import Inventory
from vmware_panel.domain.jobs import Job, JobItem, JobKind, JobState
from vmware_panel.domain.outcome import SourceError, TroubleKind
from vmware_panel.domain.purge import PurgeTarget, TargetKind
from vmware_panel.domain.purge_checks import OTHER_IMAGE_TASKS, Fresh, NovaUse
from vmware_panel.endpoints import client
from vmware_panel.jobs.journals import journal
from vmware_panel.openstack import Access, CloudError, nova
from vmware_panel.vsphere import VSphereError

INVENTORY_AGE_S = 300.0
"""Of which cluster mounts which datastore, and no more: what is in use is never taken from it."""

ALONE = "alone"
"""The job's option: all instances on the vCenter are in the asker's region, by the settings."""

_OF_IMAGES = frozenset({TargetKind.IMAGE, TargetKind.BROKEN_DOWNLOAD})
_BY_OWNER = frozenset({TargetKind.IMAGE, TargetKind.BROKEN_DOWNLOAD, TargetKind.EMPTY_ROOT})


@dataclass(frozen=True)
class _Used:
    """Of one look at all vCenters of the settings. `of_path` None: this job's own did not tell,
    `trouble` why; `silent` are the others that did not. `on_root` stand anywhere on its top folder.
    """

    of_path: FolderUse | None
    on_root: tuple[FileUser, ...]
    trouble: Detail | None
    silent: tuple[Detail, ...]


class Looks:
    """Of one job, on one vCenter; for one thread. `close` takes the watch away."""

    def __init__(self, job: Job, vcenter: VCenterConfig) -> None:
        self._job = job
        self._vcenter = vcenter
        self.client = client(vcenter)
        self._use = self.client.live_use()
        self._others = OtherVCenters(
            tuple(other for other in get_config().vcenters if other.name != vcenter.name)
        )
        self._strangers = Strangers()
        self._inventory: tuple[Inventory | None, float] | None = None
        self._behind: timedelta | None = None

    def close(self) -> None:
        self._use.close()
        self._others.close()

    def first(self, target: PurgeTarget, path: DatastorePath, access: Access) -> Fresh:
        """Everything, vCenter last, so that nothing lies between it and the deed.

        Raises `VSphereError` where the folder cannot be looked at.
        """
        owner, told = self._owner(target, path, access)
        asked = self._nova(target, access, told)
        there = self._instance_there(target, path, access)
        others = tuple(self._other_jobs(target, path))
        place = self.client.file_place(target.datastore)
        listing = self._listed(target, place, path)
        used = self._used(place, path)
        now = self._now()
        return Fresh(
            now=now,
            listing=listing,
            use=used.of_path,
            accessible=place.accessible,
            datastore_type=place.type,
            use_trouble=used.trouble,
            silent=used.silent,
            root=owner,
            nova=asked,
            instance_there=there,
            other_jobs=others,
            stranger=self._stranger(target, used, owner, access),
        )

    def second(
        self, target: PurgeTarget, path: DatastorePath, place: FilePlace, access: Access | None
    ) -> Fresh:
        """Who uses it, after it was set aside; never raises for a source that fails."""
        asked: NovaUse | None
        if access is None:
            owner, asked, there = None, NovaUse(trouble=Detail(DetailKind.TOKEN_EXPIRED)), None
            asked = asked if target.kind in _OF_IMAGES else None
        else:
            owner, told = self._owner(target, path, access)
            asked = self._nova(target, access, told)
            there = self._instance_there(target, path, access)
        used = self._used(place, path)
        return Fresh(
            now=datetime.now(UTC),
            listing=None,
            use=used.of_path,
            use_trouble=used.trouble,
            silent=used.silent,
            root=owner,
            nova=asked,
            instance_there=there,
        )

    def _now(self) -> datetime:
        """By this machine's clock or vCenter's, whichever is behind: files are dated on vCenter's
        side, and what is young is not to look old. Raises `VSphereError`.
        """
        if self._behind is None:
            self._behind = max(timedelta(), datetime.now(UTC) - self.client.current_time())
        return datetime.now(UTC) - self._behind

    def _listed(
        self, target: PurgeTarget, place: FilePlace, path: DatastorePath
    ) -> FolderListing | None:
        if place.accessible is False:
            return None
        deep = target.kind not in (TargetKind.IMAGE, TargetKind.EMPTY_ROOT)
        return self.client.list_folder(place, path, deep=deep)

    def _used(self, place: FilePlace, path: DatastorePath) -> _Used:
        whole_root = DatastorePath(path.datastore, path.names[:1])
        elsewhere, silent = self._others.use_of(place, (path, whole_root))
        try:
            book = self._use.current()
        except VSphereError as error:
            return _Used(None, (), _no_answer(error), silent)
        of_path, of_root = (
            book.use_of(place, each) + other
            for each, other in zip((path, whole_root), elsewhere, strict=True)
        )
        return _Used(of_path, of_root.standing, None, silent)

    def _stranger(
        self, target: PurgeTarget, used: _Used, root: CacheRoot | None, access: Access
    ) -> str | Detail:
        """A VM that shows that a root which no compute is told to have is another cloud's; the
        trouble where Nova does not tell.
        """
        if target.kind is not TargetKind.IMAGE or root is None or root.owners:
            return ""
        try:
            found = self._strangers.among(used.on_root, access)
        except CloudError as error:
            return _no_answer(error)
        return found.name or found.moref if found else ""

    def _nova(self, target: PurgeTarget, access: Access, told: NovaUse) -> NovaUse | None:
        """Three calls. `told`: what asking for the computes has come to."""
        if target.kind not in _OF_IMAGES:
            return None
        if told.trouble:
            return told
        try:
            of_image = _servers(access, "image", target.image_id)
            at_work = [
                s for task in OTHER_IMAGE_TASKS for s in _servers(access, "task_state", task)
            ]
        except CloudError as error:
            return NovaUse(trouble=_no_answer(error))
        return NovaUse(of_image, tuple(at_work), told.cells_down)

    def _owner(
        self, target: PurgeTarget, path: DatastorePath, access: Access
    ) -> tuple[CacheRoot | None, NovaUse]:
        """The root as it is owned now, and what of Nova's does not answer: two calls."""
        if target.kind not in _BY_OWNER:
            return None, NovaUse()
        inventory = self._read_inventory()
        trouble: Detail | None = None
        down = tuple[str, ...]()
        computes = CacheComputes()
        try:
            services = nova.list_compute_services(access)
            hypervisors = nova.list_hypervisors(access)
        except CloudError as error:
            trouble = _no_answer(error)
        else:
            down = tuple(_in_cells_that_are_down(services))
            computes = cache_computes(
                get_config(),
                hypervisors,
                services,
                [inventory] if inventory else [],
                alone=bool(self._job.options.get(ALONE)),
            )
        root = root_named(
            path.names[0],
            self._vcenter.name,
            target.datastore,
            path.datastore,
            inventory,
            computes,
        )
        return root, NovaUse(cells_down=down, trouble=trouble)

    def _instance_there(
        self, target: PurgeTarget, path: DatastorePath, access: Access
    ) -> bool | None:
        """None: not asked for, or nobody could tell."""
        if target.kind is not TargetKind.GONE_INSTANCE:
            return None
        try:
            if self._use.current().vms_of(path.name):
                return True
        except VSphereError:
            return None
        try:
            nova.get_server(access, path.name)
        except CloudError as error:
            return False if error.trouble.kind is TroubleKind.NOT_FOUND else None
        return True

    def _other_jobs(self, target: PurgeTarget, path: DatastorePath) -> Iterator[str]:
        """Items of other jobs that are at the same image or folder, by their titles."""
        needle = target.image_id or path.name
        kept = journal()
        for summary in kept.summaries():
            its = summary.job
            if its.state is JobState.ENDED or its.id == self._job.id:
                continue
            if its.vcenter != self._vcenter.name:
                continue
            job = kept.read(its.id)
            for item in job.items if job else ():
                same = item.key == target.key
                if its.kind is JobKind.CACHE_SEED:
                    same = needle in _told_by(item)
                if same and not item.ended:
                    yield f"{its.title}: {item.title}"

    def _read_inventory(self) -> Inventory | None:
        now_s = time.monotonic()
        if self._inventory is None or now_s >= self._inventory[1]:
            reading = inventory_source().read([self._vcenter])
            found = next(iter(reading.inventories), None)
            self._inventory = found, now_s + INVENTORY_AGE_S
        return self._inventory[0]


def _no_answer(error: SourceError) -> Detail:
    return detail(DetailKind.NO_ANSWER, error.trouble.source, error)


def _servers(access: Access, name: str, value: str) -> tuple[Server, ...]:
    return nova.list_servers(access, all_projects=True, filters={name: value})


def _in_cells_that_are_down(services: tuple[ComputeService, ...]) -> Iterator[str]:
    """With filters, Nova leaves the servers of such a cell out without a word."""
    return (service.host for service in services if not service.id)


def _told_by(item: JobItem) -> str:
    notes = (step.note for step in item.steps)
    return "\n".join((item.key, item.title, *item.about.values(), *notes))
