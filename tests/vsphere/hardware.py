"""Makes of a VM, a host or a cluster what keeps a VM from moving, by a test's own pyVmomi."""

from typing import Any

from pyVmomi import vim

from lab.vcenter import wait

ADD = vim.vm.device.VirtualDeviceSpec.Operation.add


def mount_alone(host: Any, name: str, folder: str) -> None:
    """A datastore that this host alone mounts."""
    host.configManager.datastoreSystem.CreateLocalDatastore(name=name, path=folder)


def wait_for(task: Any) -> None:
    wait([task])


def insert_iso(vm: Any, path: str, *, connected: bool = True) -> None:
    """A CD-ROM drive with an image in it."""
    drive = vim.vm.device.VirtualCdrom(
        key=-7,
        controllerKey=200,
        unitNumber=1,
        deviceInfo=vim.Description(label="CD/DVD drive 1", summary="ISO"),
        connectable=vim.vm.device.VirtualDevice.ConnectInfo(
            connected=connected, startConnected=connected, allowGuestControl=True
        ),
        backing=vim.vm.device.VirtualCdrom.IsoBackingInfo(fileName=path),
    )
    _reconfigure(vm, deviceChange=[vim.vm.device.VirtualDeviceSpec(operation=ADD, device=drive)])


def reserve_memory(vm: Any, megabytes: int) -> None:
    _reconfigure(vm, memoryAllocation=vim.ResourceAllocationInfo(reservation=megabytes))


def _reconfigure(vm: Any, **spec: Any) -> None:
    wait([vm.ReconfigVM_Task(vim.vm.ConfigSpec(**spec))])


def set_drs(cluster: Any, *, enabled: bool = True, level: str = "fullyAutomated") -> None:
    drs = vim.cluster.DrsConfigInfo(enabled=enabled, defaultVmBehavior=level)
    _configure(cluster, vim.cluster.ConfigSpecEx(drsConfig=drs))


def leave_alone(cluster: Any, vm: Any) -> None:
    """DRS is off for this VM."""
    own = vim.cluster.DrsVmConfigSpec(
        operation="add", info=vim.cluster.DrsVmConfigInfo(key=vm, enabled=False)
    )
    _configure(cluster, vim.cluster.ConfigSpecEx(drsVmConfigSpec=[own]))


def keep_off(cluster: Any, vms: list[Any], hosts: list[Any], name: str = "keep off") -> None:
    """A mandatory rule: these VMs never on these hosts."""
    groups = [
        vim.cluster.GroupSpec(
            operation="add", info=vim.cluster.VmGroup(name=f"{name} vms", vm=vms)
        ),
        vim.cluster.GroupSpec(
            operation="add", info=vim.cluster.HostGroup(name=f"{name} hosts", host=hosts)
        ),
    ]
    rule = vim.cluster.VmHostRuleInfo(
        name=name,
        enabled=True,
        mandatory=True,
        vmGroupName=f"{name} vms",
        antiAffineHostGroupName=f"{name} hosts",
    )
    rules = [vim.cluster.RuleSpec(operation="add", info=rule)]
    _configure(cluster, vim.cluster.ConfigSpecEx(groupSpec=groups, rulesSpec=rules))


def _configure(cluster: Any, spec: Any) -> None:
    wait([cluster.ReconfigureComputeResource_Task(spec, True)])


def drop_rule(cluster: Any, name: str) -> None:
    """What `keep_off` made."""
    key = next(rule.key for rule in cluster.configurationEx.rule if rule.name == name)
    rules = [vim.cluster.RuleSpec(operation="remove", removeKey=key)]
    groups = [
        vim.cluster.GroupSpec(operation="remove", removeKey=f"{name} {which}")
        for which in ("vms", "hosts")
    ]
    _configure(cluster, vim.cluster.ConfigSpecEx(groupSpec=groups, rulesSpec=rules))
