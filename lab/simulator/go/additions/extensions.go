package simulator

import (
	"reflect"

	"github.com/vmware/govmomi/vim25/methods"
	"github.com/vmware/govmomi/vim25/mo"
	"github.com/vmware/govmomi/vim25/soap"
	"github.com/vmware/govmomi/vim25/types"
)

// ExtensionManager is missing in the simulator; Nova registers org.openstack.compute with it.
type ExtensionManager struct {
	mo.ExtensionManager
}

func init() {
	kinds["ExtensionManager"] = reflect.TypeOf((*ExtensionManager)(nil)).Elem()
}

func (m *ExtensionManager) find(key string) int {
	for i := range m.ExtensionList {
		if m.ExtensionList[i].Key == key {
			return i
		}
	}
	return -1
}

// FindExtension returns nothing for an unknown key, as a vCenter does.
func (m *ExtensionManager) FindExtension(req *types.FindExtension) soap.HasFault {
	res := new(types.FindExtensionResponse)
	if i := m.find(req.ExtensionKey); i >= 0 {
		res.Returnval = &m.ExtensionList[i]
	}
	return &methods.FindExtensionBody{Res: res}
}

// RegisterExtension refuses a key that is there already.
func (m *ExtensionManager) RegisterExtension(req *types.RegisterExtension) soap.HasFault {
	body := new(methods.RegisterExtensionBody)
	if m.find(req.Extension.Key) >= 0 {
		body.Fault_ = Fault("", &types.InvalidArgument{InvalidProperty: "extension.key"})
		return body
	}
	m.ExtensionList = append(m.ExtensionList, req.Extension)
	body.Res = new(types.RegisterExtensionResponse)
	return body
}

// UnregisterExtension forgets a key.
func (m *ExtensionManager) UnregisterExtension(req *types.UnregisterExtension) soap.HasFault {
	body := new(methods.UnregisterExtensionBody)
	i := m.find(req.ExtensionKey)
	if i < 0 {
		body.Fault_ = Fault("", new(types.NotFound))
		return body
	}
	m.ExtensionList = append(m.ExtensionList[:i:i], m.ExtensionList[i+1:]...)
	body.Res = new(types.UnregisterExtensionResponse)
	return body
}

// QueryManagedBy returns the VMs whose config.managedBy names the extension.
func (m *ExtensionManager) QueryManagedBy(req *types.QueryManagedBy) soap.HasFault {
	res := new(types.QueryManagedByResponse)
	for _, e := range Map.All("VirtualMachine") {
		vm, ok := asVirtualMachineMO(e)
		if ok && vm.Config != nil && vm.Config.ManagedBy != nil && vm.Config.ManagedBy.ExtensionKey == req.ExtensionKey {
			res.Returnval = append(res.Returnval, vm.Self)
		}
	}
	return &methods.QueryManagedByBody{Res: res}
}
