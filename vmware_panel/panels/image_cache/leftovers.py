"""The list of leftovers."""

from dataclasses import dataclass
from datetime import datetime
from typing import Any

from django.utils.safestring import SafeString
from django.utils.translation import gettext_lazy

from vmware_panel.domain.image_cache import Leftover
from vmware_panel.panels.image_cache.cells import datastore_url, path_of, select_box
from vmware_panel.panels.listing.cells import named
from vmware_panel.panels.listing.columns import (
    Book,
    Column,
    ListingTable,
    MomentColumn,
    unknown,
)
from vmware_panel.wording import bytes_of
from vmware_panel.wording.image_cache import LEFTOVERS


@dataclass(frozen=True)
class LeftoverRow:
    leftover: Leftover
    searched_at: datetime | None

    @property
    def key(self) -> str:
        """`kind/vcenter/datastore's id/path below the datastore`."""
        its = self.leftover
        below = its.path.removeprefix(f"[{its.datastore_name}] ")
        return f"{its.kind}/{its.vcenter}/{its.datastore}/{below}"

    @property
    def kind(self) -> str:
        return self.leftover.kind.value

    @property
    def path(self) -> str:
        return self.leftover.path

    @property
    def datastore(self) -> str:
        return self.leftover.datastore_name

    @property
    def datastore_moref(self) -> str:
        return self.leftover.datastore

    @property
    def vcenter(self) -> str:
        return self.leftover.vcenter

    @property
    def size_bytes(self) -> int | None:
        return self.leftover.size_bytes

    @property
    def newest(self) -> datetime | None:
        return self.leftover.age_from

    @property
    def texts(self) -> tuple[str, ...]:
        return (self.path, str(LEFTOVERS[self.leftover.kind]), self.kind, self.datastore)


class LeftoversTable(ListingTable):
    caption = gettext_lazy("What interrupted or forgotten work left on the datastores")

    key = Column(gettext_lazy("Select"), book=Book.VCENTER, sortable=False)
    path = Column(gettext_lazy("Path"), book=Book.VCENTER, row_header=True)
    kind = Column(gettext_lazy("What it is"), book=Book.BOTH)
    datastore = Column(gettext_lazy("Datastore"), book=Book.VCENTER, linkify=datastore_url)
    size_bytes = Column(gettext_lazy("On disk"), book=Book.VCENTER)
    newest = MomentColumn(gettext_lazy("Youngest file"), book=Book.VCENTER)
    vcenter = Column(gettext_lazy("vCenter"), book=Book.VCENTER)

    datastore_moref = Column(visible=False, book=Book.VCENTER)
    searched_at = MomentColumn(visible=False, book=Book.VCENTER)

    class Meta(ListingTable.Meta):
        pass

    def render_key(self, record: LeftoverRow) -> SafeString:
        return select_box(record.key, record.path)

    def render_path(self, record: LeftoverRow) -> SafeString:
        return path_of(record.path)

    def render_kind(self, record: LeftoverRow) -> str:
        return str(LEFTOVERS[record.leftover.kind])

    def render_datastore(self, record: LeftoverRow) -> SafeString:
        return named(record.datastore)

    def render_size_bytes(self, record: LeftoverRow) -> Any:
        return bytes_of(record.size_bytes) if record.size_bytes is not None else unknown()
