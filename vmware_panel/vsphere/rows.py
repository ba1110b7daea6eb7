"""One managed object as it was read, with typed access to its properties.

This is the border at which the SDK's untyped values become the project's own: a value of another
type than expected counts as unknown.
"""

from collections.abc import Mapping
from enum import StrEnum
from typing import Any, TypeVar

from pyVmomi.VmomiSupport import ManagedObject

from vmware_panel.domain.inventory import MoRef

E = TypeVar("E", bound=StrEnum)


class Row:
    """The properties of one object; those that are unknown are not among them."""

    __slots__ = ("_values", "kind", "moref")

    def __init__(self, kind: type, moref: MoRef, values: Mapping[str, Any]) -> None:
        self.kind = kind  # the SDK's class, e.g. `vim.HostSystem`
        self.moref = moref
        self._values = values

    def text(self, path: str) -> str | None:
        value = self._values.get(path)
        return str(value) if isinstance(value, str) else None

    def number(self, path: str) -> int | None:
        value = self._values.get(path)
        return int(value) if isinstance(value, int) and not isinstance(value, bool) else None

    def flag(self, path: str) -> bool | None:
        value = self._values.get(path)
        return value if isinstance(value, bool) else None

    def member(self, path: str, members: type[E]) -> E | None:
        """An enumeration's value; None for one that the project does not know."""
        value = self.text(path)
        try:
            return None if value is None else members(value)
        except ValueError:
            return None

    def ref(self, path: str) -> MoRef | None:
        return moref_of(self._values.get(path))

    def refs(self, path: str) -> tuple[MoRef, ...]:
        return tuple(ref for value in self.items(path) if (ref := moref_of(value)))

    def value(self, path: str) -> Any:
        """A data object of the SDK, to be taken apart at once and not kept."""
        return self._values.get(path)

    def items(self, path: str) -> list[Any]:
        """A list of data objects of the SDK, to be taken apart at once and not kept."""
        value = self._values.get(path)
        return value if isinstance(value, list) else []


def moref_of(value: object) -> MoRef | None:
    return MoRef(str(value._moId)) if isinstance(value, ManagedObject) else None
