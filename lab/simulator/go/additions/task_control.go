package simulator

import (
	"sync"
	"time"

	"github.com/vmware/govmomi/vim25/methods"
	"github.com/vmware/govmomi/vim25/soap"
	"github.com/vmware/govmomi/vim25/types"
)

// longTask is a task that runs after its call was answered, holds no lock while it waits, and shows how
// far it is. govmomi's own run within the call, so that nobody ever sees one under way.
type longTask struct {
	*Task
	cancelled chan struct{}
	once      sync.Once
}

// longTasks are those under way that can be cancelled, by reference.
var longTasks sync.Map

func newLongTask(task *Task, cancelable bool) *longTask {
	long := &longTask{Task: task, cancelled: make(chan struct{})}
	if cancelable {
		task.Info.Cancelable = true
		longTasks.Store(task.Self, long)
	}
	return long
}

// start runs the work; the caller may hold any lock.
func (t *longTask) start(work func() (types.AnyType, types.BaseMethodFault)) types.ManagedObjectReference {
	go func() {
		t.update(
			types.PropertyChange{Name: "info.startTime", Val: time.Now()},
			types.PropertyChange{Name: "info.state", Val: types.TaskInfoStateRunning})
		result, fault := work()
		longTasks.Delete(t.Self)
		t.finish(result, fault)
		refreshSpace()
	}()
	return t.Self
}

func (t *longTask) finish(result types.AnyType, fault types.BaseMethodFault) {
	state := types.TaskInfoStateSuccess
	var told interface{}
	if fault != nil {
		state = types.TaskInfoStateError
		told = types.LocalizedMethodFault{Fault: fault, LocalizedMessage: faultWords(fault)}
	}
	t.update(
		types.PropertyChange{Name: "info.completeTime", Val: time.Now()},
		types.PropertyChange{Name: "info.cancelable", Val: false},
		types.PropertyChange{Name: "info.cancelled", Val: t.isCancelled()},
		types.PropertyChange{Name: "info.progress", Val: nil},
		types.PropertyChange{Name: "info.state", Val: state},
		types.PropertyChange{Name: "info.result", Val: result},
		types.PropertyChange{Name: "info.error", Val: told})
}

func (t *longTask) update(changes ...types.PropertyChange) {
	Map.WithLock(t.Task, func() { updateTask(t.Task, changes) })
}

func (t *longTask) progress(percent int) {
	t.update(types.PropertyChange{Name: "info.progress", Val: int32(percent)})
}

func (t *longTask) isCancelled() bool {
	select {
	case <-t.cancelled:
		return true
	default:
		return false
	}
}

// wait returns when the time is over, or when the task is cancelled.
func (t *longTask) wait(d time.Duration) {
	select {
	case <-t.cancelled:
	case <-time.After(d):
	}
}

// CancelTask asks a task to end; like a vCenter it answers at once, and the task ends when it can.
func (t *Task) CancelTask(*types.CancelTask) soap.HasFault {
	body := new(methods.CancelTaskBody)
	long, ok := longTasks.Load(t.Self)
	switch {
	case ok:
		long.(*longTask).once.Do(func() { close(long.(*longTask).cancelled) })
		body.Res = new(types.CancelTaskResponse)
	case t.Info.State == types.TaskInfoStateSuccess || t.Info.State == types.TaskInfoStateError:
		body.Fault_ = Fault("The operation is not allowed in the current state.", new(types.InvalidState))
	default:
		body.Fault_ = Fault("The operation is not supported on the object.", new(types.NotSupported))
	}
	return body
}

// faultWords is the message that a vCenter (8.0) puts beside some faults.
func faultWords(fault types.BaseMethodFault) string {
	switch x := fault.(type) {
	case *types.RequestCanceled:
		return "The task was canceled by a user."
	case *types.Timedout:
		return "Operation timed out."
	case *types.InvalidHostState:
		return "The operation is not allowed in the current state of the host."
	case *types.HostNotConnected:
		return "Unable to communicate with the remote host, since it is disconnected."
	case *types.CannotAccessVmDisk:
		return "Unable to access the virtual machine configuration: Unable to access file " + x.Backing
	case *types.CannotAccessVmDevice:
		return "Device '" + x.Device + "' uses backing '" + x.Backing + "', which is not accessible."
	case *types.DeviceNotSupported:
		return "Virtual device '" + x.Device + "' is a type of device that is not supported on this host."
	case *types.VmHostAffinityRuleViolation:
		return "Virtual machine '" + x.VmName + "' on host '" + x.HostName + "' would violate a VM-Host affinity rule."
	case *types.InsufficientMemoryResourcesFault:
		return "The host does not have sufficient memory resources to satisfy the reservation."
	case *types.NoCompatibleHost:
		return "No host is compatible with the virtual machine."
	case *types.RuleViolation:
		return "The operation violates a DRS rule."
	case *types.DrsDisabledOnVm:
		return "DRS is disabled on the virtual machine."
	case *types.InaccessibleDatastore:
		return "Datastore '" + x.Name + "' is not accessible. Verify that the datastore is online."
	case *types.InvalidState:
		return "The operation is not allowed in the current state."
	}
	return "The operation failed."
}
