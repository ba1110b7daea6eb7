package simulator

import (
	"crypto/sha1"
	"fmt"
	"net/http"
	"net/url"
	"strings"
	"sync"
	"time"

	"github.com/vmware/govmomi/vim25/methods"
	"github.com/vmware/govmomi/vim25/soap"
	"github.com/vmware/govmomi/vim25/types"
)

// importLease is what ImportVApp gave out and nobody has ended yet. As the vSphere API reference says of
// HttpNfcLease: it is initializing, then ready; what HttpNfcLeaseProgress does not renew in time fails; while
// it is held the VM cannot be changed by others; and when it fails or is aborted, all that was made goes,
// disks included.
type importLease struct {
	*HttpNfcLease
	vm      *VirtualMachine
	user    string
	renewed time.Time
	failed  types.BaseMethodFault
	ended   bool
}

var imports = struct {
	sync.Mutex
	of           map[types.ManagedObjectReference]*importLease
	initializing time.Duration
	timeout      time.Duration
}{of: map[types.ManagedObjectReference]*importLease{}, timeout: 5 * time.Minute}

// handleImportRequests adds
//
//	POST /lab/nfc    {"timeout_s": 300, "initializing_ms": 0}: of the leases that begin from now on
//	GET  /lab/nfc    {"open": 0}
func handleImportRequests(s *Service) {
	set := func(r *http.Request) (interface{}, error) {
		wanted := struct {
			Timeout      int `json:"timeout_s"`
			Initializing int `json:"initializing_ms"`
		}{Timeout: 300}
		if err := decode(r, &wanted); err != nil {
			return nil, err
		}
		if wanted.Timeout < 1 || wanted.Initializing < 0 {
			return nil, fmt.Errorf("want 1 s or more, and no less than 0 ms")
		}
		imports.Lock()
		defer imports.Unlock()
		imports.timeout = time.Duration(wanted.Timeout) * time.Second
		imports.initializing = time.Duration(wanted.Initializing) * time.Millisecond
		return nil, nil
	}
	get := func() interface{} {
		open := 0
		for _, one := range imports.of {
			if !one.ended {
				open++
			}
		}
		return map[string]int{"open": open}
	}
	s.HandleFunc("/lab/nfc", getOrPost(&imports, get, set))
}

// ImportVApp also keeps the lease's time, and names the host to send to with its certificate's thumbprint, as
// a vCenter names the ESX host.
func (p *ResourcePool) ImportVApp(ctx *Context, req *types.ImportVApp) soap.HasFault {
	res := p.importVApp(ctx, req)
	body, ok := res.(*methods.ImportVAppBody)
	if !ok || body.Res == nil {
		return res
	}
	lease := ctx.Session.Get(body.Res.Returnval).(*HttpNfcLease)
	imports.Lock()
	timeout, initializing := imports.timeout, imports.initializing
	one := &importLease{HttpNfcLease: lease, vm: Map.Get(lease.Info.Entity).(*VirtualMachine), user: ctx.Session.UserName, renewed: time.Now()}
	imports.of[lease.Self] = one
	imports.Unlock()
	lease.Info.LeaseTimeout = int32(timeout / time.Second)
	for i := range lease.Info.DeviceUrl {
		device := &lease.Info.DeviceUrl[i]
		if at, err := url.Parse(device.Url); err == nil && ctx.req != nil && ctx.svc.TLS != nil {
			at.Host, device.Url = ctx.req.Host, "https://"+ctx.req.Host+at.Path
			device.SslThumbprint = thumbprint(ctx.svc.TLS.Certificates[0].Certificate[0])
		}
	}
	if initializing > 0 {
		info := lease.Info
		lease.State, lease.Info = types.HttpNfcLeaseStateInitializing, nil
		time.AfterFunc(initializing, func() {
			Map.WithLock(lease, func() { lease.State, lease.Info = types.HttpNfcLeaseStateReady, info })
		})
	}
	go one.keepTime(timeout + initializing)
	return res
}

func thumbprint(certificate []byte) string {
	var parts []string
	for _, b := range sha1.Sum(certificate) {
		parts = append(parts, fmt.Sprintf("%02X", b))
	}
	return strings.Join(parts, ":")
}

func (one *importLease) keepTime(timeout time.Duration) {
	for range time.Tick(20 * time.Millisecond) {
		imports.Lock()
		ended, late := one.ended, time.Since(one.renewed) > timeout
		imports.Unlock()
		if ended {
			return
		}
		if late {
			one.fail(new(types.Timedout))
			return
		}
	}
}

// end is true for the one who ends the lease.
func (one *importLease) end(fault types.BaseMethodFault) bool {
	imports.Lock()
	defer imports.Unlock()
	if one.ended {
		return false
	}
	one.ended, one.failed = true, fault
	nfcLease.Delete(one.Self)
	return true
}

// fail ends it, and takes away what it has made. Nothing may be locked by the caller.
func (one *importLease) fail(fault types.BaseMethodFault) {
	if !one.end(fault) {
		return
	}
	Map.WithLock(one.HttpNfcLease, func() { one.tell(fault) })
	one.remove()
}

func (one *importLease) tell(fault types.BaseMethodFault) {
	one.State = types.HttpNfcLeaseStateError
	one.Error = &types.LocalizedMethodFault{Fault: fault, LocalizedMessage: faultWords(fault)}
}

func (one *importLease) remove() {
	ctx := *internalContext
	ctx.Map, ctx.Caller = Map, &one.vm.Self // its own is the registry before the lab's
	Map.WithLock(one.vm, func() {
		if Map.Get(one.vm.Self) != nil {
			one.vm.destroyTask(&ctx, &types.Destroy_Task{This: one.vm.Self})
		}
	})
}

// importOf is the lease's import; nil for one of an export.
func importOf(ref types.ManagedObjectReference) *importLease {
	imports.Lock()
	defer imports.Unlock()
	return imports.of[ref]
}

// over is why nothing can be done by the lease any more.
func (one *importLease) over() types.BaseMethodFault {
	imports.Lock()
	defer imports.Unlock()
	if !one.ended {
		return nil
	}
	if _, late := one.failed.(*types.Timedout); late {
		return new(types.Timedout)
	}
	return new(types.InvalidState)
}

// HttpNfcLeaseComplete ends an import well.
func (l *HttpNfcLease) HttpNfcLeaseComplete(ctx *Context, req *types.HttpNfcLeaseComplete) soap.HasFault {
	one := importOf(req.This)
	if one == nil {
		return l.httpNfcLeaseComplete(ctx, req)
	}
	body := new(methods.HttpNfcLeaseCompleteBody)
	if fault := one.over(); fault != nil {
		body.Fault_ = Fault(faultWords(fault), fault)
		return body
	}
	one.end(nil)
	l.State = types.HttpNfcLeaseStateDone
	body.Res = new(types.HttpNfcLeaseCompleteResponse)
	return body
}

// HttpNfcLeaseAbort takes away what the import has made, after the call was answered.
func (l *HttpNfcLease) HttpNfcLeaseAbort(ctx *Context, req *types.HttpNfcLeaseAbort) soap.HasFault {
	one := importOf(req.This)
	if one == nil {
		return l.httpNfcLeaseAbort(ctx, req)
	}
	body := new(methods.HttpNfcLeaseAbortBody)
	if fault := one.over(); fault != nil {
		body.Fault_ = Fault(faultWords(fault), fault)
		return body
	}
	one.end(new(types.RequestCanceled))
	one.tell(new(types.RequestCanceled))
	go one.remove()
	body.Res = new(types.HttpNfcLeaseAbortResponse)
	return body
}

// HttpNfcLeaseProgress renews the lease.
func (l *HttpNfcLease) HttpNfcLeaseProgress(ctx *Context, req *types.HttpNfcLeaseProgress) soap.HasFault {
	if one := importOf(req.This); one != nil {
		if fault := one.over(); fault != nil {
			return &methods.HttpNfcLeaseProgressBody{Fault_: Fault(faultWords(fault), fault)}
		}
		imports.Lock()
		one.renewed = time.Now()
		imports.Unlock()
	}
	return l.httpNfcLeaseProgress(ctx, req)
}

// leased tells whether a VM is held by an import. Which fault a vCenter then gives was not seen.
func leased(vm *VirtualMachine) types.BaseMethodFault {
	imports.Lock()
	defer imports.Unlock()
	for _, one := range imports.of {
		if one.vm == vm && !one.ended {
			return new(types.MethodDisabled)
		}
	}
	return nil
}

func (vm *VirtualMachine) UnregisterVM(ctx *Context, req *types.UnregisterVM) soap.HasFault {
	if fault := leased(vm); fault != nil {
		return &methods.UnregisterVMBody{Fault_: Fault(faultWords(fault), fault)}
	}
	return vm.unregisterVM(ctx, req)
}

func (vm *VirtualMachine) DestroyTask(ctx *Context, req *types.Destroy_Task) soap.HasFault {
	if fault := leased(vm); fault != nil {
		return &methods.Destroy_TaskBody{Fault_: Fault(faultWords(fault), fault)}
	}
	return vm.destroyTask(ctx, req)
}
