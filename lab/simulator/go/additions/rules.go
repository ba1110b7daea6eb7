package simulator

import (
	"github.com/vmware/govmomi/vim25/types"
)

// updateDerived follows a reconfiguration: the older form of the configuration, whether rules are kept,
// and DRS, which begins anew when its configuration has changed.
func (c *ClusterComputeResource) updateDerived(config *types.ClusterConfigInfoEx, spec *types.ClusterConfigSpecEx) types.BaseMethodFault {
	c.Configuration.Rule, c.Configuration.DrsVmConfig = config.Rule, config.DrsVmConfig
	if spec.DrsConfig != nil || spec.RulesSpec != nil || spec.GroupSpec != nil || spec.DrsVmConfigSpec != nil {
		c.Recommendation = nil
	}
	c.checkRules()
	return nil
}

// checkRules says of every rule whether the VMs are where it has them.
func (c *ClusterComputeResource) checkRules() {
	at := newDrsPlacement(c).at
	for _, one := range c.configEx().Rule {
		info := one.GetClusterRuleInfo()
		info.InCompliance = types.NewBool(!isTrue(info.Enabled) || len(brokenBy(c, one, at)) == 0)
		info.UserCreated, info.Status = types.NewBool(true), types.ManagedEntityStatusGreen
	}
}

// brokenBy are the VMs that a rule would have elsewhere: of those to be kept apart, all on a host but the
// first; of those to be kept together, all that are not with the first.
func brokenBy(c *ClusterComputeResource, one types.BaseClusterRuleInfo, at map[types.ManagedObjectReference]types.ManagedObjectReference) []types.ManagedObjectReference {
	var broken []types.ManagedObjectReference
	switch rule := one.(type) {
	case *types.ClusterAntiAffinityRuleSpec:
		taken := map[types.ManagedObjectReference]bool{}
		for _, vm := range rule.Vm {
			if host, ok := at[vm]; ok {
				if taken[host] {
					broken = append(broken, vm)
				}
				taken[host] = true
			}
		}
	case *types.ClusterAffinityRuleSpec:
		first := true
		var together types.ManagedObjectReference
		for _, vm := range rule.Vm {
			host, ok := at[vm]
			switch {
			case ok && first:
				first, together = false, host
			case ok && host != together:
				broken = append(broken, vm)
			}
		}
	case *types.ClusterVmHostRuleInfo:
		for vm, host := range at {
			outside := rule.AffineHostGroupName != "" && !c.inGroup(rule.AffineHostGroupName, host)
			inside := rule.AntiAffineHostGroupName != "" && c.inGroup(rule.AntiAffineHostGroupName, host)
			if (outside || inside) && c.inGroup(rule.VmGroupName, vm) {
				broken = append(broken, vm)
			}
		}
	}
	return broken
}
