package simulator

import (
	"reflect"
	"strings"

	"github.com/vmware/govmomi/vim25/methods"
	"github.com/vmware/govmomi/vim25/soap"
	"github.com/vmware/govmomi/vim25/types"
)

// filterState is what a filter knows of what its client knows.
type filterState struct {
	views     []*ContainerView // of a spec that names views and nothing else: their members are its own
	members   map[types.ManagedObjectReference]struct{}
	sources   map[types.ManagedObjectReference]struct{} // what the selection was read from, of any other spec
	sent      map[types.ManagedObjectReference]sentObject
	stale     bool // the selection has to be made anew
	destroyed bool
}

// sentObject are the properties that were sent, unset ones left out.
type sentObject []sentProperty

type sentProperty struct {
	name  string
	value fingerprint
}

func (o sentObject) find(name string) (fingerprint, bool) {
	for _, p := range o {
		if p.name == name {
			return p.value, true
		}
	}
	return 0, false
}

// CreateFilter adds a filter; what it selects enters with the next update.
func (pc *PropertyCollector) CreateFilter(ctx *Context, req *types.CreateFilter) soap.HasFault {
	filter := &PropertyFilter{pc: pc}
	filter.PartialUpdates, filter.Spec = req.PartialUpdates, req.Spec
	filter.state = filterState{stale: true, sent: make(map[types.ManagedObjectReference]sentObject)}
	ref := ctx.Session.Put(filter).Reference()

	pc.live.turn.Lock()
	pc.Filter = append(pc.Filter, ref)
	pc.live.filters = append(pc.live.filters, filter)
	pc.live.turn.Unlock()
	pc.live.mu.Lock()
	pc.live.rouse()
	pc.live.mu.Unlock()
	return &methods.CreateFilterBody{Res: &types.CreateFilterResponse{Returnval: ref}}
}

// DestroyPropertyFilter ends a filter; what it had found is not sent any more.
func (f *PropertyFilter) DestroyPropertyFilter(ctx *Context, req *types.DestroyPropertyFilter) soap.HasFault {
	live := &f.pc.live
	live.turn.Lock()
	RemoveReference(&f.pc.Filter, req.This)
	kept := make([]*PropertyFilter, 0, len(live.filters))
	for _, other := range live.filters {
		if other != f {
			kept = append(kept, other)
		}
	}
	live.filters = kept
	f.state = filterState{destroyed: true}
	live.turn.Unlock()
	ctx.Session.Remove(req.This)
	return &methods.DestroyPropertyFilterBody{Res: new(types.DestroyPropertyFilterResponse)}
}

// plainViews are the container views of a spec that selects their members and nothing else; nil for any
// other spec. Such a filter never looks at the whole selection again.
func (f *PropertyFilter) plainViews(ctx *Context) []*ContainerView {
	var views []*ContainerView
	for _, o := range f.Spec.ObjectSet {
		view, ok := ctx.Session.Get(o.Obj).(*ContainerView)
		if !ok || !isTrue(o.Skip) || len(o.SelectSet) != 1 {
			return nil
		}
		step, ok := o.SelectSet[0].(*types.TraversalSpec)
		if !ok || step.Path != "view" || len(step.SelectSet) != 0 || isTrue(step.Skip) {
			return nil
		}
		views = append(views, view)
	}
	return views
}

// resolve makes the selection anew and returns what has to be looked at: the new and the old objects.
func (f *PropertyFilter) resolve(ctx *Context) ([]types.ManagedObjectReference, types.BaseMethodFault) {
	s := &f.state
	var found []types.ManagedObjectReference
	if s.views == nil {
		s.views = f.plainViews(ctx)
	}
	if s.views != nil {
		for _, view := range s.views {
			found = append(found, view.list()...)
		}
	} else {
		rr := f.reader()
		rr.sources = make(map[types.ManagedObjectReference]struct{})
		refs, fault := rr.selectObjects(ctx, &f.Spec)
		if fault != nil {
			return nil, fault
		}
		found, s.sources = refs, rr.sources
		s.members = make(map[types.ManagedObjectReference]struct{}, len(refs))
		for _, ref := range refs {
			s.members[ref] = struct{}{}
		}
	}
	s.stale = false
	for ref := range s.sent {
		if !f.holds(ref) {
			found = append(found, ref)
		}
	}
	return found, nil
}

func (f *PropertyFilter) reader() *retrieveResult {
	return &retrieveResult{
		RetrieveResult: new(types.RetrieveResult),
		req:            &types.RetrievePropertiesEx{SpecSet: []types.PropertyFilterSpec{f.Spec}},
		collected:      make(map[types.ManagedObjectReference]bool),
		specs:          make(map[string]*types.TraversalSpec),
	}
}

// selectObjects follows the spec to the objects that it selects.
func (rr *retrieveResult) selectObjects(ctx *Context, spec *types.PropertyFilterSpec) ([]types.ManagedObjectReference, types.BaseMethodFault) {
	var refs []types.ManagedObjectReference
	for _, o := range spec.ObjectSet {
		var rval reflect.Value
		ok := false
		ctx.WithLock(o.Obj, func() { rval, ok = getObject(ctx, o.Obj) })
		rr.sources[o.Obj] = struct{}{}
		if !ok {
			if isFalse(spec.ReportMissingObjectsInResults) {
				return nil, &types.ManagedObjectNotFound{Obj: o.Obj}
			}
			continue
		}
		if o.SelectSet == nil || isFalse(o.Skip) {
			refs = append(refs, o.Obj)
		}
		if fault := rr.selectSet(ctx, rval, o.SelectSet, &refs); fault != nil {
			return nil, fault
		}
	}
	return refs, nil
}

// step reads the references of one step of a traversal, and remembers where they were read.
func (rr *retrieveResult) step(ctx *Context, obj reflect.Value, path string) []types.ManagedObjectReference {
	self, _ := obj.FieldByName("Self").Interface().(types.ManagedObjectReference)
	if rr.sources != nil {
		rr.sources[self] = struct{}{}
	}
	if view, ok := ctx.view(self); ok {
		return view.list()
	}
	value, _ := fieldValue(obj, path)
	return fieldRefs(value)
}

// view is the session's container view of that name, whose list changes while others read it.
func (c *Context) view(ref types.ManagedObjectReference) (*ContainerView, bool) {
	if c.Session == nil || ref.Type != "ContainerView" {
		return nil, false
	}
	view, ok := c.Session.Get(ref).(*ContainerView)
	return view, ok
}

// holds tells whether the filter selects the object.
func (f *PropertyFilter) holds(ref types.ManagedObjectReference) bool {
	if f.state.views == nil {
		_, ok := f.state.members[ref]
		return ok
	}
	for _, view := range f.state.views {
		if view.holds(ref) {
			return true
		}
	}
	return false
}

// touched tells whether an object that may have changed has to be looked at.
func (f *PropertyFilter) touched(ref types.ManagedObjectReference) bool {
	s := &f.state
	for _, view := range s.views {
		if view.Self == ref {
			view.mu.Lock()
			s.stale = s.stale || view.destroyed
			view.mu.Unlock()
		}
	}
	if _, ok := s.sources[ref]; ok {
		s.stale = true
	}
	if _, ok := s.sent[ref]; ok {
		return true
	}
	return f.holds(ref)
}

// update is how the object differs from what was sent of it; nil: in nothing.
func (f *PropertyFilter) update(ctx *Context, ref types.ManagedObjectReference) *types.ObjectUpdate {
	s := &f.state
	before, known := s.sent[ref]
	var content *types.ObjectContent
	if f.holds(ref) {
		content = f.read(ctx, ref)
	}
	if content == nil {
		if !known {
			return nil
		}
		delete(s.sent, ref)
		return &types.ObjectUpdate{Obj: ref, Kind: types.ObjectUpdateKindLeave}
	}
	after := make(sentObject, 0, len(content.PropSet))
	var changes []types.PropertyChange
	for _, p := range content.PropSet {
		if p.Val == nil {
			continue
		}
		value := fingerprintOf(p.Val)
		after = append(after, sentProperty{p.Name, value})
		if old, ok := before.find(p.Name); !ok || old != value {
			changes = append(changes, types.PropertyChange{Op: types.PropertyChangeOpAssign, Name: p.Name, Val: p.Val})
		}
	}
	for _, p := range before {
		if _, ok := after.find(p.name); !ok {
			changes = append(changes, types.PropertyChange{Op: unsetOp(ctx, ref, p.name), Name: p.name})
		}
	}
	s.sent[ref] = after
	switch {
	case !known:
		return &types.ObjectUpdate{Obj: ref, Kind: types.ObjectUpdateKindEnter, ChangeSet: changes, MissingSet: content.MissingSet}
	case len(changes) > 0:
		return &types.ObjectUpdate{Obj: ref, Kind: types.ObjectUpdateKindModify, ChangeSet: changes}
	}
	return nil
}

// unsetOp is how an unset property is told: "indirectRemove" when what contains it is unset too, else
// "remove"; neither has a value (vSphere API reference, PropertyChange.op).
func unsetOp(ctx *Context, ref types.ManagedObjectReference, name string) types.PropertyChangeOp {
	dot := strings.LastIndexByte(name, '.')
	if dot > 0 && !strings.HasPrefix(name, extraConfigPath) {
		if rval, ok := getObject(ctx, ref); ok {
			if value, err := fieldValue(rval, name[:dot]); err != nil || value == nil {
				return types.PropertyChangeOpIndirectRemove
			}
		}
	}
	return types.PropertyChangeOpRemove
}

// read collects the object's properties; nil when it is gone or of a type that the spec does not name.
func (f *PropertyFilter) read(ctx *Context, ref types.ManagedObjectReference) *types.ObjectContent {
	if _, ok := getObject(ctx, ref); !ok {
		return nil
	}
	rr := f.reader()
	ctx.WithLock(ref, func() { rr.collect(ctx, ref) })
	if len(rr.Objects) == 0 {
		return nil
	}
	return &rr.Objects[0]
}
