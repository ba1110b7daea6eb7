"""Seeding, as a worker does it: one image into the cache of one datastore, step by step.

    staging folder -> the disk into it -> its sized copy -> moved into the cache in one step -> cleaned

Everything lies in `vmware_temp/<name>/<image>` until it is whole, so that Nova never finds a part of an
image, and what a killed worker leaves is found by that name. A copy by vCenter goes on without a worker:
the next one waits for its task. An upload ends with its worker, and begins anew.
"""

import uuid
from collections.abc import Callable
from dataclasses import replace

from vmware_panel.api.fencing import fenced
from vmware_panel.api.seed_checks import SeedChecks
from vmware_panel.api.seed_fetch import COPY, FILE, UNPACK, Fetching
from vmware_panel.api.seed_import import COMPLETE, REST, TAKE, UNREGISTER, Importing
from vmware_panel.api.seed_sending import CANCELLED, CLEAN, GivenUp, Sending, Staging
from vmware_panel.config import get_config
from vmware_panel.domain.datastore_files import TEMP_FOLDER
from vmware_panel.domain.datastore_paths import below
from vmware_panel.domain.details import Detail, DetailKind
from vmware_panel.domain.driver_sums import GIB_BYTES
from vmware_panel.domain.imports import import_folder, import_name
from vmware_panel.domain.jobs import ItemState, Job, JobItem, Step
from vmware_panel.domain.outcome import SourceError, Trouble, TroubleKind
from vmware_panel.domain.plans import Refusal, RefusalKind, Refused
from vmware_panel.domain.seed_order import SeedOrder, order_from
from vmware_panel.endpoints import client
from vmware_panel.jobs.waiting import TaskUnsettled
from vmware_panel.jobs.works import Ended, Report
from vmware_panel.vsphere import VCenterClient
from vmware_panel.vsphere.before_sending import before_sending

STAGE, FETCH, SIZE, ROOT, MOVE = "stage", "fetch", "size", "root", "move"
"""Steps begin with these words; what comes after tells the parts of one apart."""
ANEW = "anew"
"""Why a staging folder goes, where all is done over again."""


class SeedWork:
    """`Work` of `JobKind.CACHE_SEED`. Raises `SourceError` where its vCenter is not configured."""

    def __init__(self, job: Job) -> None:
        config = get_config().vcenter(job.vcenter)
        if config is None:
            raise SourceError(Trouble(job.vcenter, TroubleKind.CONFIGURATION, "not configured"))
        self._vcenter = job.vcenter
        self._dry_run = job.dry_run
        self._client = client(config)

    @fenced
    def do(self, item: JobItem, report: Report) -> Ended:
        seeding = self._of(item, report)
        seeding.checks.require_possible()
        if self._dry_run:
            return Ended(ItemState.DONE, done_bytes=item.size_bytes)
        return seeding.begin()

    @fenced
    def settle(self, item: JobItem, report: Report) -> Ended | None:
        return self._of(item, report).settle(item)

    def close(self) -> None:
        """The client is the process's."""

    def _of(self, item: JobItem, report: Report) -> "_Seeding":
        try:
            order = order_from(item.about)
        except (KeyError, ValueError):
            detail = "the item is not what this release writes"
            raise SourceError(Trouble(self._vcenter, TroubleKind.BAD_ANSWER, detail)) from None
        return _Seeding(self._client, self._vcenter, order, report)


class _Seeding:
    """One item in the hands of one worker."""

    def __init__(
        self, vsphere: VCenterClient, vcenter: str, order: SeedOrder, report: Report
    ) -> None:
        self._client = vsphere
        self._vcenter = vcenter
        self._order = order
        self._report = report
        self._place = vsphere.file_place(order.datastore)
        if self._place.name != order.datastore_name:
            now = Detail(DetailKind.RENAMED, (self._place.name,))
            raise Refused(Refusal(RefusalKind.CHANGED_FILES, order.datastore_name, now))
        self.checks = SeedChecks(vsphere, vcenter, self._place, order, report)

    # -- from the beginning ------------------------------------------------------------------

    def begin(self) -> Ended:
        staging = self._staging(str(uuid.uuid4()))
        return self._guarded(staging, self._from_stage)

    def _from_stage(self, sending: Sending) -> Ended:
        sending.make_directory(STAGE, sending.staging.image)
        return self._from_fetch(sending)

    def _from_fetch(self, sending: Sending) -> Ended:
        if not self._order.only_sized:
            Fetching(sending, self._order).fetch(FETCH)
        return self._from_size(sending)

    def _from_size(self, sending: Sending) -> Ended:
        """As `_use_disk_image_as_linked_clone`: a copy, grown where it is smaller."""
        order = self._order
        if order.sized_name:
            source, datacenter = sending.staging.file(order.file_name), self._place.datacenter
            if order.only_sized:
                source = self.checks.target.child(order.file_name)
            sized = sending.staging.file(order.sized_name)
            sending.task(
                f"{SIZE} copy",
                lambda: self._client.copy_disk(source, datacenter, self._place, sized),
            )
            self._extend(sending)
        return self._from_move(sending)

    def _extend(self, sending: Sending) -> None:
        order = self._order
        extent = order.sized_name.replace(".vmdk", "-flat.vmdk")
        sizes = sending.sizes()
        capacity = sizes.get(extent) or sizes.get(order.sized_name) or 0
        if order.root_gb * GIB_BYTES > capacity:
            sized = sending.staging.file(order.sized_name)
            sending.task(
                f"{SIZE} extend",
                lambda: self._client.extend_disk(self._place, sized, order.root_gb << 20),
            )

    def _from_move(self, sending: Sending) -> Ended:
        """In one step, as Nova does: what is not whole is not moved."""
        sizes = sending.sizes()
        self.checks.require_whole(sizes)
        sending.heed_cancel()
        if self._order.only_sized:
            staged = sending.staging.file(self._order.sized_name)
            there = self.checks.target.child(self._order.sized_name)
            # Nova is asked at the last moment: what begins after that comes to look for the copy
            # seconds later, when its VM is made.
            with before_sending(self._ask_last):
                error = sending.last_task(
                    MOVE, lambda: self._client.move_disk(self._place, staged, there)
                )
            if not error:
                self.checks.require_it_stayed()
        else:
            sending.make_directory(ROOT, self.checks.root, may_exist=True)
            listing = sending.listing()
            error = sending.last_task(
                MOVE, lambda: self._client.move_folder(listing, self.checks.target)
            )
        if error:
            return self._not_moved(error)
        return Ended(ItemState.DONE, done_bytes=sum(sizes.values()))

    def _not_moved(self, error: str) -> Ended:
        if self.checks.done():  # Nova, or another of us, was faster
            refusal = Refusal(RefusalKind.ALREADY_SO, str(self.checks.target))
            return Ended(ItemState.REFUSED, (refusal,))
        raise SourceError(Trouble(self._vcenter, TroubleKind.BAD_ANSWER, f"{MOVE}: {error}"))

    def _ask_last(self) -> None:
        self.checks.require_not_building()
        self._report.still_ours()

    # -- after another worker ----------------------------------------------------------------

    def settle(self, item: JobItem) -> Ended | None:
        """Goes on where it can, and takes away what is of no use. See `Work.settle`."""
        last = item.steps[-1]
        name, _, reason = last.note.partition(" ")
        staging = self._staging(name)
        sending = self._sending(staging)
        try:
            known, error = self._outcome(sending, last)
        except GivenUp:
            return self._cleaned(staging, Ended(ItemState.CANCELLED), CANCELLED)
        there = self.checks.done()
        if there is not None:
            done = Ended(ItemState.DONE, done_bytes=there.size_bytes)
            return self._cleaned(staging, done)
        if last.name == CLEAN and reason != ANEW:
            return self._cleaned(staging, self._ended_by(reason), reason)
        if error and last.name != CLEAN:
            reason = f"{last.name}: {error}"
            return self._cleaned(staging, self._ended_by(reason), reason)
        go_on = self._next_after(last, known)
        if go_on is not None and sending.there():
            return self._guarded(staging, go_on)
        # What lies there may be a part: it goes, and all begins anew in another folder.
        self._clear(sending, ANEW)
        return None

    def _outcome(self, sending: Sending, last: Step) -> tuple[bool, str]:
        """Whether vCenter tells what came of the step, and why it failed, if it did."""
        if not last.sent or last.task is None:
            return False, ""
        try:
            return True, sending.outcome(last.task)
        except TaskUnsettled as error:
            if error.trouble.kind is not TroubleKind.NOT_FOUND:
                raise
            return False, ""  # long over; what lies there has to tell

    def _ended_by(self, reason: str) -> Ended:
        if reason == CANCELLED:
            return Ended(ItemState.CANCELLED)
        trouble = Trouble(self._vcenter, TroubleKind.BAD_ANSWER, reason)
        return Ended(ItemState.FAILED, trouble=trouble)

    def _next_after(self, last: Step, known: bool) -> Callable[[Sending], Ended] | None:
        """What follows on a step that is through; None where that is not proven."""
        step = last.name
        if step in (ROOT, MOVE):  # nothing was moved, and what is staged was whole
            return self._from_move
        if step == f"{FETCH} {UNREGISTER}" or (step == f"{FETCH} {COMPLETE}" and last.sent):
            return self._from_imported
        if step == f"{FETCH} {REST}" or (step == f"{FETCH} {TAKE}" and known):
            return self._from_taken
        if not known:
            return None
        return {
            f"{FETCH} {COPY}": self._from_size,
            f"{FETCH} {FILE}": self._from_size,
            f"{FETCH} {UNPACK}": self._from_unpacked,
            f"{SIZE} copy": self._from_extend,
            f"{SIZE} extend": self._from_move,
        }.get(step)

    def _from_unpacked(self, sending: Sending) -> Ended:
        Fetching(sending, self._order).drop_sparse(FETCH)
        return self._from_size(sending)

    def _from_imported(self, sending: Sending) -> Ended:
        Importing(sending, self._order).finish(FETCH)
        return self._from_size(sending)

    def _from_taken(self, sending: Sending) -> Ended:
        Importing(sending, self._order).drop_rest(FETCH)
        return self._from_size(sending)

    def _from_extend(self, sending: Sending) -> Ended:
        self._extend(sending)
        return self._from_move(sending)

    # -- what both need ----------------------------------------------------------------------

    def _guarded(self, staging: Staging, work: Callable[[Sending], Ended]) -> Ended:
        """Runs it, and takes the staging folder away, however it ends."""
        sending = self._sending(staging)
        try:
            ended = work(sending)
        except GivenUp:
            return self._cleaned(staging, Ended(ItemState.CANCELLED), CANCELLED)
        except Refused as error:
            refused = Ended(ItemState.REFUSED, (error.refusal,))
            return self._cleaned(staging, refused, error.refusal.kind.value)
        except SourceError as error:
            if error.unanswered and sending.step == MOVE:
                return self._moved_or_not(staging, error)
            # Whatever may still write into the staging folder, it does not come into the cache.
            failed = Ended(ItemState.FAILED, trouble=error.trouble)
            return self._cleaned(staging, failed, error.trouble.detail)
        return self._cleaned(staging, ended)

    def _moved_or_not(self, staging: Staging, error: SourceError) -> Ended:
        """The one step into the cache was sent, and nobody said what came of it."""
        there = self.checks.done()
        if there is None:
            raise error
        return self._cleaned(staging, Ended(ItemState.DONE, done_bytes=there.size_bytes))

    def _cleaned(self, staging: Staging, ended: Ended, reason: str = "") -> Ended:
        """An end is told as it is, even if the folder stays: its path is told with it."""
        try:
            self._clear(self._sending(staging), reason)
        except SourceError as error:
            if ended.state is ItemState.DONE:
                return ended
            trouble = ended.trouble or error.trouble
            left = [Detail(DetailKind.LEFT, (str(staging.folder),))]
            if self._order.imported:  # with its VM, perhaps
                its = import_folder(self._place, import_name(staging.name))
                left.append(Detail(DetailKind.LEFT, (str(its),)))
            trouble = replace(
                trouble,
                detail="; ".join([trouble.detail, *map(str, left)]),
                remarks=(*trouble.remarks, *left),
            )
            return Ended(ItemState.FAILED, ended.refusals, trouble)
        return ended

    def _clear(self, sending: Sending, reason: str) -> None:
        if self._order.imported:
            Importing(sending, self._order).discard(reason)
        sending.clean(CLEAN, reason)

    def _sending(self, staging: Staging) -> Sending:
        return Sending(self._client, self._vcenter, staging, self._report)

    def _staging(self, name: str) -> Staging:
        folder = below(self._place.name, TEMP_FOLDER, name)
        return Staging(self._place, name, folder, folder.child(self._order.image_id))
