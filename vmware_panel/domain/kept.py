"""Things that do not change, with what is costly to make of all of them kept beside them."""

from collections import OrderedDict
from collections.abc import Callable, Hashable, Iterable
from typing import Any, Generic, TypeVar, cast

S = TypeVar("S")
T = TypeVar("T")
V = TypeVar("V")

MOST_KEPT = 32


class OfEach(Generic[S, V]):
    """What was made of each of many things, made anew only of those that are others now.

    A book of 40,000 VMs is another one every few seconds, and but a few of its VMs are. What comes out
    as it was stays the same object, so that what is made of it need not be made anew either.
    Things are compared by value, and the very same ones at no cost. Threads may share it: at worst
    something is made twice.
    """

    def __init__(self) -> None:
        self._kept: tuple[object, dict[Hashable, tuple[S, object, V]]] = (None, {})

    def all(
        self,
        things: Iterable[tuple[Hashable, S, object]],
        make: Callable[[S], V],
        context: object = None,
    ) -> list[V]:
        """Of each thing, in their order; what was made of others is forgotten.

        A thing comes with a name of its own, and with one more object of which the result is made.
        `context` is what all results depend on besides.
        """
        former_context, former = self._kept
        known = former if former_context == context else {}
        now: dict[Hashable, tuple[S, object, V]] = {}
        found: list[V] = []
        for name, thing, beside in things:
            its = known.get(name)
            if (
                its is None
                or (its[0] is not thing and its[0] != thing)
                or (its[1] is not beside and its[1] != beside)
            ):
                made = make(thing)
                before = former.get(name)
                same = before is not None and before[2] == made
                its = (thing, beside, before[2] if before is not None and same else made)
            now[name] = its
            found.append(its[2])
        self._kept = context, now
        return found


class Latest(Generic[V]):
    """What was made last, made anew only of something else.

    What it is made of is compared by value, and the very same objects at no cost. Threads may share
    it: at worst something is made twice.
    """

    def __init__(self) -> None:
        self._kept: tuple[object, V] | None = None

    @property
    def value(self) -> V | None:
        return self._kept[1] if self._kept else None

    def of(self, parts: object, make: Callable[[], V]) -> V:
        """What `make` gives of these parts; they must not change afterwards."""
        known = self._kept
        if known is None or (known[0] is not parts and known[0] != parts):
            known = self._kept = parts, make()
        return known[1]


class Kept(tuple[T, ...]):
    """A tuple whose indexes, orders and the like live as long as it does.

    10,000 rows are sorted, and the choices of their filters gathered, once for all the pages that
    show the same rows. With a `line`, what was made of the tuple before it in that line is taken
    where it is the same. Threads may share it: at worst something is made twice.
    """

    _kept: "OrderedDict[Hashable, Any]"
    line: "Line | None"

    def __new__(cls, items: Iterable[T] = (), line: "Line | None" = None) -> "Kept[T]":
        made = super().__new__(cls, items)
        made._kept = OrderedDict()
        made.line = line
        return made

    def derived(self, key: Hashable, make: Callable[[], V]) -> V:
        """What `make` gives, made when it is first asked for under that key."""
        kept = self._kept
        try:
            return cast(V, kept[key])
        except KeyError:
            made = kept[key] = make()
        _shortened(kept)
        return made

    def digested(self, key: Hashable, digest: Callable[[T], object], make: Callable[[], V]) -> V:
        """As `derived`. `digest` gives all of an item that `make` goes by: as long as that is the
        same, what `make` gave for the tuple before is taken.
        """
        line = self.line
        if line is None:
            return self.derived(key, make)
        return self.derived(key, lambda: line.digested(key, self, digest, make))


class Line:
    """What is handed on from a `Kept` to the next one that takes its place."""

    def __init__(self) -> None:
        self._digested: OrderedDict[Hashable, tuple[Any, list[object], Any]] = OrderedDict()
        self._below: dict[Hashable, Line] = {}
        self._of_each: dict[Hashable, OfEach[Any, Any]] = {}

    def below(self, key: Hashable) -> "Line":
        """The line of what is made of its tuples under that key."""
        return self._below.setdefault(key, Line())

    def of_each(self, key: Hashable) -> "OfEach[Any, Any]":
        """What was made of its tuples' items under that key."""
        return self._of_each.setdefault(key, OfEach())

    def digested(
        self,
        key: Hashable,
        items: Kept[T],
        digest: Callable[[T], object],
        make: Callable[[], V],
    ) -> V:
        """See `Kept.digested`."""
        known = self._digested.get(key)
        former, digests, made = known or ((), [], None)
        if len(former) == len(items):
            now = [
                old if item is before else digest(item)
                for item, before, old in zip(items, former, digests, strict=True)
            ]
        else:
            now = [digest(item) for item in items]
        if known is None or now != digests:
            made = make()
        self._digested[key] = items, now, made
        _shortened(self._digested)
        return cast(V, made)


def _shortened(kept: "OrderedDict[Hashable, Any]") -> None:
    while len(kept) > MOST_KEPT:
        kept.popitem(last=False)
