package simulator

import (
	"github.com/google/uuid"
	"github.com/vmware/govmomi/vim25/methods"
	"github.com/vmware/govmomi/vim25/soap"
	"github.com/vmware/govmomi/vim25/types"
)

// propertyPage is what is left of an answer that did not fit into maxObjects.
type propertyPage struct {
	req  *types.RetrievePropertiesEx
	refs []types.ManagedObjectReference
}

// visit is a way that a traversal has gone already; without the memory of it, specs that lead in a
// circle (a VM to its pool, the pool to its VMs) would overflow the stack.
type visit struct {
	spec *types.TraversalSpec
	ref  types.ManagedObjectReference
}

func (rr *retrieveResult) unvisited(spec *types.TraversalSpec, refs []types.ManagedObjectReference) []types.ManagedObjectReference {
	if rr.visited == nil {
		rr.visited = make(map[visit]bool)
	}
	var fresh []types.ManagedObjectReference
	for _, ref := range refs {
		if way := (visit{spec, ref}); !rr.visited[way] {
			rr.visited[way] = true
			fresh = append(fresh, ref)
		}
	}
	return fresh
}

// wanted tells whether a PropertySpec of the request names the object's type or one that it inherits.
func (rr *retrieveResult) wanted(ctx *Context, ref types.ManagedObjectReference) bool {
	for _, spec := range rr.req.SpecSet {
		for _, p := range spec.PropSet {
			if p.Type == ref.Type {
				return true
			}
		}
	}
	rval, ok := getObject(ctx, ref)
	if !ok {
		return false
	}
	rtype := rval.Type()
	for _, spec := range rr.req.SpecSet {
		for _, p := range spec.PropSet {
			field, ok := rtype.FieldByName(p.Type)
			if p.Type == rtype.Name() || (ok && field.Anonymous) {
				return true
			}
		}
	}
	return false
}

// firstPage honours RetrieveOptions.maxObjects: it returns the objects of the first page and keeps the
// others under a token. The values of a later page are read when it is asked for, as in a vCenter.
func (pc *PropertyCollector) firstPage(ctx *Context, rr *retrieveResult, refs []types.ManagedObjectReference) []types.ManagedObjectReference {
	if serverLimit(int(rr.req.Options.MaxObjects)) <= 0 {
		return refs
	}
	seen := make(map[types.ManagedObjectReference]bool, len(refs))
	var objects []types.ManagedObjectReference
	for _, ref := range refs {
		if !seen[ref] && rr.wanted(ctx, ref) {
			objects = append(objects, ref)
		}
		seen[ref] = true
	}
	return pc.cut(rr, objects)
}

func (pc *PropertyCollector) cut(rr *retrieveResult, refs []types.ManagedObjectReference) []types.ManagedObjectReference {
	most := serverLimit(int(rr.req.Options.MaxObjects))
	if len(refs) <= most {
		return refs
	}
	rr.Token = uuid.New().String()
	pc.mu.Lock()
	defer pc.mu.Unlock()
	if pc.pages == nil {
		pc.pages = make(map[string]propertyPage)
	}
	pc.pages[rr.Token] = propertyPage{rr.req, refs[most:]}
	return refs[:most]
}

func (pc *PropertyCollector) takePage(token string) (propertyPage, *soap.Fault) {
	pc.mu.Lock()
	defer pc.mu.Unlock()
	page, ok := pc.pages[token]
	if !ok {
		return page, Fault("unknown token", &types.InvalidArgument{InvalidProperty: "token"})
	}
	delete(pc.pages, token)
	return page, nil
}

// RetrievePropertiesEx answers with nothing at all when nothing was selected, as a vCenter does.
func (pc *PropertyCollector) RetrievePropertiesEx(ctx *Context, req *types.RetrievePropertiesEx) soap.HasFault {
	body := pc.retrievePropertiesEx(ctx, req).(*methods.RetrievePropertiesExBody)
	if body.Res != nil && len(body.Res.Returnval.Objects) == 0 {
		body.Res.Returnval = nil
	}
	return body
}

// ContinueRetrievePropertiesEx returns the next page; a token can be used once.
func (pc *PropertyCollector) ContinueRetrievePropertiesEx(ctx *Context, req *types.ContinueRetrievePropertiesEx) soap.HasFault {
	body := new(methods.ContinueRetrievePropertiesExBody)
	page, fault := pc.takePage(req.Token)
	if fault != nil {
		body.Fault_ = fault
		return body
	}
	rr := &retrieveResult{
		RetrieveResult: new(types.RetrieveResult),
		req:            page.req,
		collected:      make(map[types.ManagedObjectReference]bool),
	}
	for _, ref := range pc.cut(rr, page.refs) {
		ctx.WithLock(ref, func() { rr.collect(ctx, ref) })
	}
	dropUnset(rr.Objects)
	body.Res = &types.ContinueRetrievePropertiesExResponse{Returnval: *rr.RetrieveResult}
	return body
}

// CancelRetrievePropertiesEx gives a token back.
func (pc *PropertyCollector) CancelRetrievePropertiesEx(_ *Context, req *types.CancelRetrievePropertiesEx) soap.HasFault {
	body := new(methods.CancelRetrievePropertiesExBody)
	if _, fault := pc.takePage(req.Token); fault != nil {
		body.Fault_ = fault
		return body
	}
	body.Res = new(types.CancelRetrievePropertiesExResponse)
	return body
}

// dropUnset removes the properties without a value, as retrievePropertiesEx does for the first page.
func dropUnset(objects []types.ObjectContent) {
	for i := range objects {
		set := objects[i].PropSet[:0]
		for _, p := range objects[i].PropSet {
			if p.Val != nil {
				set = append(set, p)
			}
		}
		objects[i].PropSet = set
	}
}
