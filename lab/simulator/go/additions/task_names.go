package simulator

// vcentersNames are vCenter's names of what govmomi's simulator calls otherwise: the keys of a vCenter's own
// TaskManager.description.methodInfo (govmomi has a copy of it, simulator/vpx/task_manager.go).
var vcentersNames = map[string]string{
	"cloneVm":            "clone",
	"customizeVm":        "customize",
	"reconfigVm":         "reconfigure",
	"reconfigureCluster": "reconfigureEx",
	"relocateVm":         "relocate",
	"RemoveAllSnapshots": "removeAllSnapshots",
	"upgradeVm":          "upgradeVirtualHardware",
}

// descriptionID is what stands in TaskInfo.descriptionId.
func descriptionID(kind, name string) string {
	if known, ok := vcentersNames[name]; ok {
		name = known
	}
	return kind + "." + name
}
