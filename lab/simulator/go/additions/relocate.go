package simulator

import (
	"github.com/vmware/govmomi/object"
	"github.com/vmware/govmomi/vim25/methods"
	"github.com/vmware/govmomi/vim25/mo"
	"github.com/vmware/govmomi/vim25/soap"
	"github.com/vmware/govmomi/vim25/types"
)

// move is a checked RelocateVM_Task: where the VM goes.
type move struct {
	pool       types.ManagedObjectReference
	host       types.ManagedObjectReference
	home       *Datastore           // nil: the VM's own files stay
	disks      map[int32]*Datastore // by device key; a disk that is not here stays
	keepParent map[int32]bool
}

// RelocateVMTask moves a VM for good. The simulator's own took the datastore, pool and host out of the
// wrong lists and left the files, the disks and the lists of the other side as they were.
func (vm *VirtualMachine) RelocateVMTask(ctx *Context, req *types.RelocateVM_Task) soap.HasFault {
	task := CreateTask(vm, "relocateVm", func(*Task) (types.AnyType, types.BaseMethodFault) {
		return nil, vm.relocate(ctx, &req.Spec, false)
	})
	return &methods.RelocateVM_TaskBody{Res: &types.RelocateVM_TaskResponse{Returnval: task.Run()}}
}

func (vm *VirtualMachine) mountedBy(host *HostSystem) bool {
	for _, ds := range vm.usedDatastores() {
		if !host.mounts(ds) {
			return false
		}
	}
	return true
}

func (vm *VirtualMachine) relocate(ctx *Context, spec *types.VirtualMachineRelocateSpec, byDRS bool) types.BaseMethodFault {
	to, fault := vm.planMove(spec)
	if fault != nil {
		return fault
	}
	from := vm.event()
	from.Ds = vm.homeArgument()
	oldHost, oldPool := *vm.Runtime.Host, vm.ResourcePool

	vm.moveFiles(to)
	if to.host != oldHost {
		vm.moveToHost(oldHost, to.host)
	}
	if oldPool == nil || *oldPool != to.pool {
		vm.moveToPool(oldPool, to.pool)
	}
	vm.syncDatastores()
	vm.LayoutEx.File = nil
	vm.Layout.ConfigFile, vm.Layout.LogFile = nil, nil
	vm.RefreshStorageInfo(ctx, nil)
	if spec.Folder != nil && !same(spec.Folder, vm.Parent) {
		folder := Map.Get(*spec.Folder).(*Folder)
		folder.MoveIntoFolderTask(ctx, &types.MoveIntoFolder_Task{List: []types.ManagedObjectReference{vm.Self}})
	}
	vm.postMoved(ctx, from, oldHost, oldPool, to, byDRS)
	return nil
}

func (vm *VirtualMachine) planMove(spec *types.VirtualMachineRelocateSpec) (*move, types.BaseMethodFault) {
	to := &move{disks: map[int32]*Datastore{}, keepParent: map[int32]bool{}, host: *vm.Runtime.Host}
	switch {
	case spec.Pool != nil:
		to.pool = *spec.Pool
	case vm.ResourcePool != nil:
		to.pool = *vm.ResourcePool
	default:
		return nil, &types.InvalidArgument{InvalidProperty: "spec.pool"}
	}
	pool, ok := Map.Get(to.pool).(mo.Entity)
	if !ok {
		return nil, &types.ManagedObjectNotFound{Obj: to.pool}
	}
	if fault := vm.planDisks(spec, to); fault != nil {
		return nil, fault
	}

	owner := Map.getEntityComputeResource(pool).Reference()
	if spec.Host != nil {
		to.host = *spec.Host
	}
	host, ok := Map.Get(to.host).(*HostSystem)
	if !ok {
		return nil, &types.ManagedObjectNotFound{Obj: to.host}
	}
	if *host.Parent != owner {
		if spec.Host != nil { // a host of one cluster, a pool of another
			return nil, &types.InvalidArgument{InvalidProperty: "spec.pool"}
		}
		chosen := leastLoaded(vm.reachableHosts(to, owner))
		if chosen == nil {
			return nil, vm.inaccessible(to, nil)
		}
		to.host = *chosen
		return to, nil
	}
	if to.host != *vm.Runtime.Host && !host.takesVMs() {
		return nil, new(types.InvalidState)
	}
	if fault := vm.inaccessible(to, host); fault != nil {
		return nil, fault
	}
	return to, nil
}

func (vm *VirtualMachine) planDisks(spec *types.VirtualMachineRelocateSpec, to *move) types.BaseMethodFault {
	find := func(ref types.ManagedObjectReference) (*Datastore, types.BaseMethodFault) {
		ds, ok := Map.Get(ref).(*Datastore)
		if !ok {
			return nil, &types.ManagedObjectNotFound{Obj: ref}
		}
		return ds, nil
	}
	keeps := func(moveType string) bool {
		return moveType == string(types.VirtualMachineRelocateDiskMoveOptionsMoveChildMostDiskBacking) ||
			moveType == string(types.VirtualMachineRelocateDiskMoveOptionsMoveAllDiskBackingsAndAllowSharing)
	}
	if spec.Datastore != nil {
		ds, fault := find(*spec.Datastore)
		if fault != nil {
			return fault
		}
		to.home = ds
		for _, device := range vm.Config.Hardware.Device {
			if disk, ok := device.(*types.VirtualDisk); ok {
				to.disks[disk.Key], to.keepParent[disk.Key] = ds, keeps(spec.DiskMoveType)
			}
		}
	}
	for _, locator := range spec.Disk {
		if _, ok := object.VirtualDeviceList(vm.Config.Hardware.Device).FindByKey(locator.DiskId).(*types.VirtualDisk); !ok {
			return &types.InvalidArgument{InvalidProperty: "spec.disk.diskId"}
		}
		ds, fault := find(locator.Datastore)
		if fault != nil {
			return fault
		}
		moveType := locator.DiskMoveType
		if moveType == "" {
			moveType = spec.DiskMoveType
		}
		to.disks[locator.DiskId], to.keepParent[locator.DiskId] = ds, keeps(moveType)
	}
	return nil
}

// neededDatastores names the datastores of a VM after the move, with a file on each.
func (vm *VirtualMachine) neededDatastores(to *move) map[types.ManagedObjectReference]string {
	need := map[types.ManagedObjectReference]string{}
	add := func(ds *Datastore, file string) {
		if ds != nil {
			need[ds.Self] = file
		}
	}
	home := vm.vmx(nil)
	if to.home != nil {
		add(to.home, home.String())
	} else {
		add(vm.datastoreNamed(home.Datastore), home.String())
	}
	for _, device := range vm.Config.Hardware.Device {
		disk, ok := device.(*types.VirtualDisk)
		if !ok {
			continue
		}
		backing, ok := disk.Backing.(*types.VirtualDiskFlatVer2BackingInfo)
		if !ok {
			continue
		}
		if ds := to.disks[disk.Key]; ds != nil {
			add(ds, backing.FileName)
			if !to.keepParent[disk.Key] {
				continue
			}
			backing = backing.Parent
		}
		for ; backing != nil; backing = backing.Parent {
			if p, fault := parseDatastorePath(backing.FileName); fault == nil {
				add(vm.datastoreNamed(p.Datastore), backing.FileName)
			}
		}
	}
	return need
}

func (vm *VirtualMachine) reachableHosts(to *move, owner types.ManagedObjectReference) []types.ManagedObjectReference {
	var hosts []types.ManagedObjectReference
	need := vm.neededDatastores(to)
	for _, e := range Map.All("HostSystem") {
		host := e.(*HostSystem)
		if *host.Parent != owner {
			continue
		}
		fits := true
		for ds := range need {
			fits = fits && host.mounts(ds)
		}
		if fits {
			hosts = append(hosts, host.Self)
		}
	}
	return hosts
}

// inaccessible is the fault of a move to a host (nil: to any) that does not mount what the VM needs.
func (vm *VirtualMachine) inaccessible(to *move, host *HostSystem) types.BaseMethodFault {
	for ds, file := range vm.neededDatastores(to) {
		if host != nil && host.mounts(ds) {
			continue
		}
		fault := new(types.CannotAccessVmDisk)
		fault.Device, fault.Backing, fault.Connected = "disk", file, true
		fault.Fault = types.LocalizedMethodFault{Fault: &types.InvalidDatastore{Datastore: &ds}}
		return fault
	}
	return nil
}

func (vm *VirtualMachine) moveToHost(from, to types.ManagedObjectReference) {
	if host, ok := Map.Get(from).(*HostSystem); ok {
		Map.RemoveReference(host, &host.Vm, vm.Self)
	}
	host := Map.Get(to).(*HostSystem)
	Map.AddReference(host, &host.Vm, vm.Self)
	Map.Update(vm, []types.PropertyChange{
		{Name: "runtime.host", Val: to},
		{Name: "summary.runtime.host", Val: to},
	})
}

func (vm *VirtualMachine) moveToPool(from *types.ManagedObjectReference, to types.ManagedObjectReference) {
	if from != nil {
		if pool, ok := Map.Get(*from).(mo.Entity); ok {
			if rp, ok := asResourcePoolMO(pool); ok {
				Map.RemoveReference(pool, &rp.Vm, vm.Self)
			}
		}
	}
	if pool, ok := Map.Get(to).(mo.Entity); ok {
		if rp, ok := asResourcePoolMO(pool); ok {
			Map.AddReference(pool, &rp.Vm, vm.Self)
		}
	}
	Map.Update(vm, []types.PropertyChange{{Name: "resourcePool", Val: to}})
}

func (vm *VirtualMachine) postMoved(ctx *Context, from types.VmEvent, oldHost types.ManagedObjectReference, oldPool *types.ManagedObjectReference, to *move, byDRS bool) {
	now := vm.event()
	now.Ds = vm.homeArgument()
	switch {
	case len(to.disks) > 0 || to.home != nil:
		ctx.postEvent(&types.VmRelocatedEvent{
			VmRelocateSpecEvent: types.VmRelocateSpecEvent{VmEvent: now}, SourceHost: *from.Host, SourceDatacenter: from.Datacenter, SourceDatastore: from.Ds})
	case to.host != oldHost:
		moved := types.VmMigratedEvent{VmEvent: now, SourceHost: *from.Host, SourceDatacenter: from.Datacenter, SourceDatastore: from.Ds}
		if byDRS {
			ctx.postEvent(&types.DrsVmMigratedEvent{VmMigratedEvent: moved})
		} else {
			ctx.postEvent(&moved)
		}
	}
	if oldPool != nil && *oldPool != to.pool {
		ctx.postEvent(&types.VmResourcePoolMovedEvent{VmEvent: now, OldParent: poolArgument(*oldPool), NewParent: poolArgument(to.pool)})
	}
}

// homeArgument names the datastore of the VM's own files, for an event.
func (vm *VirtualMachine) homeArgument() *types.DatastoreEventArgument {
	argument := &types.DatastoreEventArgument{EntityEventArgument: types.EntityEventArgument{Name: vm.vmx(nil).Datastore}}
	if ds := vm.datastoreNamed(argument.Name); ds != nil {
		argument.Datastore = ds.Self
	}
	return argument
}

func poolArgument(ref types.ManagedObjectReference) types.ResourcePoolEventArgument {
	argument := types.ResourcePoolEventArgument{ResourcePool: ref}
	if pool, ok := Map.Get(ref).(mo.Entity); ok {
		argument.Name = pool.Entity().Name
	}
	return argument
}
