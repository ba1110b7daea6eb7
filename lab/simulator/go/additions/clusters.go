package simulator

import (
	"fmt"
	"reflect"

	"github.com/vmware/govmomi/vim25/mo"
	"github.com/vmware/govmomi/vim25/types"
)

// configureCluster switches DRS (fully automated) and HA (a quarter held back) on, readable both ways
// that the API has: configuration and configurationEx.
func configureCluster(cluster *ClusterComputeResource) {
	das := types.ClusterDasConfigInfo{
		Enabled:                 types.NewBool(true),
		HostMonitoring:          string(types.ClusterDasConfigInfoServiceStateEnabled),
		VmMonitoring:            string(types.ClusterDasConfigInfoVmMonitoringStateVmMonitoringDisabled),
		FailoverLevel:           1,
		AdmissionControlEnabled: types.NewBool(true),
		AdmissionControlPolicy: &types.ClusterFailoverResourcesAdmissionControlPolicy{
			CpuFailoverResourcesPercent:    25,
			MemoryFailoverResourcesPercent: 25,
		},
	}
	drs := types.ClusterDrsConfigInfo{
		Enabled:                   types.NewBool(true),
		EnableVmBehaviorOverrides: types.NewBool(true),
		DefaultVmBehavior:         types.DrsBehaviorFullyAutomated,
		VmotionRate:               3,
	}
	cluster.Configuration.DasConfig, cluster.Configuration.DrsConfig = das, drs
	if config, ok := cluster.ConfigurationEx.(*types.ClusterConfigInfoEx); ok {
		config.DasConfig, config.DrsConfig = das, drs
	}
}

// updateServices changes DRS and HA as the spec says, which govmomi's simulator passed over.
func (c *ClusterComputeResource) updateServices(config *types.ClusterConfigInfoEx, spec *types.ClusterConfigSpecEx) types.BaseMethodFault {
	if drs := spec.DrsConfig; drs != nil {
		mergeSet(&config.DrsConfig, drs)
	}
	if das := spec.DasConfig; das != nil {
		mergeSet(&config.DasConfig, das)
	}
	c.Configuration.DasConfig, c.Configuration.DrsConfig = config.DasConfig, config.DrsConfig
	return nil
}

// mergeSet copies the fields that are set in another value of the same type.
func mergeSet(into, from interface{}) {
	to, source := reflect.ValueOf(into).Elem(), reflect.ValueOf(from).Elem()
	for i := 0; i < source.NumField(); i++ {
		if field := source.Field(i); !field.IsZero() {
			to.Field(i).Set(field)
		}
	}
}

// refreshClusterSummary adds up the cluster's hosts; "effective" are those that take VMs.
func refreshClusterSummary(cluster *ClusterComputeResource) {
	sum := types.ComputeResourceSummary{OverallStatus: types.ManagedEntityStatusGreen}
	for _, ref := range cluster.Host {
		host, ok := Map.Get(ref).(*HostSystem)
		if !ok {
			continue
		}
		hw := host.Summary.Hardware
		mhz := hw.CpuMhz * int32(hw.NumCpuCores)
		sum.NumHosts++
		sum.TotalCpu += mhz
		sum.TotalMemory += hw.MemorySize
		sum.NumCpuCores += hw.NumCpuCores
		sum.NumCpuThreads += hw.NumCpuThreads
		if host.usable() {
			sum.NumEffectiveHosts++
			sum.EffectiveCpu += mhz
			sum.EffectiveMemory += hw.MemorySize >> 20
		}
	}
	Map.WithLock(cluster, func() {
		*cluster.Summary.GetComputeResourceSummary() = sum
	})
	touch(cluster.Self)
}

// addEmptyCluster makes a cluster that has no host yet.
func addEmptyCluster(name string) (*ClusterComputeResource, error) {
	folder := Map.Get(labDatacenter().HostFolder).(*Folder)
	cluster, fault := CreateClusterComputeResource(internalContext, folder, name, types.ClusterConfigSpecEx{})
	if fault != nil {
		return nil, fmt.Errorf("no cluster %q: %T", name, fault)
	}
	configureCluster(cluster)
	refreshClusterSummary(cluster)
	return cluster, nil
}

// longName stretches a name to 80 characters, vCenter's longest.
func longName(name string) string {
	const filler = "-a-long-name-as-some-people-give-them-to-whatever-they-have-to-name-in-vcenter-and-more"
	if len(name) >= 80 {
		return name
	}
	return name + filler[:80-len(name)]
}

// rename gives any entity another name at once, hosts among them, which a vCenter does not rename.
func rename(ref types.ManagedObjectReference, name string) error {
	entity, ok := Map.Get(ref).(mo.Entity)
	if !ok {
		return fmt.Errorf("no %s", ref.Value)
	}
	changes := []types.PropertyChange{{Name: "name", Val: name}}
	if ref.Type == "HostSystem" {
		changes = append(changes, types.PropertyChange{Name: "summary.config.name", Val: name})
	}
	Map.WithLock(entity, func() { Map.Update(entity, changes) })
	return nil
}
