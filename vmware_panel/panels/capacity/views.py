from typing import Any

from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from vmware_panel import policy
from vmware_panel.api import capacity
from vmware_panel.config import ConfigError
from vmware_panel.domain.fits import LargestInstance
from vmware_panel.domain.kept import Kept
from vmware_panel.panels.capacity.filters import FitFilters
from vmware_panel.panels.capacity.rows import Matrix, matrix_of, rows_of
from vmware_panel.panels.capacity.tables import FitsTable, cluster_url, landing_url
from vmware_panel.panels.listing import views as listing
from vmware_panel.panels.listing.answers import sources_shown
from vmware_panel.panels.listing.columns import Sort
from vmware_panel.wording import (
    bound_label,
    count_text,
    flavor_size,
    foreign,
    gb_of,
    mb_of,
    service_state,
)

MOST_LINES = 60
"""Flavors that the matrix shows; the list has all of them, page by page."""


class FitsSource(listing.ListSource):
    rule = policy.Rule.GET_CAPACITY
    table_class = FitsTable
    filter_class = FitFilters
    default_sort = Sort("flavor")
    ties = ("flavor", "cluster", "vcenter", "cluster_moref")

    def read(self) -> listing.Source:
        try:
            report = capacity.fits_report(self.request)
            sources = sources_shown(self.request, report)
        except ConfigError as error:
            faults = tuple(map(str, error.faults))
            return listing.Source(rows=None, faults=faults, shown={"faults": faults})
        known = report.flavors is not None and bool(report.inventories)
        untold = [
            foreign(c.books.cluster.name)
            for c in report.clusters
            if c.room and c.books.cluster and not c.regex_told
        ]
        return listing.Source(
            rows=Kept(rows_of(report)) if known else None,
            read_at=report.read_at,
            troubles=report.troubles,
            shown={"untold": untold, **sources},
        )


class MatrixView(FitsSource, listing.ListingView):
    """Flavors down, clusters across."""

    template_name = "vmware_panel/capacity/index.html"
    page_title = gettext_lazy("VMware Capacity")

    def get_context_data(self, **kwargs: Any) -> dict[str, Any]:
        context = super().get_context_data(**kwargs)
        if context["listing"] is not None:
            matrix = matrix_of(context["listing"].rows)
            context["heads"] = heads_of(matrix)
            context["lines"] = lines_of(matrix)[:MOST_LINES]
            context["left_out"] = max(0, len(matrix.lines) - MOST_LINES)
        return context


class ListView(FitsSource, listing.ListingView):
    template_name = "vmware_panel/capacity/list.html"
    page_title = gettext_lazy("VMware Capacity: flavors on clusters")


class ExportView(FitsSource, listing.ExportView):
    file_name = "vmware-capacity"


def heads_of(matrix: Matrix) -> list[dict[str, Any]]:
    """Each cluster's column head: its name, its service if it takes nothing, its largest room."""
    heads = []
    for column in matrix.columns:
        service, largest = column.books.service, column.largest
        usable = service is None or (service.enabled and service.state == "up")
        heads.append(
            {
                "name": foreign(column.books.cluster.name if column.books.cluster else ""),
                "vcenter": column.books.vcenter,
                "moref": column.books.moref,
                "service": "" if usable or service is None else service_state(service),
                "largest": None if largest is None else _largest_text(largest),
                "host": "" if largest is None else foreign(largest.host),
            }
        )
    return heads


def _largest_text(largest: LargestInstance) -> str:
    return _("%(memory)s, %(vcpus)s vCPU, %(disk)s") % {
        "memory": mb_of(largest.memory_mb),
        "vcpus": count_text(largest.vcpus),
        "disk": gb_of(largest.disk_gb),
    }


def lines_of(matrix: Matrix) -> list[dict[str, Any]]:
    lines = []
    for flavor, rows in matrix.lines:
        first = next(row for row in rows if row is not None)
        cells = [
            None
            if row is None
            else {
                "row": row,
                "href": cluster_url(row),
                "bounds": [
                    (bound_label(bound), count_text(count))
                    for bound, count in row.fit.counts.items()
                ],
            }
            for row in rows
        ]
        name, size = foreign(flavor.name), flavor_size(flavor)
        lines.append({"name": name, "size": size, "href": landing_url(first), "cells": cells})
    return lines
