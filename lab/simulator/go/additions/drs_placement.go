package simulator

import (
	"github.com/vmware/govmomi/vim25/types"
)

// drsPlacement is what DRS goes by when it looks for another host: how full the hosts of a cluster are,
// its moves so far counted in. Without a figure of load of its own, the host with the fewest VMs is best.
type drsPlacement struct {
	cluster  *ClusterComputeResource
	leaving  map[types.ManagedObjectReference]bool
	vms      map[types.ManagedObjectReference]int
	reserved map[types.ManagedObjectReference]int64 // MB, of VMs that run
	at       map[types.ManagedObjectReference]types.ManagedObjectReference
}

func newDrsPlacement(cluster *ClusterComputeResource, leaving ...types.ManagedObjectReference) *drsPlacement {
	p := &drsPlacement{
		cluster: cluster, leaving: map[types.ManagedObjectReference]bool{}, vms: map[types.ManagedObjectReference]int{},
		reserved: map[types.ManagedObjectReference]int64{}, at: map[types.ManagedObjectReference]types.ManagedObjectReference{},
	}
	for _, ref := range leaving {
		p.leaving[ref] = true
	}
	for _, ref := range cluster.Host {
		for _, vmRef := range append([]types.ManagedObjectReference{}, Map.Get(ref).(*HostSystem).Vm...) {
			if vm, ok := Map.Get(vmRef).(*VirtualMachine); ok {
				p.put(vm, ref)
			}
		}
	}
	return p
}

func (p *drsPlacement) put(vm *VirtualMachine, host types.ManagedObjectReference) {
	if was, ok := p.at[vm.Self]; ok {
		p.vms[was]--
		p.reserved[was] -= vm.reservedMB()
	}
	p.at[vm.Self] = host
	p.vms[host]++
	p.reserved[host] += vm.reservedMB()
}

// reservedMB counts for a VM that runs: vCenters admit by reservations, not by what is configured.
func (vm *VirtualMachine) reservedMB() int64 {
	a := vm.Config.MemoryAllocation
	if vm.Runtime.PowerState != types.VirtualMachinePowerStatePoweredOn || a == nil || a.Reservation == nil {
		return 0
	}
	return *a.Reservation
}

// choose is where the VM goes, and takes it as gone there; nil with a fault that names what is wrong with
// each host, or DrsDisabledOnVm.
func (p *drsPlacement) choose(vm *VirtualMachine) (*HostSystem, types.BaseMethodFault) {
	if !p.cluster.drsMay(vm) {
		return nil, new(types.DrsDisabledOnVm)
	}
	var best *HostSystem
	none := new(types.NoCompatibleHost)
	for _, ref := range p.cluster.Host {
		host := Map.Get(ref).(*HostSystem)
		if p.leaving[ref] || ref == p.at[vm.Self] || !host.takesVMs() {
			continue
		}
		fault := p.fault(vm, host)
		if fault == nil {
			fault = p.keptApart(vm, host)
		}
		if fault != nil {
			none.Host = append(none.Host, ref)
			none.Error = append(none.Error, types.LocalizedMethodFault{Fault: fault, LocalizedMessage: faultWords(fault)})
			continue
		}
		if best == nil || p.vms[ref] < p.vms[best.Self] {
			best = host
		}
	}
	if best == nil {
		return nil, none
	}
	p.put(vm, best.Self)
	return best, nil
}

// fault is why a VM cannot go to a host that takes VMs; nil if it can.
func (p *drsPlacement) fault(vm *VirtualMachine, host *HostSystem) types.BaseMethodFault {
	if fault := vm.inaccessible(&move{host: host.Self, disks: map[int32]*Datastore{}, keepParent: map[int32]bool{}}, host); fault != nil {
		return fault
	}
	if fault := vm.boundDevice(host); fault != nil {
		return fault
	}
	if p.cluster.mustNotRun(vm.Self, host.Self) {
		return &types.VmHostAffinityRuleViolation{VmName: vm.Name, HostName: host.Name}
	}
	if free := host.Summary.Hardware.MemorySize>>20 - p.reserved[host.Self]; vm.reservedMB() > free {
		return &types.InsufficientMemoryResourcesFault{Unreserved: free, Requested: vm.reservedMB()}
	}
	return nil
}

// boundDevice is the fault of a connected device that the host does not have: an image on a datastore
// that it does not mount, a drive or a card of another host's own. Of a VM that does not run nothing is
// connected.
func (vm *VirtualMachine) boundDevice(host *HostSystem) types.BaseMethodFault {
	if vm.Runtime.PowerState == types.VirtualMachinePowerStatePoweredOff || host.Self == *vm.Runtime.Host {
		return nil
	}
	for _, device := range vm.Config.Hardware.Device {
		d := device.GetVirtualDevice()
		label := "device"
		if d.DeviceInfo != nil {
			label = d.DeviceInfo.GetDescription().Label
		}
		if _, ok := device.(*types.VirtualPCIPassthrough); ok {
			fault := new(types.DeviceNotSupported)
			fault.Device = label
			return fault
		}
		if d.Connectable == nil || !d.Connectable.Connected {
			continue
		}
		backingName, bound := "", false
		switch backing := d.Backing.(type) {
		case *types.VirtualCdromIsoBackingInfo:
			backingName = backing.FileName
			if p, fault := parseDatastorePath(backing.FileName); fault == nil {
				ds := vm.datastoreNamed(p.Datastore)
				bound = ds == nil || !host.mounts(ds.Self)
			}
		case *types.VirtualCdromAtapiBackingInfo:
			backingName, bound = backing.DeviceName, true
		case *types.VirtualCdromPassthroughBackingInfo:
			backingName, bound = backing.DeviceName, true
		case *types.VirtualUSBUSBBackingInfo:
			backingName, bound = backing.DeviceName, true
		}
		if bound {
			return &types.CannotAccessVmDevice{Device: label, Backing: backingName, Connected: true}
		}
	}
	return nil
}

// drsMay tells whether DRS may plan for the VM at all: it is on, and not off for this VM.
func (c *ClusterComputeResource) drsMay(vm *VirtualMachine) bool {
	config := c.configEx()
	if !isTrue(config.DrsConfig.Enabled) {
		return false
	}
	for _, own := range config.DrsVmConfig {
		if own.Key == vm.Self && own.Enabled != nil && !*own.Enabled {
			return false
		}
	}
	return true
}

// drsMoves tells whether DRS moves the VM without being asked to.
func (c *ClusterComputeResource) drsMoves(vm *VirtualMachine) bool {
	config := c.configEx()
	level := config.DrsConfig.DefaultVmBehavior
	for _, own := range config.DrsVmConfig {
		if own.Key == vm.Self && own.Behavior != "" {
			level = own.Behavior
		}
	}
	return c.drsMay(vm) && level == types.DrsBehaviorFullyAutomated
}

func (c *ClusterComputeResource) configEx() *types.ClusterConfigInfoEx {
	if config, ok := c.ConfigurationEx.(*types.ClusterConfigInfoEx); ok {
		return config
	}
	return new(types.ClusterConfigInfoEx)
}
