from django.utils.html import format_html
from django.utils.safestring import SafeString
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from vmware_panel.domain.image_cache import Ownership
from vmware_panel.panels.image_cache.cells import (
    datastore_url,
    deletion,
    path_of,
    select_box,
    users,
)
from vmware_panel.panels.image_cache.rows import ImageRow
from vmware_panel.panels.listing.cells import label, named
from vmware_panel.panels.listing.columns import (
    DENSE,
    Book,
    Column,
    ListingTable,
    MomentColumn,
    nothing,
    shown,
    unknown,
)
from vmware_panel.wording import bytes_of, foreign
from vmware_panel.wording.image_cache import (
    GLANCE_STATES,
    OWNERSHIPS,
    USES,
    glance_tone,
    use_tone,
)


class ImagesTable(ListingTable):
    caption = gettext_lazy("Images in Nova's caches, one line for each datastore and cache root")

    key = Column(gettext_lazy("Select"), book=Book.GLANCE, sortable=False)
    image = Column(gettext_lazy("Image"), book=Book.GLANCE, row_header=True)
    glance = Column(gettext_lazy("In Glance"), book=Book.GLANCE)
    datastore = Column(gettext_lazy("Datastore"), book=Book.VCENTER, linkify=datastore_url)
    root = Column(gettext_lazy("Cache root"), book=Book.VCENTER)
    size_bytes = Column(gettext_lazy("On disk"), book=Book.VCENTER)
    since = MomentColumn(gettext_lazy("Since"), book=Book.VCENTER)
    vms = Column(gettext_lazy("VMs that stand on it"), book=Book.VCENTER)
    servers = Column(gettext_lazy("Instances that Nova counts"), book=Book.NOVA)
    use = Column(gettext_lazy("Use"), book=Book.BOTH)
    deleted_after = MomentColumn(gettext_lazy("Nova deletes it"), book=Book.BOTH)
    owners = Column(gettext_lazy("Whose root"), book=Book.SETTINGS)

    image_id = Column(visible=False, book=Book.VCENTER)
    copies_gb = Column(visible=False, book=Book.VCENTER)
    glance_status = Column(visible=False, book=Book.GLANCE)
    vcenter = Column(visible=False, book=Book.VCENTER)
    datastore_moref = Column(visible=False, book=Book.VCENTER)
    vm_names = Column(visible=False, book=Book.VCENTER)
    server_ids = Column(visible=False, book=Book.NOVA)
    marked_at = MomentColumn(visible=False, book=Book.VCENTER)
    ownership = Column(visible=False, book=Book.SETTINGS)
    searched_at = MomentColumn(visible=False, book=Book.VCENTER)

    class Meta(ListingTable.Meta):
        attrs = DENSE

    def render_key(self, record: ImageRow) -> SafeString:
        return select_box(record.key, f"{record.image}, {record.cached.path}")

    def render_image(self, record: ImageRow) -> SafeString:
        if record.image == record.image_id:
            return path_of(record.image_id)
        its_id = foreign(record.image_id)
        return format_html('{} <small class="vmware-id">{}</small>', named(record.image), its_id)

    def render_glance(self, record: ImageRow) -> SafeString:
        state = record.cached.state
        shown_state = label(glance_tone(state), str(GLANCE_STATES[state]))
        its = record.cached.image
        if its is None or its.status in ("", "active", "deactivated"):
            return shown_state
        return format_html("{} <small>{}</small>", shown_state, foreign(its.status))

    def render_datastore(self, record: ImageRow) -> SafeString:
        return named(record.datastore)

    def render_root(self, record: ImageRow) -> SafeString:
        return named(record.root)

    def render_size_bytes(self, record: ImageRow) -> SafeString | str:
        size = bytes_of(record.size_bytes) if record.size_bytes is not None else unknown()
        gbs = [str(copy.root_gb) for copy in record.cached.copies if copy.root_gb is not None]
        if not gbs:
            return size
        copies = _("with copies of %(sizes)s GB") % {"sizes": ", ".join(gbs)}
        return format_html("{} <small>{}</small>", size, copies)

    def render_since(self, column: MomentColumn, record: ImageRow) -> str:
        return column.render(record.since)

    def render_vms(self, record: ImageRow) -> SafeString | str:
        if not record.standers:
            if record.standers is not None and record.cached.unread_vms:
                return format_html(
                    "{} <small>{}</small>",
                    unknown(),
                    _("vCenter does not show the disks of %(vm)s")
                    % {"vm": foreign(record.cached.unread_vms[0])},
                )
            return unknown() if record.standers is None else nothing()
        return users(((s.server_id, s.vm_name) for s in record.standers), len(record.standers))

    def render_servers(self, record: ImageRow) -> SafeString | str:
        its = record.cached.servers
        if not its:
            return unknown() if its is None else nothing()
        return users(((s.server_id, s.name) for s in its), len(its))

    def render_use(self, record: ImageRow) -> SafeString:
        its = label(use_tone(record.its_use), str(USES[record.its_use]))
        if record.cached.has_iso and record.use is None:
            return format_html("{} <small>{}</small>", its, _("may be in a CD drive"))
        return its

    def render_deleted_after(self, record: ImageRow) -> SafeString:
        return deletion(record.cached)

    def render_owners(self, record: ImageRow) -> SafeString | str:
        ownership = record.cached.root.ownership
        if ownership is Ownership.OWNED:
            return shown(record.owners)
        said = str(OWNERSHIPS[ownership])
        if not record.owners:
            return format_html("<em>{}</em>", said)
        return format_html("<em>{}</em> <small>{}</small>", said, shown(record.owners))
