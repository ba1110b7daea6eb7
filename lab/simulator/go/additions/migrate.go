package simulator

import (
	"reflect"
	"sync"
	"time"

	"github.com/vmware/govmomi/vim25/methods"
	"github.com/vmware/govmomi/vim25/mo"
	"github.com/vmware/govmomi/vim25/soap"
	"github.com/vmware/govmomi/vim25/types"
)

// vmotionSteps is how often a move that takes time says how far it is.
const vmotionSteps = 10

// vmotionTime is how long MigrateVM_Task and the moves of DRS take; RelocateVM_Task takes none.
var vmotionTime = struct {
	sync.Mutex
	takes time.Duration
}{}

// handleMigrateRequests adds
//
//	POST /lab/vmotion    {"milliseconds": 2000}: what each move takes from now on
func handleMigrateRequests(s *Service) {
	s.HandleFunc("/lab/vmotion", postTime(&vmotionTime, &vmotionTime.takes))
}

// takeTime moves the VM after the time that a move takes. The caller holds no lock.
func (vm *VirtualMachine) takeTime(ctx *Context, task *longTask, spec *types.VirtualMachineRelocateSpec, byDRS bool, told func(float64)) (fault types.BaseMethodFault) {
	vmotionTime.Lock()
	takes := vmotionTime.takes
	vmotionTime.Unlock()
	for step := 1; step <= vmotionSteps && takes > 0; step++ {
		task.wait(takes / vmotionSteps)
		if task.isCancelled() {
			return new(types.RequestCanceled)
		}
		task.progress(100 * step / (vmotionSteps + 1))
		if told != nil {
			told(float64(step) / (vmotionSteps + 1))
		}
	}
	Map.WithLock(vm, func() { fault = vm.relocate(ctx, spec, byDRS) })
	return fault
}

// MigrateVMTask is the older call for another host or pool. It takes the time that a test has set.
func (vm *VirtualMachine) MigrateVMTask(ctx *Context, req *types.MigrateVM_Task) soap.HasFault {
	task := newLongTask(CreateTask(vm, "migrate", nil), true)
	started := task.start(func() (types.AnyType, types.BaseMethodFault) {
		if req.State != "" && req.State != vm.Runtime.PowerState {
			return nil, &types.InvalidPowerState{RequestedState: req.State, ExistingState: vm.Runtime.PowerState}
		}
		if fault := vm.refusedBy(req.Host); fault != nil {
			return nil, fault
		}
		return nil, vm.takeTime(ctx, task, &types.VirtualMachineRelocateSpec{Pool: req.Pool, Host: req.Host}, false, nil)
	})
	return &methods.MigrateVM_TaskBody{Res: &types.MigrateVM_TaskResponse{Returnval: started}}
}

// refusedBy is why the VM cannot go to a host; nil if it can, or nobody said which.
func (vm *VirtualMachine) refusedBy(ref *types.ManagedObjectReference) types.BaseMethodFault {
	if ref == nil || *ref == *vm.Runtime.Host {
		return nil
	}
	host, ok := Map.Get(*ref).(*HostSystem)
	if !ok {
		return &types.ManagedObjectNotFound{Obj: *ref}
	}
	if host.Runtime.ConnectionState != types.HostSystemConnectionStateConnected {
		return new(types.HostNotConnected)
	}
	if !host.takesVMs() {
		return new(types.InvalidHostState)
	}
	if cluster, ok := Map.Get(*host.Parent).(*ClusterComputeResource); ok {
		return newDrsPlacement(cluster).fault(vm, host)
	}
	return nil
}

// VirtualMachineProvisioningChecker has one of its checks, that of vMotion.
type VirtualMachineProvisioningChecker struct {
	mo.VirtualMachineProvisioningChecker
}

func init() {
	// The API reference names System.View for the call and Resource.QueryVMotion for asking about vMotion;
	// this one is held to the latter, so that what Nova's documented account lacks shows.
	needed["QueryVMotionCompatibilityEx_Task"] = "Resource.QueryVMotion"
	needed["CancelTask"] = "Global.CancelTask"
	kinds["VirtualMachineProvisioningChecker"] = reflect.TypeOf((*VirtualMachineProvisioningChecker)(nil)).Elem()
}

// QueryVMotionCompatibilityExTask answers for each VM and host: errors, which forbid the move, and
// warnings. A vCenter looks at CPUs, networks and EVC too; here all hosts are alike in these. The task
// has no entity of its own on a vCenter either.
func (c *VirtualMachineProvisioningChecker) QueryVMotionCompatibilityExTask(req *types.QueryVMotionCompatibilityEx_Task) soap.HasFault {
	task := newLongTask(CreateTask(labDatacenter().rootFolder(), "queryVMotionCompatibilityEx", nil).startedThrough(c), false)
	started := task.start(func() (types.AnyType, types.BaseMethodFault) {
		all := types.ArrayOfCheckResult{}
		for _, vmRef := range req.Vm {
			vm, ok := Map.Get(vmRef).(*VirtualMachine)
			if !ok {
				return nil, &types.ManagedObjectNotFound{Obj: vmRef}
			}
			for _, ref := range req.Host {
				all.CheckResult = append(all.CheckResult, vm.vmotionTo(ref))
			}
		}
		return all, nil
	})
	return &methods.QueryVMotionCompatibilityEx_TaskBody{Res: &types.QueryVMotionCompatibilityEx_TaskResponse{Returnval: started}}
}

func (vm *VirtualMachine) vmotionTo(ref types.ManagedObjectReference) types.CheckResult {
	result := types.CheckResult{Vm: &vm.Self, Host: &ref}
	if fault := vm.refusedBy(&ref); fault != nil {
		result.Error = append(result.Error, types.LocalizedMethodFault{Fault: fault, LocalizedMessage: faultWords(fault)})
		return result
	}
	if host, ok := Map.Get(ref).(*HostSystem); ok {
		if cluster, ok := Map.Get(*host.Parent).(*ClusterComputeResource); ok {
			if fault := newDrsPlacement(cluster).keptApart(vm, host); fault != nil {
				result.Warning = append(result.Warning, types.LocalizedMethodFault{Fault: fault, LocalizedMessage: faultWords(fault)})
			}
		}
	}
	return result
}

func (dc *Datacenter) rootFolder() mo.Reference {
	return Map.Get(Map.content().RootFolder)
}
