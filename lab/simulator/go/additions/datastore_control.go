package simulator

import (
	"fmt"
	"net/http"
	"os"
	"path/filepath"
	"strings"

	"github.com/vmware/govmomi/vim25/types"
)

// handleDatastoreRequests adds, of the datastore NAME,
//
//	POST /lab/datastores/NAME/free         {"free_bytes": 1024}, or null for what it would be
//	POST /lab/datastores/NAME/accessible   {"accessible": false}
//	POST /lab/datastores/NAME/maintenance  {"mode": "normal" | "enteringMaintenance" | "inMaintenance"}
//	POST /lab/datastores/NAME/unlistable   {"folders": ["c1_base/x"]}: those that no search can read
//	POST /lab/datastores/NAME/fill         {"kind": "image" | "vm", "folder": "c1_base", "count": 10, "bytes": 1024}
func handleDatastoreRequests(s *Service) {
	s.HandleFunc("/lab/datastores/", post(func(r *http.Request) (interface{}, error) {
		part := strings.Split(strings.TrimPrefix(r.URL.Path, "/lab/datastores/"), "/")
		if len(part) != 2 {
			return nil, fmt.Errorf("want /lab/datastores/NAME/REQUEST")
		}
		ds := datastoreByName(part[0])
		if ds == nil {
			return nil, fmt.Errorf("no datastore %q", part[0])
		}
		var wanted struct {
			FreeBytes  *int64   `json:"free_bytes"`
			Accessible bool     `json:"accessible"`
			Mode       string   `json:"mode"`
			Folders    []string `json:"folders"`
			filling
		}
		if err := decode(r, &wanted); err != nil {
			return nil, err
		}
		switch part[1] {
		case "free":
			return nil, setFree(ds.Name, wanted.FreeBytes)
		case "accessible":
			setAccessible(ds, wanted.Accessible)
		case "maintenance":
			return nil, setDatastoreMaintenance(ds, wanted.Mode)
		case "unlistable":
			setUnlistable(ds, wanted.Folders)
		case "fill":
			names, err := wanted.filling.fill(ds)
			return map[string][]string{"names": names}, err
		default:
			return nil, fmt.Errorf("no request %q of a datastore", part[1])
		}
		return nil, nil
	}))
}

// setAccessible lets all hosts lose a datastore, or find it again.
func setAccessible(ds *Datastore, accessible bool) {
	Map.WithLock(ds, func() {
		mounts := make([]types.DatastoreHostMount, len(ds.Host))
		for i, mount := range ds.Host {
			mounts[i] = mount
			mounts[i].MountInfo.Accessible = types.NewBool(accessible)
			mounts[i].MountInfo.InaccessibleReason = ""
			if !accessible {
				mounts[i].MountInfo.InaccessibleReason = string(types.HostMountInfoInaccessibleReasonAllPathsDown_Start)
			}
		}
		Map.Update(ds, []types.PropertyChange{
			{Name: "summary.accessible", Val: accessible},
			{Name: "host", Val: mounts},
		})
	})
}

func setDatastoreMaintenance(ds *Datastore, mode string) error {
	switch types.DatastoreSummaryMaintenanceModeState(mode) {
	case types.DatastoreSummaryMaintenanceModeStateNormal,
		types.DatastoreSummaryMaintenanceModeStateEnteringMaintenance,
		types.DatastoreSummaryMaintenanceModeStateInMaintenance:
	default:
		return fmt.Errorf("mode: no such state %q", mode)
	}
	Map.WithLock(ds, func() {
		Map.Update(ds, []types.PropertyChange{{Name: "summary.maintenanceMode", Val: mode}})
	})
	return nil
}

// unusable is why no file of the datastore can be reached; nil if they can.
func (ds *Datastore) unusable() types.BaseMethodFault {
	if ds.Summary.Accessible {
		return nil
	}
	return &types.InaccessibleDatastore{InvalidDatastore: types.InvalidDatastore{Datastore: &ds.Self, Name: ds.Name}}
}

// filling makes folders as Nova does: cached images below a root, or those of VMs at the top. They are
// there at once, and known to nobody in the inventory.
type filling struct {
	Kind   string `json:"kind"`
	Folder string `json:"folder"`
	Count  int    `json:"count"`
	Bytes  int64  `json:"bytes"` // of each extent, which is a hole
}

const diskDescriptor = "# Disk DescriptorFile\nversion=1\nCID=fffffffe\nparentCID=ffffffff\ncreateType=\"vmfs\"\n"

func (f filling) fill(ds *Datastore) ([]string, error) {
	if f.Kind != "image" && f.Kind != "vm" {
		return nil, fmt.Errorf(`kind: want "image" or "vm", not %q`, f.Kind)
	}
	top := filepath.Join(ds.Info.GetDatastoreInfo().Url, filepath.Clean("/"+f.Folder))
	names := make([]string, 0, f.Count)
	for i := 0; i < f.Count; i++ {
		name := newUUID(fmt.Sprintf("%s/%s/%s/%d", ds.Name, f.Kind, f.Folder, i))
		folder := filepath.Join(top, name)
		if err := os.MkdirAll(folder, 0700); err != nil {
			return nil, err
		}
		disk := filepath.Join(folder, name+".vmdk")
		if err := os.WriteFile(disk, []byte(diskDescriptor), 0600); err != nil {
			return nil, err
		}
		setFlatFile(disk, f.Bytes)
		if f.Kind == "vm" {
			for _, file := range []string{name + ".vmx", name + ".nvram", "vmware.log"} {
				if err := os.WriteFile(filepath.Join(folder, file), nil, 0600); err != nil {
					return nil, err
				}
			}
		}
		names = append(names, name)
	}
	refreshSpace()
	return names, nil
}
