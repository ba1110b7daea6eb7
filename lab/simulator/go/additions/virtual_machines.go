package simulator

import (
	"path"
	"reflect"
	"strings"

	"github.com/vmware/govmomi/object"
	"github.com/vmware/govmomi/vim25/mo"
	"github.com/vmware/govmomi/vim25/types"
)

// renamed lists what a Rename_Task changes: of a VM, its configuration's name too.
func renamed(e mo.Entity, name string) []types.PropertyChange {
	changes := []types.PropertyChange{{Name: "name", Val: name}}
	if _, ok := e.(*VirtualMachine); ok {
		changes = append(changes,
			types.PropertyChange{Name: "config.name", Val: name},
			types.PropertyChange{Name: "summary.config.name", Val: name})
	}
	return changes
}

// setExtraConfig changes one key: a vCenter replaces its value and drops it when the value is empty,
// the simulator had every value that was ever written.
func setExtraConfig(options []types.BaseOptionValue, changed types.BaseOptionValue) []types.BaseOptionValue {
	value := changed.GetOptionValue()
	kept := make([]types.BaseOptionValue, 0, len(options)+1)
	for _, option := range options {
		if option.GetOptionValue().Key != value.Key {
			kept = append(kept, option)
		}
	}
	if text, ok := value.Value.(string); ok && text == "" {
		return kept
	}
	return append(kept, changed)
}

// datastoreNamed finds a datastore of the VM's host, else of the datacenter: a linked clone's parent may
// be on one that the host no longer mounts.
func (vm *VirtualMachine) datastoreNamed(name string) *Datastore {
	if vm.Runtime.Host != nil {
		if host, ok := Map.Get(*vm.Runtime.Host).(*HostSystem); ok {
			if ds, ok := Map.FindByName(name, host.Datastore).(*Datastore); ok {
				return ds
			}
		}
	}
	return datastoreByName(name)
}

// usedDatastores are those of the VM's files: its home, its disks with their parents, its CD-ROM images.
func (vm *VirtualMachine) usedDatastores() []types.ManagedObjectReference {
	names := []string{vm.Config.Files.VmPathName}
	for _, device := range vm.Config.Hardware.Device {
		switch backing := device.GetVirtualDevice().Backing.(type) {
		case *types.VirtualDiskFlatVer2BackingInfo:
			for ; backing != nil; backing = backing.Parent {
				names = append(names, backing.FileName)
			}
		case types.BaseVirtualDeviceFileBackingInfo:
			names = append(names, backing.GetVirtualDeviceFileBackingInfo().FileName)
		}
	}
	var refs []types.ManagedObjectReference
	for _, name := range names {
		var p object.DatastorePath
		if !p.FromString(name) {
			continue
		}
		if ds := vm.datastoreNamed(p.Datastore); ds != nil && FindReference(refs, ds.Self) == nil {
			refs = append(refs, ds.Self)
		}
	}
	return refs
}

// syncDatastores makes vm.datastore and every datastore's vm agree with the VM's files.
func (vm *VirtualMachine) syncDatastores() {
	used := vm.usedDatastores()
	for _, e := range Map.All("Datastore") {
		ds := e.(*Datastore)
		listed := FindReference(ds.Vm, vm.Self) != nil
		wanted := FindReference(used, ds.Self) != nil
		switch {
		case wanted && !listed:
			Map.AddReference(ds, &ds.Vm, vm.Self)
		case listed && !wanted:
			Map.RemoveReference(ds, &ds.Vm, vm.Self)
		}
	}
	Map.Update(vm, []types.PropertyChange{{Name: "datastore", Val: used}})
}

// reconfigured follows a ReconfigVM_Task: the lists of datastores, and word to those who wait for updates.
func (vm *VirtualMachine) reconfigured() {
	vm.syncDatastores()
	vm.Summary.Config.Annotation = vm.Config.Annotation
	vm.Summary.Config.ManagedBy = vm.Config.ManagedBy
	Map.Update(vm, []types.PropertyChange{
		{Name: "name", Val: vm.Name},
		{Name: "config.name", Val: vm.Config.Name},
		{Name: "config.annotation", Val: vm.Config.Annotation},
		{Name: "config.instanceUuid", Val: vm.Config.InstanceUuid},
		{Name: "config.extraConfig", Val: vm.Config.ExtraConfig},
		{Name: "config.hardware.numCPU", Val: vm.Config.Hardware.NumCPU},
		{Name: "config.hardware.numCoresPerSocket", Val: vm.Config.Hardware.NumCoresPerSocket},
		{Name: "config.hardware.memoryMB", Val: vm.Config.Hardware.MemoryMB},
	})
}

// folderOf is the directory of a VM's files: of "dir/name.vmx", or of "dir" itself.
func folderOf(vmPath string) string {
	if path.Ext(vmPath) == ".vmx" {
		return path.Dir(vmPath)
	}
	return vmPath
}

// copyDevice makes a device that shares nothing with the original.
func copyDevice(device types.BaseVirtualDevice) types.BaseVirtualDevice {
	clone := reflect.New(reflect.TypeOf(device).Elem()).Interface()
	deepCopy(device, clone)
	return clone.(types.BaseVirtualDevice)
}

// cloneDevice is the device that a clone gets in place of the source's: a disk of its own, a card with a
// MAC address of its own. The simulator put the source's own devices into the clone and blanked their
// file names on the way.
func (vm *VirtualMachine) cloneDevice(device types.BaseVirtualDevice, spec *types.VirtualMachineCloneSpec) types.BaseVirtualDevice {
	clone := copyDevice(device)
	switch x := clone.(type) {
	case *types.VirtualDisk:
		if backing, ok := x.Backing.(*types.VirtualDiskFlatVer2BackingInfo); ok {
			if spec.Location.DiskMoveType == string(types.VirtualMachineRelocateDiskMoveOptionsCreateNewChildDiskBacking) {
				parent := *backing
				backing.Parent = &parent
			} else {
				backing.Parent = nil
			}
			backing.FileName, backing.Uuid, backing.Datastore = "", "", nil
		}
	case types.BaseVirtualEthernetCard:
		card := x.GetVirtualEthernetCard()
		if card.AddressType != string(types.VirtualEthernetCardMacTypeManual) {
			card.MacAddress = ""
		}
	}
	return clone
}

// cloneConfig fills in what a clone inherits (annotation, hardware version, extraConfig: with Nova's
// nvp.vm-uuid, as on a vCenter) and what the clone's spec says on top.
func (vm *VirtualMachine) cloneConfig(config, wanted *types.VirtualMachineConfigSpec) {
	config.Annotation, config.Version = vm.Config.Annotation, vm.Config.Version
	for _, option := range vm.Config.ExtraConfig {
		if key := option.GetOptionValue().Key; key != "govcsim" && !strings.HasPrefix(key, "RUN.") {
			config.ExtraConfig = append(config.ExtraConfig, option)
		}
	}
	if wanted == nil {
		return
	}
	for _, option := range wanted.ExtraConfig {
		config.ExtraConfig = setExtraConfig(config.ExtraConfig, option)
	}
	config.InstanceUuid, config.Uuid, config.ManagedBy = wanted.InstanceUuid, wanted.Uuid, wanted.ManagedBy
	if wanted.Annotation != "" {
		config.Annotation = wanted.Annotation
	}
}

// cloneHost is where a clone goes: where the spec says, else to the source's host if the pool is of the
// same cluster, else (nil) wherever there is room.
func (vm *VirtualMachine) cloneHost(spec *types.VirtualMachineCloneSpec, pool types.ManagedObjectReference) *types.ManagedObjectReference {
	if spec.Location.Host != nil {
		return spec.Location.Host
	}
	owner := Map.getEntityComputeResource(Map.Get(pool).(mo.Entity))
	host := Map.Get(*vm.Runtime.Host).(*HostSystem)
	if host.takesVMs() && *host.Parent == owner.Reference() {
		return vm.Runtime.Host
	}
	return nil
}
