package simulator

import (
	"encoding/binary"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"strings"

	"github.com/google/uuid"
	"github.com/vmware/govmomi/object"
	"github.com/vmware/govmomi/vim25/methods"
	"github.com/vmware/govmomi/vim25/soap"
	"github.com/vmware/govmomi/vim25/types"
)

// describeDisk gives a disk that was just added what every disk of a vCenter has: a backing uuid (Nova
// detaches volumes by it) and, when an existing file is attached, the capacity of that file.
func describeDisk(device types.BaseVirtualDevice) {
	disk, ok := device.(*types.VirtualDisk)
	if !ok {
		return
	}
	backing, ok := disk.Backing.(*types.VirtualDiskFlatVer2BackingInfo)
	if !ok || backing.FileName == "" {
		return
	}
	// A file's uuid is written in the file: every VM that has it shows the same. Cinder's shadow VM has
	// it first, when Nova attaches a volume, and Nova finds the disk to detach by it.
	if other, same := diskOfFile(backing.FileName); other != nil {
		if same.Uuid != "" {
			backing.Uuid = same.Uuid
		}
		if disk.CapacityInKB == 0 {
			disk.CapacityInKB = other.CapacityInKB
		}
	}
	if backing.Uuid == "" {
		backing.Uuid = uuid.NewSHA1(uuid.NameSpaceOID, []byte(backing.FileName)).String()
	}
	if disk.CapacityInKB == 0 && backing.Parent != nil { // a linked clone is as large as its parent
		if extent, err := os.Stat(flatFile(datastoreFile(backing.Parent.FileName))); err == nil {
			disk.CapacityInKB = extent.Size() / 1024
		}
	}
	disk.CapacityInBytes = disk.CapacityInKB * 1024
}

// deviceLabel is what a vCenter calls a device that is being added to the others.
func deviceLabel(others object.VirtualDeviceList, device types.BaseVirtualDevice) string {
	if _, ok := device.(*types.VirtualDisk); !ok {
		return others.Name(device)
	}
	number := 1
	for _, other := range others {
		if _, ok := other.(*types.VirtualDisk); ok && other != device {
			number++
		}
	}
	return fmt.Sprintf("Hard disk %d", number)
}

// diskOfFile is the disk of another VM that has the file, if there is one.
func diskOfFile(fileName string) (*types.VirtualDisk, *types.VirtualDiskFlatVer2BackingInfo) {
	for _, e := range Map.All("VirtualMachine") {
		vm := e.(*VirtualMachine)
		if vm.Config == nil {
			continue
		}
		for _, device := range vm.Config.Hardware.Device {
			disk, ok := device.(*types.VirtualDisk)
			if !ok || disk.CapacityInKB == 0 {
				continue
			}
			if backing, ok := disk.Backing.(*types.VirtualDiskFlatVer2BackingInfo); ok && backing.FileName == fileName {
				return disk, backing
			}
		}
	}
	return nil, nil
}

// scsiUnit gives a SCSI controller its own unit number, 7 on every vCenter: Nova skips that unit.
func scsiUnit(device types.BaseVirtualDevice) {
	if c, ok := device.(types.BaseVirtualSCSIController); ok && c.GetVirtualSCSIController().ScsiCtlrUnitNumber == 0 {
		c.GetVirtualSCSIController().ScsiCtlrUnitNumber = 7
	}
}

// datastoreFile maps "[datastore] path" to the file behind it; "" when there is no such datastore.
func datastoreFile(name string) string {
	var p object.DatastorePath
	if !p.FromString(name) {
		return ""
	}
	ds := datastoreByName(p.Datastore)
	if ds == nil {
		return ""
	}
	return filepath.Join(ds.Info.GetDatastoreInfo().Url, p.Path)
}

func exists(file string) bool {
	_, err := os.Stat(file)
	return file != "" && err == nil
}

func flatFile(name string) string { return strings.Replace(name, ".vmdk", "-flat.vmdk", 1) }

// vmdkCapacity reads the capacity out of a sparse VMDK's header: magic KDMV, capacity in sectors at 12.
func vmdkCapacity(file string) int64 {
	f, err := os.Open(file)
	if err != nil {
		return 0
	}
	defer f.Close()
	header := make([]byte, 20)
	if _, err = io.ReadFull(f, header); err != nil || string(header[:4]) != "KDMV" {
		return 0
	}
	return int64(binary.LittleEndian.Uint64(header[12:])) * 512
}

// setFlatFile makes the -flat extent of a disk: a hole of the right size, as nobody looks inside.
func setFlatFile(file string, bytes int64) {
	if f, err := os.OpenFile(flatFile(file), os.O_CREATE|os.O_WRONLY, 0600); err == nil {
		_ = f.Close()
		_ = os.Truncate(flatFile(file), bytes)
	}
}

// CreateVirtualDiskTask also gives the extent its size, and the descriptor its text.
func (m *VirtualDiskManager) CreateVirtualDiskTask(ctx *Context, req *types.CreateVirtualDisk_Task) soap.HasFault {
	res := m.createVirtualDiskTask(ctx, req)
	if spec, ok := req.Spec.(types.BaseFileBackedVirtualDiskSpec); ok {
		if file := datastoreFile(req.Name); exists(file) && exists(flatFile(file)) {
			setFlatFile(file, spec.GetFileBackedVirtualDiskSpec().CapacityKb*1024)
			if info, err := os.Stat(file); err == nil && info.Size() == 0 {
				_ = os.WriteFile(file, []byte(diskDescriptor), 0600)
			}
		}
	}
	return res
}

// ExtendVirtualDiskTask is missing in the simulator; Nova grows a cached image to the flavor's size by it.
func (m *VirtualDiskManager) ExtendVirtualDiskTask(_ *Context, req *types.ExtendVirtualDisk_Task) soap.HasFault {
	task := CreateTask(m, "extendVirtualDisk", func(*Task) (types.AnyType, types.BaseMethodFault) {
		file := datastoreFile(req.Name)
		if !exists(file) {
			return nil, &types.FileNotFound{FileFault: types.FileFault{File: req.Name}}
		}
		if extent, err := os.Stat(flatFile(file)); err == nil && extent.Size() > req.NewCapacityKb*1024 {
			return nil, &types.InvalidArgument{InvalidProperty: "newCapacityKb"} // a disk only grows
		}
		setFlatFile(file, req.NewCapacityKb*1024)
		return nil, nil
	})
	return &methods.ExtendVirtualDisk_TaskBody{Res: &types.ExtendVirtualDisk_TaskResponse{Returnval: task.Run()}}
}

// searchSpec is what a browser searches for when the client does not say: everything.
func searchSpec(spec *types.HostDatastoreBrowserSearchSpec) *types.HostDatastoreBrowserSearchSpec {
	if spec == nil {
		spec = new(types.HostDatastoreBrowserSearchSpec)
	}
	if len(spec.MatchPattern) == 0 {
		spec.MatchPattern = []string{"*"}
	}
	return spec
}
