"""Sessions with the simulator, what an account may do, and what is counted and slowed for tests."""

from typing import Any

import pytest
from pyVim.connect import SmartConnect
from pyVmomi import vim, vmodl

from lab.simulator import nova_instance_uuid
from lab.vcenter import read
from tests.simulator import RunningSimulator

pytestmark = pytest.mark.simulator

Collector = vmodl.query.PropertyCollector


def first_vm(service: vim.ServiceInstance) -> Any:
    index = service.content.searchIndex
    return index.FindAllByUuid(None, nova_instance_uuid(0), True, True)[0]


def test_a_wrong_password_is_an_invalid_login(simulator: RunningSimulator) -> None:
    before = simulator.calls().failed_logins

    with pytest.raises(vim.fault.InvalidLogin):
        SmartConnect(
            host=simulator.host,
            port=simulator.port,
            user=simulator.user,
            pwd="wrong",
            sslContext=simulator.login.tls(),
            httpConnectionTimeout=30,
        )

    assert simulator.calls().failed_logins == before + 1


def test_without_a_session_there_is_no_current_session_and_calls_are_refused(
    simulator: RunningSimulator,
) -> None:
    with simulator.login.connected() as service:
        content = service.RetrieveContent()
        assert content.sessionManager.currentSession.userName == simulator.user
        content.sessionManager.Logout()

        assert content.sessionManager.currentSession is None
        with pytest.raises(vim.fault.NotAuthenticated):
            content.viewManager.CreateContainerView(content.rootFolder, [], True)


def test_the_current_session_is_active(service: vim.ServiceInstance) -> None:
    manager = service.content.sessionManager
    session = manager.currentSession

    assert manager.SessionIsActive(session.key, session.userName)
    assert not manager.SessionIsActive("no-such-session", session.userName)


def read_hosts(service: vim.ServiceInstance) -> list[Any]:
    content = service.content
    hosts = [
        Collector.ObjectSpec(obj=vim.HostSystem(moid, service._stub), skip=False)
        for moid in ("host-23", "host-31")
    ]
    wanted = Collector.FilterSpec(
        objectSet=hosts, propSet=[Collector.PropertySpec(type=vim.HostSystem, pathSet=["name"])]
    )
    answer = content.propertyCollector.RetrievePropertiesEx([wanted], Collector.RetrieveOptions())
    return list(answer.objects) if answer else []


def test_an_expired_session_shows_in_each_way_that_vcenters_have(start_simulator: Any) -> None:
    simulator = start_simulator()
    service = simulator.connect()
    ids = [host._moId for host in read(service, vim.HostSystem, "name")]
    assert {"host-23", "host-31"} <= set(ids)

    assert simulator.expire_sessions("missing") == 1
    missing = read_hosts(service)
    assert [item.propSet for item in missing] == [[], []]
    assert isinstance(missing[0].missingSet[0].fault, vim.fault.NotAuthenticated)

    simulator.expire_sessions("empty")
    assert read_hosts(service) == []

    simulator.expire_sessions("fault")
    with pytest.raises(vim.fault.NotAuthenticated):
        read_hosts(service)

    assert simulator.calls().sessions == {}
    assert simulator.calls().sessions_ever == 1
    again = simulator.connect()
    assert len(read_hosts(again)) == 2
    assert simulator.calls().logins == {simulator.user: 2}


def test_a_read_only_account_sees_everything_and_may_change_nothing(
    simulator: RunningSimulator,
) -> None:
    wanted = ["System.Read", "Host.Config.Maintenance"]
    with simulator.reader.connected() as service:
        content = service.RetrieveContent()
        session, root = content.sessionManager.currentSession, content.rootFolder
        rights = content.authorizationManager

        assert len(read(service, vim.VirtualMachine, "name")) == 20
        assert list(rights.HasPrivilegeOnEntity(root, session.key, wanted)) == [True, False]
        by_name = rights.HasUserPrivilegeOnEntities([root], session.userName, wanted)[0]
        assert [p.isGranted for p in by_name.privAvailability] == [True, False]
        fetched = rights.FetchUserPrivilegeOnEntities([root], session.userName)[0].privileges
        assert "System.Read" in fetched
        assert "Host.Config.Maintenance" not in fetched
        with pytest.raises(vim.fault.NoPermission) as refused:
            first_vm(service).PowerOffVM_Task()

    assert refused.value.privilegeId == "VirtualMachine.Interact.PowerOff"


def test_the_administrator_has_every_privilege(content: Any) -> None:
    session = content.sessionManager.currentSession
    wanted = ["Host.Inventory.EditCluster", "Resource.QueryVMotion", "Datastore.Config"]

    granted = content.authorizationManager.HasPrivilegeOnEntity(
        content.rootFolder, session.key, wanted
    )

    assert all(granted)


def test_calls_are_counted_by_method_and_user(start_simulator: Any) -> None:
    simulator = start_simulator()
    with simulator.login.connected() as service, simulator.reader.connected() as reader:
        simulator.reset_calls()
        service.CurrentTime()
        reader.CurrentTime()
        reader.CurrentTime()
        calls = simulator.calls()

    assert calls.methods == {"CurrentTime": 3}
    assert calls.by_user == {
        simulator.user: {"CurrentTime": 1},
        simulator.reader.user: {"CurrentTime": 2},
    }
    assert calls.sessions == {simulator.user: 1, simulator.reader.user: 1}


def test_a_slow_vcenter_answers_after_the_clients_deadline(start_simulator: Any) -> None:
    simulator = start_simulator()
    service = SmartConnect(
        host=simulator.host,
        port=simulator.port,
        user=simulator.user,
        pwd=simulator.password,
        sslContext=simulator.login.tls(),
        httpConnectionTimeout=4,
    )
    simulator.control.delay(12_000, "CurrentTime")

    with pytest.raises(TimeoutError):
        service.CurrentTime()

    simulator.control.delay(0, "CurrentTime")
    assert service.CurrentTime()
