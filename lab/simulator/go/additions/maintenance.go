package simulator

import (
	"fmt"
	"sync"
	"time"

	"github.com/vmware/govmomi/vim25/methods"
	"github.com/vmware/govmomi/vim25/soap"
	"github.com/vmware/govmomi/vim25/types"
)

// lookAgain is how often a host that cannot get rid of its VMs looks whether it now can.
const lookAgain = 100 * time.Millisecond

// entering are the hosts on their way into maintenance mode: they take no VM, and are not in it yet.
var entering sync.Map

func init() {
	needed["ClusterEnterMaintenanceMode"] = "Host.Config.Maintenance"
}

func (h *HostSystem) takesVMs() bool {
	_, leaves := entering.Load(h.Self)
	return h.usable() && !leaves
}

// EnterMaintenanceModeTask has DRS move the powered-on VMs to other hosts first (those that are off only
// if asked for), as a vCenter does. Where one cannot go, or DRS does not move by itself, the task stays
// where it is until somebody moves the VM or switches it off, the time is over, or the task is cancelled.
// A vCenter moves several VMs at once; here one goes after the other, in the order of the host's list.
func (h *HostSystem) EnterMaintenanceModeTask(ctx *Context, req *types.EnterMaintenanceMode_Task) soap.HasFault {
	task := newLongTask(CreateTask(h, "enterMaintenanceMode", nil), true)
	started := task.start(func() (types.AnyType, types.BaseMethodFault) {
		if _, already := entering.LoadOrStore(h.Self, true); already || h.Runtime.InMaintenanceMode {
			if !already {
				entering.Delete(h.Self)
			}
			return nil, new(types.InvalidState)
		}
		defer entering.Delete(h.Self)
		if fault := h.empty(ctx, task, req); fault != nil {
			return nil, fault
		}
		h.setRuntime(types.PropertyChange{Name: "runtime.inMaintenanceMode", Val: true})
		ctx.postEvent(&types.EnteredMaintenanceModeEvent{HostEvent: h.event()})
		return nil, nil
	})
	return &methods.EnterMaintenanceMode_TaskBody{Res: &types.EnterMaintenanceMode_TaskResponse{Returnval: started}}
}

// empty returns when no VM is left that has to leave. A move under way goes on to its end when the task
// is cancelled, as a vCenter's does.
func (h *HostSystem) empty(ctx *Context, task *longTask, req *types.EnterMaintenanceMode_Task) types.BaseMethodFault {
	until := time.Now().Add(time.Duration(req.Timeout) * time.Second)
	moved, most := 0, 0
	for {
		if task.isCancelled() {
			return new(types.RequestCanceled)
		}
		left := h.hasToLeave(isTrue(req.EvacuatePoweredOffVms))
		if len(left) == 0 {
			return nil
		}
		if moved+len(left) > most {
			most = moved + len(left)
		}
		percent := func(part float64) { task.progress(2 + int(96*(float64(moved)+part)/float64(most))) }
		percent(0)
		vm, host := h.nextToLeave(left)
		if vm == nil {
			if req.Timeout > 0 && time.Now().After(until) {
				return new(types.Timedout)
			}
			task.wait(lookAgain)
			continue
		}
		if vm.evacuate(ctx, host.Self, percent) == nil {
			moved++
		} else {
			task.wait(lookAgain)
		}
	}
}

func (h *HostSystem) hasToLeave(poweredOffToo bool) []*VirtualMachine {
	var left []*VirtualMachine
	for _, ref := range append([]types.ManagedObjectReference{}, h.Vm...) {
		vm, ok := Map.Get(ref).(*VirtualMachine)
		if ok && (poweredOffToo || vm.Runtime.PowerState == types.VirtualMachinePowerStatePoweredOn) {
			left = append(left, vm)
		}
	}
	return left
}

func (h *HostSystem) nextToLeave(left []*VirtualMachine) (*VirtualMachine, *HostSystem) {
	cluster, ok := Map.Get(*h.Parent).(*ClusterComputeResource)
	if !ok {
		return nil, nil // a stand-alone host: nobody moves its VMs
	}
	placement := newDrsPlacement(cluster, h.Self)
	for _, vm := range left {
		if !cluster.drsMoves(vm) {
			continue
		}
		if host, _ := placement.choose(vm); host != nil {
			return vm, host
		}
	}
	return nil, nil
}

// evacuate moves the VM by DRS, as a task of its own that nobody started.
func (vm *VirtualMachine) evacuate(ctx *Context, host types.ManagedObjectReference, percent func(float64)) (fault types.BaseMethodFault) {
	created := CreateTask(vm, "drmMigrate", nil)
	created.Info.Name, created.Info.DescriptionId = "", "Drm.ExecuteVMotionLRO"
	created.Info.Reason = new(types.TaskReasonSystem)
	task := newLongTask(created, false)
	task.update(
		types.PropertyChange{Name: "info.startTime", Val: time.Now()},
		types.PropertyChange{Name: "info.state", Val: types.TaskInfoStateRunning})
	fault = vm.takeTime(ctx, task, &types.VirtualMachineRelocateSpec{Host: &host}, true, percent)
	task.finish(nil, fault)
	return fault
}

// ClusterEnterMaintenanceMode is the plan alone: one recommendation for each VM that would move, and the
// faults of those that cannot. A vCenter may put several moves into one recommendation, and explains more.
func (c *ClusterComputeResource) ClusterEnterMaintenanceMode(req *types.ClusterEnterMaintenanceMode) soap.HasFault {
	body := new(methods.ClusterEnterMaintenanceModeBody)
	if !isTrue(c.configEx().DrsConfig.Enabled) {
		body.Fault_ = Fault("The operation is not supported on the object.", new(types.NotSupported))
		return body
	}
	for _, ref := range req.Host {
		if FindReference(c.Host, ref) == nil {
			body.Fault_ = Fault("", &types.InvalidArgument{InvalidProperty: "host"})
			return body
		}
	}
	result := types.ClusterEnterMaintenanceResult{}
	placement := newDrsPlacement(c, req.Host...)
	for _, ref := range req.Host {
		for _, vm := range Map.Get(ref).(*HostSystem).hasToLeave(false) {
			host, fault := placement.choose(vm)
			if fault != nil {
				if result.Fault == nil {
					result.Fault = &types.ClusterDrsFaults{Reason: string(types.RecommendationReasonCodeHostMaint)}
				}
				result.Fault.FaultsByVm = append(result.Fault.FaultsByVm, &types.ClusterDrsFaultsFaultsByVm{
					Vm: &vm.Self, Fault: []types.LocalizedMethodFault{{Fault: fault, LocalizedMessage: faultWords(fault)}},
				})
				continue
			}
			result.Recommendations = append(result.Recommendations, c.moveAway(vm, ref, host.Self, len(result.Recommendations)+1))
		}
	}
	body.Res = &types.ClusterEnterMaintenanceModeResponse{Returnval: result}
	return body
}

func (c *ClusterComputeResource) moveAway(vm *VirtualMachine, from, to types.ManagedObjectReference, n int) types.ClusterRecommendation {
	key := fmt.Sprintf("hostMaint-%d", n)
	action := &types.ClusterMigrationAction{DrsMigration: &types.ClusterDrsMigration{
		Key: key, Time: time.Now(), Vm: vm.Self, Source: from, Destination: to,
	}}
	action.Type, action.Target = string(types.ActionTypeMigrationV1), &vm.Self
	return types.ClusterRecommendation{
		Key: key, Type: "V1", Time: time.Now(), Rating: 5, Target: &c.Self,
		Reason: string(types.RecommendationReasonCodeHostMaint), ReasonText: "Host is entering maintenance mode",
		Action: []types.BaseClusterAction{action},
	}
}
