package simulator

import (
	"fmt"
	"os"
	"path"
	"path/filepath"
	"strings"

	"github.com/vmware/govmomi/object"
	"github.com/vmware/govmomi/vim25/types"
)

// moveFiles moves the disks and the VM's own files to their datastores, on the disk of this machine too.
func (vm *VirtualMachine) moveFiles(to *move) {
	vmDir := folderOf(vm.vmx(nil).Path)
	devices := append(object.VirtualDeviceList{}, vm.Config.Hardware.Device...)
	for i, device := range devices {
		disk, ok := device.(*types.VirtualDisk)
		if !ok || to.disks[disk.Key] == nil {
			continue
		}
		ds := to.disks[disk.Key]
		p, fault := parseDatastorePath(disk.Backing.(types.BaseVirtualDeviceFileBackingInfo).GetVirtualDeviceFileBackingInfo().FileName)
		if fault != nil || p.Datastore == ds.Name {
			continue
		}
		moved := copyDevice(disk).(*types.VirtualDisk)
		name := freeName(ds, path.Join(vmDir, path.Base(p.Path)))
		moveFile(datastoreFile(p.String()), filepath.Join(ds.Info.GetDatastoreInfo().Url, name))
		moveFile(flatFile(datastoreFile(p.String())), flatFile(filepath.Join(ds.Info.GetDatastoreInfo().Url, name)))
		if backing, ok := moved.Backing.(*types.VirtualDiskFlatVer2BackingInfo); ok {
			backing.FileName = (&object.DatastorePath{Datastore: ds.Name, Path: name}).String()
			backing.Datastore = &ds.Self
			if !to.keepParent[disk.Key] {
				backing.Parent = nil // the whole chain is copied into one disk
			}
		}
		devices[i] = moved
	}
	Map.Update(vm, []types.PropertyChange{{Name: "config.hardware.device", Val: []types.BaseVirtualDevice(devices)}})
	if home := vm.vmx(nil); to.home != nil && to.home.Name != home.Datastore {
		vm.moveHome(home, to.home)
	}
}

func (vm *VirtualMachine) moveHome(home object.DatastorePath, ds *Datastore) {
	old := filepath.Join(datastoreFile("["+home.Datastore+"]"), folderOf(home.Path))
	entries, _ := os.ReadDir(old)
	for _, entry := range entries {
		if path.Ext(entry.Name()) != ".vmdk" { // disks go by themselves
			moveFile(filepath.Join(old, entry.Name()), filepath.Join(ds.Info.GetDatastoreInfo().Url, folderOf(home.Path), entry.Name()))
		}
	}
	_ = os.Remove(old) // if nothing is left
	swap := func(name string) string {
		return strings.Replace(name, "["+home.Datastore+"]", "["+ds.Name+"]", 1)
	}
	files := vm.Config.Files
	files.VmPathName = swap(files.VmPathName)
	files.SnapshotDirectory = swap(files.SnapshotDirectory)
	files.SuspendDirectory = swap(files.SuspendDirectory)
	files.LogDirectory = swap(files.LogDirectory)
	if vm.log != "" {
		vm.log = filepath.Join(datastoreFile(files.LogDirectory), filepath.Base(vm.log))
	}
	Map.Update(vm, []types.PropertyChange{
		{Name: "config.files", Val: files},
		{Name: "summary.config.vmPathName", Val: files.VmPathName},
	})
}

// freeName adds _1, _2, ... to a disk's name that is taken on the datastore.
func freeName(ds *Datastore, name string) string {
	stem := strings.TrimSuffix(name, ".vmdk")
	for n := 1; exists(filepath.Join(ds.Info.GetDatastoreInfo().Url, name)); n++ {
		name = fmt.Sprintf("%s_%d.vmdk", stem, n)
	}
	return name
}

// moveFile moves a file if it is there: VMs that were put straight into the inventory have none.
func moveFile(from, to string) {
	if !exists(from) {
		return
	}
	_ = os.MkdirAll(filepath.Dir(to), 0700)
	_ = os.Rename(from, to)
}
