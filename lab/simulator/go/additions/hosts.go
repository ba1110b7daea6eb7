package simulator

import (
	"time"

	"github.com/vmware/govmomi/simulator/esx"
	"github.com/vmware/govmomi/vim25/methods"
	"github.com/vmware/govmomi/vim25/soap"
	"github.com/vmware/govmomi/vim25/types"
)

const (
	hostCPUMHz   = 2394
	hostPackages = 2
)

// setHostTemplate sets the size of the hosts that are made after it.
func setHostTemplate(threads int, memoryGiB int64) {
	hw := esx.HostSystem.Summary.Hardware
	hw.Vendor, hw.Model = "Dell Inc.", "PowerEdge R740"
	hw.CpuModel, hw.CpuMhz = "Intel(R) Xeon(R) Gold 5120T CPU @ 2.40GHz", hostCPUMHz
	hw.NumCpuPkgs = hostPackages
	hw.NumCpuThreads = int16(threads)
	hw.NumCpuCores = int16((threads + 1) / 2)
	hw.MemorySize = memoryGiB * gib
}

// ownConfigs is how many hosts have a configuration of their own to change (network, firewall); the
// copy takes milliseconds, so further ones share that of the last.
const ownConfigs = 64

var lastHostConfig struct {
	made int
	info types.HostConfigInfo
}

func copyHostConfig(template, config *types.HostConfigInfo) {
	if lastHostConfig.made < ownConfigs {
		lastHostConfig.info = types.HostConfigInfo{}
		deepCopy(template, &lastHostConfig.info)
		lastHostConfig.made++
	}
	*config = lastHostConfig.info
}

// describeHost fills in what the simulator leaves as it was on the one host that it was taken from.
func describeHost(host *HostSystem, n int) {
	hw := host.Summary.Hardware
	host.Hardware.SystemInfo.Vendor, host.Hardware.SystemInfo.Model = hw.Vendor, hw.Model
	host.Hardware.MemorySize = hw.MemorySize
	host.Hardware.CpuInfo = types.HostCpuInfo{
		NumCpuPackages: hw.NumCpuPkgs, NumCpuCores: hw.NumCpuCores, NumCpuThreads: hw.NumCpuThreads, Hz: hostCPUMHz * 1e6,
	}
	host.Hardware.CpuPkg = nil
	// Ninety sensors, which nobody asks for: Nova reads them with summary.runtime at each look at its
	// cluster, and its SOAP client took a tenth of a second a host for them.
	host.Runtime.HealthSystemRuntime = nil
	numa := &types.HostNumaInfo{Type: "NUMA", NumNodes: hostPackages}
	each := int(hw.NumCpuThreads) / hostPackages
	for p := 0; p < hostPackages; p++ {
		node := types.HostNumaNode{
			TypeId:            byte(p),
			MemoryRangeBegin:  int64(p) * (hw.MemorySize / hostPackages),
			MemoryRangeLength: hw.MemorySize / hostPackages,
		}
		pkg := types.HostCpuPackage{
			Index: int16(p), Vendor: "intel", Hz: hostCPUMHz * 1e6, BusHz: 100e6, Description: hw.CpuModel,
		}
		for id := p * each; id < (p+1)*each; id++ {
			node.CpuID = append(node.CpuID, int16(id))
			pkg.ThreadId = append(pkg.ThreadId, int16(id))
		}
		numa.NumaNode = append(numa.NumaNode, node)
		host.Hardware.CpuPkg = append(host.Hardware.CpuPkg, pkg)
	}
	host.Hardware.NumaInfo = numa
	product := esx.HostConfigInfo.Product
	host.Summary.Config.Product = &product
	host.Summary.OverallStatus = types.ManagedEntityStatusGreen

	uptime := time.Duration(36*(n%40)+30) * time.Hour
	boot := time.Now().Add(-uptime)
	host.Runtime.BootTime = &boot
	host.Summary.QuickStats.Uptime = int32(uptime / time.Second)
	hypervisorLoads[host.Self] = load{cpuMHz: int32(350 + 190*(n%7)), memoryMB: int32(6*1024 + 700*(n%9))}
}

// usable tells whether a host takes VMs.
func (h *HostSystem) usable() bool {
	return h.Runtime.ConnectionState == types.HostSystemConnectionStateConnected && !h.Runtime.InMaintenanceMode
}

func (h *HostSystem) mounts(ds types.ManagedObjectReference) bool {
	return FindReference(h.Datastore, ds) != nil
}

// leastLoaded picks, as DRS would, the host that takes VMs with the fewest VMs; nil when there is none.
func leastLoaded(hosts []types.ManagedObjectReference) *types.ManagedObjectReference {
	var best *HostSystem
	for _, ref := range hosts {
		if host, ok := Map.Get(ref).(*HostSystem); ok && host.takesVMs() && (best == nil || len(host.Vm) < len(best.Vm)) {
			best = host
		}
	}
	if best == nil {
		return nil
	}
	ref := best.Self
	return &ref
}

// runLater runs a task after its call has been answered, so that it may take the locks of VMs: a call
// on a host holds the host's, and a call on a VM takes them the other way round.
func runLater(task *Task) types.ManagedObjectReference {
	go func() {
		Map.WithLock(task.Self, func() { task.Run() })
		refreshSpace()
	}()
	return task.Self
}

func (h *HostSystem) setRuntime(changes ...types.PropertyChange) {
	Map.WithLock(h, func() { Map.Update(h, changes) })
	if cluster, ok := Map.Get(*h.Parent).(*ClusterComputeResource); ok {
		refreshClusterSummary(cluster)
	}
}

// ExitMaintenanceModeTask leaves the VMs where they are.
func (h *HostSystem) ExitMaintenanceModeTask(ctx *Context, _ *types.ExitMaintenanceMode_Task) soap.HasFault {
	task := CreateTask(h, "exitMaintenanceMode", func(*Task) (types.AnyType, types.BaseMethodFault) {
		if !h.Runtime.InMaintenanceMode {
			return nil, new(types.InvalidState)
		}
		h.setRuntime(types.PropertyChange{Name: "runtime.inMaintenanceMode", Val: false})
		ctx.postEvent(&types.ExitMaintenanceModeEvent{HostEvent: h.event()})
		return nil, nil
	})
	return &methods.ExitMaintenanceMode_TaskBody{Res: &types.ExitMaintenanceMode_TaskResponse{Returnval: runLater(task)}}
}

// DisconnectHostTask makes the host and its VMs disconnected; the VMs run on.
func (h *HostSystem) DisconnectHostTask(ctx *Context, _ *types.DisconnectHost_Task) soap.HasFault {
	task := CreateTask(h, "disconnect", func(*Task) (types.AnyType, types.BaseMethodFault) {
		h.connect(types.HostSystemConnectionStateDisconnected, types.VirtualMachineConnectionStateDisconnected)
		ctx.postEvent(&types.HostDisconnectedEvent{HostEvent: h.event(), Reason: "userRequest"})
		return nil, nil
	})
	return &methods.DisconnectHost_TaskBody{Res: &types.DisconnectHost_TaskResponse{Returnval: runLater(task)}}
}

// ReconnectHostTask undoes DisconnectHostTask.
func (h *HostSystem) ReconnectHostTask(ctx *Context, _ *types.ReconnectHost_Task) soap.HasFault {
	task := CreateTask(h, "reconnect", func(*Task) (types.AnyType, types.BaseMethodFault) {
		if h.Runtime.ConnectionState == types.HostSystemConnectionStateConnected {
			return nil, new(types.InvalidState)
		}
		h.connect(types.HostSystemConnectionStateConnected, types.VirtualMachineConnectionStateConnected)
		ctx.postEvent(&types.HostConnectedEvent{HostEvent: h.event()})
		return nil, nil
	})
	return &methods.ReconnectHost_TaskBody{Res: &types.ReconnectHost_TaskResponse{Returnval: runLater(task)}}
}

func (h *HostSystem) connect(host types.HostSystemConnectionState, vms types.VirtualMachineConnectionState) {
	h.setRuntime(types.PropertyChange{Name: "runtime.connectionState", Val: host})
	for _, ref := range append([]types.ManagedObjectReference{}, h.Vm...) {
		if vm, ok := Map.Get(ref).(*VirtualMachine); ok {
			Map.WithLock(vm, func() {
				Map.Update(vm, []types.PropertyChange{
					{Name: "runtime.connectionState", Val: vms},
					{Name: "summary.runtime.connectionState", Val: vms},
				})
			})
		}
	}
}
