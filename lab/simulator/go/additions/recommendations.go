package simulator

import (
	"sort"
	"strconv"
	"sync/atomic"
	"time"

	"github.com/vmware/govmomi/vim25/methods"
	"github.com/vmware/govmomi/vim25/soap"
	"github.com/vmware/govmomi/vim25/types"
)

// mostRecommendations is how many one look of DRS gives here.
const mostRecommendations = 10

var recommendationKey int64

func init() {
	for _, method := range []string{"RefreshRecommendation", "ApplyRecommendation", "CancelRecommendation"} {
		needed[method] = "Host.Inventory.EditCluster"
	}
}

// RefreshRecommendation has DRS look at the cluster. A vCenter does so every five minutes besides, and
// carries out at once what it finds for VMs that are fully automated; here it does nothing for these.
func (c *ClusterComputeResource) RefreshRecommendation(*types.RefreshRecommendation) soap.HasFault {
	body := new(methods.RefreshRecommendationBody)
	if !isTrue(c.configEx().DrsConfig.Enabled) {
		body.Fault_ = Fault("The operation is not allowed in the current state.", new(types.InvalidState))
		return body
	}
	c.checkRules()
	c.Recommendation = newAdvice(c).all
	body.Res = new(types.RefreshRecommendationResponse)
	return body
}

// ApplyRecommendation answers before anything has moved, and names no task. Each can be applied once; one
// whose VM is not where it was, or whose destination takes no VM any more, is as gone.
func (c *ClusterComputeResource) ApplyRecommendation(ctx *Context, req *types.ApplyRecommendation) soap.HasFault {
	body := new(methods.ApplyRecommendationBody)
	one := c.takeRecommendation(req.Key)
	if one == nil || !stillTrue(one) {
		body.Fault_ = Fault("A specified parameter was not correct: key", &types.InvalidArgument{InvalidProperty: "key"})
		return body
	}
	for _, action := range one.Action {
		move := action.(*types.ClusterMigrationAction).DrsMigration
		vm := Map.Get(move.Vm).(*VirtualMachine)
		go func() {
			_ = vm.evacuate(ctx, move.Destination, nil)
			Map.WithLock(c, func() { c.checkRules() })
		}()
	}
	body.Res = new(types.ApplyRecommendationResponse)
	return body
}

// CancelRecommendation drops one, until DRS finds it again.
func (c *ClusterComputeResource) CancelRecommendation(req *types.CancelRecommendation) soap.HasFault {
	body := new(methods.CancelRecommendationBody)
	if c.takeRecommendation(req.Key) == nil {
		body.Fault_ = Fault("A specified parameter was not correct: key", &types.InvalidArgument{InvalidProperty: "key"})
		return body
	}
	body.Res = new(types.CancelRecommendationResponse)
	return body
}

func (c *ClusterComputeResource) takeRecommendation(key string) *types.ClusterRecommendation {
	for i := range c.Recommendation {
		if one := c.Recommendation[i]; one.Key == key {
			c.Recommendation = append(c.Recommendation[:i:i], c.Recommendation[i+1:]...)
			return &one
		}
	}
	return nil
}

func stillTrue(one *types.ClusterRecommendation) bool {
	for _, action := range one.Action {
		move := action.(*types.ClusterMigrationAction).DrsMigration
		vm, there := Map.Get(move.Vm).(*VirtualMachine)
		host, known := Map.Get(move.Destination).(*HostSystem)
		if !there || !known || *vm.Runtime.Host != move.Source || !host.takesVMs() {
			return false
		}
	}
	return true
}

// advice is one look of DRS: what breaks a rule first, then memory, as it is configured for the VMs that
// run, from the fullest host to the emptiest. A vCenter goes by what VMs demand, CPU included, and by what
// a move costs.
type advice struct {
	*drsPlacement
	load  map[types.ManagedObjectReference]int64 // MB
	moved map[types.ManagedObjectReference]bool
	all   []types.ClusterRecommendation
}

func newAdvice(c *ClusterComputeResource) *advice {
	a := &advice{
		drsPlacement: newDrsPlacement(c), load: map[types.ManagedObjectReference]int64{},
		moved: map[types.ManagedObjectReference]bool{},
	}
	for ref, host := range a.at {
		if vm, ok := Map.Get(ref).(*VirtualMachine); ok && vm.runs() {
			a.load[host] += int64(vm.Config.Hardware.MemoryMB)
		}
	}
	a.mendRules()
	a.balance()
	return a
}

func (vm *VirtualMachine) runs() bool {
	return vm.Runtime.PowerState == types.VirtualMachinePowerStatePoweredOn
}

// mendRules moves VMs off hosts where a rule does not have them.
func (a *advice) mendRules() {
	for _, one := range a.cluster.configEx().Rule {
		info := one.GetClusterRuleInfo()
		if _, together := one.(*types.ClusterAffinityRuleSpec); together || !isTrue(info.Enabled) {
			continue // a vCenter brings VMs together as well
		}
		for _, ref := range brokenBy(a.cluster, one, a.at) {
			vm, ok := Map.Get(ref).(*VirtualMachine)
			if !ok || !vm.runs() || a.moved[ref] || a.cluster.drsMoves(vm) {
				continue
			}
			from := a.at[ref]
			to, fault := a.choose(vm)
			if fault != nil {
				continue
			}
			reason, text := types.RecommendationReasonCodeAntiAffin, "Apply anti-affinity rule"
			if _, hosts := one.(*types.ClusterVmHostRuleInfo); hosts {
				reason, text = types.RecommendationReasonCodeVmHostHardAffinity, "Fix hard VM/host affinity rule violation"
			}
			a.add(vm, from, to.Self, 5, reason, text)
		}
	}
}

func (a *advice) balance() {
	for len(a.all) < mostRecommendations {
		var fullest, emptiest *HostSystem
		for _, ref := range a.cluster.Host {
			host := Map.Get(ref).(*HostSystem)
			if !host.takesVMs() {
				continue
			}
			if fullest == nil || a.load[ref] > a.load[fullest.Self] {
				fullest = host
			}
			if emptiest == nil || a.load[ref] < a.load[emptiest.Self] {
				emptiest = host
			}
		}
		if fullest == nil || fullest == emptiest {
			return
		}
		gap := a.load[fullest.Self] - a.load[emptiest.Self]
		vm := a.bestToMove(fullest, emptiest, gap)
		if vm == nil {
			return
		}
		rating := int32(1)
		for _, part := range []int64{20, 10, 5} { // of the host's memory
			if gap*part >= fullest.Summary.Hardware.MemorySize>>20 {
				rating++
			}
		}
		a.put(vm, emptiest.Self)
		a.add(vm, fullest.Self, emptiest.Self, rating, types.RecommendationReasonCodeFairnessMemAvg, "Balance average memory loads")
	}
}

// bestToMove is the VM whose move leaves the two hosts nearest to each other; nil if none brings them nearer.
func (a *advice) bestToMove(from, to *HostSystem, gap int64) *VirtualMachine {
	var best *VirtualMachine
	left := gap
	refs := append([]types.ManagedObjectReference{}, from.Vm...)
	sort.Slice(refs, func(i, j int) bool { return refs[i].Value < refs[j].Value })
	for _, ref := range refs {
		vm, ok := Map.Get(ref).(*VirtualMachine)
		if !ok || !vm.runs() || a.at[ref] != from.Self || a.moved[ref] || !a.cluster.drsMay(vm) || a.cluster.drsMoves(vm) {
			continue
		}
		after := gap - 2*int64(vm.Config.Hardware.MemoryMB)
		if after < 0 {
			after = -after
		}
		if after < left && a.fault(vm, to) == nil && a.keptApart(vm, to) == nil {
			best, left = vm, after
		}
	}
	return best
}

func (a *advice) add(vm *VirtualMachine, from, to types.ManagedObjectReference, rating int32, reason types.RecommendationReasonCode, text string) {
	memory := int64(vm.Config.Hardware.MemoryMB)
	now, key := time.Now(), strconv.FormatInt(atomic.AddInt64(&recommendationKey, 1), 10)
	action := &types.ClusterMigrationAction{DrsMigration: &types.ClusterDrsMigration{
		Key: key, Time: now, Vm: vm.Self, MemoryLoad: memory << 20,
		Source: from, SourceMemoryLoad: a.load[from] << 20, Destination: to, DestinationMemoryLoad: a.load[to] << 20,
	}}
	action.Type, action.Target = string(types.ActionTypeMigrationV1), &vm.Self
	a.load[from] -= memory
	a.load[to] += memory
	a.moved[vm.Self] = true
	a.all = append(a.all, types.ClusterRecommendation{
		Key: key, Type: "V1", Time: now, Rating: rating, Reason: string(reason), ReasonText: text,
		Action: []types.BaseClusterAction{action}, Target: &a.cluster.Self,
	})
}
