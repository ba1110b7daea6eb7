"""The lines of the last day of an ESX host or a cluster, from vCenter's performance counters."""

from collections.abc import Iterable
from datetime import datetime, timedelta

from django.utils.formats import number_format
from django.utils.translation import gettext as _

from vmware_panel.domain.tasks import Series
from vmware_panel.panels.drawing.lines import Chart, Line, chart
from vmware_panel.wording import bytes_of, hertz_of

# vCenter's names (PerformanceManager's counters), as vmware_panel.vsphere.performance asks for them.
CPU_USAGE, CPU_USED_MHZ = "cpu.usage.average", "cpu.usagemhz.average"
MEMORY_USAGE, MEMORY_CONSUMED = "mem.usage.average", "mem.consumed.average"

GIB = 1024**3
DAY = timedelta(days=1)


def day_charts(samples: Iterable[Series], end: datetime) -> tuple[Chart, ...]:
    """The day that ends then; no chart of a counter that vCenter has no samples of."""
    found = {series.counter: series for series in samples}
    start = end - DAY
    made = []
    shares = [
        Line(label, found[counter].samples)
        for counter, label in ((CPU_USAGE, _("CPU")), (MEMORY_USAGE, _("Memory")))
        if counter in found
    ]
    if shares:
        title = _("CPU and memory in use, in percent")
        made.append(chart("percent", title, shares, start, end, _percent, top=100))
    if CPU_USED_MHZ in found:
        line = Line(_("CPU"), found[CPU_USED_MHZ].samples)
        made.append(chart("cpu", _("CPU in use"), [line], start, end, _speed))
    if MEMORY_CONSUMED in found:
        line = Line(_("Memory"), _in_bytes(found[MEMORY_CONSUMED]).samples)
        made.append(chart("memory", _("Memory in use"), [line], start, end, _size, base=GIB))
    return tuple(made)


def _speed(value: float) -> str:
    return hertz_of(round(value))


def _size(value: float) -> str:
    return bytes_of(round(value))


def _percent(value: float) -> str:
    rounded = round(value, 1)  # Django cuts off what is more
    return f"{number_format(rounded, 0 if rounded == round(rounded) else 1)} %"


def _in_bytes(series: Series) -> Series:
    samples = tuple((at, None if value is None else value * 1024) for at, value in series.samples)
    return Series(series.counter, "bytes", samples)
