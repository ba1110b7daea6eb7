package simulator

import (
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"time"

	"github.com/vmware/govmomi/object"
	"github.com/vmware/govmomi/vim25/types"
)

// The free space of a datastore follows from what is on it:
//
//	free = capacity - others - the VMs' disks - the image caches
//
// where a thick disk counts in full, a thin one or a linked clone with a tenth of its capacity (the
// rest is "uncommitted"), an image cache (a folder NAME_base) with the size of its files, and "others"
// is what the simulator does not model: something different for each datastore, or what a test set.
var space = struct {
	sync.Mutex
	others  map[types.ManagedObjectReference]int64
	forced  map[types.ManagedObjectReference]int64 // free bytes that a test asked for
	running sync.Mutex
	next    time.Time
}{
	others: map[types.ManagedObjectReference]int64{},
	forced: map[types.ManagedObjectReference]int64{},
}

func reserveSpace(ds types.ManagedObjectReference, bytes int64) {
	space.Lock()
	defer space.Unlock()
	space.others[ds] = bytes
}

// setFree makes a datastore say that it has so many bytes free, until it is called with nil.
func setFree(name string, free *int64) error {
	ds := datastoreByName(name)
	if ds == nil {
		return fmt.Errorf("no datastore %q", name)
	}
	space.Lock()
	switch {
	case free == nil:
		delete(space.forced, ds.Self)
	case *free < 0 || *free > ds.Summary.Capacity:
		space.Unlock()
		return fmt.Errorf("free_bytes: want 0 to %d, the capacity of %s", ds.Summary.Capacity, name)
	default:
		space.forced[ds.Self] = *free
	}
	space.Unlock()
	countSpace()
	return nil
}

// stat is what the simulator asks before it says that a datastore is fine.
func (ds *Datastore) stat() error {
	_, err := os.Stat(ds.Info.GetDatastoreInfo().Url)
	return err
}

type usage struct{ used, uncommitted int64 }

// refreshSpace computes the figures of all datastores, and of all hosts and clusters (usage.go). With very
// many VMs, or on a busy machine, it takes a while, so it then runs at most a tenth of the time. No lock may
// be held by the caller: it takes those of VMs and datastores, one after the other.
func refreshSpace() {
	space.running.Lock()
	defer space.running.Unlock()
	space.Lock()
	wait := time.Now().Before(space.next)
	space.Unlock()
	if !wait {
		computeSpace()
	}
}

// countSpace is refreshSpace where somebody has asked for it, and looks at the figures next.
func countSpace() {
	space.running.Lock()
	defer space.running.Unlock()
	computeSpace()
}

func computeSpace() {
	start := time.Now()
	byName, byHost := map[string]*usage{}, map[types.ManagedObjectReference]*hostLoad{}
	for _, e := range Map.All("VirtualMachine") {
		vm := e.(*VirtualMachine)
		Map.WithLock(vm, func() {
			countDisks(vm, byName)
			countLoad(vm, byHost)
		})
	}
	for _, e := range Map.All("Datastore") {
		publishSpace(e.(*Datastore), byName[e.Entity().Name])
	}
	publishLoads(byHost)

	if took := time.Since(start); took > 20*time.Millisecond {
		space.Lock()
		space.next = start.Add(10 * took)
		space.Unlock()
	}
}

func countDisks(vm *VirtualMachine, byName map[string]*usage) {
	if vm.Config == nil {
		return
	}
	for _, device := range vm.Config.Hardware.Device {
		disk, ok := device.(*types.VirtualDisk)
		if !ok {
			continue
		}
		backing, ok := disk.Backing.(*types.VirtualDiskFlatVer2BackingInfo)
		var p object.DatastorePath
		if !ok || !p.FromString(backing.FileName) {
			continue
		}
		u := byName[p.Datastore]
		if u == nil {
			u = new(usage)
			byName[p.Datastore] = u
		}
		size := disk.CapacityInKB * 1024
		if isTrue(backing.ThinProvisioned) || backing.Parent != nil {
			u.used += size / 10
			u.uncommitted += size - size/10
		} else {
			u.used += size
		}
	}
}

func publishSpace(ds *Datastore, u *usage) {
	if u == nil {
		u = new(usage)
	}
	space.Lock()
	free, forced := space.forced[ds.Self]
	if !forced {
		free = ds.Summary.Capacity - space.others[ds.Self] - u.used - cacheBytes(ds.Info.GetDatastoreInfo().Url)
	}
	space.Unlock()
	if free < 0 {
		free = 0
	}
	Map.WithLock(ds, func() {
		if ds.Summary.FreeSpace == free && ds.Summary.Uncommitted == u.uncommitted {
			return
		}
		ds.Info.GetDatastoreInfo().FreeSpace = free
		Map.Update(ds, []types.PropertyChange{
			{Name: "summary.freeSpace", Val: free},
			{Name: "summary.uncommitted", Val: u.uncommitted},
		})
	})
}

func cacheBytes(dir string) (bytes int64) {
	roots, _ := os.ReadDir(dir)
	for _, root := range roots {
		if !root.IsDir() || !strings.HasSuffix(root.Name(), "_base") {
			continue
		}
		_ = filepath.WalkDir(filepath.Join(dir, root.Name()), func(_ string, entry fs.DirEntry, err error) error {
			if err == nil && !entry.IsDir() {
				if info, err := entry.Info(); err == nil {
					bytes += info.Size()
				}
			}
			return nil
		})
	}
	return bytes
}
