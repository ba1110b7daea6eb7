"""The order of rows: natural within names, and what is not known always last."""

import re
from collections.abc import Callable, Iterable, Sequence
from typing import Any, TypeVar

Row = TypeVar("Row")

# Longer runs of digits are no numbers; and int() refuses those of more than 4,300.
_DIGITS = re.compile(r"([0-9]{1,18})")


def natural_key(text: str) -> tuple[Any, ...]:
    """Sorts `esx-2` before `esx-10`, and does not mind upper and lower case."""
    parts: list[Any] = _DIGITS.split(text.casefold())
    parts[1::2] = map(int, parts[1::2])
    return tuple(parts)


def is_nothing(value: object) -> bool:
    """The books say that there is nothing, which is not the same as unknown (`None`)."""
    return value == "" or value == ()


def sort_key(value: Any) -> Any:
    """A key that compares with those of other values of the same column."""
    if isinstance(value, str):
        return natural_key(value)
    if isinstance(value, tuple):
        return tuple(sorted(natural_key(part) for part in value if part is not None))
    return value


def sort_rows(
    rows: Iterable[Row],
    value: Callable[[Row], Any],
    *,
    descending: bool = False,
    ties: Sequence[Callable[[Row], Any]] = (),
) -> list[Row]:
    """The rows by `value`; in either direction, nothing comes after it and unknown comes last.

    Rows that are equal in it follow `ties`, ascending.
    """
    ordered = list(rows)
    for tie in reversed(ties):
        ordered.sort(key=lambda row, tie=tie: sort_key(tie(row)))  # type: ignore[misc]
    known: list[tuple[Any, Row]] = []
    nothing: list[Row] = []
    unknown: list[Row] = []
    for row in ordered:
        its = value(row)
        if its is None or (isinstance(its, tuple) and its and all(v is None for v in its)):
            unknown.append(row)
        elif is_nothing(its):
            nothing.append(row)
        else:
            known.append((sort_key(its), row))
    known.sort(key=lambda pair: pair[0], reverse=descending)
    return [row for _key, row in known] + nothing + unknown
