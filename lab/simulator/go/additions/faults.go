package simulator

import (
	"fmt"
	"net/http"
	"reflect"
	"strings"
	"sync"

	"github.com/vmware/govmomi/vim25/soap"
	"github.com/vmware/govmomi/vim25/types"
)

// injection is a fault that calls of a method get in place of an answer.
type injection struct {
	Method string  `json:"method"` // "*": every one
	Fault  string  `json:"fault"`  // a vSphere fault, or "hang": no answer
	User   *string `json:"user"`   // nil: of every user
	Object string  `json:"object"` // "VirtualMachine:vm-12", of a fault that names one; else what was called
	After  int     `json:"after"`  // calls that pass first
	Times  int     `json:"times"`  // 0: until it is cleared

	cleared chan struct{}
}

var injections struct {
	sync.Mutex
	all   []*injection
	limit int // objects in a page, whatever the client asks for; 0: no limit
}

// handleFaultRequests adds
//
//	POST /lab/fault          an injection
//	POST /lab/fault/clear    all of them end; calls that hang go on
//	POST /lab/page_limit     {"objects": 100}: as vCenters page even if the client did not ask for it
func handleFaultRequests(s *Service) {
	s.HandleFunc("/lab/fault", post(func(r *http.Request) (interface{}, error) {
		wanted := &injection{Method: "*", Times: 1, cleared: make(chan struct{})}
		if err := decode(r, wanted); err != nil {
			return nil, err
		}
		if wanted.Fault != "hang" && wanted.make(types.ManagedObjectReference{}) == nil {
			return nil, fmt.Errorf("no vSphere fault %q", wanted.Fault)
		}
		if wanted.Object != "" && strings.Count(wanted.Object, ":") != 1 {
			return nil, fmt.Errorf("object: want TYPE:ID, not %q", wanted.Object)
		}
		injections.Lock()
		defer injections.Unlock()
		injections.all = append(injections.all, wanted)
		return nil, nil
	}))
	s.HandleFunc("/lab/fault/clear", post(func(*http.Request) (interface{}, error) {
		injections.Lock()
		defer injections.Unlock()
		for _, one := range injections.all {
			close(one.cleared)
		}
		injections.all = nil
		return nil, nil
	}))
	s.HandleFunc("/lab/page_limit", post(func(r *http.Request) (interface{}, error) {
		var wanted struct {
			Objects int `json:"objects"`
		}
		if err := decode(r, &wanted); err != nil {
			return nil, err
		}
		injections.Lock()
		defer injections.Unlock()
		injections.limit = wanted.Objects
		return nil, nil
	}))
}

// serverLimit is the size of a page: what the client asks for, or less (0: everything).
func serverLimit(asked int) int {
	injections.Lock()
	defer injections.Unlock()
	if injections.limit > 0 && (asked <= 0 || asked > injections.limit) {
		return injections.limit
	}
	return asked
}

// make returns the fault, nil when there is none of that name.
func (i *injection) make(called types.ManagedObjectReference) types.BaseMethodFault {
	kind, ok := defaultMapType(i.Fault)
	if !ok || kind.Kind() != reflect.Struct {
		return nil
	}
	value := reflect.New(kind)
	fault, ok := value.Interface().(types.BaseMethodFault)
	if !ok {
		return nil
	}
	if i.Object != "" {
		part := strings.SplitN(i.Object, ":", 2)
		called = types.ManagedObjectReference{Type: part[0], Value: part[1]}
	}
	for _, name := range []string{"Obj", "Object"} {
		if field := value.Elem().FieldByName(name); field.IsValid() && field.Type() == reflect.TypeOf(called) {
			field.Set(reflect.ValueOf(called))
		}
	}
	return fault
}

// due tells whether the call is one of those that get the fault. The caller holds the lock.
func (i *injection) due(method, user string) bool {
	if (i.Method != "*" && i.Method != method) || (i.User != nil && !strings.EqualFold(*i.User, user)) || i.Times < 0 {
		return false
	}
	if i.After > 0 {
		i.After--
		return false
	}
	switch i.Times {
	case 0:
	case 1:
		i.Times = -1 // used up; a call that hangs by it still waits for it to be cleared
	default:
		i.Times--
	}
	return true
}

// injected is the fault that a test has put in place of the answer. A call that hangs returns when the
// faults are cleared (and goes on), or when the client has gone.
func injected(ctx *Context, method *Method, user string) soap.HasFault {
	injections.Lock()
	var one *injection
	for _, candidate := range injections.all {
		if one == nil && candidate.due(method.Name, user) {
			one = candidate
		}
	}
	injections.Unlock()
	if one == nil {
		return nil
	}
	if one.Fault != "hang" {
		return &serverFaultBody{Reason: Fault("asked for by a test", one.make(method.This))}
	}
	select {
	case <-one.cleared:
		return nil
	case <-ctx.req.Context().Done():
		return &serverFaultBody{Reason: Fault("the client has gone", new(types.RequestCanceled))}
	}
}
