package simulator

import (
	"fmt"
	"os"
	"path"

	"github.com/vmware/govmomi/vim25/methods"
	"github.com/vmware/govmomi/vim25/soap"
	"github.com/vmware/govmomi/vim25/types"
)

// ExportVm is how Nova's image snapshot and Cinder's upload-to-image read a disk.
func (vm *VirtualMachine) ExportVm(ctx *Context, _ *types.ExportVm) soap.HasFault {
	lease := NewHttpNfcLease(ctx, vm.Self)
	ref := lease.Reference()
	lease.Info.Lease = ref
	for i, device := range vm.Config.Hardware.Device {
		disk, ok := device.(*types.VirtualDisk)
		if !ok {
			continue
		}
		file := contentOf(disk)
		if file == "" {
			continue
		}
		name := fmt.Sprintf("disk-%d.vmdk", i)
		lease.files[name] = file
		lease.Info.DeviceUrl = append(lease.Info.DeviceUrl, types.HttpNfcLeaseDeviceUrl{
			Key:       fmt.Sprintf("/%s/disk:%d", vm.Self.Value, i),
			ImportKey: fmt.Sprintf("/%s/disk:%d", vm.Name, i),
			Url:       "https://*" + nfcPrefix + path.Join(ref.Value, name),
			Disk:      types.NewBool(true),
			TargetId:  name,
		})
	}
	return &methods.ExportVmBody{Res: &types.ExportVmResponse{Returnval: ref}}
}

// contentOf is the first file of a disk's backing chain that is not empty, as the simulator's own disks
// are: a linked clone is read from its parent.
func contentOf(disk *types.VirtualDisk) string {
	backing, _ := disk.Backing.(*types.VirtualDiskFlatVer2BackingInfo)
	for ; backing != nil; backing = backing.Parent {
		file := datastoreFile(backing.FileName)
		if st, err := os.Stat(file); err == nil && (st.Size() > 0 || backing.Parent == nil) {
			return file
		}
	}
	return ""
}
