"""Where an instance is stored: its disks with what each stands on, and the datastores."""

from collections.abc import Iterator
from dataclasses import dataclass

from django.urls import NoReverseMatch, reverse
from django.utils.http import urlencode
from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from vmware_panel.api.placement import InstanceReport
from vmware_panel.domain.cloud import Server
from vmware_panel.domain.inventory import Datastore
from vmware_panel.domain.lineage import DiskOrigin, Lineage, datastore_name, file_path
from vmware_panel.domain.remarks import NEARLY_FULL
from vmware_panel.domain.volume_disks import agreement
from vmware_panel.instance_views.picture import Picture, Step, draw
from vmware_panel.wording import (
    Tone,
    bytes_of,
    disk_origin,
    disk_origin_sentence,
    filled,
    foreign,
    free_of,
    gb_of,
    thin,
)
from vmware_panel.wording.volumes import shadow_words

FILLING = 0.85
"""From this used fraction on a datastore's bar takes the colour of care."""

MADE_EMPTY = {DiskOrigin.EPHEMERAL, DiskOrigin.SWAP}


@dataclass(frozen=True, slots=True)
class Link:
    """A thing of OpenStack's and its page in Horizon, if there is one."""

    label: str
    text: str
    note: str = ""
    url: str = ""


@dataclass(frozen=True, slots=True)
class DiskView:
    label: str
    origin: str
    origin_sentence: str
    datastore: str
    path: str
    size: str
    thin: str
    picture: Picture
    came_from: Link | None = None
    cached_path: str = ""
    shadow: str = ""


@dataclass(frozen=True, slots=True)
class DatastoreView:
    """`used_percent` None: unknown."""

    name: str
    type: str
    state: str
    tone: Tone
    free: str
    used_percent: int | None
    bar_class: str
    url: str = ""


@dataclass(frozen=True, slots=True)
class Pages:
    """The URL names of a dashboard's own pages of an image and of a volume, and of a datastore's for
    those who are in the admins' dashboard anyway.
    """

    image: str
    volume: str
    datastore: str = ""


ADMIN_PAGES = Pages(
    "horizon:admin:images:detail",
    "horizon:admin:volumes:detail",
    "horizon:admin:vmware_datastores:detail",
)
PROJECT_PAGES = Pages("horizon:project:images:images:detail", "horizon:project:volumes:detail")


def disks(report: InstanceReport, pages: Pages) -> tuple[DiskView, ...]:
    return tuple(
        _disk(number, lineage, report, pages)
        for number, lineage in enumerate(report.placement.disks)
    )


def _disk(number: int, lineage: Lineage, report: InstanceReport, pages: Pages) -> DiskView:
    disk = lineage.disk
    label = disk.label or filled(_("Disk %(key)d"), key=disk.key)
    came_from = _came_from(lineage, report, pages)
    steps = (Step(label, disk.path), *_below(lineage, came_from))
    return DiskView(
        label=label,
        origin=disk_origin(lineage.origin),
        origin_sentence=disk_origin_sentence(lineage.origin),
        datastore=lineage.datastore.name if lineage.datastore else datastore_name(disk.path),
        path=file_path(disk.path),
        size=bytes_of(disk.capacity_bytes),
        thin=thin(disk.thin),
        picture=draw(
            number,
            filled(_("What %(disk)s stands on"), disk=foreign(label)),
            _in_words(steps),
            steps,
        ),
        came_from=came_from,
        cached_path=lineage.cached.path if lineage.cached else "",
        shadow=_shadow(lineage, report),
    )


def _shadow(lineage: Lineage, report: InstanceReport) -> str:
    """What the volume's shadow VM says of the file; empty for other disks and where it is unknown."""
    shadow = report.shadows.get(lineage.volume_id or "")
    if shadow is None or shadow.disk is None:
        return ""
    return shadow_words(agreement(lineage.disk, shadow.disk), shadow.disk.path)


def _below(lineage: Lineage, came_from: Link | None) -> Iterator[Step]:
    """What stands below the disk's own file, from the top down."""
    parents = lineage.disk.parent_paths
    cached = lineage.cached.path if lineage.cached else ""
    between = parents.index(cached) if cached in parents else len(parents)
    if between:
        title = ngettext("%(count)d file below", "%(count)d files below", between)
        yield Step(
            filled(title, count=between), parents[between - 1], _("holds the changes since")
        )
    if cached in parents:
        yield Step(_("File in the image cache"), cached, _("stands on"))
    if lineage.origin in MADE_EMPTY:
        yield Step(_("Nothing"), _("Nova made the disk empty"), _("stands on"), loose=True)
    elif lineage.origin is DiskOrigin.UNKNOWN or not came_from:
        yield Step(_("Unknown"), disk_origin(lineage.origin), _("stands on"), loose=True)
    else:
        relation, loose = {
            DiskOrigin.FULL_CLONE: (_("was copied from"), True),
            DiskOrigin.VOLUME: (_("is"), False),
        }.get(lineage.origin, (_("was made from"), False))
        yield Step(came_from.label, came_from.text, relation, loose)


def _in_words(steps: tuple[Step, ...]) -> str:
    """The picture for those who hear the page."""
    sentences = [
        filled(
            _("%(upper)s %(relation)s: %(lower)s, %(name)s."),
            upper=foreign(above.title),
            relation=below.relation,
            lower=foreign(below.title),
            name=foreign(below.name),
        )
        for above, below in zip(steps, steps[1:], strict=False)
    ]
    return " ".join(sentences)


def _came_from(lineage: Lineage, report: InstanceReport, pages: Pages) -> Link | None:
    """The Glance image or the Cinder volume, by name if it was to be had."""
    failed = {trouble.source for trouble in report.troubles}
    server = report.placement.server
    if lineage.volume_id:
        volume = report.volumes.get(lineage.volume_id)
        url = _url(pages.volume, lineage.volume_id)
        if volume:
            note = ", ".join(filter(None, (gb_of(volume.size_gb), volume.status)))
            return Link(_("Cinder volume"), volume.name or volume.id, note, url)
        missing = lineage.volume_id in server.volume_ids and "cinder" not in failed
        note = _("not found in Cinder") if missing else _("its name is unknown")
        return Link(_("Cinder volume"), lineage.volume_id, note, "" if missing else url)
    if lineage.image_id:
        image = report.images.get(lineage.image_id)
        url = _url(pages.image, lineage.image_id)
        if image:
            return Link(_("Glance image"), image.name or image.id, image.status, url)
        missing = lineage.image_id == server.image_id and "glance" not in failed
        note = _("not found in Glance") if missing else _("its name is unknown")
        return Link(_("Glance image"), lineage.image_id, note, "" if missing else url)
    return None


def _url(name: str, *its_id: str) -> str:
    try:
        return str(reverse(name, args=its_id))
    except NoReverseMatch:  # the deployer has taken the panel out
        return ""


def volumes_url(server: Server) -> str:
    """The list of volumes, with those of the instance alone; empty if it has none."""
    url = _url("horizon:admin:vmware_volumes:index") if server.volume_ids else ""
    return url and f"{url}?{urlencode({'q': server.id})}"


def datastores(report: InstanceReport, pages: Pages) -> tuple[DatastoreView, ...]:
    inventory = report.placement.inventory
    vcenter = inventory.vcenter.name if inventory and pages.datastore else ""
    return tuple(
        _datastore(datastore, _url(pages.datastore, vcenter, datastore.moref) if vcenter else "")
        for datastore in report.placement.datastores
    )


def _datastore(datastore: Datastore, url: str) -> DatastoreView:
    used = datastore.used_fraction
    state, tone = _state(datastore)
    bar_class = "vmware-space-used"
    if used is not None and used >= FILLING:
        bar_class = "vmware-space-full" if used >= NEARLY_FULL else "vmware-space-filling"
    return DatastoreView(
        name=datastore.name,
        type=datastore.type or "",
        state=state,
        tone=tone,
        free=free_of(datastore.free_bytes, datastore.capacity_bytes),
        used_percent=None if used is None else round(used * 100),
        bar_class=bar_class,
        url=url,
    )


def _state(datastore: Datastore) -> tuple[str, Tone]:
    if datastore.accessible is None:
        return _("unknown"), Tone.PLAIN
    if not datastore.accessible:
        return _("not accessible"), Tone.BAD
    if datastore.maintenance_mode and datastore.maintenance_mode != "normal":
        return _("in maintenance mode"), Tone.CARE
    return _("accessible"), Tone.GOOD
