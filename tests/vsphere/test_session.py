"""One session a vCenter a process: logged in once, renewed once, never a storm of logins."""

import logging
import os
import threading
import time
from collections.abc import Callable
from typing import Literal

import pytest

from tests.vsphere.fault_proxy import (
    Exchange,
    closed_port,
    empty_answer,
    hang_up,
    http_status,
    silence,
    soap_fault,
    wait_until,
)
from tests.vsphere.rig import Clock, VCenter
from vmware_panel.domain.outcome import TroubleKind
from vmware_panel.vsphere import (
    Endpoint,
    VCenterClient,
    VSphereError,
    client_for,
    close_clients,
    counting,
)
from vmware_panel.vsphere.deadlines import Deadline
from vmware_panel.vsphere.session import Session

pytestmark = pytest.mark.simulator

THREADS = 16
MISSING = "00000000-0000-4000-8000-000000000000"


def at_once(work: Callable[[], object], threads: int = THREADS) -> list[object]:
    """Runs `work` in many threads at the same time; its results, or the errors it raised."""
    results: list[object] = []
    barrier = threading.Barrier(threads)

    def run() -> None:
        barrier.wait()
        try:
            results.append(work())
        except VSphereError as error:
            results.append(error)

    running = [threading.Thread(target=run) for _ in range(threads)]
    for thread in running:
        thread.start()
    for thread in running:
        thread.join(60)
    assert len(results) == threads, "a thread hangs"
    return results


def trouble_of(work: Callable[[], object]) -> TroubleKind:
    with pytest.raises(VSphereError) as raised:
        work()
    return raised.value.trouble.kind


def errors_in(results: list[object]) -> list[VSphereError]:
    return [result for result in results if isinstance(result, VSphereError)]


def test_many_threads_log_in_once(reader: VCenterClient, vcenter: VCenter) -> None:
    assert not errors_in(at_once(reader.about))
    assert vcenter.proxy.count("Login") == 1


def test_who_answers_is_told_without_a_further_call(reader: VCenterClient) -> None:
    about = reader.about()
    with counting() as calls:
        assert reader.about() == about
    assert calls.total == 0
    assert about.name == "west"
    assert about.instance_uuid == "dbed6e0c-bd88-4ef6-b594-21283e1c677f"


def test_an_expired_session_is_renewed_once_however_many_threads_notice(
    reader: VCenterClient, vcenter: VCenter
) -> None:
    reader.about()
    vcenter.simulator.expire_sessions()
    results = at_once(lambda: reader.read_vm(MISSING))
    assert not errors_in(results)
    assert vcenter.proxy.count("Login") == 2, "one login at the start, one after the expiry"


def test_a_session_lost_twice_is_reported_and_not_tried_a_third_time(
    reader: VCenterClient, vcenter: VCenter
) -> None:
    vcenter.proxy.spoil("FindAllByUuid", soap_fault("NotAuthenticated"))
    assert trouble_of(lambda: reader.read_vm(MISSING)) is TroubleKind.SESSION
    assert vcenter.proxy.count("FindAllByUuid") == 2
    assert vcenter.proxy.count("Login") == 2
    assert trouble_of(lambda: reader.read_vm(MISSING)) is TroubleKind.SESSION
    assert vcenter.proxy.count("Login") == 2, "no session after session is left at vCenter"


def test_an_empty_answer_is_taken_for_a_lost_session_and_not_for_no_vm(
    reader: VCenterClient, vcenter: VCenter
) -> None:
    vcenter.proxy.spoil("RetrievePropertiesEx", empty_answer("RetrievePropertiesEx"), times=1)
    inventory = reader.read_vm(MISSING)
    assert inventory.vms == ()
    assert vcenter.proxy.count("Login") == 2


def test_a_wrong_password_is_tried_once(
    vcenter: VCenter, new_client: Callable[[Endpoint], VCenterClient]
) -> None:
    reader = new_client(vcenter.endpoint_with(password=lambda: "not the password"))
    errors = errors_in(at_once(reader.about))
    assert [error.trouble.kind for error in errors] == [TroubleKind.LOGIN] * THREADS
    assert vcenter.proxy.count("Login") == 1


def test_a_wrong_password_is_tried_again_only_after_the_back_off_and_ever_later(
    vcenter: VCenter, new_client: Callable[[Endpoint], VCenterClient], clock: Clock
) -> None:
    reader = new_client(vcenter.endpoint_with(password=lambda: "not the password"))
    attempts_at_s = []
    for second in range(0, 1000, 10):
        before = vcenter.proxy.count("Login")
        assert trouble_of(reader.about) is TroubleKind.LOGIN
        if vcenter.proxy.count("Login") > before:
            attempts_at_s.append(second)
        clock.forward(10)
    assert attempts_at_s == [0, 60, 240, 840]


def test_a_changed_password_is_tried_at_once(
    vcenter: VCenter, new_client: Callable[[Endpoint], VCenterClient]
) -> None:
    password = ["not the password"]
    reader = new_client(vcenter.endpoint_with(password=lambda: password[0]))
    assert trouble_of(reader.about) is TroubleKind.LOGIN
    password[0] = vcenter.endpoint.password()
    reader.about()
    assert vcenter.proxy.count("Login") == 2


def test_a_password_that_cannot_be_read_is_a_matter_of_the_settings(
    vcenter: VCenter, new_client: Callable[[Endpoint], VCenterClient]
) -> None:
    def unreadable() -> str:
        raise PermissionError(13, "Permission denied")

    reader = new_client(vcenter.endpoint_with(password=unreadable))
    assert trouble_of(reader.about) is TroubleKind.CONFIGURATION
    assert vcenter.proxy.count("Login") == 0


def test_while_a_vcenter_is_down_callers_fail_at_once_and_one_at_a_time_tries(
    vcenter: VCenter, new_client: Callable[[Endpoint], VCenterClient], clock: Clock
) -> None:
    vcenter.proxy.spoil("GET /sdk/vimServiceVersions.xml", hang_up)
    reader = new_client(vcenter.endpoint)
    assert trouble_of(reader.about) is TroubleKind.UNREACHABLE
    assert vcenter.proxy.connections == 1
    errors = errors_in(at_once(reader.about))
    assert [error.trouble.kind for error in errors] == [TroubleKind.UNREACHABLE] * THREADS
    assert vcenter.proxy.connections == 1, "nobody knocks during the back-off"
    clock.forward(1.1)
    assert len(errors_in(at_once(reader.about))) == THREADS
    assert vcenter.proxy.connections == 2, "one tries, the others do not wait for it"


def test_a_vcenter_that_is_back_is_used_again_without_a_restart(
    vcenter: VCenter, new_client: Callable[[Endpoint], VCenterClient], clock: Clock
) -> None:
    vcenter.proxy.spoil("GET /sdk/vimServiceVersions.xml", http_status(503))
    reader = new_client(vcenter.endpoint)
    assert trouble_of(reader.about) is TroubleKind.OVERLOADED
    vcenter.proxy.heal()
    clock.forward(31)
    reader.about()


@pytest.mark.parametrize("reads", ["fault", "missing"])
def test_after_a_restart_the_first_read_logs_in_although_the_gate_was_shut(
    reader: VCenterClient, vcenter: VCenter, clock: Clock, reads: Literal["fault", "missing"]
) -> None:
    reader.read_vm(MISSING)
    vcenter.proxy.go_down()
    vcenter.simulator.expire_sessions(reads)
    for _ in range(2):  # the first may still hear of the connection that broke
        assert trouble_of(lambda: reader.read_vm(MISSING)) is TroubleKind.UNREACHABLE
    vcenter.proxy.come_back()
    clock.forward(60)
    assert reader.read_vm(MISSING).vms == ()
    assert vcenter.proxy.count("Login") == 2


def test_after_a_restart_a_step_that_lost_its_session_leaves_the_gate_open(
    vcenter: VCenter, clock: Clock
) -> None:
    session = Session(vcenter.endpoint, clock=clock, jitter=lambda: 1.0)

    def time_at_vcenter() -> object:
        return session.once(lambda connected: connected.service.CurrentTime(), Deadline(5.0))

    time_at_vcenter()
    vcenter.proxy.go_down()
    vcenter.simulator.expire_sessions("fault")
    for _ in range(2):
        assert trouble_of(time_at_vcenter) is TroubleKind.UNREACHABLE
    vcenter.proxy.come_back()
    clock.forward(60)
    vcenter.proxy.spoil("CurrentTime", soap_fault("NotAuthenticated"), times=1)
    assert trouble_of(time_at_vcenter) is TroubleKind.SESSION
    time_at_vcenter()
    session.close()


def test_a_session_that_is_never_good_for_anything_is_made_anew_ever_later(
    reader: VCenterClient, vcenter: VCenter, clock: Clock
) -> None:
    vcenter.proxy.spoil("FindAllByUuid", soap_fault("NotAuthenticated"))
    attempts_at_s = []
    for second in range(120):
        before = vcenter.proxy.count("Login")
        assert trouble_of(lambda: reader.read_vm(MISSING)) is TroubleKind.SESSION
        if vcenter.proxy.count("Login") > before:
            attempts_at_s.append(second)
        clock.forward(1)
    assert attempts_at_s == [0, 5, 20, 50, 110]


def test_a_tab_that_is_opened_during_an_outage_does_not_say_that_vcenter_is_back(
    reader: VCenterClient, vcenter: VCenter, clock: Clock, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.INFO, "vmware_panel")
    reader.read_vm(MISSING)
    vcenter.proxy.go_down()
    for _ in range(5):
        reader.about()  # as a tab does first: it is known who answered
        assert trouble_of(lambda: reader.read_vm(MISSING)) is TroubleKind.UNREACHABLE
        clock.forward(10)
    vcenter.proxy.come_back()
    reader.read_vm(MISSING)
    assert [record.levelname for record in caplog.records] == ["WARNING", "INFO"], caplog.text


def test_many_threads_on_a_dead_port_wait_for_one_attempt_only(
    vcenter: VCenter, new_client: Callable[[Endpoint], VCenterClient]
) -> None:
    reader = new_client(vcenter.endpoint_with(port=closed_port()))
    errors = errors_in(at_once(reader.about))
    assert [error.trouble.kind for error in errors] == [TroubleKind.UNREACHABLE] * THREADS
    assert reader.calls.total == 1


def test_a_thread_that_waits_for_anothers_login_keeps_its_own_deadline(
    vcenter: VCenter, new_client: Callable[[Endpoint], VCenterClient]
) -> None:
    vcenter.proxy.spoil("Login", silence)
    reader = new_client(vcenter.endpoint_with(read_timeout_s=1.0))
    started = time.monotonic()
    errors = errors_in(at_once(reader.about))
    assert [error.trouble.kind for error in errors] == [TroubleKind.TIMEOUT] * THREADS
    assert time.monotonic() - started < 30, "the proxy lets go of nobody before that"


def test_a_connection_that_broke_is_replaced_and_the_read_repeated_once(
    reader: VCenterClient, vcenter: VCenter
) -> None:
    reader.about()
    vcenter.proxy.spoil("FindAllByUuid", hang_up, times=1)
    assert reader.read_vm(MISSING).vms == ()
    assert vcenter.proxy.count("Login") == 1, "the session outlives its connection"


def test_idle_connections_that_broke_together_cost_one_repetition(
    reader: VCenterClient, vcenter: VCenter
) -> None:
    reader.about()
    together = threading.Barrier(4)

    def wait_for_each_other(exchange: Exchange) -> None:
        together.wait(60)
        exchange.hand_on()

    vcenter.proxy.spoil("FindAllByUuid", wait_for_each_other, times=4)
    assert not errors_in(at_once(lambda: reader.read_vm(MISSING), threads=4))
    vcenter.proxy.break_connections()
    assert reader.read_vm(MISSING).vms == ()


def test_a_connection_that_breaks_again_is_reported(
    reader: VCenterClient, vcenter: VCenter
) -> None:
    reader.about()
    vcenter.proxy.spoil("FindAllByUuid", hang_up)
    assert trouble_of(lambda: reader.read_vm(MISSING)) is TroubleKind.UNREACHABLE
    assert vcenter.proxy.count("FindAllByUuid") == 2


def test_a_warm_session_needs_no_new_connection(reader: VCenterClient, vcenter: VCenter) -> None:
    reader.about()
    for _ in range(5):
        reader.read_vm(MISSING)
    assert vcenter.proxy.connections == 1


@pytest.mark.parametrize(
    ("fault", "kind"),
    [
        (http_status(503), TroubleKind.OVERLOADED),
        (http_status(429), TroubleKind.OVERLOADED),
        (http_status(404), TroubleKind.BAD_ANSWER),
        (http_status(500), TroubleKind.BAD_ANSWER),
        (http_status(200), TroubleKind.BAD_ANSWER),
        (soap_fault("NoPermission"), TroubleKind.FORBIDDEN),
        (soap_fault("SystemError", "maximum number of sessions"), TroubleKind.OVERLOADED),
        (soap_fault("NotSupported"), TroubleKind.BAD_ANSWER),
        (soap_fault("NoSuchFaultInAnyVersion"), TroubleKind.BAD_ANSWER),
    ],
)
def test_what_the_server_answers_instead_becomes_a_trouble_and_is_not_asked_again(
    reader: VCenterClient, vcenter: VCenter, fault: object, kind: TroubleKind
) -> None:
    reader.about()
    vcenter.proxy.spoil("FindAllByUuid", fault)  # type: ignore[arg-type]
    assert trouble_of(lambda: reader.read_vm(MISSING)) is kind
    assert vcenter.proxy.count("FindAllByUuid") == 1


def test_a_missing_right_is_named(reader: VCenterClient, vcenter: VCenter) -> None:
    vcenter.proxy.spoil(
        "FindAllByUuid",
        soap_fault("NoPermission", inside="<privilegeId>System.View</privilegeId>"),
    )
    with pytest.raises(VSphereError) as raised:
        reader.read_vm(MISSING)
    assert raised.value.trouble.missing_privilege == "System.View"


def test_closing_logs_out(reader: VCenterClient, vcenter: VCenter) -> None:
    reader.about()
    reader.close()
    assert vcenter.proxy.count("Logout") == 1


def test_closing_what_never_logged_in_asks_nothing(
    reader: VCenterClient, vcenter: VCenter
) -> None:
    reader.close()
    assert vcenter.proxy.seen == []


def test_failure_and_recovery_are_logged_once_each(
    reader: VCenterClient, vcenter: VCenter, clock: Clock, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.INFO, "vmware_panel")
    vcenter.proxy.spoil("GET /sdk/vimServiceVersions.xml", http_status(503))
    for _ in range(5):
        trouble_of(reader.about)
        clock.forward(31)
    vcenter.proxy.heal()
    for _ in range(5):
        reader.about()
    assert [record.levelname for record in caplog.records] == ["WARNING", "INFO"]
    assert "west" in caplog.text


class TestClientFor:
    @pytest.fixture(autouse=True)
    def no_clients_left(self) -> object:
        yield
        close_clients()

    def test_one_client_a_vcenter(self, vcenter: VCenter) -> None:
        assert client_for(vcenter.endpoint) is client_for(vcenter.endpoint)

    def test_a_changed_endpoint_replaces_the_client_and_logs_the_old_one_out(
        self, vcenter: VCenter
    ) -> None:
        old = client_for(vcenter.endpoint)
        old.about()
        new = client_for(vcenter.endpoint_with(read_timeout_s=3.0))
        assert new is not old
        assert vcenter.proxy.count("Logout") == 1
        new.about()

    def test_a_changed_source_of_the_password_keeps_the_client(self, vcenter: VCenter) -> None:
        refused = client_for(vcenter.endpoint_with(password=lambda: "not the password"))
        assert trouble_of(refused.about) is TroubleKind.LOGIN
        reader = client_for(vcenter.endpoint)
        assert reader is refused
        reader.about()

    def test_a_child_process_makes_its_own_session(self, vcenter: VCenter) -> None:
        parent = client_for(vcenter.endpoint)
        parent.about()
        child = os.fork()
        if child == 0:
            status = 1
            try:
                own = client_for(vcenter.endpoint)
                own.about()
                status = 0 if own is not parent else 2
                close_clients()
            finally:
                os._exit(status)
        assert os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]) == 0
        wait_until(lambda: vcenter.proxy.count("Logout") == 1)
        assert vcenter.proxy.count("Login") == 2
        with counting() as calls:
            parent.read_vm(MISSING)
        assert "Login" not in calls.by_method, "the child left its parent's session alone"
