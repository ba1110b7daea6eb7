"""Typed values out of JSON that another program wrote.

A value that is missing or of the wrong kind is unknown (None, or the empty text). Where there is no
room for the unknown, such as an id or a total, it is a `MalformedError`.
"""

from collections.abc import Iterator, Mapping
from datetime import UTC, datetime
from math import isfinite

from vmware_panel.domain.cloud import ServiceState

Json = Mapping[str, object]
EMPTY: Json = {}


class MalformedError(ValueError):
    """An object lacks what it cannot be without. Turned into a `CloudError` by `pages.parse`."""


def identity(item: Json, key: str = "id") -> str:
    value = item.get(key)
    if isinstance(value, str) and value:
        return value
    if isinstance(value, int) and not isinstance(value, bool):
        return str(value)  # Nova below 2.53 numbers its hypervisors and services
    raise MalformedError(f"an object without {key!r}")


def text(item: Json, key: str) -> str:
    value = item.get(key)
    if not isinstance(value, str):
        return ""
    # JSON may hold half a surrogate pair, which no page and no file could be encoded with.
    return value if value.isascii() else value.encode(errors="replace").decode()


def known_text(item: Json, key: str) -> str | None:
    """None if the key is not there (hidden by policy), empty if it is there without a value."""
    return text(item, key) if key in item else None


def whole(item: Json, key: str) -> int | None:
    value = item.get(key)
    if isinstance(value, bool):
        return None
    if isinstance(value, int):
        return value
    if isinstance(value, float) and value.is_integer():
        return int(value)
    if isinstance(value, str) and value.isascii() and value.isdigit():
        return int(value)
    return None


def needed(item: Json, key: str) -> int:
    value = whole(item, key)
    if value is None:
        raise MalformedError(f"{key!r} is not a whole number")
    return value


def needed_real(item: Json, key: str) -> float:
    value = item.get(key)
    if isinstance(value, bool) or not isinstance(value, int | float) or not isfinite(value):
        raise MalformedError(f"{key!r} is not a number")
    return float(value)


def truth(item: Json, key: str) -> bool:
    """True for true and for Cinder's "true"."""
    value = item.get(key)
    return value is True or (isinstance(value, str) and value.lower() == "true")


def moment(item: Json, key: str) -> datetime | None:
    """A time with its zone. The services mean UTC where they write none."""
    value = item.get(key)
    if not isinstance(value, str):
        return None
    try:
        when = datetime.fromisoformat(value)
    except ValueError:
        return None
    return when if when.tzinfo else when.replace(tzinfo=UTC)


def inner(item: Json, key: str) -> Json:
    value = item.get(key)
    return value if isinstance(value, Mapping) else EMPTY


def inners(item: Json, key: str) -> Iterator[Json]:
    value = item.get(key)
    if isinstance(value, list):
        yield from (entry for entry in value if isinstance(entry, Mapping))


def state(item: Json, key: str) -> ServiceState | None:
    try:
        return ServiceState(text(item, key))
    except ValueError:
        return None
