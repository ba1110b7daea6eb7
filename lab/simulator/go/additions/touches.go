package simulator

import (
	"sync"
	"time"

	"github.com/vmware/govmomi/vim25/mo"
	"github.com/vmware/govmomi/vim25/types"
)

// listening are the collectors that have ever been waited on and whose session lives.
var listening = struct {
	sync.RWMutex
	collectors map[*PropertyCollector]struct{}
}{collectors: map[*PropertyCollector]struct{}{}}

// touch says that objects may have changed. It costs a map entry a collector and object; whether anything
// differs is looked at when somebody waits. The caller may hold any lock of an object.
func touch(refs ...types.ManagedObjectReference) {
	if len(refs) == 0 {
		return
	}
	listening.RLock()
	defer listening.RUnlock()
	for pc := range listening.collectors {
		pc.live.mark(refs...)
	}
}

// mark notes objects to look at. The batch of a wait begins with its first mark.
func (u *liveUpdates) mark(refs ...types.ManagedObjectReference) {
	u.mu.Lock()
	defer u.mu.Unlock()
	if u.marks == nil {
		u.marks = make(map[types.ManagedObjectReference]struct{})
	}
	if len(u.marks) == 0 {
		u.since = time.Now()
	}
	for _, ref := range refs {
		u.marks[ref] = struct{}{}
	}
	u.rouse()
}

// rouse wakes the wait that is under way. The caller holds u.mu.
func (u *liveUpdates) rouse() {
	if u.wait != nil {
		select {
		case u.wait.wake <- struct{}{}:
		default:
		}
	}
}

func (u *liveUpdates) takeMarks() map[types.ManagedObjectReference]struct{} {
	u.mu.Lock()
	defer u.mu.Unlock()
	marks := u.marks
	u.marks = nil
	return marks
}

// toucher hears of every Put, Update and Remove of the inventory.
type toucher struct{ mo.Task }

func (t *toucher) Reference() types.ManagedObjectReference {
	return types.ManagedObjectReference{Type: "LabToucher", Value: "toucher"}
}

func (t *toucher) PutObject(obj mo.Reference) { touch(obj.Reference()) }

// UpdateObject also touches what a task was about when it ends: govmomi assigns many properties without
// a word to those who listen.
func (t *toucher) UpdateObject(obj mo.Reference, _ []types.PropertyChange) {
	touch(obj.Reference())
	task, ok := obj.(*mo.Task)
	if !ok || (task.Info.State != types.TaskInfoStateSuccess && task.Info.State != types.TaskInfoStateError) {
		return
	}
	if task.Info.Entity != nil {
		touch(*task.Info.Entity)
		touch(above(Map.Get(*task.Info.Entity))...)
	}
	if made, ok := task.Info.Result.(types.ManagedObjectReference); ok {
		touch(made)
	}
}

func (t *toucher) RemoveObject(ref types.ManagedObjectReference) {
	touch(ref)
	touch(above(Map.Get(ref))...)
}

// touchCalled follows a call that is not a task and not a read: what it was called on may have changed.
func touchCalled(method *Method) {
	if !isRead(method.Name) {
		touch(method.This)
	}
}

// above are the objects that an object hangs from: its parent, and of a VM its host and its pool.
func above(obj mo.Reference) []types.ManagedObjectReference {
	entity, ok := obj.(mo.Entity)
	if !ok || obj == nil {
		return nil
	}
	var refs []types.ManagedObjectReference
	if parent := entity.Entity().Parent; parent != nil {
		refs = append(refs, *parent)
	}
	if vm, ok := obj.(*VirtualMachine); ok {
		if host := vm.Runtime.Host; host != nil {
			refs = append(refs, *host)
		}
		if pool := vm.ResourcePool; pool != nil {
			refs = append(refs, *pool)
		}
	}
	return refs
}
