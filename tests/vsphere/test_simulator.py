"""What the simulator was given so that it answers as a vCenter does: its inventory, reading it."""

import re
from collections import Counter
from typing import Any

import pytest
from pyVmomi import vim, vmodl

from lab.simulator import nova_instance_uuid
from lab.vcenter import read

pytestmark = pytest.mark.simulator

Collector = vmodl.query.PropertyCollector


def view_of(content: Any, *kinds: type) -> vim.view.ContainerView:
    return content.viewManager.CreateContainerView(content.rootFolder, list(kinds), True)


def specification(
    start: Any, kind: type, paths: list[str], traversals: list[Any]
) -> Collector.FilterSpec:
    return Collector.FilterSpec(
        objectSet=[Collector.ObjectSpec(obj=start, skip=False, selectSet=traversals)],
        propSet=[Collector.PropertySpec(type=kind, pathSet=paths)],
    )


def traversal(kind: type, path: str, *then: Any, name: str | None = None) -> Any:
    return Collector.TraversalSpec(
        name=name, type=kind, path=path, skip=False, selectSet=list(then)
    )


def first_vm(service: vim.ServiceInstance) -> Any:
    index = service.content.searchIndex
    return index.FindAllByUuid(None, nova_instance_uuid(0), True, True)[0]


# -- the inventory -------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("kind", "pattern"),
    [
        (vim.ClusterComputeResource, r"domain-c\d+"),
        (vim.HostSystem, r"host-\d+"),
        (vim.Datastore, r"datastore-10\d\d"),
        (vim.ResourcePool, r"resgroup-\d+"),
        (vim.VirtualMachine, r"vm-\d+"),
        (vim.Datacenter, r"datacenter-\d+"),
        (vim.Folder, r"group-[vhsn]\d+"),
    ],
)
def test_managed_object_ids_look_like_a_vcenters(
    service: vim.ServiceInstance, kind: type, pattern: str
) -> None:
    ids = [found._moId for found in read(service, kind, "name")]

    assert ids
    assert [moid for moid in ids if not re.fullmatch(pattern, moid)] == []


def test_numa_nodes_of_a_host_hold_all_its_threads_and_memory(
    service: vim.ServiceInstance,
) -> None:
    for row in read(service, vim.HostSystem, "hardware", "summary.hardware").values():
        hardware, summary = row["hardware"], row["summary.hardware"]
        nodes = hardware.numaInfo.numaNode
        threads = sorted(thread for node in nodes for thread in node.cpuID)

        assert len(nodes) == hardware.cpuInfo.numCpuPackages == summary.numCpuPkgs == 2
        assert threads == list(range(summary.numCpuThreads))
        assert sum(node.memoryRangeLength for node in nodes) == summary.memorySize
        assert summary.numCpuThreads == 2 * summary.numCpuCores == 32


def test_hosts_are_named_and_say_their_product_and_uptime(service: vim.ServiceInstance) -> None:
    rows = read(service, vim.HostSystem, "name", "summary").values()

    assert {row["name"] for row in rows} == {
        f"esx-c{cluster}-{host}.lab.example" for cluster in (0, 1) for host in (1, 2, 3)
    }
    for row in rows:
        assert row["summary"].config.name == row["name"]
        assert row["summary"].config.product.version == "6.5.0"
        assert row["summary"].quickStats.uptime > 0


def test_a_local_datastore_is_mounted_by_the_hosts_of_its_cluster_alone(
    service: vim.ServiceInstance,
) -> None:
    hosts = read(service, vim.HostSystem, "name", "parent", "datastore")
    clusters = read(service, vim.ClusterComputeResource, "name", "host", "datastore")
    datastores = read(service, vim.Datastore, "name", "host")
    names = {found: row["name"] for found, row in datastores.items()}

    mounted = {names[ds]: {mount.key for mount in row["host"]} for ds, row in datastores.items()}
    by_name = {row["name"]: row for row in clusters.values()}

    assert mounted["shared-ds-1"] == set(hosts)
    assert mounted["c0-local-1"] == set(by_name["DC0_C0"]["host"])
    assert mounted["c1-local-1"] == set(by_name["DC0_C1"]["host"])
    for host, row in hosts.items():
        assert {names[ds] for ds in row["datastore"]} == {
            name for name, mounts in mounted.items() if host in mounts
        }
        assert set(row["datastore"]) == set(clusters[row["parent"]]["datastore"])


def test_datastores_differ_in_free_space_and_say_what_is_promised(
    service: vim.ServiceInstance,
) -> None:
    rows = read(service, vim.Datastore, "name", "summary").values()
    free = {row["name"]: row["summary"].freeSpace for row in rows}

    assert len(set(free.values())) == len(free) == 3
    for row in rows:
        assert 0 < row["summary"].freeSpace < row["summary"].capacity
        assert row["summary"].type == "VMFS"
    assert any(row["summary"].uncommitted for row in rows)


def test_vms_are_listed_by_their_host_pool_folder_and_datastores(
    service: vim.ServiceInstance,
) -> None:
    vms = read(service, vim.VirtualMachine, "runtime.host", "resourcePool", "parent", "datastore")
    hosts = read(service, vim.HostSystem, "vm")
    pools = read(service, vim.ResourcePool, "vm")
    folders = read(service, vim.Folder, "childEntity")
    datastores = read(service, vim.Datastore, "vm")

    for vm, row in vms.items():
        assert vm in hosts[row["runtime.host"]]["vm"]
        assert vm in folders[row["parent"]]["childEntity"]
        assert vm in pools[row["resourcePool"]]["vm"]
        assert all(vm in datastores[ds]["vm"] for ds in row["datastore"])
    for rows, name in ((hosts, "vm"), (pools, "vm")):
        listed = Counter(vm for row in rows.values() for vm in row[name])
        assert listed == Counter(list(vms)), "each VM once"


def test_a_vm_of_nova_s_looks_as_its_driver_makes_it(service: vim.ServiceInstance) -> None:
    vm = first_vm(service)
    uuid = nova_instance_uuid(0)
    config = vm.config
    disk = next(d for d in config.hardware.device if isinstance(d, vim.vm.device.VirtualDisk))
    lines = dict(line.split(":", 1) for line in config.annotation.splitlines())

    assert vm.name == f"server-00000 ({uuid})"
    assert config.instanceUuid == uuid
    assert config.managedBy.extensionKey == "org.openstack.compute"
    assert config.managedBy.type == "instance"
    assert {"nvp.vm-uuid": uuid}.items() <= {o.key: o.value for o in config.extraConfig}.items()
    assert lines["name"] == "server-00000"
    assert config.files.vmPathName == f"[shared-ds-1] {uuid}/{uuid}.vmx"
    assert disk.backing.fileName == f"[shared-ds-1] {uuid}/{uuid}.vmdk"
    image = lines["imageid"]
    assert disk.backing.parent.fileName == f"[shared-ds-1] c0_base/{image}/{image}.20.vmdk"
    assert config.version == "vmx-13"
    assert config.hardware.numCoresPerSocket == 1
    assert vm.runtime.connectionState == "connected"
    assert vm.guest.toolsRunningStatus in ("guestToolsRunning", "guestToolsNotRunning")
    assert vm.layoutEx.file[0].name == config.files.vmPathName


def test_both_configurations_of_a_cluster_say_that_drs_and_ha_are_on(
    service: vim.ServiceInstance,
) -> None:
    for row in read(
        service, vim.ClusterComputeResource, "configuration", "configurationEx", "summary"
    ).values():
        for configuration in (row["configuration"], row["configurationEx"]):
            assert configuration.dasConfig.enabled
            assert configuration.drsConfig.defaultVmBehavior == "fullyAutomated"
        assert row["summary"].numEffectiveHosts == row["summary"].numHosts == 3
        assert row["summary"].effectiveMemory == 3 * 256 * 1024


def test_a_container_view_holds_several_types_at_once(content: Any) -> None:
    view = view_of(content, vim.ClusterComputeResource, vim.HostSystem, vim.Datastore)

    kinds = Counter(type(found).__name__.rsplit(".", 1)[-1] for found in view.view)

    assert kinds == {"ClusterComputeResource": 2, "HostSystem": 6, "Datastore": 3}


# -- searching and reading -----------------------------------------------------------------


def test_find_all_by_uuid_finds_a_vm_by_its_instance_uuid(service: vim.ServiceInstance) -> None:
    index = service.content.searchIndex

    found = index.FindAllByUuid(None, nova_instance_uuid(3), True, True)

    assert [vm.config.instanceUuid for vm in found] == [nova_instance_uuid(3)]
    assert index.FindAllByUuid(None, nova_instance_uuid(99), True, True) == []


def test_query_managed_by_lists_the_vms_of_an_extension(service: vim.ServiceInstance) -> None:
    manager = service.content.extensionManager

    assert len(manager.QueryManagedBy("org.openstack.compute")) == 12
    assert manager.QueryManagedBy("org.openstack.storage") == []


def test_one_key_of_extra_config_can_be_read(service: vim.ServiceInstance) -> None:
    path = 'config.extraConfig["nvp.vm-uuid"]'

    rows = read(service, vim.VirtualMachine, path)

    assert sum(path in row for row in rows.values()) == 12


def test_traversals_follow_dotted_paths_and_a_recursion_to_the_root(
    service: vim.ServiceInstance,
) -> None:
    vm = first_vm(service)
    upwards = traversal(vim.ManagedEntity, "parent", name="upwards")
    upwards.selectSet = [Collector.SelectionSpec(name="upwards")]
    starts = [
        traversal(
            vim.VirtualMachine, "runtime.host", traversal(vim.HostSystem, "parent", upwards)
        ),
        traversal(
            vim.VirtualMachine, "resourcePool", traversal(vim.ResourcePool, "owner", upwards)
        ),
        traversal(vim.VirtualMachine, "datastore"),
        upwards,
    ]
    collector = service.content.propertyCollector

    found = collector.RetrieveContents([specification(vm, vim.ManagedEntity, ["name"], starts)])

    names = {item.propSet[0].val for item in found}
    assert {
        "esx-c0-1.lab.example",
        "DC0_C0",
        "host",
        "DC0",
        "Datacenters",
        "Resources",
        "shared-ds-1",
        "Instances",
        "OpenStack",
        "vm",
    } <= names


def test_traversals_that_lead_in_a_circle_end(service: vim.ServiceInstance) -> None:
    vm = first_vm(service)
    to_host = traversal(vim.VirtualMachine, "runtime.host", name="to-host")
    to_vms = traversal(vim.HostSystem, "vm", Collector.SelectionSpec(name="to-host"))
    to_host.selectSet = [to_vms]

    found = service.content.propertyCollector.RetrieveContents(
        [specification(vm, vim.HostSystem, ["name"], [to_host])]
    )

    assert [item.propSet[0].val for item in found] == [vm.runtime.host.name]


def test_an_object_that_is_gone_is_a_fault(service: vim.ServiceInstance) -> None:
    gone = vim.VirtualMachine("vm-99999", service._stub)

    with pytest.raises(vmodl.fault.ManagedObjectNotFound):
        service.content.propertyCollector.RetrieveContents(
            [specification(gone, vim.VirtualMachine, ["name"], [])]
        )


def test_a_property_that_is_not_set_is_none(content: Any) -> None:
    assert content.rootFolder.parent is None


def test_nothing_selected_is_no_answer(content: Any) -> None:
    wanted = specification(content.rootFolder, vim.HostSystem, ["name"], [])

    answer = content.propertyCollector.RetrievePropertiesEx([wanted], Collector.RetrieveOptions())

    assert answer is None


def all_vms(content: Any) -> Collector.FilterSpec:
    view = view_of(content, vim.VirtualMachine)
    wanted = specification(
        view, vim.VirtualMachine, ["name"], [traversal(vim.view.ContainerView, "view")]
    )
    wanted.objectSet[0].skip = True
    return wanted


def test_max_objects_pages_the_answer(content: Any) -> None:
    collector = content.propertyCollector
    sizes, names = [], set()

    page = collector.RetrievePropertiesEx(
        [all_vms(content)], Collector.RetrieveOptions(maxObjects=6)
    )
    while True:
        sizes.append(len(page.objects))
        names |= {item.propSet[0].val for item in page.objects}
        if not page.token:
            break
        page = collector.ContinueRetrievePropertiesEx(page.token)

    assert sizes == [6, 6, 6, 2]
    assert len(names) == 20


def test_a_token_is_good_once_and_can_be_given_back(content: Any) -> None:
    collector = content.propertyCollector
    wanted, options = [all_vms(content)], Collector.RetrieveOptions(maxObjects=15)

    used = collector.RetrievePropertiesEx(wanted, options).token
    assert collector.ContinueRetrievePropertiesEx(used).token is None
    with pytest.raises(vmodl.fault.InvalidArgument):
        collector.ContinueRetrievePropertiesEx(used)

    given_back = collector.RetrievePropertiesEx(wanted, options).token
    collector.CancelRetrievePropertiesEx(given_back)
    with pytest.raises(vmodl.fault.InvalidArgument):
        collector.ContinueRetrievePropertiesEx(given_back)
