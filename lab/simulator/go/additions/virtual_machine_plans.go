package simulator

import (
	"fmt"
	"strings"

	"github.com/google/uuid"
	"github.com/vmware/govmomi/vim25/types"
)

func named(kind string, n int) string {
	return uuid.NewSHA1(uuid.NameSpaceURL, []byte(fmt.Sprintf("vmware-panel-lab/%s/%d", kind, n))).String()
}

// flavors and images of the VMs that look like Nova's.
var (
	flavors = []struct {
		name     string
		cpus     int32
		memoryMB int32
		rootGB   int64
	}{{"m1.small", 1, 2048, 20}, {"m1.medium", 2, 4096, 40}, {"m1.large", 4, 8192, 80}}
	images   = []string{"debian-12", "ubuntu-24.04", "windows-2022"}
	projects = 24
)

// novaVM is a VM as nova/virt/vmwareapi (vm_util.get_vm_create_spec, vmops.spawn) leaves it behind: its
// folder is its uuid, its name "<display name> (<uuid>)", its root disk a linked clone of a cached image.
func novaVM(i, clusters int) vmPlan {
	id := named("instance", i)
	flavor := flavors[i%len(flavors)]
	image := named("image", i%len(images))
	project := strings.ReplaceAll(named("project", i%projects), "-", "")
	user := strings.ReplaceAll(named("user", i%projects), "-", "")
	display := fmt.Sprintf("server-%05d", i)
	cluster := i % clusters
	lines := []string{
		"name:" + display, "userid:" + user, fmt.Sprintf("username:user-%02d", i%projects), "projectid:" + project,
		fmt.Sprintf("projectname:project-%02d", i%projects), "flavor:name:" + flavor.name,
		fmt.Sprintf("flavor:memory_mb:%d", flavor.memoryMB), fmt.Sprintf("flavor:vcpus:%d", flavor.cpus), "flavor:ephemeral_gb:0",
		fmt.Sprintf("flavor:root_gb:%d", flavor.rootGB), "flavor:swap:0", "imageid:" + image, "package:34.0.0",
	}
	return vmPlan{
		name:         fmt.Sprintf("%s (%s)", display, id),
		folder:       []string{"OpenStack", "Project (" + project + ")", "Instances"},
		cluster:      cluster,
		host:         i / clusters,
		datastore:    i / clusters / 3,
		dir:          id,
		instanceUUID: id,
		cpus:         flavor.cpus,
		cores:        1,
		memoryMB:     flavor.memoryMB,
		guestID:      string(types.VirtualMachineGuestOsIdentifierOtherLinux64Guest),
		version:      "vmx-13",
		tools:        i%4 != 0,
		power:        power(i),
		annotation:   strings.Join(lines, "\n") + "\n",
		managedBy:    &types.ManagedByInfo{ExtensionKey: "org.openstack.compute", Type: "instance"},
		extraConfig: []types.BaseOptionValue{
			&types.OptionValue{Key: "nvp.vm-uuid", Value: id},
			&types.OptionValue{Key: "disk.EnableUUID", Value: "True"},
			&types.OptionValue{Key: "nvp.iface-id.0", Value: named("port", i)},
		},
		disks: []diskPlan{{
			file: id + ".vmdk", sizeGiB: flavor.rootGB, thin: true,
			parent: fmt.Sprintf("c%d_base/%s/%s.%d.vmdk", cluster, image, image, flavor.rootGB),
		}},
	}
}

// outsideVM is a VM that OpenStack does not know: somebody's own, in a folder of some team, half of them
// in a resource pool of their own, some with a second disk, a few templates.
func outsideVM(i, clusters int) vmPlan {
	name := fmt.Sprintf("%s-%05d", []string{"app", "db", "build", "mail", "fileserver"}[i%5], i)
	if i == 7 {
		name = "legacy <b>crm</b> & billing" // a name may hold markup: what shows it must escape it
	}
	plan := vmPlan{
		name:         name,
		folder:       []string{fmt.Sprintf("Team %02d", i%20)},
		cluster:      i % clusters,
		host:         i / clusters,
		datastore:    i / clusters / 2,
		childPool:    i/clusters%2 == 1,
		dir:          strings.NewReplacer("<", "_", ">", "_", "/", "_").Replace(name),
		instanceUUID: named("outside", i),
		cpus:         []int32{1, 2, 4, 8}[i%4],
		cores:        []int32{1, 2, 2, 4}[i%4],
		memoryMB:     []int32{2048, 4096, 8192, 16384}[i%4],
		guestID:      string(types.VirtualMachineGuestOsIdentifierDebian10_64Guest),
		version:      []string{"vmx-13", "vmx-15", "vmx-11"}[i%3],
		tools:        i%3 != 0,
		power:        power(i),
		annotation:   fmt.Sprintf("Owner: team %02d", i%20),
		disks:        []diskPlan{{file: "root.vmdk", sizeGiB: 40, thin: i%3 != 0}},
	}
	if i%4 == 1 {
		plan.disks = append(plan.disks, diskPlan{file: "data.vmdk", sizeGiB: 20, thin: true, shared: true})
	}
	if i%40 == 39 {
		plan.template, plan.power, plan.name = true, types.VirtualMachinePowerStatePoweredOff, "template-"+name
	}
	return plan
}

func power(i int) types.VirtualMachinePowerState {
	switch {
	case i%10 == 9:
		return types.VirtualMachinePowerStatePoweredOff
	case i%50 == 24:
		return types.VirtualMachinePowerStateSuspended
	}
	return types.VirtualMachinePowerStatePoweredOn
}
