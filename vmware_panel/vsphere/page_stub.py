# mypy: allow-untyped-calls
"""The pages of one property read, each asked for while the one before it is still decoded."""

from collections.abc import Callable
from typing import Any

from pyVmomi import vmodl

from vmware_panel.domain.inventory import MoRef
from vmware_panel.vsphere.answer_decoder import Readable
from vmware_panel.vsphere.calls import note_call
from vmware_panel.vsphere.deadlines import current_deadline
from vmware_panel.vsphere.errors import CALL_FAULTS, VSphereError
from vmware_panel.vsphere.page_decoder import Page, decode_page
from vmware_panel.vsphere.transport import Ahead, Channel, Stub

_CONTINUE = vmodl.query.PropertyCollector._GetMethodInfo("ContinueRetrievePropertiesEx")


class PageStub(Stub):
    """What a property collector calls through whose pages are to come as a `Page`.

    One a read, in one thread. The token of the next page stands at the start of a page: with it the
    next one is asked for, on a second connection, and taken into memory as it comes. So vCenter
    makes a page ready while the one before it is decoded, and there is never more than one ahead.
    """

    def __init__(self, channel: Channel, collector: MoRef, version: str) -> None:
        super().__init__(channel, version)
        self.collector: Any = vmodl.query.PropertyCollector(collector, self)
        self._ahead: Ahead | Exception | None = None
        self._token = ""

    def decode(self, stream: Any, info: Any) -> Page:
        return decode_page(_Attended(stream, self._attend), self.version, self._ask_ahead)

    def drop(self) -> str:
        """Gives up the page that was asked for ahead, if any. Returns what it was asked by: as the
        page is not there, that is the read's last token.
        """
        ahead, self._ahead = self._ahead, None
        if isinstance(ahead, Ahead):
            ahead.drop()
        return self._token if ahead is not None else ""

    def _call(self, mo: Any, info: Any, args: Any) -> Any:
        ahead, self._ahead = self._ahead, None
        if ahead is None:
            return super()._call(mo, info, args)
        if isinstance(ahead, Exception):
            raise ahead
        return self._channel.receive_ahead(ahead, info, self)

    def _ask_ahead(self, token: str) -> None:
        """A failure waits for the one who wants the page."""
        self._token = token
        note_call(str(_CONTINUE.wsdlName), self._channel.calls)
        try:
            current_deadline().remaining_s()
            self._ahead = self._channel.send_ahead(self.collector, _CONTINUE, (token,))
        except (VSphereError, *CALL_FAULTS) as exc:
            self._ahead = exc.with_traceback(None)

    def _attend(self) -> None:
        if isinstance(self._ahead, Ahead):
            self._ahead.take_in()


class _Attended:
    """A stream of which every read is an occasion for something else."""

    def __init__(self, stream: Readable, attend: Callable[[], None]) -> None:
        self._stream = stream
        self._attend = attend

    def read(self, size: int, /) -> bytes:
        self._attend()
        return self._stream.read(size)
