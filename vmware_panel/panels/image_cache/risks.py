"""The list of VMs whose parent disk another compute may delete."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime

from django.utils.html import format_html
from django.utils.safestring import SafeString
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy, ngettext

from vmware_panel.domain.image_cache import Ownership, ParentRisk
from vmware_panel.panels.image_cache.cells import datastore_url, deletion, path_of, users
from vmware_panel.panels.image_cache.filters import POWERS
from vmware_panel.panels.image_cache.rows import MARKED, NOT_MARKED
from vmware_panel.panels.listing.cells import label, named
from vmware_panel.panels.listing.columns import (
    DENSE,
    Book,
    Column,
    ListingTable,
    MomentColumn,
    nothing,
    unknown,
)
from vmware_panel.wording import Tone, foreign


@dataclass(frozen=True)
class RiskRow:
    """`order` is the risk's place by danger: those that are off, then those with least time."""

    risk: ParentRisk
    order: int
    project: str
    searched_at: datetime | None

    @property
    def vm(self) -> str:
        return self.risk.stander.vm_name

    @property
    def vm_moref(self) -> str:
        return self.risk.stander.vm

    @property
    def server_id(self) -> str:
        return self.risk.stander.server_id

    @property
    def project_id(self) -> str:
        return self.risk.stander.project_id

    @property
    def power(self) -> str | None:
        on = self.risk.stander.powered_on
        return None if on is None else "on" if on else "off"

    @property
    def compute(self) -> str:
        return self.risk.stander.compute_host

    @property
    def parent(self) -> str:
        return self.risk.stander.path

    @property
    def parent_listed(self) -> bool | None:
        return self.risk.parent_listed

    @property
    def image_id(self) -> str:
        return self.risk.cached.image_id

    @property
    def image(self) -> str:
        its = self.risk.cached.image
        return (its.name if its else "") or self.image_id

    @property
    def root(self) -> str:
        return self.risk.cached.root.name

    @property
    def ownership(self) -> str:
        return self.risk.cached.root.ownership.value

    @property
    def owners(self) -> tuple[str, ...]:
        return self.risk.cached.root.owners

    @property
    def held_by(self) -> int | None:
        """Instances of the image that the root's compute counts: while there is one, it is kept."""
        its = self.risk.cached.servers
        return None if its is None else len(its)

    @property
    def marked(self) -> str:
        return MARKED if self.risk.cached.marker else NOT_MARKED

    @property
    def marked_at(self) -> datetime | str | None:
        return self.risk.cached.marked_at if self.risk.cached.marker else ""

    @property
    def time_left_until(self) -> datetime | str | None:
        return self.risk.time_left_until if self.risk.cached.marker else ""

    @property
    def vcenter(self) -> str:
        return self.risk.cached.root.vcenter

    @property
    def datastore(self) -> str:
        return self.risk.cached.root.datastore_name

    @property
    def datastore_moref(self) -> str:
        return self.risk.cached.root.datastore

    @property
    def texts(self) -> tuple[str, ...]:
        return (
            self.vm,
            self.server_id,
            self.project,
            self.compute,
            self.parent,
            self.image,
            *self.owners,
        )


class RisksTable(ListingTable):
    caption = gettext_lazy("VMs whose parent disk lies in another compute's cache root")

    order = Column(gettext_lazy("Danger"), book=Book.BOTH)
    vm = Column(gettext_lazy("VM"), book=Book.VCENTER, row_header=True)
    power = Column(gettext_lazy("Power"), book=Book.VCENTER)
    parent = Column(gettext_lazy("Parent disk"), book=Book.VCENTER)
    datastore = Column(gettext_lazy("Datastore"), book=Book.VCENTER, linkify=datastore_url)
    image = Column(gettext_lazy("Image"), book=Book.GLANCE)
    compute = Column(gettext_lazy("Instance's compute"), book=Book.NOVA)
    project = Column(gettext_lazy("Project"), book=Book.NOVA)
    held_by = Column(gettext_lazy("Kept for"), book=Book.NOVA)
    owners = Column(gettext_lazy("Root's compute"), book=Book.SETTINGS)
    time_left_until = MomentColumn(gettext_lazy("Nova deletes it"), book=Book.BOTH)

    vm_moref = Column(visible=False, book=Book.VCENTER)
    server_id = Column(visible=False, book=Book.VCENTER)
    project_id = Column(visible=False, book=Book.NOVA)
    image_id = Column(visible=False, book=Book.VCENTER)
    root = Column(visible=False, book=Book.VCENTER)
    ownership = Column(visible=False, book=Book.SETTINGS)
    parent_listed = Column(visible=False, book=Book.VCENTER)
    marked_at = MomentColumn(visible=False, book=Book.VCENTER)
    vcenter = Column(visible=False, book=Book.VCENTER)
    datastore_moref = Column(visible=False, book=Book.VCENTER)
    searched_at = MomentColumn(visible=False, book=Book.VCENTER)

    class Meta(ListingTable.Meta):
        attrs = DENSE

    def render_vm(self, record: RiskRow) -> SafeString:
        return users([(record.server_id, record.vm)], 1)

    def render_power(self, record: RiskRow) -> SafeString | str:
        if record.power is None:
            return unknown()
        tone = Tone.PLAIN if record.power == "on" else Tone.BAD
        return label(tone, str(POWERS[record.power]))

    def render_parent(self, record: RiskRow) -> SafeString:
        path = path_of(record.parent)
        if record.parent_listed is not False:
            return path
        lost = label(Tone.BAD, _("not there at the last search"))
        return format_html("{} {}", path, lost)

    def render_datastore(self, record: RiskRow) -> SafeString:
        return named(record.datastore)

    def render_image(self, record: RiskRow) -> SafeString:
        return named(record.image)

    def render_held_by(self, record: RiskRow) -> str:
        if not record.held_by:
            return unknown() if record.held_by is None else nothing()
        return ngettext(
            "%(n)d instance of the root's compute",
            "%(n)d instances of the root's compute",
            record.held_by,
        ) % {"n": record.held_by}

    def render_time_left_until(self, record: RiskRow) -> SafeString | str:
        cached = record.risk.cached
        if cached.root.ownership is Ownership.OWNERLESS:
            return _("never: no compute looks after it")
        if cached.marker:
            return deletion(cached)
        if record.held_by:
            return _("not while it is kept")
        if cached.root.ageing.removes is False:
            return _("never: its compute removes nothing")
        if record.parent_listed is False:
            return _("deleted already, it seems")
        return _("not marked yet")

    def render_project(self, record: RiskRow) -> str:
        return foreign(record.project) if record.project else nothing()


def rows_of_risks(
    risks: tuple[ParentRisk, ...],
    projects: Mapping[str, str],
    searched: Mapping[tuple[str, str], datetime],
) -> list[RiskRow]:
    return [
        RiskRow(
            risk,
            number,
            projects.get(risk.stander.project_id) or risk.stander.project_id,
            searched.get((risk.cached.root.vcenter, risk.cached.root.datastore)),
        )
        for number, risk in enumerate(risks, start=1)
    ]
