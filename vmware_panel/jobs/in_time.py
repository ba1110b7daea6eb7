"""An answer within a time, from what has no deadline of its own or one that a deployment chose."""

import threading
from collections.abc import Callable
from typing import TypeVar

from django.db import connections

T = TypeVar("T")


class InTime:
    """Asks in a thread, and leaves the thread to itself when the time is over: what is sent late is
    sent. While one hangs, nothing more is asked.
    """

    def __init__(self, timeout_s: float) -> None:
        self._timeout_s = timeout_s
        self._late: threading.Thread | None = None

    def __call__(
        self, ask: Callable[[], T], errors: Callable[[], tuple[type[Exception], ...]]
    ) -> T:
        """`errors` gives those that `ask` may raise, when it has. Raises these, and `TimeoutError`."""
        late = self._late
        if late is not None and late.is_alive():
            raise TimeoutError("it still has not answered what was asked before")
        answer: list[T] = []
        failure: list[Exception] = []

        def work() -> None:
            try:
                answer.append(ask())
            except errors() as error:
                failure.append(error)
            finally:
                connections.close_all()  # this thread's own

        thread = threading.Thread(target=work, name="vmware-jobs-queue", daemon=True)
        thread.start()
        thread.join(self._timeout_s)
        hangs = thread.is_alive()
        if failure:
            raise failure[0]
        if answer:
            return answer[0]
        if not hangs:
            raise RuntimeError("a fault of the program, which its thread has told")
        self._late = thread
        raise TimeoutError(f"no answer within {self._timeout_s:g} s")
