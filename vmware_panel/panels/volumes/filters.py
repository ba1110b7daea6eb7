from collections.abc import Callable
from enum import Enum

from django.utils.translation import gettext_lazy as _

from vmware_panel.domain.volumes import DiskState, FindingKind, VolumeState
from vmware_panel.panels.listing.filters import ChoiceFilter, FilterForm, TextFilter
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


def _labels(kinds: type[Enum], label: Callable[..., str]) -> dict[str, str]:
    return {kind.value: label(kind) for kind in kinds if kind is not VolumeState.UNKNOWN}


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
        fixed=_labels(VolumeState, volume_state),
    )
    vcenter = ChoiceFilter(_("vCenter"), lambda row: row.vcenter)
    datastore = ChoiceFilter(_("Datastore"), lambda row: row.datastore)
    disk = ChoiceFilter(
        _("Disk at the instance"),
        lambda row: row.instance_disks,
        fixed=_labels(DiskState, disk_state),
    )
    finding = ChoiceFilter(
        _("Finding"),
        _kinds,
        fixed=_labels(FindingKind, finding_heading),
        extra={ANY: (_("(any finding)"), _found), NONE: (_("(no finding)"), _sound)},
    )
