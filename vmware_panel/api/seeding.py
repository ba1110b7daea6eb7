"""Seeding the image cache: what may be chosen, the plan, and the job that it becomes."""

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from typing import Any

from django.http import HttpRequest

from vmware_panel.api import cloud, jobs
from vmware_panel.api.capacity import ClusterFits, RegionBooks, region_books
from vmware_panel.api.changing import Made
from vmware_panel.api.context import access_of, scope_of
from vmware_panel.api.scans import read_scans
from vmware_panel.api.seed_looks import Looks, is_plain, keeps_unused_s
from vmware_panel.api.seed_rights import ImportRights
from vmware_panel.config import VCenterConfig, get_config
from vmware_panel.domain.cloud import Flavor, Image
from vmware_panel.domain.clusters import Driven
from vmware_panel.domain.details import Detail, DetailKind
from vmware_panel.domain.driver_image import DriverImage, driver_image, refusals_of_size
from vmware_panel.domain.driver_sums import RejectedDatastore
from vmware_panel.domain.inventory import Datastore, MoRef
from vmware_panel.domain.jobs import JobItem, JobKind
from vmware_panel.domain.outcome import SourceError, Trouble, TroubleKind
from vmware_panel.domain.plans import ChangeKind, Plan, Refusal, RefusalKind
from vmware_panel.domain.seed_order import order_of
from vmware_panel.domain.seed_sources import ImageFolder
from vmware_panel.domain.seeding import (
    SeedItem,
    SeedPlan,
    SeedTarget,
    allowed_datastores,
    plan_seeding,
    seed_item,
)
from vmware_panel.endpoints import client
from vmware_panel.openstack import gather, glance
from vmware_panel.openstack.access import DEFAULT_TIMEOUT_S

PRIVILEGES = ("Datastore.Browse", "Datastore.FileManagement", "Datastore.AllocateSpace")
MOST_TARGETS = 40
LISTINGS_S = 120.0

_VCENTER = "vcenter"


@dataclass(frozen=True)
class SeedChoices:
    """What may be chosen on the page. None: who was asked did not answer.

    `clusters` are those that a nova-compute drives, by vCenter and id.
    """

    images: tuple[Image, ...] | None
    flavors: tuple[Flavor, ...] | None
    clusters: tuple[ClusterFits, ...]
    troubles: tuple[Trouble, ...] = ()


def seed_choices(request: HttpRequest) -> SeedChoices:
    """No call to vCenter. Raises `ConfigError`."""
    access, scope = access_of(request), scope_of(request)
    more: dict[str, Callable[[], Any]] = {
        "images": partial(cloud.images, access, scope),
        "flavors": partial(cloud.flavors, access, scope),
    }
    region = region_books(request, more)
    driven = tuple(one for one in region.clusters if _is_driven(one))
    return SeedChoices(
        region.answers["images"], region.answers["flavors"], driven, region.troubles
    )


class SeedImage:
    """One image into the cache of clusters of one vCenter.

    `datastores` empty: of each cluster the one that Nova would take next. `root_gb` 0: no sized copy.
    """

    kind = ChangeKind.CACHE_SEED

    def __init__(
        self,
        request: HttpRequest,
        vcenter: VCenterConfig,
        image_id: str,
        clusters: Sequence[MoRef],
        *,
        datastores: Sequence[MoRef] = (),
        root_gb: int = 0,
        from_glance: bool = False,
    ) -> None:
        self.vcenter = vcenter.name
        self.subject = image_id
        self._request = request
        self._config = vcenter
        self._client = client(vcenter)
        self._clusters = tuple(clusters)
        self._datastores = tuple(datastores)
        self._root_gb = root_gb
        self._from_glance = from_glance

    def plan(self) -> SeedPlan:
        """Glance and vCenter are asked afresh: one call for the image, one for all datastores'
        figures, and for each folder that is looked at four or more. Raises `SourceError`.
        """
        image = glance.images_of(access_of(self._request), [self.subject]).get(self.subject)
        if image is None:
            refusal = Refusal(RefusalKind.NOT_THERE, self.subject)
            return self._refused(Image(self.subject, ""), (refusal,))
        fit, against = driver_image(image)
        if fit is None:
            return self._refused(image, against)
        if self._root_gb and (against := refusals_of_size(fit, self._root_gb)):
            return self._refused(image, against)
        region = region_books(self._request)
        chosen = [
            one
            for one in region.clusters
            if one.books.vcenter == self.vcenter
            and one.books.moref in self._clusters
            and _is_driven(one)
        ]
        if not chosen:
            gone = tuple(Refusal(RefusalKind.NOT_THERE, moref) for moref in self._clusters)
            return self._refused(image, gone)
        read = partial(self._planned, image, fit, chosen, region)
        timeout_s = max(LISTINGS_S, DEFAULT_TIMEOUT_S)
        answer = gather({_VCENTER: read}, timeout_s=timeout_s)[_VCENTER]
        if answer.value is None:
            raise SourceError(answer.trouble or Trouble(self.vcenter, TroubleKind.TIMEOUT))
        plan: SeedPlan = answer.value
        return plan

    def make(self, plan: Plan) -> Made:
        if not isinstance(plan, SeedPlan) or plan.image is None:
            raise TypeError("the plan is not one of seeding")
        items = []
        for item in plan.wanted:
            order = order_of(item, plan.image)
            title = f"{item.path} ({order.sized_name})" if item.root_gb else item.path
            items.append(JobItem(item.key, title, order.about(), item.needed_bytes))
        job = jobs.begin(self._request, JobKind.CACHE_SEED, self.vcenter, plan.target, items)
        return Made(job=job)

    def follow(self, plan: Plan) -> tuple[MoRef, ...]:
        return ()

    def _refused(self, image: Image, refusals: Iterable[Refusal]) -> SeedPlan:
        return plan_seeding(
            image, (), vcenter=self.vcenter, root_gb=self._root_gb, refusals=refusals
        )

    def _planned(
        self, image: Image, fit: DriverImage, chosen: Sequence[ClusterFits], region: RegionBooks
    ) -> SeedPlan:
        """vCenter's side."""
        wanted = {d.moref for one in chosen if one.room for d in _mounted(one)}
        now = {d.moref: d for d in self._client.datastores_now(sorted(wanted))}
        targets = [t for one in chosen for t in self._targets(fit, one, now)]
        refusals: tuple[Refusal, ...] = ()
        if len(targets) > MOST_TARGETS:
            detail = f"{len(targets)} > {MOST_TARGETS}"
            refusals = (Refusal(RefusalKind.OUT_OF_BOUNDS, image.name or image.id, detail),)
            targets = targets[:MOST_TARGETS]
        places = [t.datastore.moref for t in targets if not t.refusals]
        missing = self._client.missing_privileges(places, PRIVILEGES) if places else ()
        refusals += tuple(
            Refusal(RefusalKind.NO_PRIVILEGE, self.vcenter, right) for right in missing
        )
        looks = Looks(self._client, fit.image.id)
        there = {t: looks.at(t.datastore, t.root) for t in targets if t.root and not t.refusals}
        folders: tuple[ImageFolder, ...] = ()
        empty = any(folder.file(fit.file_name) is None for folder in there.values())
        if empty and not self._from_glance:
            for datastore, root in self._candidates(fit, targets, region, now):
                folder = looks.once(datastore, root)
                folders += (folder,) if folder else ()
        rights = ImportRights(self._client, self.vcenter)
        known = (*there.values(), *folders)
        items = [rights.checked(self._item(fit, t, there.get(t), known)) for t in targets]
        return plan_seeding(
            image, items, vcenter=self.vcenter, root_gb=self._root_gb, refusals=refusals
        )

    def _item(
        self,
        fit: DriverImage,
        target: SeedTarget,
        there: ImageFolder | None,
        folders: Sequence[ImageFolder],
    ) -> SeedItem:
        datastore = target.datastore
        if there is None:
            place = ImageFolder(
                datastore.moref, datastore.name, MoRef(""), target.root or "…", fit.image.id
            )
            return seed_item(fit, target, place, ())
        return seed_item(
            fit,
            target,
            there,
            (f for f in folders if f is not there),
            root_gb=self._root_gb,
            from_glance=self._from_glance,
        )

    def _targets(
        self, fit: DriverImage, one: ClusterFits, now: Mapping[MoRef, Datastore]
    ) -> list[SeedTarget]:
        """The chosen datastores of one cluster; without a choice the one that Nova takes."""
        if one.room is None or one.books.hypervisor is None:
            return []
        compute = one.books.hypervisor.service_host
        told = get_config().compute(compute)
        allowed = allowed_datastores(fit, now.values(), one.room.datastores)
        cluster = one.room.cluster.name
        against: tuple[Refusal, ...] = ()
        root = told.cache_root
        if root is None:
            against = (Refusal(RefusalKind.OWNER_UNKNOWN, f"{cluster}: {compute}"),)
        elif not is_plain(root):
            against = (Refusal(RefusalKind.OUTSIDE_ROOTS, root),)
        picked = allowed.picked
        if self._datastores:
            wanted = [
                now[d.moref]
                for d in _mounted(one)
                if d.moref in self._datastores and d.moref in now
            ]
        elif picked is None:
            return [_nowhere(cluster, compute, root, allowed.known)]
        else:
            wanted = [picked]
        counted = {d.moref for d in allowed.counted}
        why = {r.datastore.moref: r for r in (*allowed.rejected, *one.room.datastores.rejected)}
        return [
            SeedTarget(
                cluster=cluster,
                compute=compute,
                root=root,
                datastore=datastore,
                refusals=against
                or (() if datastore.moref in counted else _not_allowed(datastore, why)),
                others=tuple(d for d in allowed.counted if d.moref != datastore.moref),
                keeps_unused_s=keeps_unused_s(told),
                cluster_moref=one.books.moref,
                keeps_by_default=told.remove_unused_original_minimum_age_seconds is None,
            )
            for datastore in wanted
        ]

    def _candidates(
        self,
        fit: DriverImage,
        targets: Sequence[SeedTarget],
        region: RegionBooks,
        now: Mapping[MoRef, Datastore],
    ) -> list[tuple[Datastore, str]]:
        """Where the image may lie: where the last searches found it, then the roots that the
        settings tell, on the datastores that their computes may use, those of the chosen clusters
        first.
        """
        found: dict[tuple[MoRef, str], Datastore] = dict(self._searched(fit, region))
        mine = {target.compute for target in targets}
        drive = [one for one in region.clusters if one.books.vcenter == self.vcenter]
        drive.sort(key=lambda one: _compute(one) not in mine)
        for one in drive:
            root = get_config().compute(_compute(one)).cache_root if _compute(one) else None
            if one.room is None or root is None or not is_plain(root):
                continue
            for datastore in one.room.datastores.counted:
                found.setdefault((datastore.moref, root), datastore)
        return [(now.get(moref, its), root) for (moref, root), its in found.items()]

    def _searched(
        self, fit: DriverImage, region: RegionBooks
    ) -> Iterator[tuple[tuple[MoRef, str], Datastore]]:
        inventory = next(
            (its for its in region.inventories if its.vcenter.name == self.vcenter), None
        )
        tail = f"/{fit.image.id}/{fit.file_name}"
        for (vcenter, moref), scan in read_scans([self._config]).by_datastore.items():
            datastore = inventory.datastore_by_ref.get(moref) if inventory else None
            if vcenter != self.vcenter or datastore is None:
                continue
            for file in scan.files:
                root = file.path.removesuffix(tail)
                if root != file.path and "/" not in root and is_plain(root):
                    yield (moref, root), datastore


def _is_driven(one: ClusterFits) -> bool:
    return one.books.driven is Driven.DRIVEN and one.room is not None


def _compute(one: ClusterFits) -> str:
    return one.books.hypervisor.service_host if one.books.hypervisor else ""


def _mounted(one: ClusterFits) -> tuple[Datastore, ...]:
    if one.room is None:
        return ()
    sums = one.room.datastores
    return (*sums.counted, *(rejected.datastore for rejected in sums.rejected))


def _nowhere(cluster: str, compute: str, root: str | None, known: bool) -> SeedTarget:
    why = Detail(DetailKind.NONE_ALLOWED if known else DetailKind.REGEX_UNTOLD)
    refusal = Refusal(RefusalKind.NOT_ALLOWED, cluster, why)
    return SeedTarget(cluster, compute, root, Datastore(MoRef(""), ""), (refusal,))


def _not_allowed(
    datastore: Datastore, why: Mapping[MoRef, RejectedDatastore]
) -> tuple[Refusal, ...]:
    rejected = why.get(datastore.moref)
    told = Detail(DetailKind.NOT_MOUNTED)
    if rejected:
        told = Detail(DetailKind.NOT_TAKEN, (rejected.why.value,))
    return (Refusal(RefusalKind.NOT_ALLOWED, datastore.name, told),)
