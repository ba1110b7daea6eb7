package simulator

import (
	"time"

	"github.com/vmware/govmomi/vim25/methods"
	"github.com/vmware/govmomi/vim25/soap"
	"github.com/vmware/govmomi/vim25/types"
)

// What hosts and clusters use follows from the VMs that are powered on:
//
//	a VM takes 40 MHz a virtual CPU and half of its memory of its host, and has an eighth of it active;
//	a host besides takes what its hypervisor needs, a little different from host to host.
//
// A cluster's figures are the sums of its hosts', so that they agree whichever way they are read.
type load struct {
	cpuMHz   int32
	memoryMB int32
}

// hypervisorLoads is what each host takes without any VM. Written while the inventory is made.
var hypervisorLoads = map[types.ManagedObjectReference]load{}

func cpuLoad(vm *VirtualMachine) int32 { return 40 * vm.Config.Hardware.NumCPU }

func memoryLoad(vm *VirtualMachine) int32 { return vm.Config.Hardware.MemoryMB / 2 }

func activeMemory(vm *VirtualMachine) int32 { return vm.Config.Hardware.MemoryMB / 8 }

// overheadMB is what a powered-on VM needs besides its own memory, which HA counts in.
func overheadMB(vm *VirtualMachine) int32 { return 48 + 24*vm.Config.Hardware.NumCPU }

// hostLoad is what the VMs of one host come to.
type hostLoad struct {
	load
	activeMB                int32
	on, off                 int32
	reservedMHz, reservedMB int32 // by their own reservations
	heldMHz, heldMB         int32 // as HA counts: 32 MHz where there is none, and the overhead
}

// countLoad adds one VM to its host's. The caller holds the VM's lock.
func countLoad(vm *VirtualMachine, byHost map[types.ManagedObjectReference]*hostLoad) {
	if vm.Config == nil || vm.Runtime.Host == nil || vm.Config.Template {
		return
	}
	h := byHost[*vm.Runtime.Host]
	if h == nil {
		h = new(hostLoad)
		byHost[*vm.Runtime.Host] = h
	}
	quick := &vm.Summary.QuickStats
	if vm.Runtime.PowerState != types.VirtualMachinePowerStatePoweredOn {
		h.off++
		quick.OverallCpuUsage, quick.HostMemoryUsage, quick.GuestMemoryUsage = 0, 0, 0
		return
	}
	quick.OverallCpuUsage, quick.HostMemoryUsage, quick.GuestMemoryUsage = cpuLoad(vm), memoryLoad(vm), activeMemory(vm)
	h.on++
	h.cpuMHz += quick.OverallCpuUsage
	h.memoryMB += quick.HostMemoryUsage
	h.activeMB += quick.GuestMemoryUsage
	mhz, mb := reservation(vm.Config.CpuAllocation), reservation(vm.Config.MemoryAllocation)
	h.reservedMHz += mhz
	h.reservedMB += mb
	if mhz == 0 {
		mhz = 32
	}
	h.heldMHz += mhz
	h.heldMB += mb + overheadMB(vm)
}

func reservation(allocation *types.ResourceAllocationInfo) int32 {
	if allocation == nil || allocation.Reservation == nil {
		return 0
	}
	return int32(*allocation.Reservation)
}

// publishLoads writes the figures of all hosts and clusters. The caller holds no lock.
func publishLoads(byHost map[types.ManagedObjectReference]*hostLoad) {
	for _, e := range Map.All("HostSystem") {
		publishHostLoad(e.(*HostSystem), byHost[e.Reference()])
	}
	for _, e := range Map.All("ClusterComputeResource") {
		publishClusterLoad(e.(*ClusterComputeResource), byHost)
	}
}

func publishHostLoad(host *HostSystem, vms *hostLoad) {
	sum := hypervisorLoads[host.Self]
	if vms != nil {
		sum.cpuMHz += vms.cpuMHz
		sum.memoryMB += vms.memoryMB
	}
	hw := host.Summary.Hardware
	sum.cpuMHz = capped(sum.cpuMHz, hw.CpuMhz*int32(hw.NumCpuCores))
	sum.memoryMB = capped(sum.memoryMB, int32(hw.MemorySize>>20))
	changed := false
	Map.WithLock(host, func() {
		quick := &host.Summary.QuickStats
		changed = quick.OverallCpuUsage != sum.cpuMHz || quick.OverallMemoryUsage != sum.memoryMB
		quick.OverallCpuUsage, quick.OverallMemoryUsage = sum.cpuMHz, sum.memoryMB
		if host.Runtime.BootTime != nil {
			quick.Uptime = int32(time.Since(*host.Runtime.BootTime) / time.Second)
		}
	})
	if changed {
		touch(host.Self)
	}
}

func capped(value, most int32) int32 {
	if value > most {
		return most
	}
	return value
}

// publishClusterLoad fills in what only a cluster's summary has.
func publishClusterLoad(cluster *ClusterComputeResource, byHost map[types.ManagedObjectReference]*hostLoad) {
	usage := &types.ClusterUsageSummary{StatsGenNumber: time.Now().Unix()}
	var heldMHz, heldMB, usedMHz int32
	for _, ref := range cluster.Host {
		host, ok := Map.Get(ref).(*HostSystem)
		if !ok {
			continue
		}
		if host.usable() {
			usage.CpuDemandMhz += host.Summary.QuickStats.OverallCpuUsage
			usedMHz += host.Summary.QuickStats.OverallCpuUsage
		}
		if vms := byHost[ref]; vms != nil {
			usage.MemDemandMB += vms.activeMB
			usage.CpuReservationMhz += vms.reservedMHz
			usage.MemReservationMB += vms.reservedMB
			usage.PoweredOffVmCount += vms.off
			usage.TotalVmCount += vms.on + vms.off
			heldMHz += vms.heldMHz
			heldMB += vms.heldMB
		}
	}
	Map.WithLock(cluster, func() {
		full, ok := cluster.Summary.(*types.ClusterComputeResourceSummary)
		if !ok {
			return
		}
		usage.TotalCpuCapacityMhz, usage.TotalMemCapacityMB = full.EffectiveCpu, int32(full.EffectiveMemory)
		usage.CpuEntitledMhz, usage.MemEntitledMB = usage.CpuDemandMhz, usage.MemDemandMB
		full.UsageSummary = usage
		full.DrsScore = drsScore(usedMHz, full.EffectiveCpu)
		full.CurrentFailoverLevel = full.NumEffectiveHosts - 1
		if full.CurrentFailoverLevel < 0 {
			full.CurrentFailoverLevel = 0
		}
		full.AdmissionControlInfo = admissionControl(cluster, full, heldMHz, heldMB)
	})
}

// drsScore is high while there is room: VMware does not say how it comes about.
func drsScore(usedMHz, effectiveMHz int32) int32 {
	if effectiveMHz == 0 {
		return 0
	}
	return 100 - capped(int32(100*int64(usedMHz)/int64(effectiveMHz)), 100)/4
}

// admissionControl is what HA finds free: by VMware's rule for percentages, all that the usable hosts
// have, less what the VMs that are powered on hold, in percent of the former.
func admissionControl(cluster *ClusterComputeResource, sum *types.ClusterComputeResourceSummary, heldMHz, heldMB int32) types.BaseClusterDasAdmissionControlInfo {
	config, ok := cluster.ConfigurationEx.(*types.ClusterConfigInfoEx)
	if !ok || !isTrue(config.DasConfig.Enabled) || !isTrue(config.DasConfig.AdmissionControlEnabled) {
		return nil
	}
	switch config.DasConfig.AdmissionControlPolicy.(type) {
	case *types.ClusterFailoverResourcesAdmissionControlPolicy:
		return &types.ClusterFailoverResourcesAdmissionControlInfo{
			CurrentCpuFailoverResourcesPercent:    percentFree(int64(sum.EffectiveCpu), int64(heldMHz)),
			CurrentMemoryFailoverResourcesPercent: percentFree(sum.EffectiveMemory, int64(heldMB)),
		}
	case *types.ClusterFailoverLevelAdmissionControlPolicy:
		return &types.ClusterFailoverLevelAdmissionControlInfo{CurrentFailoverLevel: sum.CurrentFailoverLevel}
	case *types.ClusterFailoverHostAdmissionControlPolicy:
		return new(types.ClusterFailoverHostAdmissionControlInfo)
	}
	return nil
}

func percentFree(total, held int64) int32 {
	if total <= 0 || held >= total {
		return 0
	}
	return int32(100 * (total - held) / total)
}

// GetResourceUsage adds up the cluster's usable hosts and the datastores that its hosts mount.
func (c *ClusterComputeResource) GetResourceUsage(_ *types.GetResourceUsage) soap.HasFault {
	var sum types.ClusterResourceUsageSummary
	datastores := map[types.ManagedObjectReference]bool{}
	for _, ref := range c.Host {
		host, ok := Map.Get(ref).(*HostSystem)
		if !ok {
			continue
		}
		for _, ds := range host.Datastore {
			datastores[ds] = true
		}
		if !host.usable() {
			continue
		}
		hw := host.Summary.Hardware
		sum.CpuCapacityMHz += hw.CpuMhz * int32(hw.NumCpuCores)
		sum.MemCapacityMB += int32(hw.MemorySize >> 20)
		sum.CpuUsedMHz += host.Summary.QuickStats.OverallCpuUsage
		sum.MemUsedMB += host.Summary.QuickStats.OverallMemoryUsage
	}
	var capacity, free int64
	for ref := range datastores {
		if ds, ok := Map.Get(ref).(*Datastore); ok {
			capacity += ds.Summary.Capacity
			free += ds.Summary.FreeSpace
		}
	}
	sum.StorageCapacityMB, sum.StorageUsedMB = capacity>>20, (capacity-free)>>20
	return &methods.GetResourceUsageBody{Res: &types.GetResourceUsageResponse{Returnval: sum}}
}
