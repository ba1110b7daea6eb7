"""Whose instances and volumes lie on a datastore, by project, and what else does."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from django.urls import NoReverseMatch, reverse
from django.utils.http import urlencode
from django.utils.translation import gettext as _

from vmware_panel.api.datastores import DatastoreReport
from vmware_panel.domain.cluster_sums import total
from vmware_panel.domain.datastore_tenants import Tenant
from vmware_panel.domain.occupants import Owner
from vmware_panel.panels.datastores.fill_rows import volume_url
from vmware_panel.panels.drawing.bars import sum_words
from vmware_panel.panels.links import instance_url
from vmware_panel.wording import bytes_of, foreign

MOST_ROWS = 20
"""Of one project; the rest is counted, with a link to the whole list."""


@dataclass(frozen=True, slots=True)
class TenantRow:
    """`note` says what is not as it should be."""

    key: str
    name: str
    url: str
    what: str
    size: str
    note: str = ""


@dataclass(frozen=True, slots=True)
class ProjectRows:
    """`left_out` more are not shown; `href` leads to the list of all its instances there."""

    name: str
    rows: tuple[TenantRow, ...]
    instances: int
    volumes: int
    size: str
    left_out: int = 0
    href: str = ""


@dataclass(frozen=True, slots=True)
class TenantsShown:
    projects: tuple[ProjectRows, ...] = ()
    unplaced: ProjectRows | None = None
    others: ProjectRows | None = None


def tenants_shown(report: DatastoreReport) -> TenantsShown | None:
    """None: vCenter's book could not be had."""
    its = report.tenants
    if its is None:
        return None
    return TenantsShown(
        projects=tuple(
            _rows(report.project_names.get(project) or project, tenants, _href(report, project))
            for project, tenants in its.by_project.items()
        ),
        unplaced=_rows(_("Project unknown"), its.unplaced) if its.unplaced else None,
        others=_rows(_("Not OpenStack's instances or volumes"), its.others)
        if its.others
        else None,
    )


def _rows(name: str, tenants: Sequence[Tenant], href: str = "") -> ProjectRows:
    return ProjectRows(
        name=foreign(name),
        rows=tuple(map(_row, tenants[:MOST_ROWS])),
        instances=sum(one.owner in (Owner.INSTANCE, Owner.NOVA) for one in tenants),
        volumes=sum(bool(one.volume_id) for one in tenants),
        size=sum_words(total(one.disk_bytes for one in tenants), bytes_of),
        left_out=max(0, len(tenants) - MOST_ROWS),
        href=href,
    )


def _row(one: Tenant) -> TenantRow:
    name, url, what, note = one.vm.name, "", _("VM"), ""
    if one.server is not None:
        name, url, what = one.server.name, instance_url(one.server.id), _("instance")
    elif one.volume_id:
        what = _("volume")
        name = (one.volume.name if one.volume else "") or one.volume_id
        if one.volume is not None:
            url = volume_url(one.volume_id)
        elif one.project_id == "":
            note = _("Cinder knows no such volume")
    elif one.owner is Owner.NOVA:
        what = _("VM of Nova's driver")
        note = _("Nova knows no such instance") if one.project_id == "" else ""
    elif one.owner is Owner.CINDER:
        what = _("template of Cinder's")
    return TenantRow(one.vm.moref, foreign(name), url, what, bytes_of(one.disk_bytes), note)


def _href(report: DatastoreReport, project: str) -> str:
    if report.entry is None:
        return ""
    query: Mapping[str, str] = {
        "vcenter": report.vcenter,
        "datastore": report.entry.datastore.name,
        "project": project,
    }
    try:
        return f"{reverse('horizon:admin:vmware_instances:index')}?{urlencode(query)}"
    except NoReverseMatch:  # the deployer has taken the panel out
        return ""
