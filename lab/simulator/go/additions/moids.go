package simulator

import (
	"fmt"

	"github.com/vmware/govmomi/vim25/mo"
)

// moid names an object as a vCenter does: domain-c8 for a cluster, group-v3 for a VM folder, and so on.
func moid(item mo.Reference, kind string, n int64) string {
	switch kind {
	case "ClusterComputeResource":
		return fmt.Sprintf("domain-c%d", n)
	case "ComputeResource":
		return fmt.Sprintf("domain-s%d", n)
	case "VirtualApp":
		return fmt.Sprintf("resgroup-v%d", n)
	case "StoragePod":
		return fmt.Sprintf("group-p%d", n)
	case "Folder":
		letter := "d"
		if folder, ok := item.(*Folder); ok && len(folder.ChildType) > 0 {
			switch folder.ChildType[0] {
			case "VirtualMachine":
				letter = "v"
			case "ComputeResource":
				letter = "h"
			case "Datastore":
				letter = "s"
			case "Network":
				letter = "n"
			}
		}
		return fmt.Sprintf("group-%s%d", letter, n)
	}
	return fmt.Sprintf("%s-%d", valuePrefix(kind), n)
}
