"""Reads one mapping within `VMWARE_PANEL`, key by key, and collects every fault instead of the first.

No fault repeats a value: what stands at the wrong key may well be the password.
"""

import difflib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum
from pathlib import Path

SETTING = "VMWARE_PANEL"
SHOWN_KEY_LIMIT = 60


class FaultKind(StrEnum):
    """What is wrong with a key. The value is the id of the Django system check."""

    UNKNOWN_KEY = "vmware_panel.E001"
    MISSING = "vmware_panel.E002"
    BAD_VALUE = "vmware_panel.E003"
    CONFLICT = "vmware_panel.E004"


@dataclass(frozen=True, slots=True)
class ConfigFault:
    """One thing that is wrong: at which key within the setting, what, and what to do about it.

    `key` is dotted (`vcenters.prod.password`) and empty for the setting itself. `fault` goes on
    where the key ends: `is missing`, `must be ...`.
    """

    key: str
    fault: str
    remedy: str
    kind: FaultKind = FaultKind.BAD_VALUE

    @property
    def statement(self) -> str:
        where = f"{SETTING}.{self.key}" if self.key else SETTING
        return f"{where} {self.fault}."

    @property
    def advice(self) -> str:
        return self.remedy if self.remedy.endswith("?") else f"{self.remedy}."

    def __str__(self) -> str:
        return f"{self.statement} {self.advice}"


class ConfigError(Exception):
    """The settings cannot be used; `faults` tells everything that is wrong with them."""

    def __init__(self, faults: Sequence[ConfigFault]) -> None:
        super().__init__(" ".join(map(str, faults)))
        self.faults = tuple(faults)


class Section:
    """One mapping of the settings. Each reading method asks for one key.

    A key that has a fault reads as its default; the fault is in `faults`, which all sections of
    one reading share. `close()` reports the keys that nobody asked for.
    """

    def __init__(self, path: str, raw: object, faults: list[ConfigFault]) -> None:
        self.path = path
        self.faults = faults
        self._asked: list[str] = []
        self._values: Mapping[object, object] = {}
        self._is_mapping = isinstance(raw, Mapping)
        if isinstance(raw, Mapping):
            self._values = dict(raw)
        else:
            self.report("", f"must be a mapping, not {a_kind_of(raw)}", "Write it as {...}")

    def key(self, name: str) -> str:
        return f"{self.path}.{name}" if self.path and name else self.path or name

    def report(
        self, name: str, fault: str, remedy: str, kind: FaultKind = FaultKind.BAD_VALUE
    ) -> None:
        if kind is FaultKind.MISSING and not self._is_mapping:
            return  # said already: it is no mapping
        self.faults.append(ConfigFault(self.key(name), fault, remedy, kind))

    def has(self, name: str) -> bool:
        """True if the key is there and is not None."""
        self._ask(name)
        return self._values.get(name) is not None

    def children(self, name: str, remedy: str) -> dict[str, object]:
        """The mapping at `name`, from non-empty text to whatever stands there."""
        if not self.has(name):
            return {}
        raw = self._values[name]
        if not isinstance(raw, Mapping):
            self.report(name, f"must be a mapping, not {a_kind_of(raw)}", remedy)
            return {}
        named: dict[str, object] = {}
        for child, value in raw.items():
            if isinstance(child, str) and child.strip() == child != "":
                named[child] = value
            else:
                self.report(
                    name,
                    f"has an entry whose name is {_bad_name(child)}",
                    remedy,
                )
        return named

    def section(self, name: str) -> "Section":
        """The mapping at `name`; an empty one if the key is absent."""
        raw = self._values[name] if self.has(name) else {}
        return Section(self.key(name), raw, self.faults)

    def text(self, name: str, remedy: str) -> str | None:
        """Non-empty text without space around it, or None if the key is absent or faulty."""
        if not self.has(name):
            return None
        value = self._values[name]
        if not isinstance(value, str):
            self.report(name, f"must be text, not {a_kind_of(value)}", remedy)
        elif not value:
            self.report(name, "is empty", remedy)
        elif value != value.strip():
            self.report(name, "has space at its start or end", "Remove the space")
        elif not value.isprintable():
            self.report(name, "holds a character that cannot be printed", remedy)
        else:
            return value
        return None

    def required_text(self, name: str, remedy: str) -> str:
        """Like `text`, but absence is a fault too; reads as empty text then."""
        if not self.has(name):
            self.report(name, "is missing", remedy, FaultKind.MISSING)
            return ""
        return self.text(name, remedy) or ""

    def password(self, name: str) -> str:
        """Non-empty text, taken as it stands: a password may begin or end with space."""
        value = self._values[name]
        if not isinstance(value, str):
            self.report(
                name, f"must be text, not {a_kind_of(value)}", "Write the password in quotes"
            )
        elif not value:
            self.report(name, "is empty", "Write the password of the vCenter user")
        else:
            return value
        return ""

    def absolute_path(self, name: str, remedy: str) -> str | None:
        value = self.text(name, remedy)
        if value is not None and not Path(value).is_absolute():
            self.report(name, "is not an absolute path", "Write the path from / on")
            return None
        return value

    def whole_number(self, name: str, default: int, low: int, high: int) -> int:
        if not self.has(name):
            return default
        value = self._values[name]
        if isinstance(value, bool) or not isinstance(value, int) or not low <= value <= high:
            self.report(
                name,
                f"must be a whole number from {low} to {high}, not {a_kind_of(value)}",
                f"Write a number without quotes, or leave it out for {default}",
            )
            return default
        return value

    def known_number(self, name: str, low: int, high: int, remedy: str) -> int | None:
        """A whole number that has no default: None if the key is absent or faulty."""
        if not self.has(name):
            return None
        value = self._values[name]
        if isinstance(value, bool) or not isinstance(value, int) or not low <= value <= high:
            fault = f"must be a whole number from {low} to {high}, not {a_kind_of(value)}"
            self.report(name, fault, remedy)
            return None
        return value

    def seconds(self, name: str, default: float, low: float, high: float) -> float:
        if not self.has(name):
            return default
        value = self._values[name]
        if (
            isinstance(value, bool)
            or not isinstance(value, int | float)
            or not low <= value <= high
        ):
            self.report(
                name,
                f"must be a number of seconds from {low:g} to {high:g}, not {a_kind_of(value)}",
                f"Write a number without quotes, or leave it out for {default:g}",
            )
            return default
        return float(value)

    def flag(self, name: str, default: bool = False) -> bool:
        if not self.has(name):
            return default
        value = self._values[name]
        if not isinstance(value, bool):
            self.report(
                name,
                f"must be True or False, not {a_kind_of(value)}",
                f"Write True or False without quotes, or leave it out for {default}",
            )
            return default
        return value

    def known_flag(self, name: str, remedy: str) -> bool | None:
        """True or False that has no default: None if the key is absent or faulty."""
        if not self.has(name):
            return None
        value = self._values[name]
        if not isinstance(value, bool):
            self.report(name, f"must be True or False, not {a_kind_of(value)}", remedy)
            return None
        return value

    def choice(self, name: str, default: str, options: Sequence[str]) -> str:
        if not self.has(name):
            return default
        value = self._values[name]
        if not isinstance(value, str) or value not in options:
            allowed = ", ".join(repr(option) for option in options)
            self.report(name, f"must be one of {allowed}", f"Leave it out for {default!r}")
            return default
        return value

    def close(self) -> None:
        """Reports every key that was not asked for, with the nearest one that exists."""
        for name in self._values:
            if isinstance(name, str) and name in self._asked:
                continue
            near = difflib.get_close_matches(str(name).lower(), self._asked, n=1)
            remedy = (
                f"Did you mean {near[0]!r}?" if near else f"Known are: {', '.join(self._asked)}"
            )
            self.report(
                _shown(name) if isinstance(name, str) else "",
                "is not a known key" if isinstance(name, str) else f"has a key {_bad_name(name)}",
                remedy,
                FaultKind.UNKNOWN_KEY,
            )

    def _ask(self, name: str) -> None:
        if name not in self._asked:
            self._asked.append(name)


def a_kind_of(value: object) -> str:
    """Words for what a value is, without the value: `a str`, `None`, `the number 7`."""
    if value is None:
        return "None"
    if isinstance(value, int | float) and not isinstance(value, bool):
        return f"the number {value:g}" if abs(value) < 1e9 else "a number out of reach"
    return f"a {type(value).__name__}"


def _shown(name: str) -> str:
    text = name if name.isprintable() else ascii(name)[1:-1]
    return text if len(text) <= SHOWN_KEY_LIMIT else f"{text[:SHOWN_KEY_LIMIT]}..."


def _bad_name(name: object) -> str:
    if isinstance(name, str):
        return "empty" if not name.strip() else "text with space around it"
    return f"{a_kind_of(name)}, not text"
