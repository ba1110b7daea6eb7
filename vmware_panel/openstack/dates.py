"""The time by the clocks of the services that answer."""

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from contextvars import ContextVar
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime

_dates: ContextVar[list[datetime] | None] = ContextVar("openstack_dates", default=None)


@contextmanager
def noting_dates() -> Iterator[list[datetime]]:
    """The `Date` of every answer inside the block, in this thread, in their order.

    An answer without one, or with one that is none, is left out.
    """
    dates: list[datetime] = []
    token = _dates.set(dates)
    try:
        yield dates
    finally:
        _dates.reset(token)


def note_date(headers: Mapping[str, str]) -> None:
    dates = _dates.get()
    written = headers.get("Date")
    if dates is None or not written:
        return
    try:
        date = parsedate_to_datetime(written)
    except ValueError:
        return
    dates.append(date if date.tzinfo else date.replace(tzinfo=UTC))
