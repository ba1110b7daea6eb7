"""Things that do not change, with what is costly to make of all of them kept beside them."""

from collections import OrderedDict
from collections.abc import Callable, Hashable, Iterable
from typing import Any, Generic, TypeVar, cast

S = TypeVar("S")
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


class OfEach(Generic[S, V]):
    """What was made of each of many things, made anew only of those that are another object now.

    A book of 40,000 VMs is another one every few seconds, and but a few of its VMs are. Threads may
    share it: at worst something is made twice.
    """

    def __init__(self) -> None:
        self._context: object = None
        self._known: dict[Hashable, tuple[S, object, V]] = {}

    def all(
        self,
        things: Iterable[tuple[Hashable, S, object]],
        make: Callable[[S], V],
        context: object = None,
    ) -> list[V]:
        """Of each thing, in their order; what was made of others is forgotten.

        A thing comes with a name of its own, and with one more object of which the result is made.
        `context` is what all results depend on besides, compared by value.
        """
        known = self._known if self._context == context else {}
        now: dict[Hashable, tuple[S, object, V]] = {}
        found: list[V] = []
        for name, thing, beside in things:
            its = known.get(name)
            if its is None or its[0] is not thing or its[1] is not beside:
                its = (thing, beside, make(thing))
            now[name] = its
            found.append(its[2])
        self._context, self._known = context, now
        return found
