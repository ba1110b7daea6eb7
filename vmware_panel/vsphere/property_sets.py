"""Which properties are read of which type, in one place.

All are paths that every supported version has. What a path becomes is in `inventory_rows`; a
property that the account may not see, or that vCenter leaves unset, stays unknown.
"""

from collections.abc import Mapping
from types import MappingProxyType

from pyVmomi import vim

PropertySets = Mapping[type, tuple[str, ...]]

NOVA_UUID_KEY = "nvp.vm-uuid"
CINDER_VOLUME_KEY = "cinder.volume.id"
VOLUME_KEY_PREFIX = "volume-"

# One key of the extraConfig: Nova reads it of all VMs in the same way
# (nova.virt.vmwareapi.vmops.VMwareVMOps.list_instances).
NOVA_UUID_PATH = f'config.extraConfig["{NOVA_UUID_KEY}"]'
EXTRA_CONFIG_PATH = "config.extraConfig"

CLUSTER_SUMMARY_PATH = "summary"  # whole: a path into what only clusters have is refused
NUMA_PATH = "hardware.numaInfo.numaNode"
ADAPTERS_PATH = "config.network.pnic"
POWER_POLICY_PATH = "config.powerSystemInfo.currentPolicy.shortName"

_TREE = ("name", "parent")

_SHARED: dict[type, tuple[str, ...]] = {
    vim.Datacenter: _TREE,
    vim.Folder: _TREE,
    vim.ResourcePool: (*_TREE, "owner"),
    vim.ClusterComputeResource: (
        "name",
        "resourcePool",
        "configuration.drsConfig.enabled",
        "configuration.drsConfig.defaultVmBehavior",
        "configuration.dasConfig.enabled",
        "configuration.dasConfig.admissionControlEnabled",
        "configuration.dasConfig.admissionControlPolicy",
    ),
    vim.HostSystem: (
        *_TREE,
        "datastore",
        "runtime.connectionState",
        "runtime.inMaintenanceMode",
        "runtime.powerState",
        "summary.config.product.version",
        "summary.hardware.cpuMhz",
        "summary.hardware.memorySize",
        "summary.hardware.numCpuCores",
        "summary.hardware.numCpuPkgs",
        "summary.hardware.numCpuThreads",
        "hardware.numaInfo.numNodes",
    ),
    vim.Datastore: (
        "name",
        "summary.accessible",
        "summary.capacity",
        "summary.freeSpace",
        "summary.maintenanceMode",
        "summary.type",
        "summary.uncommitted",
        "summary.url",
    ),
}

_VM = (
    *_TREE,
    "datastore",
    "resourcePool",
    "config.annotation",
    "config.files.vmPathName",
    "config.guestId",
    "config.hardware.device",
    "config.hardware.memoryMB",
    "config.hardware.numCPU",
    "config.hardware.numCoresPerSocket",
    "config.instanceUuid",
    "config.managedBy",
    "config.template",
    "config.uuid",
    "config.version",
    "guest.toolsRunningStatus",
    "runtime.connectionState",
    "runtime.host",
    "runtime.powerState",
)

CLUSTERS: PropertySets = MappingProxyType(
    {vim.ClusterComputeResource: _SHARED[vim.ClusterComputeResource]}
)
BULK: PropertySets = MappingProxyType({**_SHARED, vim.VirtualMachine: (*_VM, NOVA_UUID_PATH)})
ONE_VM: PropertySets = MappingProxyType({**_SHARED, vim.VirtualMachine: (*_VM, EXTRA_CONFIG_PATH)})

_HOST_USAGE = (
    "summary.quickStats.overallCpuUsage",
    "summary.quickStats.overallMemoryUsage",
    "summary.quickStats.uptime",
)
USAGE: PropertySets = MappingProxyType(
    {
        vim.HostSystem: _HOST_USAGE,
        vim.ClusterComputeResource: (CLUSTER_SUMMARY_PATH,),
    }
)
ONE_CLUSTER: PropertySets = MappingProxyType(
    {
        **_SHARED,
        vim.ClusterComputeResource: (
            *_SHARED[vim.ClusterComputeResource],
            CLUSTER_SUMMARY_PATH,
        ),
        vim.HostSystem: (*_SHARED[vim.HostSystem], *_HOST_USAGE, NUMA_PATH),
    }
)
ONE_HOST: PropertySets = MappingProxyType(
    {
        **BULK,
        vim.HostSystem: (
            *_SHARED[vim.HostSystem],
            *_HOST_USAGE,
            NUMA_PATH,
            ADAPTERS_PATH,
            POWER_POLICY_PATH,
            "summary.config.product.fullName",
            "summary.hardware.cpuModel",
            "summary.hardware.model",
            "summary.hardware.vendor",
        ),
    }
)
