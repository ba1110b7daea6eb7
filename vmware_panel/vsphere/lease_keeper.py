"""Renewing an NFC lease while its disk is on the way, in a thread beside the upload.

Beside it, because a chunk may wait for its turn, and the last word for what still has to be written.
"""

import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager

from vmware_panel.vsphere.errors import VSphereError

LONGEST_S = 30.0
"""Between two renewals, however long the lease holds."""


class LeaseKeeper:
    """`percent` is what is told with each; `error` why the lease cannot be renewed any more."""

    def __init__(self, timeout_s: int, renew: Callable[[int], None]) -> None:
        self.percent = 0
        self.error: VSphereError | None = None
        self._renew = renew
        self._every_s = min(LONGEST_S, max(1, timeout_s) / 5)
        self._stop = threading.Event()

    def require(self) -> None:
        """Raises `VSphereError` where the lease is lost: what is sent now comes to nothing."""
        if self.error is not None:
            raise self.error

    @contextmanager
    def running(self) -> Iterator[None]:
        thread = threading.Thread(target=self._run, name="vsphere-lease", daemon=True)
        thread.start()
        try:
            yield
        finally:
            self._stop.set()
            thread.join()

    def _run(self) -> None:
        while not self._stop.wait(self._every_s):
            try:
                self._renew(min(99, self.percent))
            except VSphereError as error:
                if error.fault:  # a refusal; what was not answered is asked again in its turn
                    self.error = error
                    return
