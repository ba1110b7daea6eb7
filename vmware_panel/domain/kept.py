"""Things that do not change, with what is costly to make of all of them kept beside them."""

from collections import OrderedDict
from collections.abc import Callable, Hashable, Iterable
from typing import Any, TypeVar, cast

T = TypeVar("T")
V = TypeVar("V")

MOST_KEPT = 32


class Kept(tuple[T, ...]):
    """A tuple whose indexes, orders and the like live as long as it does.

    10,000 rows are sorted, and the choices of their filters gathered, once for all the pages that
    show the same rows. Threads may share it: at worst something is made twice.
    """

    _kept: "OrderedDict[Hashable, Any]"

    def __new__(cls, items: Iterable[T] = ()) -> "Kept[T]":
        made = super().__new__(cls, items)
        made._kept = OrderedDict()
        return made

    def derived(self, key: Hashable, make: Callable[[], V]) -> V:
        """What `make` gives, made when it is first asked for under that key."""
        kept = self._kept
        try:
            return cast(V, kept[key])
        except KeyError:
            made = kept[key] = make()
        while len(kept) > MOST_KEPT:
            kept.popitem(last=False)
        return made
