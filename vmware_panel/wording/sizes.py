"""Sizes in binary units. None reads as "unknown", which is not zero."""

from django.utils.formats import number_format
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from vmware_panel.wording.values import UNKNOWN, filled

_UNITS = (
    gettext_lazy("%(number)s B"),
    gettext_lazy("%(number)s KiB"),
    gettext_lazy("%(number)s MiB"),
    gettext_lazy("%(number)s GiB"),
    gettext_lazy("%(number)s TiB"),
    gettext_lazy("%(number)s PiB"),
)


def bytes_of(size: int | None) -> str:
    """`1536` -> "1.5 KiB": one decimal below 100 unless it is zero, in the reader's notation."""
    if size is None:
        return str(UNKNOWN)
    number, unit = float(size), 0
    # 1023.95 would be written as 1,024.0 of the smaller unit
    while abs(number) >= 1023.95 and unit < len(_UNITS) - 1:
        number, unit = number / 1024, unit + 1
    rounded = round(number, 1)
    decimals = 0 if rounded == int(rounded) or abs(rounded) >= 100 else 1
    number_text = number_format(rounded, decimals, force_grouping=True)
    return filled(_UNITS[unit], number=number_text)


def mb_of(size_mb: int | None) -> str:
    """OpenStack's and vCenter's "MB", which both mean MiB."""
    return bytes_of(None if size_mb is None else size_mb * 1024**2)


def gb_of(size_gb: int | None) -> str:
    """OpenStack's "GB" of a flavor's disk or a volume, which means GiB."""
    return bytes_of(None if size_gb is None else size_gb * 1024**3)


def free_of(free_bytes: int | None, capacity_bytes: int | None) -> str:
    """How much of a datastore is free, as vCenter last counted it."""
    if free_bytes is None and capacity_bytes is None:
        return str(UNKNOWN)
    return filled(
        _("%(free)s free of %(capacity)s"),
        free=bytes_of(free_bytes),
        capacity=bytes_of(capacity_bytes),
    )
