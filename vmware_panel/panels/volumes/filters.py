from django.utils.translation import gettext_lazy as _

from vmware_panel.domain.volumes import DiskState, FindingKind, VolumeState
from vmware_panel.panels.listing.filters import ChoiceFilter, FilterForm, TextFilter, labels_of
from vmware_panel.panels.volumes.rows import VolumeRow
from vmware_panel.wording.volumes import disk_state, finding_heading, volume_state

ANY, NONE = "any", "none"


def _found(row: VolumeRow) -> bool | None:
    return None if row.findings is None else bool(row.findings)


def _sound(row: VolumeRow) -> bool | None:
    return None if row.findings is None else not row.findings


def _kinds(row: VolumeRow) -> tuple[str, ...] | None:
    if row.findings is None:
        return None
    return tuple({finding.kind.value: None for finding in row.findings})


class VolumeFilters(FilterForm):
    """The fields' names are the parameters of the page's address."""

    q = TextFilter(_("Search in all columns"), lambda row: row.texts)
    name = TextFilter(_("Name or ID"), lambda row: (row.name, row.id, row.snapshot_id))
    project = ChoiceFilter(
        _("Project"), lambda row: row.project_id, labels=lambda row: row.project or ""
    )
    status = ChoiceFilter(_("Status (Cinder)"), lambda row: row.status)
    state = ChoiceFilter(
        _("What stands behind it"),
        lambda row: row.state,
        fixed=labels_of(
            (state for state in VolumeState if state is not VolumeState.UNKNOWN), volume_state
        ),
    )
    vcenter = ChoiceFilter(_("vCenter"), lambda row: row.vcenter)
    datastore = ChoiceFilter(_("Datastore"), lambda row: row.datastore)
    disk = ChoiceFilter(
        _("Disk at the instance"),
        lambda row: row.instance_disks,
        fixed=labels_of(DiskState, disk_state),
    )
    finding = ChoiceFilter(
        _("Finding"),
        _kinds,
        fixed=labels_of(FindingKind, finding_heading),
        extra={ANY: (_("(any finding)"), _found), NONE: (_("(no finding)"), _sound)},
    )
