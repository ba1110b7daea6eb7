package simulator

import (
	"fmt"
	"strings"
	"sync"

	"github.com/vmware/govmomi/object"
	"github.com/vmware/govmomi/vim25/methods"
	"github.com/vmware/govmomi/vim25/soap"
	"github.com/vmware/govmomi/vim25/types"
)

// LabAccount is a vCenter account. ReadOnly has vCenter's role of that name on the whole inventory.
type LabAccount struct {
	User     string
	Password string
	ReadOnly bool
}

var labAccounts []LabAccount

func findAccount(user string) *LabAccount {
	for i := range labAccounts {
		if strings.EqualFold(labAccounts[i].User, user) {
			return &labAccounts[i]
		}
	}
	return nil
}

func validAccount(user, password string) bool {
	account := findAccount(user)
	return account != nil && account.Password == password
}

// privileges of a user on every object; nil for a user that is not known.
func (m *AuthorizationManager) privilegesOf(user string) []string {
	account := findAccount(user)
	switch {
	case account == nil:
		return nil
	case account.ReadOnly:
		return object.AuthorizationRoleList(m.RoleList).ByName("ReadOnly").Privilege
	}
	return withoutDenied(account.User, object.AuthorizationRoleList(m.RoleList).ByName("Admin").Privilege)
}

// denied holds the privileges that a test took from an account, by its name in lower case.
var denied = struct {
	sync.Mutex
	of map[string]map[string]bool
}{of: map[string]map[string]bool{}}

// setDenied takes exactly these privileges from an account, and gives back those taken before.
func setDenied(user string, privileges []string) error {
	if findAccount(user) == nil {
		return fmt.Errorf("there is no account %q", user)
	}
	denied.Lock()
	defer denied.Unlock()
	taken := map[string]bool{}
	for _, id := range privileges {
		taken[id] = true
	}
	denied.of[strings.ToLower(user)] = taken
	return nil
}

func isDenied(user, privilege string) bool {
	denied.Lock()
	defer denied.Unlock()
	return denied.of[strings.ToLower(user)][privilege]
}

func withoutDenied(user string, privileges []string) []string {
	var left []string
	for _, id := range privileges {
		if !isDenied(user, id) {
			left = append(left, id)
		}
	}
	return left
}

func (m *AuthorizationManager) granted(user string, wanted []string) []bool {
	has := make(map[string]bool)
	for _, id := range m.privilegesOf(user) {
		has[id] = true
	}
	granted := make([]bool, len(wanted))
	for i, id := range wanted {
		granted[i] = has[id]
	}
	return granted
}

func (m *AuthorizationManager) onEntities(user string, entities []types.ManagedObjectReference, wanted []string) []types.EntityPrivilege {
	granted := m.granted(user, wanted)
	var all []types.EntityPrivilege
	for _, entity := range entities {
		one := types.EntityPrivilege{Entity: entity}
		for i, id := range wanted {
			one.PrivAvailability = append(one.PrivAvailability, types.PrivilegeAvailability{PrivId: id, IsGranted: granted[i]})
		}
		all = append(all, one)
	}
	return all
}

func (m *AuthorizationManager) userOf(sessionID string) string {
	session, ok := Map.SessionManager().getSession(sessionID)
	if !ok {
		return ""
	}
	return session.UserName
}

// HasPrivilegeOnEntityResponse is govmomi's, which leaves out every "false" of the list.
type HasPrivilegeOnEntityResponse struct {
	Returnval []bool `xml:"returnval"`
}

type hasPrivilegeOnEntityBody struct {
	Res *HasPrivilegeOnEntityResponse
}

func (b *hasPrivilegeOnEntityBody) Fault() *soap.Fault { return nil }

// HasPrivilegeOnEntity answers for the user of a session.
func (m *AuthorizationManager) HasPrivilegeOnEntity(req *types.HasPrivilegeOnEntity) soap.HasFault {
	return &hasPrivilegeOnEntityBody{&HasPrivilegeOnEntityResponse{m.granted(m.userOf(req.SessionId), req.PrivId)}}
}

// HasPrivilegeOnEntities answers for the user of a session, on several objects.
func (m *AuthorizationManager) HasPrivilegeOnEntities(req *types.HasPrivilegeOnEntities) soap.HasFault {
	return &methods.HasPrivilegeOnEntitiesBody{Res: &types.HasPrivilegeOnEntitiesResponse{
		Returnval: m.onEntities(m.userOf(req.SessionId), req.Entity, req.PrivId)}}
}

// HasUserPrivilegeOnEntities answers for a user by name.
func (m *AuthorizationManager) HasUserPrivilegeOnEntities(req *types.HasUserPrivilegeOnEntities) soap.HasFault {
	return &methods.HasUserPrivilegeOnEntitiesBody{Res: &types.HasUserPrivilegeOnEntitiesResponse{
		Returnval: m.onEntities(req.UserName, req.Entities, req.PrivId)}}
}

// FetchUserPrivilegeOnEntities lists every privilege of a user by name.
func (m *AuthorizationManager) FetchUserPrivilegeOnEntities(req *types.FetchUserPrivilegeOnEntities) soap.HasFault {
	res := new(types.FetchUserPrivilegeOnEntitiesResponse)
	for _, entity := range req.Entities {
		res.Returnval = append(res.Returnval, types.UserPrivilegeResult{Entity: entity, Privileges: m.privilegesOf(req.UserName)})
	}
	return &methods.FetchUserPrivilegeOnEntitiesBody{Res: res}
}

// systemRead is in every role but "No access".
const systemRead = "System.Read"

// needed names the privilege that a method asks for beyond reading (vSphere API reference, "Required
// Privileges"); a method that is not here and does not read asks for the last one.
var needed = map[string]string{
	"CloneVM_Task":                    "VirtualMachine.Provisioning.Clone",
	"CreateVM_Task":                   "VirtualMachine.Inventory.Create",
	"DeleteDatastoreFile_Task":        "Datastore.FileManagement",
	"Destroy_Task":                    "VirtualMachine.Inventory.Delete",
	"DisconnectHost_Task":             "Host.Config.Connection",
	"EnterMaintenanceMode_Task":       "Host.Config.Maintenance",
	"ExitMaintenanceMode_Task":        "Host.Config.Maintenance",
	"ImportVApp":                      "VApp.Import",
	"MakeDirectory":                   "Datastore.FileManagement",
	"MigrateVM_Task":                  "Resource.HotMigrate",
	"MoveDatastoreFile_Task":          "Datastore.FileManagement",
	"PowerOffVM_Task":                 "VirtualMachine.Interact.PowerOff",
	"PowerOnVM_Task":                  "VirtualMachine.Interact.PowerOn",
	"ReconfigVM_Task":                 "VirtualMachine.Config.AdvancedConfig",
	"ReconfigureComputeResource_Task": "Host.Inventory.EditCluster",
	"ReconnectHost_Task":              "Host.Config.Connection",
	"RefreshDatastore":                systemRead,
	"RegisterExtension":               "Extension.Register",
	"RelocateVM_Task":                 "Resource.ColdMigrate",
	"Rename_Task":                     "VirtualMachine.Config.Rename",
	"SearchDatastore_Task":            "Datastore.Browse",
	"SearchDatastoreSubFolders_Task":  "Datastore.Browse",
	"TerminateSession":                "Sessions.TerminateSession",
	"UnregisterVM":                    "VirtualMachine.Inventory.Unregister",
}

var readPrefixes = []string{
	"Cancel", "Check", "Continue", "CreateCollector", "CreateContainerView", "CreateFilter", "CreateListView",
	"CreatePropertyCollector", "CurrentTime", "Destroy", "Fetch", "Find", "Has", "Login", "Logout", "Modify", "Query",
	"Read", "ResetCollector", "ResetListView", "Retrieve", "Rewind", "SessionIsActive", "SetCollectorPageSize", "WaitForUpdates",
}

func isRead(method string) bool {
	if _, ok := needed[method]; ok || strings.HasSuffix(method, vTaskSuffix) {
		return false
	}
	for _, prefix := range readPrefixes {
		if strings.HasPrefix(method, prefix) {
			return true
		}
	}
	return false
}

// refuse returns NoPermission when an account calls a method that needs a privilege it does not have.
func refuse(ctx *Context, method *Method) soap.HasFault {
	if ctx.Session == nil {
		return nil
	}
	account := findAccount(ctx.Session.UserName)
	if account == nil {
		return nil
	}
	privilege, ok := needed[method.Name]
	if !isDenied(account.User, privilege) && (!account.ReadOnly || privilege == systemRead) {
		return nil
	}
	if !ok {
		if isRead(method.Name) {
			return nil
		}
		privilege = "Global.Settings"
	}
	return &serverFaultBody{Reason: Fault("Permission to perform this operation was denied.", &types.NoPermission{
		Object: method.This, PrivilegeId: privilege})}
}
