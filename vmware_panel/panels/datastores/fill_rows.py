"""What fills a datastore as tables: by kind, and its largest folders."""

from collections.abc import Sequence
from dataclasses import dataclass

from django.urls import NoReverseMatch, reverse
from django.utils.translation import gettext as _

from vmware_panel.api.datastores import DatastoreEntry
from vmware_panel.domain.cluster_sums import total
from vmware_panel.domain.datastore_bytes import Fill, FilledFolder, FillKind
from vmware_panel.domain.datastore_uses import is_shadow
from vmware_panel.panels.datastores.fill_picture import UNACCOUNTED, Linked, Picture, picture
from vmware_panel.panels.drawing.bars import sum_words
from vmware_panel.panels.links import instance_url
from vmware_panel.wording import bytes_of, foreign
from vmware_panel.wording.datastores import fill_label, fill_sentence

MOST_FOLDERS = 50
FREE = "free"


@dataclass(frozen=True, slots=True)
class KindRow:
    """`kind` is the ending of a CSS class. `folders` None: it has none to count."""

    kind: str
    label: str
    sentence: str
    size: str
    folders: int | None = None


@dataclass(frozen=True, slots=True)
class FolderRow:
    name: str
    kind: str
    size: str
    files: int
    owner: str
    href: str


@dataclass(frozen=True, slots=True)
class FillShown:
    picture: Picture | None
    kinds: tuple[KindRow, ...]
    folders: tuple[FolderRow, ...]
    left_out: int
    unread: tuple[str, ...]
    whole: bool


def fill_shown(entry: DatastoreEntry) -> FillShown | None:
    """None: the datastore was never searched."""
    fill = entry.fill
    if fill is None:
        return None
    linked = [_linked(folder) for folder in fill.folders]
    return FillShown(
        picture=picture(fill, linked),
        kinds=_kinds(fill),
        folders=_folders(linked[:MOST_FOLDERS]),
        left_out=max(0, len(linked) - MOST_FOLDERS),
        unread=tuple(map(foreign, fill.unread)),
        whole=fill.whole,
    )


def _kinds(fill: Fill) -> tuple[KindRow, ...]:
    rows = [
        KindRow(
            kind.value,
            fill_label(kind),
            fill_sentence(kind),
            sum_words(fill.of(kind), bytes_of),
            len(fill.folders_of(kind)),
        )
        for kind in FillKind
        if kind is not FillKind.UNDECIDED or fill.folders_of(kind)
    ]
    difference = fill.unaccounted_bytes
    more = difference is not None and difference < 0
    sentence = (
        _("The files come to more than vCenter counts as used: the two were not taken at once.")
        if more
        else _(
            "vCenter counts it as used, and no file that the search found explains it: what the file "
            "system itself takes, what came since, what could not be read."
        )
    )
    rows.append(KindRow(UNACCOUNTED, _("Unaccounted for"), sentence, bytes_of(difference)))
    free = _("As vCenter counts it.")
    rows.append(KindRow(FREE, _("Free"), free, bytes_of(fill.free_bytes)))
    return tuple(rows)


def _folders(linked: Sequence[Linked]) -> tuple[FolderRow, ...]:
    return tuple(
        FolderRow(
            name=foreign(one.folder.name) if one.folder.name else _("(files at the top)"),
            kind=fill_label(one.folder.kind),
            size=sum_words(total(one.folder.sizes), bytes_of),
            files=one.folder.files,
            owner=foreign(one.folder.vm.name) if one.folder.vm else "",
            href=one.href,
        )
        for one in linked
    )


def _linked(folder: FilledFolder) -> Linked:
    vm = folder.vm
    name = vm.name if vm else folder.name or _("(files at the top)")
    if folder.kind is FillKind.INSTANCES and vm and vm.instance_uuid:
        return Linked(folder, name, instance_url(vm.instance_uuid.lower()))
    if folder.kind is FillKind.VOLUMES and vm and is_shadow(vm) and vm.instance_uuid:
        return Linked(folder, name, volume_url(vm.instance_uuid.lower()))
    return Linked(folder, name)


def volume_url(volume_id: str) -> str:
    """Horizon's own page of it."""
    try:
        return str(reverse("horizon:admin:volumes:detail", args=[volume_id]))
    except NoReverseMatch:  # the deployer has taken the panel out
        return ""
