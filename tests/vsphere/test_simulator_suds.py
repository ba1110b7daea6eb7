"""Nova's own way in: oslo.vmware, whose SOAP client (suds) asks a vCenter for its WSDL."""

import datetime
from typing import Any

import pytest
from oslo_vmware import api, exceptions, vim_util

from lab.simulator import nova_instance_uuid
from tests.simulator import RunningSimulator, running_simulator

pytestmark = pytest.mark.simulator


@pytest.fixture(scope="module")
def session() -> Any:
    with running_simulator(nova_vms=3) as simulator:
        yield connect(simulator)


def connect(simulator: RunningSimulator) -> api.VMwareAPISession:
    return api.VMwareAPISession(
        simulator.host,
        simulator.user,
        simulator.password,
        api_retry_count=1,
        task_poll_interval=0.05,
        port=simulator.port,
        cacert=str(simulator.ca_file),
        insecure=False,
    )


def test_it_logs_in_and_pages_through_vms_with_the_wsdl_that_is_served(session: Any) -> None:
    found = session.invoke_api(
        vim_util, "get_objects", session.vim, "VirtualMachine", 2, ["name", "runtime.host"]
    )
    assert len(found.objects) == 2
    assert found.token

    with vim_util.WithRetrieval(session.vim, found) as objects:
        assert len(list(objects)) == 3


def test_it_finds_a_vm_by_its_instance_uuid(session: Any) -> None:
    index = session.vim.service_content.searchIndex

    found = session.invoke_api(
        session.vim,
        "FindAllByUuid",
        index,
        uuid=nova_instance_uuid(1),
        vmSearch=True,
        instanceUuid=True,
    )

    assert len(found) == 1


def test_it_registers_an_extension_once_with_a_time_without_a_zone(session: Any) -> None:
    factory = session.vim.client.factory
    manager = session.vim.service_content.extensionManager
    extension = factory.create("ns0:Extension")
    extension.key, extension.version = "org.openstack.compute", "1.0"
    extension.description = factory.create("ns0:Description")
    extension.description.label = extension.description.summary = "OpenStack"
    extension.lastHeartbeatTime = datetime.datetime.now(datetime.UTC).replace(tzinfo=None)

    session.invoke_api(session.vim, "RegisterExtension", manager, extension=extension)

    key = "org.openstack.compute"
    found = session.invoke_api(session.vim, "FindExtension", manager, extensionKey=key)
    assert found.key == key
    missing = session.invoke_api(session.vim, "FindExtension", manager, extensionKey="none")
    assert missing is None


def test_it_gets_no_ticket_for_an_esx_host(session: Any) -> None:
    factory = session.vim.client.factory
    spec = factory.create("ns0:SessionManagerHttpServiceRequestSpec")
    spec.method, spec.url = "httpPut", "https://esx-c0-1.lab.example/folder/image"

    with pytest.raises(exceptions.VimException):
        session.invoke_api(
            session.vim,
            "AcquireGenericServiceTicket",
            session.vim.service_content.sessionManager,
            spec=spec,
        )


def test_a_folder_that_is_there_is_named_by_the_fault(session: Any) -> None:
    datacenter = session.invoke_api(
        vim_util, "get_objects", session.vim, "Datacenter", 1, ["vmFolder"]
    ).objects[0]
    root = datacenter.propSet[0].val
    made = session.invoke_api(session.vim, "CreateFolder", root, name="once")

    with pytest.raises(exceptions.DuplicateName) as refused:
        session.invoke_api(session.vim, "CreateFolder", root, name="once")

    assert vim_util.get_moref_value(refused.value.details["object"]) == vim_util.get_moref_value(
        made
    )


def test_a_disk_grows_to_a_size_that_nova_sends_as_a_float(session: Any) -> None:
    datacenter = session.invoke_api(
        vim_util, "get_objects", session.vim, "Datacenter", 1, ["name"]
    ).objects[0]
    manager = session.vim.service_content.virtualDiskManager
    factory = session.vim.client.factory
    spec = factory.create("ns0:FileBackedVirtualDiskSpec")
    spec.adapterType, spec.diskType, spec.capacityKb = "lsiLogic", "thin", "1024.0"
    names = {"name": "[shared-ds-1] d.vmdk", "datacenter": datacenter.obj}

    made = session.invoke_api(session.vim, "CreateVirtualDisk_Task", manager, spec=spec, **names)
    session.wait_for_task(made)
    grown = session.invoke_api(
        session.vim,
        "ExtendVirtualDisk_Task",
        manager,
        newCapacityKb=4096,
        eagerZero=False,
        **names,
    )

    assert session.wait_for_task(grown).state == "success"
