from django.utils.translation import gettext_lazy as _

from vmware_panel.domain.placement import RemarkKind, Whereabouts
from vmware_panel.panels.instances.rows import InstanceRow
from vmware_panel.panels.listing.filters import ChoiceFilter, FilterForm, TextFilter, labels_of
from vmware_panel.wording import remark_heading, whereabouts_label

NOVA_STATUSES = (
    "ACTIVE BUILD DELETED ERROR HARD_REBOOT MIGRATING PASSWORD PAUSED REBOOT REBUILD RESCUE RESIZE "
    "REVERT_RESIZE SHELVED SHELVED_OFFLOADED SHUTOFF SOFT_DELETED SUSPENDED UNKNOWN VERIFY_RESIZE"
).split()
"""`nova/api/openstack/common.py`, _STATE_MAP."""

ANY, NONE = "any", "none"


def _disagrees(row: InstanceRow) -> bool | None:
    return None if row.disagreements is None else bool(row.disagreements)


def _agrees(row: InstanceRow) -> bool | None:
    return None if row.disagreements is None else not row.disagreements


def _remark_kinds(row: InstanceRow) -> tuple[str, ...] | None:
    return None if row.remarks is None else tuple({r.kind.value: None for r in row.remarks})


class InstanceFilters(FilterForm):
    """The fields' names are the parameters of the page's address."""

    q = TextFilter(_("Search in all columns"), lambda row: row.texts)
    name = TextFilter(_("Name or ID"), lambda row: (row.name, row.id))
    project = ChoiceFilter(_("Project"), lambda row: row.project_id, labels=lambda r: r.project)
    status = ChoiceFilter(
        _("State"), lambda row: row.status, fixed={name: name for name in NOVA_STATUSES}
    )
    compute = ChoiceFilter(_("Compute service"), lambda row: row.compute)
    placed = ChoiceFilter(
        _("On vCenter"),
        lambda row: row.whereabouts.value,
        fixed=labels_of(Whereabouts, whereabouts_label),
    )
    vcenter = ChoiceFilter(_("vCenter"), lambda row: row.vcenter)
    cluster = ChoiceFilter(_("Cluster"), lambda row: row.cluster)
    host = ChoiceFilter(_("ESX host"), lambda row: row.host)
    datastore = ChoiceFilter(_("Datastore"), lambda row: row.datastores)
    disagreement = ChoiceFilter(
        _("Disagreement"),
        _remark_kinds,
        fixed=labels_of(RemarkKind, remark_heading),
        extra={
            ANY: (_("(any disagreement)"), _disagrees),
            NONE: (_("(no disagreement)"), _agrees),
        },
    )
