package simulator

import (
	"fmt"
	"os"
	"path/filepath"

	"github.com/vmware/govmomi/vim25/types"
)

const gib = int64(1) << 30

// addDatastores makes the shared datastores, mounted by every host, and each cluster's local ones.
func (lab *Lab) addDatastores(clusters []*labCluster) error {
	capacity := lab.capacity(len(clusters))
	var everywhere []*HostSystem
	for _, cluster := range clusters {
		everywhere = append(everywhere, cluster.hosts...)
	}
	n := 0
	add := func(name string, hosts []*HostSystem) (*Datastore, error) {
		n++
		return lab.addDatastore(name, n, capacity, hosts)
	}
	for i := 1; i <= lab.options.SharedDatastores; i++ {
		ds, err := add(fmt.Sprintf("shared-ds-%d", i), everywhere)
		if err != nil {
			return err
		}
		for _, cluster := range clusters {
			cluster.datastores = append(cluster.datastores, ds)
		}
	}
	for c, cluster := range clusters {
		for i := 1; i <= lab.options.LocalDatastores; i++ {
			ds, err := add(fmt.Sprintf("c%d-local-%d", c, i), cluster.hosts)
			if err != nil {
				return err
			}
			cluster.datastores = append(cluster.datastores, ds)
		}
		for _, ds := range cluster.datastores {
			cluster.Datastore = append(cluster.Datastore, ds.Self)
		}
	}
	return nil
}

// capacity of one datastore in bytes: as the option says, else 2 TiB or what the VMs of the options need.
func (lab *Lab) capacity(clusters int) int64 {
	if lab.options.CapacityGiB > 0 {
		return lab.options.CapacityGiB * gib
	}
	datastores := int64(lab.options.SharedDatastores + lab.options.LocalDatastores*clusters)
	needed := int64(lab.options.OutsideVMs+lab.options.NovaVMs) * 60 * gib * 2 / datastores
	if least := 2048 * gib; needed < least {
		return least
	}
	return needed
}

func (lab *Lab) addDatastore(name string, n int, capacity int64, hosts []*HostSystem) (*Datastore, error) {
	dir := filepath.Join(lab.options.WorkDir, name)
	if err := os.MkdirAll(dir, 0700); err != nil {
		return nil, err
	}
	dir, err := filepath.Abs(dir)
	if err != nil {
		return nil, err
	}
	dc := labDatacenter()
	id := newUUID(name)
	ds := new(Datastore)
	ds.Self = types.ManagedObjectReference{Type: "Datastore", Value: fmt.Sprintf("datastore-%d", 1000+n)}
	ds.Name = name
	ds.Info = &types.VmfsDatastoreInfo{
		DatastoreInfo: types.DatastoreInfo{
			Name:                   name,
			Url:                    dir, // a vCenter says ds:///vmfs/volumes/...; the simulator keeps the files by it
			MaxFileSize:            62 << 40,
			MaxVirtualDiskCapacity: 62 << 40,
			MaxMemoryFileSize:      62 << 40,
		},
		Vmfs: &types.HostVmfsVolume{
			HostFileSystemVolume: types.HostFileSystemVolume{Type: "VMFS", Name: name, Capacity: capacity},
			BlockSizeMb:          1, BlockSize: 1024, MaxBlocks: 63963136, MajorVersion: 6, Version: "6.82", Uuid: id,
			Extent: []types.HostScsiDiskPartition{{DiskName: "naa." + id[:8], Partition: 1}},
			Ssd:    types.NewBool(true), Local: types.NewBool(false),
		},
	}
	ds.Summary = types.DatastoreSummary{
		Datastore:          &ds.Self,
		Name:               name,
		Url:                dir,
		Capacity:           capacity,
		Accessible:         true,
		MultipleHostAccess: types.NewBool(len(hosts) > 1),
		Type:               "VMFS", // Nova takes VMFS, NFS, NFS41 and vsan only; the simulator would say OTHER
		MaintenanceMode:    string(types.DatastoreSummaryMaintenanceModeStateNormal),
	}
	ds.Capability = types.DatastoreCapability{
		DirectoryHierarchySupported:      true,
		PerFileThinProvisioningSupported: true,
		StorageIORMSupported:             types.NewBool(true),
		NativeSnapshotSupported:          types.NewBool(false),
		TopLevelDirectoryCreateSupported: types.NewBool(true),
		SeSparseSupported:                types.NewBool(true),
	}
	browser := new(HostDatastoreBrowser)
	browser.Datastore = []types.ManagedObjectReference{ds.Self}
	ds.Browser = Map.Put(browser).Reference()
	for _, host := range hosts {
		ds.Host = append(ds.Host, types.DatastoreHostMount{Key: host.Self, MountInfo: types.HostMountInfo{
			Path:       "/vmfs/volumes/" + id,
			AccessMode: string(types.HostMountModeReadWrite),
			Mounted:    types.NewBool(true),
			Accessible: types.NewBool(true),
		}})
		host.Datastore = append(host.Datastore, ds.Self)
		system := Map.Get(*host.ConfigManager.DatastoreSystem).(*HostDatastoreSystem)
		system.Datastore = host.Datastore
	}
	folder := Map.Get(dc.DatastoreFolder).(*Folder)
	folderPutChild(internalContext, &folder.Folder, ds)
	reserveSpace(ds.Self, capacity/100*int64(3+7*(n%5))) // 3 to 31 per cent, different for neighbours
	return ds, nil
}

func datastoreByName(name string) *Datastore {
	for _, e := range Map.All("Datastore") {
		if e.Entity().Name == name {
			return e.(*Datastore)
		}
	}
	return nil
}
