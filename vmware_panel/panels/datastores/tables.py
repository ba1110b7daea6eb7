from dataclasses import replace

from django.contrib.humanize.templatetags.humanize import naturaltime
from django.urls import reverse
from django.utils.html import format_html
from django.utils.http import urlencode
from django.utils.safestring import SafeString
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from vmware_panel.domain.datastore_bytes import FillKind
from vmware_panel.panels.datastores.room import room_bar
from vmware_panel.panels.datastores.rows import DatastoreRow
from vmware_panel.panels.drawing.bars import sum_words
from vmware_panel.panels.links import datastore_url
from vmware_panel.panels.listing.cells import drawn, label, named
from vmware_panel.panels.listing.columns import DENSE, Book, Column, ListingTable, shown
from vmware_panel.wording import bytes_of, filled
from vmware_panel.wording.datastores import datastore_state, datastore_tone

MOST_NAMES = 3
"""Clusters or computes that a cell names; its title names all of them."""


def row_url(record: DatastoreRow) -> str:
    return datastore_url(record.vcenter, record.moref)


def instances_url(record: DatastoreRow) -> str:
    query = urlencode({"vcenter": record.vcenter, "datastore": record.name})
    return f"{reverse('horizon:admin:vmware_instances:index')}?{query}"


def several(names: tuple[str, ...] | None) -> str:
    """The first few, and how many more there are."""
    if not names or len(names) <= MOST_NAMES:
        return shown(names)
    more = filled(_("and %(count)d more"), count=len(names) - MOST_NAMES)
    return format_html(
        '<span title="{}">{} {}</span>', shown(names), shown(names[:MOST_NAMES]), more
    )


class DatastoresTable(ListingTable):
    caption = gettext_lazy("Datastores")

    name = Column(gettext_lazy("Datastore"), book=Book.VCENTER, row_header=True, linkify=row_url)
    vcenter = Column(gettext_lazy("vCenter"), book=Book.VCENTER)
    type = Column(gettext_lazy("Type"), book=Book.VCENTER)
    state = Column(gettext_lazy("State"), book=Book.VCENTER)
    used_percent = Column(gettext_lazy("Space"), book=Book.VCENTER)
    provisioned_percent = Column(gettext_lazy("Provisioned"), book=Book.VCENTER)
    clusters = Column(gettext_lazy("Clusters"), book=Book.VCENTER)
    instances = Column(gettext_lazy("Instances"), book=Book.VCENTER)
    volumes = Column(gettext_lazy("Volumes"), book=Book.VCENTER)
    other_vms = Column(gettext_lazy("Other VMs"), book=Book.VCENTER)
    cache_bytes = Column(gettext_lazy("Image cache"), book=Book.VCENTER)
    leftovers_bytes = Column(gettext_lazy("Left over"), book=Book.BOTH)
    taken_by = Column(gettext_lazy("Taken by"), book=Book.BOTH)
    next_of_nova = Column(gettext_lazy("Nova's next disk of"), book=Book.BOTH)

    moref = Column(visible=False, book=Book.VCENTER)
    maintenance_mode = Column(visible=False, book=Book.VCENTER)
    capacity_bytes = Column(visible=False, book=Book.VCENTER)
    free_bytes = Column(visible=False, book=Book.VCENTER)
    used_bytes = Column(visible=False, book=Book.VCENTER)
    uncommitted_bytes = Column(visible=False, book=Book.VCENTER)
    provisioned_bytes = Column(visible=False, book=Book.VCENTER)
    hosts = Column(visible=False, book=Book.VCENTER)
    partly_mounted = Column(visible=False, book=Book.VCENTER)
    not_taken = Column(visible=False, book=Book.BOTH)
    next_of_cinder = Column(visible=False, book=Book.BOTH)
    instances_bytes = Column(visible=False, book=Book.BOTH)
    volumes_bytes = Column(visible=False, book=Book.BOTH)
    foreign_bytes = Column(visible=False, book=Book.BOTH)
    undecided_bytes = Column(visible=False, book=Book.BOTH)
    unaccounted_bytes = Column(visible=False, book=Book.BOTH)
    searched = Column(visible=False, book=Book.VCENTER)
    unread_folders = Column(visible=False, book=Book.VCENTER)

    class Meta(ListingTable.Meta):
        attrs = DENSE

    def render_name(self, record: DatastoreRow) -> SafeString:
        return named(record.name)

    def render_state(self, record: DatastoreRow) -> SafeString:
        state = record.state_record
        return label(datastore_tone(state), datastore_state(state))

    def render_used_percent(self, record: DatastoreRow) -> SafeString:
        return drawn(room_bar(record.datastore))

    def render_provisioned_percent(self, record: DatastoreRow) -> str:
        percent = record.provisioned_percent
        if percent is None:
            return shown(None)
        text = format_html("{} %", round(percent))
        return label_care(text) if percent > 100 else text

    def render_clusters(self, record: DatastoreRow) -> str:
        text = several(record.clusters)
        if not record.partly_mounted:
            return text
        return format_html("{} <small>{}</small>", text, _("(not all hosts)"))

    def render_taken_by(self, record: DatastoreRow) -> str:
        return several(record.taken_by)

    def render_next_of_nova(self, record: DatastoreRow) -> str:
        return several(record.next_of_nova)

    def render_instances(self, record: DatastoreRow) -> str:
        if not record.instances:
            return shown(record.instances)
        return format_html('<a href="{}">{}</a>', instances_url(record), record.instances)

    def render_cache_bytes(self, record: DatastoreRow) -> str:
        if record.searched_at is None:
            return format_html("{} <small>{}</small>", shown(None), _("(never searched)"))
        age = format_html(
            '<small title="{}">{}</small>', record.searched or "", naturaltime(record.searched_at)
        )
        return format_html("{} {}", _bytes(record, FillKind.CACHE), age)

    def render_leftovers_bytes(self, record: DatastoreRow) -> str:
        return _bytes(record, FillKind.LEFTOVERS)


def _bytes(record: DatastoreRow, kind: FillKind) -> str:
    """ "At least" where a part could not be searched; unknown where nothing is known to be of the
    kind, and something may be.
    """
    fill = record.entry.fill
    if fill is None:
        return shown(None)
    its = fill.of(kind)
    if kind is FillKind.LEFTOVERS and (open_ := len(fill.folders_of(FillKind.UNDECIDED))):
        its = replace(its, missing=its.missing + open_)
    if its.at_least is None or (its.missing and not its.known):
        return shown(None)
    return sum_words(its, bytes_of)


def label_care(text: str) -> SafeString:
    return format_html('<span class="label label-warning">{}</span>', text)
