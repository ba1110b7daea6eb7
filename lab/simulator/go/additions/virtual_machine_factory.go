package simulator

import (
	"fmt"
	"time"

	"github.com/google/uuid"
	"github.com/vmware/govmomi/simulator/esx"
	"github.com/vmware/govmomi/vim25/methods"
	"github.com/vmware/govmomi/vim25/types"
)

// addVirtualMachines puts the VMs of the options straight into the inventory: no task, no file. That is
// what makes 40,000 of them possible.
func (lab *Lab) addVirtualMachines(clusters []*labCluster) {
	factory := newFactory(clusters)
	for i := 0; i < lab.options.NovaVMs; i++ {
		factory.add(novaVM(i, len(clusters)))
	}
	for i := 0; i < lab.options.OutsideVMs; i++ {
		factory.add(outsideVM(i, len(clusters)))
	}
}

// vmPlan is what distinguishes one VM from the next.
type vmPlan struct {
	name         string
	folder       []string // below the datacenter's vm folder
	cluster      int
	host         int // picks one of the cluster's hosts, modulo
	datastore    int // picks one of the cluster's datastores, modulo
	childPool    bool
	dir          string
	instanceUUID string
	cpus         int32
	cores        int32
	memoryMB     int32
	guestID      string
	version      string
	tools        bool
	power        types.VirtualMachinePowerState
	template     bool
	annotation   string
	managedBy    *types.ManagedByInfo
	extraConfig  []types.BaseOptionValue
	disks        []diskPlan
}

type diskPlan struct {
	file    string // in the VM's folder
	sizeGiB int64
	thin    bool
	parent  string // path on the same datastore
	shared  bool   // on the next datastore of the cluster
}

type vmFactory struct {
	clusters   []*labCluster
	root       *Folder
	folders    map[string]*Folder
	pools      map[int]*ResourcePool
	portGroup  *DistributedVirtualPortgroup
	allocation *types.ResourceAllocationInfo
	boot       time.Time
	controller map[int]*types.ParaVirtualSCSIController // by number of disks: the same for every VM
	made       int
}

func newFactory(clusters []*labCluster) *vmFactory {
	factory := &vmFactory{
		clusters:   clusters,
		root:       Map.Get(labDatacenter().VmFolder).(*Folder),
		folders:    map[string]*Folder{},
		pools:      map[int]*ResourcePool{},
		controller: map[int]*types.ParaVirtualSCSIController{},
		boot:       time.Now().Add(-26 * time.Hour).UTC(),
	}
	spec := types.DefaultResourceConfigSpec()
	factory.allocation = &spec.CpuAllocation
	for _, e := range Map.All("DistributedVirtualPortgroup") {
		if pg := e.(*DistributedVirtualPortgroup); pg.Config.Name == "DC0_DVPG0" {
			factory.portGroup = pg
		}
	}
	return factory
}

func (f *vmFactory) folder(names []string) *Folder {
	folder, key := f.root, ""
	for _, name := range names {
		key += "/" + name
		child := f.folders[key]
		if child == nil {
			ref := folder.CreateFolder(internalContext, &types.CreateFolder{Name: name}).(*methods.CreateFolderBody).Res.Returnval
			child = Map.Get(ref).(*Folder)
			f.folders[key] = child
		}
		folder = child
	}
	return folder
}

func (f *vmFactory) pool(plan *vmPlan) *ResourcePool {
	root := Map.Get(*f.clusters[plan.cluster].ResourcePool).(*ResourcePool)
	if !plan.childPool {
		return root
	}
	if f.pools[plan.cluster] == nil {
		res := root.CreateResourcePool(&types.CreateResourcePool{Name: "other-workloads", Spec: types.DefaultResourceConfigSpec()})
		f.pools[plan.cluster] = Map.Get(res.(*methods.CreateResourcePoolBody).Res.Returnval).(*ResourcePool)
	}
	return f.pools[plan.cluster]
}

func (f *vmFactory) add(plan vmPlan) {
	cluster := f.clusters[plan.cluster]
	host := cluster.hosts[plan.host%len(cluster.hosts)]
	home := cluster.datastores[plan.datastore%len(cluster.datastores)]
	next := cluster.datastores[(plan.datastore+1)%len(cluster.datastores)]
	folder, pool := f.folder(plan.folder), f.pool(&plan)
	dir := fmt.Sprintf("[%s] %s", home.Name, plan.dir)
	f.made++

	vm := new(VirtualMachine)
	vm.uid = sha1UUID(dir)
	vm.Parent = &folder.Self
	vm.Name = plan.name
	vm.ResourcePool = &pool.Self
	vm.EnvironmentBrowser = *cluster.EnvironmentBrowser
	vm.Config = &types.VirtualMachineConfigInfo{
		ChangeVersion:    f.boot.Format(time.RFC3339),
		Modified:         f.boot,
		CreateDate:       &f.boot,
		Name:             plan.name,
		GuestId:          plan.guestID,
		GuestFullName:    plan.guestID,
		Version:          plan.version,
		Uuid:             vm.uid.String(),
		InstanceUuid:     plan.instanceUUID,
		Annotation:       plan.annotation,
		ManagedBy:        plan.managedBy,
		ExtraConfig:      plan.extraConfig,
		Template:         plan.template,
		Firmware:         string(types.GuestOsDescriptorFirmwareTypeBios),
		CpuAllocation:    f.allocation,
		MemoryAllocation: f.allocation,
		Tools:            new(types.ToolsConfigInfo),
		BootOptions:      new(types.VirtualMachineBootOptions),
		Files: types.VirtualMachineFileInfo{
			VmPathName: fmt.Sprintf("%s/%s.vmx", dir, plan.dir), SnapshotDirectory: dir, SuspendDirectory: dir, LogDirectory: dir,
		},
	}
	vm.Config.Hardware = types.VirtualHardware{NumCPU: plan.cpus, NumCoresPerSocket: plan.cores, MemoryMB: plan.memoryMB}
	vm.Datastore = []types.ManagedObjectReference{home.Self}
	f.addDevices(vm, &plan, home, next)
	f.describe(vm, &plan, host)

	vm.Self = Map.newReference(vm)
	vm.Summary.Vm = &vm.Self
	folder.ChildEntity = append(folder.ChildEntity, vm.Self)
	host.Vm = append(host.Vm, vm.Self)
	pool.Vm = append(pool.Vm, vm.Self)
	for _, ref := range vm.Datastore {
		ds := Map.Get(ref).(*Datastore)
		ds.Vm = append(ds.Vm, vm.Self)
	}
	Map.Put(vm)
}

func (f *vmFactory) addDevices(vm *VirtualMachine, plan *vmPlan, home, next *Datastore) {
	devices := append([]types.BaseVirtualDevice{}, esx.VirtualDevice...)
	devices = append(devices, f.scsi(len(plan.disks)))
	yes, no := types.NewBool(true), types.NewBool(false)
	for n, d := range plan.disks {
		ds := home
		if d.shared {
			ds = next
			if FindReference(vm.Datastore, ds.Self) == nil {
				vm.Datastore = append(vm.Datastore, ds.Self)
			}
		}
		file := fmt.Sprintf("[%s] %s/%s", ds.Name, plan.dir, d.file)
		backing := &types.VirtualDiskFlatVer2BackingInfo{
			DiskMode: string(types.VirtualDiskModePersistent), ThinProvisioned: no, Split: no, WriteThrough: no,
			Uuid: uuid.NewSHA1(uuid.NameSpaceOID, []byte(file)).String(),
		}
		backing.FileName, backing.Datastore = file, &ds.Self
		if d.thin {
			backing.ThinProvisioned = yes
		}
		if d.parent != "" {
			parent := &types.VirtualDiskFlatVer2BackingInfo{
				DiskMode: string(types.VirtualDiskModePersistent), ThinProvisioned: yes,
				Uuid: uuid.NewSHA1(uuid.NameSpaceOID, []byte(d.parent)).String(),
			}
			parent.FileName, parent.Datastore = fmt.Sprintf("[%s] %s", ds.Name, d.parent), &ds.Self
			backing.Parent = parent
		}
		disk := &types.VirtualDisk{CapacityInKB: d.sizeGiB << 20, CapacityInBytes: d.sizeGiB * gib}
		disk.Key, disk.ControllerKey, disk.UnitNumber = 2000+int32(n), 1000, types.NewInt32(int32(n))
		disk.Backing = backing
		disk.DeviceInfo = &types.Description{Label: fmt.Sprintf("Hard disk %d", n+1), Summary: numberToString(disk.CapacityInKB, ',') + " KB"}
		devices = append(devices, disk)
	}
	if f.portGroup != nil {
		devices = append(devices, f.card(vm))
		vm.Network = []types.ManagedObjectReference{f.portGroup.Self}
	}
	vm.Config.Hardware.Device = devices
}

func (f *vmFactory) scsi(disks int) *types.ParaVirtualSCSIController {
	if f.controller[disks] == nil {
		c := new(types.ParaVirtualSCSIController)
		c.Key, c.ControllerKey, c.UnitNumber = 1000, 100, types.NewInt32(3)
		c.DeviceInfo = &types.Description{Label: "SCSI controller 0", Summary: "VMware paravirtual SCSI"}
		c.SharedBus, c.ScsiCtlrUnitNumber, c.HotAddRemove = types.VirtualSCSISharingNoSharing, 7, types.NewBool(true)
		for n := 0; n < disks; n++ {
			c.Device = append(c.Device, 2000+int32(n))
		}
		f.controller[disks] = c
	}
	return f.controller[disks]
}

func (f *vmFactory) card(vm *VirtualMachine) *types.VirtualVmxnet3 {
	card := new(types.VirtualVmxnet3)
	card.Key, card.ControllerKey, card.UnitNumber = 4000, 100, types.NewInt32(7)
	card.DeviceInfo = &types.Description{Label: "Network adapter 1", Summary: "DC0_DVPG0"}
	card.AddressType = string(types.VirtualEthernetCardMacTypeAssigned)
	card.MacAddress = fmt.Sprintf("00:50:56:%02x:%02x:%02x", f.made>>16&0x3f, f.made>>8&0xff, f.made&0xff)
	card.Connectable = &types.VirtualDeviceConnectInfo{StartConnected: true, Connected: true, AllowGuestControl: true}
	card.Backing = &types.VirtualEthernetCardDistributedVirtualPortBackingInfo{Port: types.DistributedVirtualSwitchPortConnection{
		PortgroupKey: f.portGroup.Key, SwitchUuid: Map.Get(*f.portGroup.Config.DistributedVirtualSwitch).(*DistributedVirtualSwitch).Uuid,
	}}
	return card
}

// describe fills in the runtime, the guest and the summary.
func (f *vmFactory) describe(vm *VirtualMachine, plan *vmPlan, host *HostSystem) {
	hostRef := host.Self
	on := plan.power == types.VirtualMachinePowerStatePoweredOn
	vm.Runtime = types.VirtualMachineRuntimeInfo{
		Host: &hostRef, ConnectionState: types.VirtualMachineConnectionStateConnected, PowerState: plan.power,
		MaxCpuUsage: plan.cpus * hostCPUMHz, MaxMemoryUsage: plan.memoryMB, ConsolidationNeeded: types.NewBool(false),
	}
	if on {
		vm.Runtime.BootTime = &f.boot
	}
	vm.Guest = &types.GuestInfo{
		ToolsStatus:         types.VirtualMachineToolsStatusToolsNotInstalled,
		ToolsVersionStatus2: string(types.VirtualMachineToolsVersionStatusGuestToolsNotInstalled),
		ToolsRunningStatus:  string(types.VirtualMachineToolsRunningStatusGuestToolsNotRunning),
		ToolsVersion:        "0", GuestState: "notRunning",
	}
	if plan.tools {
		vm.Guest.ToolsStatus = types.VirtualMachineToolsStatusToolsNotRunning
		vm.Guest.ToolsVersionStatus2 = string(types.VirtualMachineToolsVersionStatusGuestToolsUnmanaged)
		vm.Guest.ToolsVersion = "11360"
		if on {
			vm.Guest.ToolsStatus = types.VirtualMachineToolsStatusToolsOk
			vm.Guest.ToolsRunningStatus = string(types.VirtualMachineToolsRunningStatusGuestToolsRunning)
			vm.Guest.GuestState = "running"
			vm.Guest.IpAddress = fmt.Sprintf("10.%d.%d.%d", 16+f.made>>16, f.made>>8&0xff, f.made&0xff)
		}
	}
	vm.Layout = new(types.VirtualMachineFileLayout)
	vm.LayoutEx = &types.VirtualMachineFileLayoutEx{Timestamp: f.boot, File: []types.VirtualMachineFileLayoutExFileInfo{
		{Key: 0, Name: vm.Config.Files.VmPathName, Type: "config", Size: 2860, UniqueSize: 2860, Accessible: types.NewBool(true)},
	}}
	vm.Storage = &types.VirtualMachineStorageInfo{Timestamp: f.boot}
	storage := &types.VirtualMachineStorageSummary{Timestamp: f.boot}
	for _, d := range plan.disks {
		if d.thin || d.parent != "" {
			storage.Committed += d.sizeGiB * gib / 10
			storage.Uncommitted += d.sizeGiB*gib - d.sizeGiB*gib/10
		} else {
			storage.Committed += d.sizeGiB * gib
		}
	}
	storage.Unshared = storage.Committed
	vm.Summary = types.VirtualMachineSummary{
		Runtime: vm.Runtime,
		Storage: storage,
		Guest: &types.VirtualMachineGuestSummary{
			ToolsStatus: vm.Guest.ToolsStatus, ToolsRunningStatus: vm.Guest.ToolsRunningStatus,
			ToolsVersionStatus2: vm.Guest.ToolsVersionStatus2, IpAddress: vm.Guest.IpAddress,
		},
		Config: types.VirtualMachineConfigSummary{
			Name: vm.Name, Template: plan.template, VmPathName: vm.Config.Files.VmPathName, MemorySizeMB: plan.memoryMB, NumCpu: plan.cpus,
			NumEthernetCards: int32(len(vm.Network)), NumVirtualDisks: int32(len(plan.disks)), Uuid: vm.Config.Uuid,
			InstanceUuid: vm.Config.InstanceUuid, GuestId: plan.guestID, GuestFullName: plan.guestID, Annotation: plan.annotation,
			ManagedBy: plan.managedBy,
		},
		OverallStatus: types.ManagedEntityStatusGreen,
	}
	vm.Summary.QuickStats.GuestHeartbeatStatus = types.ManagedEntityStatusGray
	if on {
		vm.Summary.QuickStats.UptimeSeconds = int32(time.Since(f.boot) / time.Second)
	}
}
