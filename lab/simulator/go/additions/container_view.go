package simulator

import (
	"github.com/vmware/govmomi/vim25/mo"
	"github.com/vmware/govmomi/vim25/soap"
	"github.com/vmware/govmomi/vim25/types"
)

// contains tells whether the view's container has the object below it. It looks upwards, some twenty
// steps; govmomi's walked down through the whole inventory.
func (v *ContainerView) contains(ref types.ManagedObjectReference) bool {
	for _, up := range above(Map.Get(ref)) {
		if up == v.Container || (v.Recursive && v.contains(up)) {
			return true
		}
	}
	return false
}

// holds tells whether the object is one of the view's at this moment.
func (v *ContainerView) holds(ref types.ManagedObjectReference) bool {
	v.mu.Lock()
	gone := v.destroyed
	v.mu.Unlock()
	return !gone && v.include(ref) && v.contains(ref)
}

// follow brings the view's list in line with the object's place.
func (v *ContainerView) follow(ref types.ManagedObjectReference) {
	if !v.include(ref) {
		return
	}
	wanted := v.holds(ref)
	v.mu.Lock()
	changed := v.members[ref] != wanted && !v.destroyed
	if changed {
		if wanted {
			v.members[ref] = true
			v.View = append(v.View, ref)
		} else {
			delete(v.members, ref)
			RemoveReference(&v.View, ref)
		}
	}
	v.mu.Unlock()
	if changed {
		touch(v.Self)
	}
}

// list is a copy of the view's list.
func (v *ContainerView) list() []types.ManagedObjectReference {
	v.mu.Lock()
	defer v.mu.Unlock()
	return append([]types.ManagedObjectReference{}, v.View...)
}

// rescan looks for what came or went without a word: a whole folder that was moved.
func (v *ContainerView) rescan() {
	found := &ContainerView{ContainerView: mo.ContainerView{Recursive: v.Recursive}, types: v.types}
	seen := make(map[types.ManagedObjectReference]bool)
	found.add(v.root, seen)
	v.mu.Lock()
	defer v.mu.Unlock()
	if !v.destroyed {
		v.View, v.members = found.View, seen
	}
}

// PutObject takes a new object in.
func (v *ContainerView) PutObject(obj mo.Reference) { v.follow(obj.Reference()) }

// UpdateObject takes an object in or drops it when it has moved.
func (v *ContainerView) UpdateObject(obj mo.Reference, _ []types.PropertyChange) {
	if v.include(obj.Reference()) {
		v.follow(obj.Reference())
	}
}

// RemoveObject drops an object that is about to go.
func (v *ContainerView) RemoveObject(ref types.ManagedObjectReference) {
	v.mu.Lock()
	known := v.members[ref]
	if known {
		delete(v.members, ref)
		RemoveReference(&v.View, ref)
	}
	v.mu.Unlock()
	if known {
		touch(v.Self)
	}
}

// DestroyView empties the view: what filters read through it leaves.
func (v *ContainerView) DestroyView(ctx *Context, req *types.DestroyView) soap.HasFault {
	v.mu.Lock()
	v.destroyed, v.View, v.members = true, nil, nil
	v.mu.Unlock()
	touch(v.Self)
	return v.destroyView(ctx, req)
}
