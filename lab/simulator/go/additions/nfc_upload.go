package simulator

import (
	"fmt"
	"io"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"time"

	"github.com/vmware/govmomi/object"
	"github.com/vmware/govmomi/vim25/types"
)

// ServeNFC takes the disks of an import, and leaves the rest to govmomi's, which threw them away. A lease's
// address is what lets in, no session. What is no streamOptimized disk, or finds no room, fails the lease; a
// connection that breaks leaves it, to be aborted or to run out.
func ServeNFC(w http.ResponseWriter, r *http.Request) {
	parts := strings.Split(r.URL.Path, "/")
	one := importOf(types.ManagedObjectReference{Type: "HttpNfcLease", Value: parts[len(parts)-2]})
	sends := r.Method == http.MethodPut || r.Method == http.MethodPost
	if one == nil || !sends {
		serveNFC(w, r)
		return
	}
	file, known := one.files[parts[len(parts)-1]]
	if !known || one.over() != nil {
		http.NotFound(w, r)
		return
	}
	ds := datastoreOf(file)
	told := &upload{Path: fmt.Sprintf("[%s] %s", ds.Name, strings.TrimPrefix(file, ds.Info.GetDatastoreInfo().Url+"/")), User: one.user}
	uploads.Lock()
	uploads.all = append(uploads.all, told)
	uploads.Unlock()
	fault, err := one.take(told, file, r)
	uploads.Lock()
	told.Whole, told.Ended = err == nil, true
	uploads.Unlock()
	if fault != nil {
		one.fail(fault)
	}
	if err != nil {
		http.Error(w, err.Error(), http.StatusInternalServerError)
		return
	}
	w.WriteHeader(http.StatusCreated)
}

// take unpacks what comes into the disk's extent; the fault is the lease's, if it is to fail.
func (one *importLease) take(told *upload, file string, r *http.Request) (types.BaseMethodFault, error) {
	body := &nfcBody{from: r.Body, told: told, lease: one, file: file, start: time.Now()}
	extent, err := os.OpenFile(flatFile(file), os.O_CREATE|os.O_WRONLY, 0600)
	if err != nil {
		return new(types.CannotCreateFile), err
	}
	defer extent.Close()
	var capacity int64
	err = unpackStream(body, func(bytes int64) (io.WriterAt, error) {
		capacity = bytes
		return extent, extent.Truncate(bytes)
	})
	switch {
	case err == nil:
		one.describe(file, capacity)
		return nil, nil
	case body.fault != nil:
		return body.fault, err
	case body.broken:
		return nil, err
	}
	return &types.SystemError{Reason: err.Error()}, err
}

// describe gives the disk what was found in the stream; the descriptor is a vCenter's own.
func (one *importLease) describe(file string, capacity int64) {
	_ = os.WriteFile(file, []byte(diskDescriptor), 0600)
	Map.WithLock(one.vm, func() {
		devices := object.VirtualDeviceList(one.vm.Config.Hardware.Device)
		for i, device := range devices {
			if disk, ok := device.(*types.VirtualDisk); ok && filepath.Base(file) == filepath.Base(fileOfDisk(disk)) {
				sized := *disk
				sized.CapacityInKB, sized.CapacityInBytes = capacity/1024, capacity
				devices[i] = &sized
			}
		}
		Map.Update(one.vm, []types.PropertyChange{{Name: "config.hardware.device", Val: []types.BaseVirtualDevice(devices)}})
	})
}

func fileOfDisk(disk *types.VirtualDisk) string {
	if backing, ok := disk.Backing.(types.BaseVirtualDeviceFileBackingInfo); ok {
		return backing.GetVirtualDeviceFileBackingInfo().FileName
	}
	return ""
}

// nfcBody counts and paces what comes, and ends it when the datastore or the lease has gone.
type nfcBody struct {
	from   io.Reader
	told   *upload
	lease  *importLease
	file   string
	start  time.Time
	fault  types.BaseMethodFault // that of a datastore
	broken bool                  // the connection, or the lease
}

func (b *nfcBody) Read(into []byte) (int, error) {
	if b.lease.over() != nil {
		b.broken = true
		return 0, fmt.Errorf("the lease is over")
	}
	if !reachable(b.file) {
		b.fault = new(types.InaccessibleDatastore)
		return 0, fmt.Errorf("the datastore is not accessible")
	}
	if freeOn(b.file) < int64(len(into)) {
		b.fault = &types.NoDiskSpace{Datastore: datastoreOf(b.file).Name}
		return 0, fmt.Errorf("there is no space left on the datastore")
	}
	n, err := b.from.Read(into)
	b.broken = b.broken || (err != nil && err != io.EOF)
	uploads.Lock()
	b.told.Bytes += int64(n)
	so := b.told.Bytes
	uploads.Unlock()
	if ahead := time.Duration(float64(so)/float64(mib)*float64(uploadPace())) - time.Since(b.start); ahead > 0 {
		time.Sleep(ahead)
	}
	return n, err
}
