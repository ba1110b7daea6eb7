package simulator

import (
	"errors"
	"reflect"
	"strings"

	"github.com/vmware/govmomi/vim25/methods"
	"github.com/vmware/govmomi/vim25/soap"
	"github.com/vmware/govmomi/vim25/types"
)

// FindAllByUuid is how Nova finds a VM by its instance UUID; the simulator has FindByUuid only.
func (s *SearchIndex) FindAllByUuid(req *types.FindAllByUuid) soap.HasFault {
	res := new(types.FindAllByUuidResponse)
	kind := "HostSystem"
	if req.VmSearch {
		kind = "VirtualMachine"
	}
	for _, e := range Map.All(kind) {
		id := ""
		switch found := e.(type) {
		case *VirtualMachine:
			if found.Config == nil {
				continue
			}
			id = found.Config.Uuid
			if isTrue(req.InstanceUuid) {
				id = found.Config.InstanceUuid
			}
		case *HostSystem:
			if found.Summary.Hardware != nil {
				id = found.Summary.Hardware.Uuid
			}
		}
		if id != "" && strings.EqualFold(id, req.Uuid) {
			res.Returnval = append(res.Returnval, e.Reference())
		}
	}
	return &methods.FindAllByUuidBody{Res: res}
}

const extraConfigPath = "config.extraConfig["

// errNoSuchKey is none of the errors that the PropertyCollector knows: it leaves the property out.
var errNoSuchKey = errors.New("no such key")

// extraConfigValue reads the property path config.extraConfig["key"], which Nova's list_instances uses.
func extraConfigValue(rval reflect.Value, path string) (interface{}, error) {
	key := strings.Trim(strings.TrimPrefix(path, extraConfigPath), `"]`)
	config := rval.FieldByName("Config")
	if !config.IsValid() || config.IsNil() {
		return nil, errNoSuchKey
	}
	if info, ok := config.Interface().(*types.VirtualMachineConfigInfo); ok {
		for _, option := range info.ExtraConfig {
			if option.GetOptionValue().Key == key {
				return *option.GetOptionValue(), nil
			}
		}
	}
	return nil, errNoSuchKey
}
