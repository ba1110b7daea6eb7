"""The works of the two kinds of purge job: delete what nobody looks after, mark what Nova does.

Nova's lock on an image (`nova/virt/vmwareapi/imagecache.py`) is a file on its own host, which nobody
else can take. What remains open therefore: an instance whose build begins after the first look and
takes the image within the milliseconds before it is set aside is seen by the second look, and the
folder put back; where its VM is powered on, cloned or resized in just these milliseconds, that fails
and may be repeated. Nothing that stands on a folder loses it.
"""

import time
from collections.abc import Callable
from contextlib import suppress
from datetime import UTC, datetime

from vmware_panel.api.fencing import fenced
from vmware_panel.api.purge_looks import Looks
from vmware_panel.api.set_aside import DELETE, PUT_BACK, SetAside
from vmware_panel.config import VCenterConfig, get_config
from vmware_panel.domain.datastore_paths import (
    DatastorePath,
    FilePlace,
    FolderListing,
    UnsafePath,
    marker_name,
    parse,
)
from vmware_panel.domain.details import Detail, DetailKind, detail
from vmware_panel.domain.jobs import ItemState, Job, JobItem
from vmware_panel.domain.outcome import SourceError, Trouble, TroubleKind, told
from vmware_panel.domain.plans import Refusal, RefusalKind, Refused
from vmware_panel.domain.purge import PurgeTarget, Way, target_of
from vmware_panel.domain.purge_checks import Fresh, against, in_use
from vmware_panel.jobs.waiting import TaskUnsettled
from vmware_panel.jobs.works import PASSING, Ended, Report, required_access
from vmware_panel.vsphere import VSphereError
from vmware_panel.vsphere.errors import Unanswered

OLDER_THAN_H = "older_than_h"

PATIENCE_S = 120.0
PAUSE_S = 2.0
MARK = "mark"


class _CacheWork:
    """What both have: the target of an item, the first look, the end."""

    way: Way

    def __init__(self, job: Job) -> None:
        self._job = job
        self._vcenter = _vcenter(job.vcenter)
        self._looks = Looks(job, self._vcenter)
        self._older_than_h = int(job.options.get(OLDER_THAN_H, "0"))

    def close(self) -> None:
        self._looks.close()

    def _named(self, item: JobItem) -> tuple[PurgeTarget, DatastorePath]:
        """Raises `Refused` for what is no path of ours, whoever wrote it into the journal."""
        try:
            target = target_of(item)
            return target, parse(target.path)
        except UnsafePath:
            raise Refused(Refusal(RefusalKind.OUTSIDE_ROOTS, item.title)) from None

    def _first_look(
        self, target: PurgeTarget, path: DatastorePath, report: Report
    ) -> tuple[Fresh, tuple[Refusal, ...]]:
        fresh = self._looks.first(target, path, required_access(report))
        return fresh, against(target, path, self.way, self._older_than_h, fresh)


class PurgeWork(_CacheWork):
    """Deletes one folder after another, each between two looks."""

    way = Way.DELETE

    @fenced
    def do(self, item: JobItem, report: Report) -> Ended:
        target, path = self._named(item)
        fresh, refusals = self._first_look(target, path, report)
        listing = fresh.listing
        if refusals or listing is None:
            return Ended(ItemState.REFUSED, refusals)
        if self._job.dry_run:
            return Ended(ItemState.DONE, done_bytes=listing.size_bytes)
        if report.cancelled():
            return Ended(ItemState.CANCELLED)
        its = SetAside.planned(self._looks.client, report, listing)
        try:
            its.set_aside(listing)
        except SourceError as error:
            if not error.unanswered:
                raise
            # The answer is lost: on from where the folder lies.
            return self._patiently(
                lambda: self._went_on(its, target, listing.place, report) or self._unknown(its),
                report,
            )
        return self._patiently(lambda: self._finished(its, target, listing.place, report), report)

    @fenced
    def settle(self, item: JobItem, report: Report) -> Ended | None:
        target, path = self._named(item)
        try:
            its = SetAside.resumed(self._looks.client, report, path, item.steps)
        except UnsafePath:
            raise Refused(Refusal(RefusalKind.OUTSIDE_ROOTS, item.title)) from None
        place = self._looks.client.file_place(target.datastore)
        last = item.steps[-1]
        if last.task:
            with suppress(TaskUnsettled):  # vCenter may have forgotten it: its folder tells
                its.wait(last.task)
        if last.name == PUT_BACK and its.lies_aside(place) is not None:
            return self._put_back(its, place, its.note.reasons)
        return self._went_on(its, target, place, report)

    def _went_on(
        self, its: SetAside, target: PurgeTarget, place: FilePlace, report: Report
    ) -> Ended | None:
        """None: it lies where it was, and was not put back there."""
        if its.lies_aside(place) is not None:
            return self._finished(its, target, place, report)
        its.clear_room(place)
        if DELETE in its.began:
            return Ended(ItemState.DONE, done_bytes=its.note.size_bytes)
        if its.lies_in_place(place) is None:
            return self._unknown(its)
        if PUT_BACK in its.began:
            return Ended(ItemState.REFUSED, its.note.reasons)
        return None

    def _unknown(self, its: SetAside) -> Ended:
        why = detail(DetailKind.MOVED_OR_NOT, its.path, its.note.aside)
        return Ended(ItemState.UNKNOWN, trouble=self._trouble(TroubleKind.TIMEOUT, why))

    def _finished(
        self, its: SetAside, target: PurgeTarget, place: FilePlace, report: Report
    ) -> Ended:
        """The second look, and then the one or the other."""
        fresh = self._looks.second(target, its.path, place, report.asker_access())
        reasons = in_use(target, fresh)
        if reasons:
            return self._put_back(its, place, reasons)
        if report.cancelled():
            self._put_back(its, place, ())
            return Ended(ItemState.CANCELLED)
        its.delete(place)
        return Ended(ItemState.DONE, done_bytes=its.note.size_bytes)

    def _put_back(self, its: SetAside, place: FilePlace, reasons: tuple[Refusal, ...]) -> Ended:
        if its.put_back(place, reasons):
            return Ended(ItemState.REFUSED, reasons)
        names = ", ".join(str(r.detail) for r in reasons if r.kind is RefusalKind.IN_USE)
        why = detail(DetailKind.MADE_ANEW, its.path, its.note.aside)
        if names:
            why = detail(DetailKind.MOVE_BACK, names, its.path, its.note.aside)
        return Ended(
            ItemState.FAILED,
            reasons,
            self._trouble(TroubleKind.BAD_ANSWER, why),
        )

    def _patiently(self, step: Callable[[], Ended], report: Report) -> Ended:
        """Once a folder is aside, a vCenter that is away for a while is no reason to leave it."""
        until_s = time.monotonic() + PATIENCE_S
        while True:
            try:
                return step()
            except SourceError as error:
                passing = error.trouble.kind in PASSING and not error.unanswered
                if not passing or time.monotonic() >= until_s:
                    raise
            report.pause(PAUSE_S)

    def _trouble(self, kind: TroubleKind, why: Detail) -> Trouble:
        return told(self._vcenter.name, kind, why)


class MarkWork(_CacheWork):
    """Makes Nova's marker in one image's folder after another."""

    way = Way.MARK

    @fenced
    def do(self, item: JobItem, report: Report) -> Ended:
        target, path = self._named(item)
        fresh, refusals = self._first_look(target, path, report)
        if refusals or fresh.listing is None:
            return Ended(ItemState.REFUSED, refusals)
        if self._job.dry_run:
            return Ended(ItemState.DONE)
        if report.cancelled():
            return Ended(ItemState.CANCELLED)
        marker = path.child(marker_name(datetime.now(UTC)))
        report.about_to(MARK, str(marker))
        try:
            self._looks.client.make_directory(fresh.listing.place, marker, parents=False)
        except Unanswered:
            if self._marked(fresh.listing.place, marker) is None:
                raise
        except VSphereError as error:
            if error.fault == "FileAlreadyExists":
                marked = Refusal(RefusalKind.MARKED_ALREADY, target.path, marker.name)
                return Ended(ItemState.REFUSED, (marked,))
            raise
        report.sent()
        return Ended(ItemState.DONE)

    @fenced
    def settle(self, item: JobItem, report: Report) -> Ended | None:
        """A marker that is there was made. One that is not was not, or Nova has taken it away."""
        target, _ = self._named(item)
        try:
            marker = parse(item.steps[-1].note)
        except UnsafePath:
            raise Refused(Refusal(RefusalKind.OUTSIDE_ROOTS, item.title)) from None
        place = self._looks.client.file_place(target.datastore)
        if self._marked(place, marker) is not None or item.steps[-1].sent:
            return Ended(ItemState.DONE)
        return None

    def _marked(self, place: FilePlace, marker: DatastorePath) -> FolderListing | None:
        return self._looks.client.list_folder(place, marker)


def _vcenter(name: str) -> VCenterConfig:
    """Raises `ConfigError`, and `SourceError` where the settings no longer have it."""
    found = get_config().vcenter(name)
    if found is None:
        raise SourceError(Trouble(name, TroubleKind.CONFIGURATION, "not in the settings"))
    return found
