"""Updates over the wire: what changes is heard as the SDK's decoder would hear it."""

from collections.abc import Callable
from typing import Any
from unittest import mock

import pytest
from pyVmomi import vim

from lab.simulator import nova_instance_uuid
from tests.simulator import RunningSimulator
from tests.vsphere.answers import read_updates, read_updates_by_sdk, updates_told
from tests.vsphere.fault_proxy import (
    Fault,
    cut_off,
    hang_up,
    http_status,
    rewritten,
    silence,
    soap_fault,
)
from tests.vsphere.rig import VCenter, endpoint_of
from vmware_panel.domain.outcome import TroubleKind
from vmware_panel.vsphere import Endpoint, VCenterClient, VSphereError
from vmware_panel.vsphere.login import Connected
from vmware_panel.vsphere.property_reader import (
    CURRENT_SESSION,
    FilterSpec,
    ObjectSpec,
    PropertySpec,
    TraversalSpec,
    read_rows,
)
from vmware_panel.vsphere.property_sets import BULK
from vmware_panel.vsphere.rows import LoggedIn, Row
from vmware_panel.vsphere.session import Session
from vmware_panel.vsphere.transport import UpdateStub
from vmware_panel.vsphere.updates import UpdateKind, UpdateSet

pytestmark = pytest.mark.simulator

TIMEOUT_S = 30
NewClient = Callable[[Endpoint], VCenterClient]


class Watcher:
    """A property collector of its own on one session, over everything that is read."""

    def __init__(self, client: VCenterClient) -> None:
        self.session: Session = client._session
        self.bodies: list[bytes] = []
        self.collector: Any = None

    def open(self) -> None:
        self.session.read(self._open, TIMEOUT_S)

    def _open(self, connected: Connected) -> None:
        self.collector = connected.collector.CreatePropertyCollector()
        self.collector.CreateFilter(
            FilterSpec(
                objectSet=[*start(connected), ObjectSpec(obj=connected.sessions)],
                propSet=[
                    PropertySpec(type=kind, all=False, pathSet=list(paths))
                    for kind, paths in {**BULK, vim.SessionManager: (CURRENT_SESSION,)}.items()
                ],
                reportMissingObjectsInResults=True,
            ),
            False,
        )

    def wait(self, version: str = "", max_wait_s: int = 10) -> UpdateSet | None:
        """Keeps the answer as it came."""

        def work(connected: Connected) -> UpdateSet | None:
            updates = connected.updates_of(self.collector)
            options = vim.PropertyCollector.WaitOptions(maxWaitSeconds=max_wait_s)
            found: UpdateSet | None = updates.WaitForUpdatesEx(version, options)
            return found

        decode = UpdateStub.decode

        def kept(stub: UpdateStub, stream: Any, info: Any) -> Any:
            body = stream.read()
            self.bodies.append(body)
            return decode(stub, Replayed(body), info)

        with mock.patch.object(UpdateStub, "decode", kept):
            return self.session.read(work, TIMEOUT_S)


class Replayed:
    def __init__(self, body: bytes) -> None:
        self.body = body

    def read(self, size: int) -> bytes:
        found, self.body = self.body[:size], self.body[size:]
        return found


def start(connected: Connected) -> list[ObjectSpec]:
    view = connected.views.CreateContainerView(connected.root_folder, list(BULK), True)
    members = TraversalSpec(name="members", type=vim.view.ContainerView, path="view", skip=False)
    return [
        ObjectSpec(obj=view, skip=True, selectSet=[members]),
        ObjectSpec(obj=connected.root_folder, skip=False),
    ]


@pytest.fixture
def lively(start_simulator: Callable[..., RunningSimulator]) -> RunningSimulator:
    return start_simulator(nova_vms=3)


def test_the_first_updates_are_what_a_read_finds(
    lively: RunningSimulator, new_client: NewClient
) -> None:
    watcher = Watcher(new_client(endpoint_of(lively)))
    watcher.open()
    first = watcher.wait()
    rows: list[Row] = []

    def read(connected: Connected) -> None:
        read_rows(connected, start(connected), BULK, rows.append)

    watcher.session.read(read, TIMEOUT_S)

    assert first is not None
    assert {kind for kind, _ in first.updates} == {UpdateKind.ENTER}
    heard = {row.moref: row for _, row in first.updates}
    session = heard.pop(next(m for m in heard if heard[m].kind is vim.SessionManager))
    assert session.one(CURRENT_SESSION, LoggedIn) is not None
    assert {m: dict(r.values) for m, r in heard.items()} == {
        row.moref: dict(row.values) for row in rows
    }
    (body,) = watcher.bodies
    assert updates_told(read_updates(body)) == updates_told(read_updates_by_sdk(body))


def test_a_change_is_heard_and_a_wait_without_one_ends_with_none(
    lively: RunningSimulator, new_client: NewClient
) -> None:
    watcher = Watcher(new_client(endpoint_of(lively)))
    watcher.open()
    first = watcher.wait()
    assert first is not None

    with lively.login.connected() as service:
        index = service.RetrieveContent().searchIndex
        (vm,) = index.FindAllByUuid(None, nova_instance_uuid(0), True, True)
        vm.PowerOffVM_Task()
        moref = vm._moId
    version, heard = first.version, {}
    while "runtime.powerState" not in heard:
        update = watcher.wait(version)
        assert update is not None, "the change was not heard"
        version = update.version
        for kind, row in update.updates:
            if row.moref == moref:
                assert kind is UpdateKind.MODIFY
                heard |= dict(row.values)
    assert heard["runtime.powerState"] == "poweredOff"
    while (update := watcher.wait(version, max_wait_s=1)) is not None:
        version = update.version
    for body in watcher.bodies:
        assert updates_told(read_updates(body)) == updates_told(read_updates_by_sdk(body))


def test_other_calls_of_such_a_collector_are_as_ever(reader: VCenterClient) -> None:
    def work(connected: Connected) -> None:
        updates = connected.updates_of(connected.collector.CreatePropertyCollector())
        spec = PropertySpec(type=vim.Folder, all=False, pathSet=["name"])
        of_root = FilterSpec(objectSet=[ObjectSpec(obj=connected.root_folder)], propSet=[spec])
        made = updates.CreateFilter(of_root, False)
        assert isinstance(made, vim.PropertyCollector.Filter)
        updates.CancelWaitForUpdates()
        updates.DestroyPropertyCollector()

    reader._session.read(work, TIMEOUT_S)


BAD: dict[str, tuple[Fault, TroubleKind]] = {
    "a document type": (
        rewritten(lambda body: body.replace(b"<soapenv:Env", b"<!DOCTYPE a><soapenv:Env")),
        TroubleKind.BAD_ANSWER,
    ),
    "a page": (
        rewritten(lambda body: body.replace(b"filterSet>", b"objects>")),
        TroubleKind.BAD_ANSWER,
    ),
    "no XML": (rewritten(lambda _: b"no"), TroubleKind.BAD_ANSWER),
    "half of it": (rewritten(lambda body: body[: len(body) // 2]), TroubleKind.UNREACHABLE),
    "cut off": (cut_off, TroubleKind.UNREACHABLE),
    "nothing": (hang_up, TroubleKind.UNREACHABLE),
    "silence": (silence, TroubleKind.TIMEOUT),
    "too busy": (http_status(503), TroubleKind.OVERLOADED),
    "not logged in": (soap_fault("NotAuthenticated"), TroubleKind.SESSION),
}


@pytest.mark.parametrize(("fault", "expected"), BAD.values(), ids=BAD.keys())
def test_what_is_no_answer_is_a_named_error(
    reader: VCenterClient, vcenter: VCenter, fault: Fault, expected: TroubleKind
) -> None:
    def work(connected: Connected) -> None:
        collector = connected.collector.CreatePropertyCollector()
        spec = PropertySpec(type=vim.Folder, all=False, pathSet=["name"])
        of_root = FilterSpec(objectSet=[ObjectSpec(obj=connected.root_folder)], propSet=[spec])
        collector.CreateFilter(of_root, False)
        connected.updates_of(collector).WaitForUpdatesEx("", None)

    vcenter.proxy.spoil("WaitForUpdatesEx", fault)
    with pytest.raises(VSphereError) as raised:
        reader._session.read(work, 3)
    assert raised.value.kind is expected
