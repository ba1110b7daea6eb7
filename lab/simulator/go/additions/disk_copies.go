package simulator

import (
	"bytes"
	"fmt"
	"io"
	"net/http"
	"os"
	"sync"
	"time"

	"github.com/vmware/govmomi/vim25/methods"
	"github.com/vmware/govmomi/vim25/soap"
	"github.com/vmware/govmomi/vim25/types"
)

// transfers says how long a MiB takes that vCenter copies from disk to disk, and one that is uploaded.
// Without it both are as fast as this machine, which tells nothing of a storage network.
var transfers = struct {
	sync.Mutex
	copyPerMiB   time.Duration
	uploadPerMiB time.Duration
}{}

const mib = int64(1) << 20

func copyPace() time.Duration {
	transfers.Lock()
	defer transfers.Unlock()
	return transfers.copyPerMiB
}

func uploadPace() time.Duration {
	transfers.Lock()
	defer transfers.Unlock()
	return transfers.uploadPerMiB
}

// setPace is what a test asks for: milliseconds a MiB, 0 for as fast as it goes.
func setPace(r *http.Request) (interface{}, error) {
	wanted := struct {
		Copy   float64 `json:"copy_ms_per_mib"`
		Upload float64 `json:"upload_ms_per_mib"`
	}{}
	if err := decode(r, &wanted); err != nil {
		return nil, err
	}
	if wanted.Copy < 0 || wanted.Upload < 0 {
		return nil, fmt.Errorf("want no less than 0")
	}
	transfers.Lock()
	defer transfers.Unlock()
	transfers.copyPerMiB = time.Duration(wanted.Copy * float64(time.Millisecond))
	transfers.uploadPerMiB = time.Duration(wanted.Upload * float64(time.Millisecond))
	return nil, nil
}

// CopyVirtualDiskTask runs after its call was answered, shows how far it is, can be cancelled, and takes
// the time that a test has set. It copies an uploaded sparse VMDK too, which has no extent, passes over a
// DestSpec (the simulator answers NotImplemented) and takes the source's datacenter when Nova names none
// for the copy. The destination grows while it is copied, and is removed if it does not come to an end, but
// on a datastore that went away meanwhile.
func (m *VirtualDiskManager) CopyVirtualDiskTask(_ *Context, req *types.CopyVirtualDisk_Task) soap.HasFault {
	if req.DestDatacenter == nil {
		req.DestDatacenter = req.SourceDatacenter
	}
	task := newLongTask(CreateTask(m, "copyVirtualDisk", nil), true)
	started := task.start(func() (types.AnyType, types.BaseMethodFault) { return nil, copyDisk(task, req) })
	return &methods.CopyVirtualDisk_TaskBody{Res: &types.CopyVirtualDisk_TaskResponse{Returnval: started}}
}

func copyDisk(task *longTask, req *types.CopyVirtualDisk_Task) types.BaseMethodFault {
	fm := Map.FileManager()
	source, fault := fm.resolve(req.SourceDatacenter, req.SourceName)
	if fault != nil {
		return fault
	}
	destination, fault := fm.resolve(req.DestDatacenter, req.DestName)
	if fault != nil {
		return fault
	}
	for name, file := range map[string]string{req.SourceName: source, req.DestName: destination} {
		if !reachable(file) {
			return &types.CannotAccessFile{FileFault: types.FileFault{File: name}}
		}
	}
	descriptor, err := os.ReadFile(source)
	if err != nil {
		return fm.fault(req.SourceName, err, new(types.CannotAccessFile))
	}
	if exists(destination) && !isTrue(req.Force) {
		return fm.fault(req.DestName, os.ErrExist, new(types.FileAlreadyExists))
	}
	extent, size := flatFile(source), int64(0)
	if info, err := os.Stat(extent); err == nil {
		size = info.Size()
	} else {
		extent, size, descriptor = "", vmdkCapacity(source), []byte(diskDescriptor)
	}
	if free := freeOn(destination); size > free {
		return &types.NoDiskSpace{FileFault: types.FileFault{File: req.DestName}, Datastore: datastoreOf(destination).Name}
	}
	if err := os.WriteFile(destination, descriptor, 0600); err != nil {
		return fm.fault(req.DestName, err, new(types.CannotCreateFile))
	}
	fault = growCopy(task, req.DestName, destination, extent, size)
	if _, away := fault.(*types.CannotAccessFile); fault != nil && !away {
		_ = os.Remove(destination)
		_ = os.Remove(flatFile(destination))
	}
	return fault
}

// growCopy writes the extent of a disk MiB by MiB, leaving out what is empty.
func growCopy(task *longTask, name, destination, extent string, size int64) types.BaseMethodFault {
	fm := Map.FileManager()
	to, err := os.Create(flatFile(destination))
	if err != nil {
		return fm.fault(name, err, new(types.CannotCreateFile))
	}
	defer to.Close()
	var from *os.File
	if extent != "" {
		if from, err = os.Open(extent); err != nil {
			return fm.fault(name, err, new(types.CannotAccessFile))
		}
		defer from.Close()
	}
	start, told := time.Now(), 0
	buffer, empty := make([]byte, mib), make([]byte, mib)
	for at := int64(0); at < size; at += mib {
		length := size - at
		if length > mib {
			length = mib
		}
		if from != nil {
			n, err := from.ReadAt(buffer[:length], at)
			if err != nil && err != io.EOF {
				return fm.fault(name, err, new(types.CannotAccessFile))
			}
			if !bytes.Equal(buffer[:n], empty[:n]) {
				if _, err := to.WriteAt(buffer[:n], at); err != nil {
					return fm.fault(name, err, new(types.CannotCreateFile))
				}
			}
		}
		if ahead := time.Duration((at+length)/mib)*copyPace() - time.Since(start); ahead > 0 {
			_ = to.Truncate(at + length)
			task.wait(ahead)
		}
		switch {
		case task.isCancelled():
			return new(types.RequestCanceled)
		case !reachable(destination):
			return &types.CannotAccessFile{FileFault: types.FileFault{File: name}}
		case size-at > freeOn(destination):
			return &types.NoDiskSpace{FileFault: types.FileFault{File: name}, Datastore: datastoreOf(destination).Name}
		}
		if percent := int(100 * (at + length) / size); percent != told && percent < 100 {
			told = percent
			task.progress(percent)
		}
	}
	if err := to.Truncate(size); err != nil {
		return fm.fault(name, err, new(types.CannotCreateFile))
	}
	return nil
}
