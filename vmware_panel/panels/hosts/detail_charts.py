"""The lines of the last day of one ESX host."""

from vmware_panel.api.hosts import HostReport
from vmware_panel.panels.drawing.day import day_charts
from vmware_panel.panels.drawing.lines import Chart


def charts(report: HostReport) -> tuple[Chart, ...] | None:
    """None: the samples could not be had; none: vCenter has no samples of this host."""
    return None if report.series is None else day_charts(report.series, report.asked_at)
