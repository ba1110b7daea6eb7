"""What a forked process must not share with the one that it came from."""

import os
import weakref
from typing import Protocol


class Forked(Protocol):
    def after_fork(self) -> None:
        """Runs in the new process, in its only thread."""


_known: "weakref.WeakSet[Forked]" = weakref.WeakSet()


def tell_after_fork(one: Forked) -> None:
    """Locks that another thread held stay locked in the new process for ever, and a socket would
    be read by two: whoever has either is told here to make itself new.
    """
    _known.add(one)


def _tell() -> None:
    for one in list(_known):
        one.after_fork()


os.register_at_fork(after_in_child=_tell)
