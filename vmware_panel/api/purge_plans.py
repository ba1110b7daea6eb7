"""The plans of purges, from the ledger, and the jobs that carry them out."""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from enum import StrEnum

from django.http import HttpRequest
from django.utils.translation import ngettext

from vmware_panel.api import jobs
from vmware_panel.api.cache_computes import stands_alone
from vmware_panel.api.changing import Made
from vmware_panel.api.context import vcenters_of
from vmware_panel.api.image_cache import LedgerReport, ledger_report
from vmware_panel.api.purge_looks import ALONE
from vmware_panel.api.purging import OLDER_THAN_H
from vmware_panel.config import VCenterConfig
from vmware_panel.domain.image_cache import (
    CachedImage,
    CacheRoot,
    Leftover,
    LeftoverKind,
    Ownership,
)
from vmware_panel.domain.inventory import MoRef
from vmware_panel.domain.jobs import JobKind
from vmware_panel.domain.outcome import SourceError, Trouble, TroubleKind
from vmware_panel.domain.plans import Caution, CautionKind, ChangeKind, Plan, Refusal, RefusalKind
from vmware_panel.domain.purge import (
    Considered,
    PurgePlan,
    PurgeTarget,
    TargetKind,
    Way,
    Wish,
)
from vmware_panel.domain.purge_planning import (
    image_considered,
    leftover_considered,
    purge_plan,
    root_considered,
    strangers_of,
)
from vmware_panel.endpoints import client

PRIVILEGES = ("Datastore.Browse", "Datastore.FileManagement")


class What(StrEnum):
    SELECTED = "selected"
    UNUSED = "unused"
    LEFTOVERS = "leftovers"


@dataclass(frozen=True, slots=True)
class PurgeWish:
    """`keys` are those of the lists' rows, for `What.SELECTED`."""

    way: Way
    what: What
    older_than_h: int
    keys: tuple[str, ...] = ()
    dry_run: bool = False


_KINDS: Mapping[Way, tuple[ChangeKind, JobKind]] = {
    Way.DELETE: (ChangeKind.CACHE_PURGE, JobKind.CACHE_PURGE),
    Way.MARK: (ChangeKind.CACHE_MARK, JobKind.CACHE_MARK),
}


class PurgeCache:
    """One purge of one vCenter's caches, as a job."""

    subject = "image cache"

    def __init__(self, request: HttpRequest, vcenter: VCenterConfig, wish: PurgeWish) -> None:
        self._request = request
        self._wish = wish
        self._vcenter = vcenter
        self.vcenter = vcenter.name
        self.kind, self._job_kind = _KINDS[wish.way]

    def plan(self) -> PurgePlan:
        report = ledger_report(self._request)
        if report.ledger is None:
            trouble = next(iter(report.troubles), None)
            raise SourceError(trouble or Trouble(self.vcenter, TroubleKind.NOT_YET))
        now = datetime.now(UTC)
        wish = Wish(self._wish.way, self._wish.older_than_h, now)
        considered = list(_Selection(self.vcenter, report, wish).of(self._wish))
        plan = purge_plan(
            self.vcenter,
            considered,
            self._wish.way,
            now=now,
            scanned=_scanned(self.vcenter, report, considered),
            cautions=tuple(_cautions(report, considered, self._wish.way)),
        )
        datastores = sorted({one.target.datastore for one in plan.taken})
        lacking = missing_privileges(self._vcenter, datastores) if datastores else ()
        refusals = tuple(Refusal(RefusalKind.NO_PRIVILEGE, self.vcenter, p) for p in lacking)
        return replace(plan, refusals=(*plan.refusals, *refusals))

    def make(self, plan: Plan) -> Made:
        if not isinstance(plan, PurgePlan):
            raise TypeError("not a plan of this change")
        items = plan.items()
        title = items[0].title if len(items) == 1 else _title(len(items), self.vcenter)
        alone = stands_alone(self._request, vcenters_of(self._request))
        job = jobs.begin(
            self._request,
            self._job_kind,
            self.vcenter,
            title,
            items,
            {OLDER_THAN_H: str(self._wish.older_than_h), ALONE: "1" if alone else ""},
            dry_run=self._wish.dry_run,
        )
        return Made(job=job)

    def follow(self, plan: Plan) -> tuple[MoRef, ...]:
        return ()


def missing_privileges(vcenter: VCenterConfig, datastores: Sequence[MoRef]) -> tuple[str, ...]:
    """What the account lacks on any of the datastores: two calls. Raises `VSphereError`."""
    return client(vcenter).missing_privileges(datastores, PRIVILEGES)


def leftover_key(leftover: Leftover) -> str:
    """`kind/vcenter/datastore's id/path below the datastore`, as the list of leftovers has it."""
    return f"{leftover.kind}/{leftover.vcenter}/{leftover.datastore}/{leftover.folder}"


class _Selection:
    """What of one vCenter's ledger is meant."""

    def __init__(self, vcenter: str, report: LedgerReport, wish: Wish) -> None:
        self._vcenter = vcenter
        self._wish = wish
        self._images = [i for i in report.images or () if i.root.vcenter == vcenter]
        self._strangers = strangers_of(self._images)
        self._leftovers = [o for o in report.leftovers or () if o.vcenter == vcenter]

    def of(self, wish: PurgeWish) -> Iterator[Considered]:
        if wish.what is What.UNUSED:
            yield from self._of_images(i for i in self._images if i.used is not True)
        elif wish.what is What.LEFTOVERS:
            yield from self._of_leftovers(self._leftovers)
        else:
            yield from self._selected(wish.keys)

    def _selected(self, keys: Sequence[str]) -> Iterator[Considered]:
        images = {image.key: image for image in self._images}
        leftovers = {leftover_key(leftover): leftover for leftover in self._leftovers}
        for key in dict.fromkeys(keys):
            if key in images:
                yield from self._of_images([images[key]])
            elif key in leftovers:
                yield from self._of_leftovers([leftovers[key]])
            else:
                target = PurgeTarget(TargetKind.IMAGE, MoRef(""), key, key)
                yield Considered(target, (Refusal(RefusalKind.NOT_READ, key),))

    def _of_images(self, images: Iterable[CachedImage]) -> Iterator[Considered]:
        for image in images:
            root = image.root
            strangers = self._strangers.get((root.vcenter, root.datastore, root.name), ())
            yield image_considered(image, self._wish, strangers)

    def _of_leftovers(self, leftovers: Iterable[Leftover]) -> Iterator[Considered]:
        for leftover in leftovers:
            if leftover.kind is LeftoverKind.OWNERLESS_ROOT:
                yield from self._of_root(leftover)
            elif (one := leftover_considered(leftover, self._wish)) is not None:
                yield one

    def _of_root(self, leftover: Leftover) -> Iterator[Considered]:
        """An ownerless root image by image, and itself when nothing is left in it."""
        name = leftover.path.removeprefix(f"[{leftover.datastore_name}] ")
        its = [
            image
            for image in self._images
            if image.root.datastore == leftover.datastore and image.root.name == name
        ]
        root = (
            its[0].root
            if its
            else CacheRoot(
                self._vcenter,
                leftover.datastore,
                leftover.datastore_name,
                name,
                Ownership.OWNERLESS,
            )
        )
        considered = list(self._of_images(its))
        yield from considered
        yield root_considered(root, considered)


def _scanned(
    vcenter: str, report: LedgerReport, considered: Iterable[Considered]
) -> Mapping[str, datetime]:
    datastores = {one.target.datastore for one in considered}
    return {
        scan.datastore_name: scan.read_at
        for (name, moref), scan in report.scans.by_datastore.items()
        if name == vcenter and moref in datastores
    }


def _cautions(
    report: LedgerReport, considered: Sequence[Considered], way: Way
) -> Iterator[Caution]:
    for source in dict.fromkeys(trouble.source for trouble in report.troubles):
        yield Caution(CautionKind.BOOKS_INCOMPLETE, source)
    if way is Way.MARK:
        taken = {host for one in considered if one.taken for host in one.owners}
        for compute in report.computes.all:
            if compute.host in taken and compute.ageing.removes is False:
                yield Caution(CautionKind.AGEING_OFF, compute.host)


def _title(count: int, vcenter: str) -> str:
    words = ngettext("%(n)d folder of %(vcenter)s", "%(n)d folders of %(vcenter)s", count)
    return str(words % {"n": count, "vcenter": vcenter})
