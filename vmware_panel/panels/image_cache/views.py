from collections.abc import Mapping
from datetime import datetime
from typing import Any

from django.urls import NoReverseMatch, reverse
from django.utils.translation import gettext_lazy as _

from vmware_panel import policy
from vmware_panel.api import image_cache
from vmware_panel.api.image_cache import Ledger, LedgerReport
from vmware_panel.config import CollectorMode, ConfigError, get_config
from vmware_panel.domain.kept import Kept
from vmware_panel.panels.image_cache.cells import SELECTION
from vmware_panel.panels.image_cache.filters import ImageFilters, LeftoverFilters, RiskFilters
from vmware_panel.panels.image_cache.leftovers import LeftoverRow, LeftoversTable
from vmware_panel.panels.image_cache.risks import RisksTable, rows_of_risks
from vmware_panel.panels.image_cache.rows import rows_of
from vmware_panel.panels.image_cache.scan_views import progress_words
from vmware_panel.panels.image_cache.summary import source_of, summary_of
from vmware_panel.panels.image_cache.tables import ImagesTable
from vmware_panel.panels.listing import views as listing
from vmware_panel.panels.listing.answers import sources_shown
from vmware_panel.panels.listing.columns import Sort
from vmware_panel.wording import foreign
from vmware_panel.wording.image_cache import DOUBTS, LEFTOVERS


class CacheSource(listing.ListSource):
    """What the three lists have in common: they are made of one report."""

    rule = policy.Rule.LIST_IMAGE_CACHE

    def read(self) -> listing.Source:
        try:
            report = image_cache.ledger_report(self.request)
            shown = self.around(report)
        except ConfigError as error:
            faults = tuple(map(str, error.faults))
            return listing.Source(rows=None, faults=faults, shown={"faults": faults})
        return listing.Source(
            rows=self.rows(report.ledger, report) if report.ledger else None,
            known=self.known(report),
            read_at=report.read_at,
            troubles=report.troubles,
            shown=shown,
        )

    def rows(self, ledger: Ledger, report: LedgerReport) -> Kept[Any]:
        raise NotImplementedError

    def all_url(self, what: str) -> str | None:
        """The plan of deleting all that is `what`; None for who may not."""
        may = policy.allowed(self.request, policy.Rule.PURGE_IMAGE_CACHE)
        url = plan_url("purge") if may else None
        return f"{url}?what={what}" if url else None

    def known(self, report: LedgerReport) -> dict[str, frozenset[str]]:
        """What may be asked for though no row has it: a datastore without a cached image, say."""
        return {
            "vcenter": frozenset(i.vcenter.name for i in report.inventories),
            "datastore": frozenset(d.name for i in report.inventories for d in i.datastores),
            "compute": frozenset(compute.host for compute in report.computes.all),
            "owner": frozenset(compute.host for compute in report.computes.all),
        }

    def around(self, report: LedgerReport) -> dict[str, Any]:
        """What the page shows besides the list."""
        collector = get_config().collector
        off = collector.mode is CollectorMode.OFF
        searches = {n: p for n, p in report.scans.progress.items() if p.under_way}
        return {
            **sources_shown(self.request, report),
            **summary_of(report),
            "searches": [
                {"source": source_of(name), "name": name, "text": progress_words(progress)}
                for name, progress in searches.items()
            ],
            "nobody_searches": off,
            "searched_when_asked": not off and not collector.scan_interval_s,
            "may_search": policy.allowed(self.request, policy.Rule.SCAN_DATASTORES),
            "selection_form": SELECTION,
        }


class ImagesSource(CacheSource):
    table_class = ImagesTable
    filter_class = ImageFilters
    default_sort = Sort("size_bytes", descending=True)
    ties = ("image", "datastore", "root", "image_id", "vcenter")

    def rows(self, ledger: Ledger, report: LedgerReport) -> Kept[Any]:
        return rows_of(ledger, report.scans)

    def around(self, report: LedgerReport) -> dict[str, Any]:
        actions = [
            ("purge", policy.Rule.PURGE_IMAGE_CACHE, _("Delete the selected ones")),
            ("mark", policy.Rule.PURGE_IMAGE_CACHE, _("Mark them for Nova to delete")),
        ]
        offered = [
            {"url": url, "label": label, "name": name}
            for name, rule, label in actions
            if policy.allowed(self.request, rule) and (url := plan_url(name))
        ]
        seeds = policy.allowed(self.request, policy.Rule.SEED_IMAGE_CACHE)
        return {
            **super().around(report),
            "offers": offered,
            "seed_url": plan_url("seed") if seeds else None,
            "all_url": self.all_url("unused"),
        }


class LeftoversSource(CacheSource):
    table_class = LeftoversTable
    filter_class = LeftoverFilters
    default_sort = Sort("size_bytes", descending=True)
    ties = ("path", "vcenter", "datastore_moref", "kind")

    def rows(self, ledger: Ledger, report: LedgerReport) -> Kept[Any]:
        searched = _searched(report)
        return ledger.leftovers.derived(
            "rows",
            lambda: Kept(
                LeftoverRow(each, searched.get((each.vcenter, each.datastore)))
                for each in ledger.leftovers
            ),
        )

    def around(self, report: LedgerReport) -> dict[str, Any]:
        ledger = report.ledger
        undecided: dict[tuple[str, str], list[str]] = {}
        for each in ledger.undecided if ledger else ():
            line = (str(LEFTOVERS[each.kind]), str(DOUBTS[each.why]))
            undecided.setdefault(line, []).append(foreign(each.datastore_name))
        offered = []
        if policy.allowed(self.request, policy.Rule.PURGE_IMAGE_CACHE) and (
            url := plan_url("purge")
        ):
            offered.append({"url": url, "label": _("Delete the selected ones"), "name": "purge"})
        return {
            **super().around(report),
            "undecided": [
                {"kind": kind, "why": why, "datastores": ", ".join(names)}
                for (kind, why), names in undecided.items()
            ],
            "offers": offered,
            "all_url": self.all_url("leftovers"),
        }


class RisksSource(CacheSource):
    table_class = RisksTable
    filter_class = RiskFilters
    default_sort = Sort("order")
    ties = ("order",)

    def rows(self, ledger: Ledger, report: LedgerReport) -> Kept[Any]:
        names = report.project_names
        searched = _searched(report)
        return ledger.risks.derived(
            ("rows", tuple(sorted(names.items()))),
            lambda: Kept(rows_of_risks(ledger.risks, names, searched)),
        )


class ImagesView(ImagesSource, listing.ListingView):
    template_name = "vmware_panel/image_cache/index.html"
    page_title = _("VMware Image Cache")


class ImagesExport(ImagesSource, listing.ExportView):
    file_name = "vmware-image-cache"


class LeftoversView(LeftoversSource, listing.ListingView):
    template_name = "vmware_panel/image_cache/leftovers.html"
    page_title = _("VMware Image Cache: leftovers")


class LeftoversExport(LeftoversSource, listing.ExportView):
    file_name = "vmware-image-cache-leftovers"


class RisksView(RisksSource, listing.ListingView):
    template_name = "vmware_panel/image_cache/risks.html"
    page_title = _("VMware Image Cache: parents at risk")


class RisksExport(RisksSource, listing.ExportView):
    file_name = "vmware-image-cache-risks"


def plan_url(name: str) -> str | None:
    """The page of a plan; None as long as this panel has no such page."""
    try:
        return reverse(f"horizon:admin:vmware_image_cache:{name}")
    except NoReverseMatch:
        return None


def _searched(report: LedgerReport) -> Mapping[tuple[str, str], datetime]:
    return {
        (vcenter, str(moref)): scan.read_at
        for (vcenter, moref), scan in report.scans.by_datastore.items()
    }
