package simulator

import (
	"github.com/vmware/govmomi/vim25/methods"
	"github.com/vmware/govmomi/vim25/soap"
	"github.com/vmware/govmomi/vim25/types"
)

// mustNotRun tells whether a mandatory rule between VMs and hosts keeps the VM off the host.
func (c *ClusterComputeResource) mustNotRun(vm, host types.ManagedObjectReference) bool {
	for _, one := range c.configEx().Rule {
		rule, ok := one.(*types.ClusterVmHostRuleInfo)
		if !ok || !isTrue(rule.Enabled) || !isTrue(rule.Mandatory) || !c.inGroup(rule.VmGroupName, vm) {
			continue
		}
		if name := rule.AffineHostGroupName; name != "" && !c.inGroup(name, host) {
			return true
		}
		if name := rule.AntiAffineHostGroupName; name != "" && c.inGroup(name, host) {
			return true
		}
	}
	return false
}

// keptApart is the fault of a move to a host with a VM that a rule keeps apart from this one.
func (p *drsPlacement) keptApart(vm *VirtualMachine, host *HostSystem) types.BaseMethodFault {
	for _, one := range p.cluster.configEx().Rule {
		rule, ok := one.(*types.ClusterAntiAffinityRuleSpec)
		if !ok || !isTrue(rule.Enabled) || FindReference(rule.Vm, vm.Self) == nil {
			continue
		}
		for _, other := range rule.Vm {
			if other != vm.Self && p.at[other] == host.Self {
				return &types.RuleViolation{Host: &host.Self, Rule: rule}
			}
		}
	}
	return nil
}

func (c *ClusterComputeResource) inGroup(name string, ref types.ManagedObjectReference) bool {
	for _, one := range c.configEx().Group {
		switch group := one.(type) {
		case *types.ClusterVmGroup:
			if group.Name == name && FindReference(group.Vm, ref) != nil {
				return true
			}
		case *types.ClusterHostGroup:
			if group.Name == name && FindReference(group.Host, ref) != nil {
				return true
			}
		}
	}
	return false
}

// FindRulesForVm lists the rules that name the VM, by itself or by a group that it is in.
func (c *ClusterComputeResource) FindRulesForVm(req *types.FindRulesForVm) soap.HasFault {
	res := new(types.FindRulesForVmResponse)
	for _, one := range c.configEx().Rule {
		names := false
		switch rule := one.(type) {
		case *types.ClusterAffinityRuleSpec:
			names = FindReference(rule.Vm, req.Vm) != nil
		case *types.ClusterAntiAffinityRuleSpec:
			names = FindReference(rule.Vm, req.Vm) != nil
		case *types.ClusterVmHostRuleInfo:
			names = c.inGroup(rule.VmGroupName, req.Vm)
		case *types.ClusterDependencyRuleInfo:
			names = c.inGroup(rule.VmGroup, req.Vm) || c.inGroup(rule.DependsOnVmGroup, req.Vm)
		}
		if names {
			res.Returnval = append(res.Returnval, one)
		}
	}
	return &methods.FindRulesForVmBody{Res: res}
}
