"""What tests can ask of the simulator: faults, small pages, churn, counts of sessions and leftovers."""

from collections.abc import Callable, Iterator
from typing import Any

import pytest
from pyVmomi import vim, vmodl

from lab.simulator import SimulatorControlError
from tests.simulator import RunningSimulator
from tests.vsphere.fault_proxy import wait_until
from tests.vsphere.test_simulator_updates import Watcher, in_background, updates_of

pytestmark = pytest.mark.simulator


@pytest.fixture
def own(start_simulator: Callable[..., RunningSimulator]) -> Iterator[RunningSimulator]:
    """A simulator that the test may change."""
    yield start_simulator(nova_vms=12)


def test_the_nth_call_of_one_user_gets_a_fault(own: RunningSimulator) -> None:
    with own.login.connected() as admin, own.reader.connected() as reader:
        own.control.fault(
            "InvalidCollectorVersion", "CurrentTime", user=own.reader.user, after=1, times=2
        )
        assert admin.CurrentTime()
        assert reader.CurrentTime()
        for _ in range(2):
            with pytest.raises(vmodl.query.InvalidCollectorVersion):
                reader.CurrentTime()
        assert reader.CurrentTime()


def test_a_fault_that_stays_until_it_is_cleared_names_an_object(own: RunningSimulator) -> None:
    with own.login.connected() as service:
        own.control.fault(
            "ManagedObjectNotFound", "CurrentTime", about="VirtualMachine:vm-7", times=0
        )
        for _ in range(3):
            with pytest.raises(vmodl.fault.ManagedObjectNotFound) as gone:
                service.CurrentTime()
        assert gone.value.obj._moId == "vm-7"
        own.control.clear_faults()
        assert service.CurrentTime()


def test_an_unknown_fault_is_refused(own: RunningSimulator) -> None:
    with pytest.raises(SimulatorControlError, match="NoSuchFault"):
        own.control.fault("NoSuchFault")


def test_a_call_hangs_until_the_faults_are_cleared(own: RunningSimulator) -> None:
    with own.login.connected() as service:
        own.control.hang("CurrentTime")
        thread, raised = in_background(service.CurrentTime)
        wait_until(lambda: own.calls().methods.get("CurrentTime", 0) > 0)
        thread.join(0.3)
        assert thread.is_alive()

        own.control.clear_faults()
        thread.join(60)
        assert not thread.is_alive()
        assert raised == []


def test_pages_are_limited_whatever_the_client_asks_for(own: RunningSimulator) -> None:
    own.control.limit_pages(5)
    watcher = Watcher.of(own, [vim.VirtualMachine])

    sizes = []
    while True:
        answer = watcher.ask()
        sizes.append(len(updates_of(answer)))
        if not answer.truncated:
            break
    assert sizes == [5, 5, 2]


def test_churn_makes_as_many_changes_as_it_was_asked_for(own: RunningSimulator) -> None:
    watcher = Watcher.of(own, [vim.VirtualMachine])
    watcher.list()
    own.control.churn(200, 0.2, seed=3)
    wait_until(lambda: not own.control.churn_state().running)
    state = own.control.churn_state()

    told: dict[str, Any] = {}
    while answer := watcher.ask(seconds=1):
        for update in updates_of(answer):
            told[update.obj._moId] = update.kind
    assert state.done == 40
    assert set(state.by_kind or {}) == {"power", "host", "annotation"}
    assert 0 < len(told) <= state.vms, "a VM switched off and on again has not changed"
    assert set(told.values()) == {"modify"}


def test_a_churn_stops_and_refuses_what_it_cannot_do(own: RunningSimulator) -> None:
    own.control.churn(10, 600)
    with pytest.raises(SimulatorControlError, match="under way"):
        own.control.churn(10, 1)
    own.control.stop_churn()
    assert not own.control.churn_state().running
    with pytest.raises(SimulatorControlError, match="no kind"):
        own.control.churn(1, 1, ["teleport"])  # type: ignore[list-item]


def test_the_most_sessions_at_once_are_counted_by_user(own: RunningSimulator) -> None:
    with own.login.connected(), own.login.connected(), own.reader.connected():
        pass
    with own.login.connected():
        calls = own.calls()
        assert calls.sessions == {own.user: 1}
        assert calls.most_sessions == {own.user: 2, own.reader.user: 1}

        own.reset_calls()
        assert own.calls().most_sessions == {own.user: 1}


def test_what_a_session_has_made_is_counted_until_it_is_given_back(own: RunningSimulator) -> None:
    watcher = Watcher.of(own, [vim.VirtualMachine])
    made = own.control.objects()
    assert (made.collectors, made.filters, made.views) == (1, 1, 1)

    watcher.collector.DestroyPropertyCollector()
    watcher.view.DestroyView()
    left = own.control.objects()
    assert (left.collectors, left.filters, left.views, left.waits, left.pages) == (0, 0, 0, 0, 0)


def test_a_session_that_an_admin_ends_ends_its_wait(own: RunningSimulator) -> None:
    watcher = Watcher.of(own, [vim.VirtualMachine])
    watcher.list()
    thread, raised = in_background(lambda: watcher.ask(seconds=30))
    wait_until(lambda: own.control.objects().waits == 1)
    key = watcher.content.sessionManager.currentSession.key

    with own.login.connected() as other:
        other.content.sessionManager.TerminateSession([key])
        thread.join(60)
    assert [type(error) for error in raised] == [vim.fault.NotAuthenticated]
