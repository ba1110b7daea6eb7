package simulator

import (
	"fmt"
	"sync"
	"time"

	"github.com/vmware/govmomi/vim25/methods"
	"github.com/vmware/govmomi/vim25/soap"
	"github.com/vmware/govmomi/vim25/types"
)

// batchTime is how long changes gather before a wait is answered.
const batchTime = 100 * time.Millisecond

// liveUpdates is what a PropertyCollector needs to tell changes, and those alone.
//
// Versions are those of a vCenter: "3" says that everything up to the third answer is known, "3_1" is the
// first page of the fourth. A page's version can be used once. The version before the last one gets its
// answer again, for a client that has not received it.
type liveUpdates struct {
	mu    sync.Mutex // of the next three; held for moments
	marks map[types.ManagedObjectReference]struct{}
	since time.Time // of the oldest mark
	wait  *updateWait

	turn    sync.Mutex // of the rest: one calculation at a time
	filters []*PropertyFilter
	version string
	base    int
	page    int
	before  string           // the version that the last answer was for, unless it was that of a page
	answer  *types.UpdateSet // the last answer
	queue   []due
	queued  map[due]struct{}
	ahead   *found
	sweep   sweep
}

// due is an object that a filter has to look at.
type due struct {
	filter *PropertyFilter
	ref    types.ManagedObjectReference
}

type found struct {
	filter *PropertyFilter
	update types.ObjectUpdate
}

// updateWait is one call of WaitForUpdatesEx.
type updateWait struct {
	wake chan struct{}
	done chan struct{}
	once sync.Once
	why  types.BaseMethodFault
}

func (w *updateWait) end(why types.BaseMethodFault) {
	w.once.Do(func() {
		w.why = why
		close(w.done)
	})
}

// startWait ends the wait that is under way: a client that gave up on one asks again.
func (pc *PropertyCollector) startWait() *updateWait {
	wait := &updateWait{wake: make(chan struct{}, 1), done: make(chan struct{})}
	pc.live.mu.Lock()
	if pc.live.wait != nil {
		pc.live.wait.end(new(types.RequestCanceled))
	}
	pc.live.wait = wait
	pc.live.mu.Unlock()
	return wait
}

func (pc *PropertyCollector) endWait(wait *updateWait) {
	pc.live.mu.Lock()
	if pc.live.wait == wait {
		pc.live.wait = nil
	}
	pc.live.mu.Unlock()
}

func (pc *PropertyCollector) stopWait(why types.BaseMethodFault) {
	pc.live.mu.Lock()
	if pc.live.wait != nil {
		pc.live.wait.end(why)
	}
	pc.live.mu.Unlock()
}

// close ends the collector with its session or by DestroyPropertyCollector.
func (pc *PropertyCollector) close(why types.BaseMethodFault) {
	listening.Lock()
	delete(listening.collectors, pc)
	listening.Unlock()
	pc.stopWait(why)
}

// CancelWaitForUpdates ends the wait that is under way by RequestCanceled.
func (pc *PropertyCollector) CancelWaitForUpdates(*types.CancelWaitForUpdates) soap.HasFault {
	pc.stopWait(new(types.RequestCanceled))
	return &methods.CancelWaitForUpdatesBody{Res: new(types.CancelWaitForUpdatesResponse)}
}

// DestroyPropertyCollector takes the collector's filters with it.
func (pc *PropertyCollector) DestroyPropertyCollector(ctx *Context, req *types.DestroyPropertyCollector) soap.HasFault {
	pc.close(new(types.RequestCanceled))
	for _, ref := range append([]types.ManagedObjectReference{}, pc.Filter...) {
		if filter, ok := ctx.Session.Get(ref).(*PropertyFilter); ok {
			filter.DestroyPropertyFilter(ctx, &types.DestroyPropertyFilter{This: ref})
		}
	}
	ctx.Session.Remove(req.This)
	return &methods.DestroyPropertyCollectorBody{Res: new(types.DestroyPropertyCollectorResponse)}
}

// CheckForUpdates answers at once.
func (pc *PropertyCollector) CheckForUpdates(ctx *Context, req *types.CheckForUpdates) soap.HasFault {
	body := new(methods.CheckForUpdatesBody)
	set, fault := pc.waitForChanges(ctx, &types.WaitForUpdatesEx{
		Version: req.Version, Options: &types.WaitOptions{MaxWaitSeconds: types.NewInt32(0)}})
	if fault != nil {
		body.Fault_ = Fault("", fault)
		return body
	}
	body.Res = &types.CheckForUpdatesResponse{Returnval: set}
	return body
}

// WaitForUpdatesEx answers with what has changed since a version, at a cost that follows the changes and
// not the inventory. govmomi's collected everything again for each change, and never paged.
func (pc *PropertyCollector) WaitForUpdatesEx(ctx *Context, req *types.WaitForUpdatesEx) soap.HasFault {
	body := new(methods.WaitForUpdatesExBody)
	set, fault := pc.waitForChanges(ctx, req)
	if fault != nil {
		body.Fault_ = Fault("", fault)
		return body
	}
	body.Res = &types.WaitForUpdatesExResponse{Returnval: set}
	return body
}

func (pc *PropertyCollector) waitForChanges(ctx *Context, req *types.WaitForUpdatesEx) (*types.UpdateSet, types.BaseMethodFault) {
	wait := pc.startWait()
	defer pc.endWait(wait)
	if _, alive := Map.SessionManager().getSession(ctx.Session.Key); !alive && ctx.Session != internalContext.Session {
		return nil, notAuthenticated(pc.Self)
	}
	listening.Lock()
	listening.collectors[pc] = struct{}{}
	listening.Unlock()

	most, seconds := 0, int32(-1)
	if req.Options != nil {
		most = int(req.Options.MaxObjectUpdates)
		if req.Options.MaxWaitSeconds != nil {
			seconds = *req.Options.MaxWaitSeconds
		}
	}
	set, fault := pc.begin(ctx, req.Version, most)
	if set != nil || fault != nil || seconds == 0 {
		return set, fault
	}
	var deadline <-chan time.Time
	if seconds > 0 {
		timer := time.NewTimer(time.Duration(seconds) * time.Second)
		defer timer.Stop()
		deadline = timer.C
	}
	return pc.await(ctx, wait, deadline, most)
}

func (pc *PropertyCollector) await(ctx *Context, wait *updateWait, deadline <-chan time.Time, most int) (*types.UpdateSet, types.BaseMethodFault) {
	var clientGone <-chan struct{}
	if ctx.req != nil {
		clientGone = ctx.req.Context().Done()
	}
	for {
		pause := pc.live.sweepIn()
		if left := pc.live.batchLeft(); left >= 0 && left < pause {
			pause = left
		}
		timer := time.NewTimer(pause)
		select {
		case <-wait.done:
			timer.Stop()
			return nil, wait.why
		case <-deadline:
			timer.Stop()
			return nil, nil
		case <-clientGone:
			timer.Stop()
			return nil, new(types.RequestCanceled)
		case <-wait.wake:
			timer.Stop()
			if pc.live.batchLeft() > 0 {
				continue
			}
		case <-timer.C:
		}
		if set, fault := pc.next(ctx, most); set != nil || fault != nil {
			return set, fault
		}
	}
}

// batchLeft is how long changes still gather; -1 when there is none.
func (u *liveUpdates) batchLeft() time.Duration {
	u.mu.Lock()
	defer u.mu.Unlock()
	if len(u.marks) == 0 {
		return -1
	}
	if left := batchTime - time.Since(u.since); left > 0 {
		return left
	}
	return 0
}

// begin looks at the version and answers what can be answered without a wait.
func (pc *PropertyCollector) begin(ctx *Context, version string, most int) (*types.UpdateSet, types.BaseMethodFault) {
	u := &pc.live
	u.turn.Lock()
	defer u.turn.Unlock()
	switch {
	case version == "":
		u.restart()
	case version == u.version:
	case version == u.before && u.answer != nil:
		return u.answer, nil
	default:
		return nil, new(types.InvalidCollectorVersion)
	}
	return pc.calculate(ctx, version, most)
}

// restart forgets what the client knows.
func (u *liveUpdates) restart() {
	u.takeMarks()
	u.queue, u.queued, u.ahead, u.answer, u.before, u.page = nil, nil, nil, nil, "", 0
	u.version = ""
	for _, f := range u.filters {
		f.state.sent, f.state.stale = make(map[types.ManagedObjectReference]sentObject), true
	}
}

func (pc *PropertyCollector) next(ctx *Context, most int) (*types.UpdateSet, types.BaseMethodFault) {
	u := &pc.live
	u.turn.Lock()
	defer u.turn.Unlock()
	start, swept := time.Now(), u.sweepSome()
	set, fault := pc.calculate(ctx, u.version, most)
	if rest := start.Add(sweepShare * time.Since(start)); swept && rest.After(u.sweep.next) {
		u.sweep.next = rest
	}
	return set, fault
}

// calculate returns the next answer, nil when nothing has changed. The first one, of a collector without
// a filter too, always comes.
func (pc *PropertyCollector) calculate(ctx *Context, version string, most int) (*types.UpdateSet, types.BaseMethodFault) {
	u := &pc.live
	for ref := range u.takeMarks() {
		for _, f := range u.filters {
			if f.touched(ref) {
				u.put(f, ref)
			}
		}
	}
	for _, f := range u.filters {
		if !f.state.stale {
			continue
		}
		refs, fault := f.resolve(ctx)
		if fault != nil {
			if version == "" {
				return nil, fault
			}
			refs = f.drop()
		}
		for _, ref := range refs {
			u.put(f, ref)
		}
	}
	updates := u.take(ctx, serverLimit(most))
	if len(updates) == 0 && version != "" {
		return nil, nil
	}
	return u.tell(updates, version), nil
}

// drop is for a filter whose objects cannot be selected any more: all of them leave.
func (f *PropertyFilter) drop() (refs []types.ManagedObjectReference) {
	f.state.members, f.state.stale = nil, false
	for ref := range f.state.sent {
		refs = append(refs, ref)
	}
	return refs
}

func (u *liveUpdates) put(f *PropertyFilter, ref types.ManagedObjectReference) {
	if u.queued == nil {
		u.queued = make(map[due]struct{})
	}
	one := due{f, ref}
	if _, there := u.queued[one]; !there {
		u.queued[one] = struct{}{}
		u.queue = append(u.queue, one)
	}
}

// take returns at most so many updates (0: all there are), and looks one further, so that an answer says
// truthfully whether it is the last.
func (u *liveUpdates) take(ctx *Context, most int) []found {
	var updates []found
	if u.ahead != nil {
		if !u.ahead.filter.state.destroyed {
			updates = append(updates, *u.ahead)
		}
		u.ahead = nil
	}
	for len(u.queue) > 0 {
		one := u.queue[0]
		u.queue = u.queue[1:]
		delete(u.queued, one)
		if one.filter.state.destroyed {
			continue
		}
		update := one.filter.update(ctx, one.ref)
		if update == nil {
			continue
		}
		if most > 0 && len(updates) == most {
			u.ahead = &found{one.filter, *update}
			return updates
		}
		updates = append(updates, found{one.filter, *update})
	}
	u.queue, u.queued = nil, nil
	return updates
}

// tell makes an answer of the updates, with the version that asks for what comes after it.
func (u *liveUpdates) tell(updates []found, version string) *types.UpdateSet {
	set := new(types.UpdateSet)
	place := make(map[*PropertyFilter]int)
	for _, one := range updates {
		n, ok := place[one.filter]
		if !ok {
			n = len(set.FilterSet)
			place[one.filter] = n
			set.FilterSet = append(set.FilterSet, types.PropertyFilterUpdate{Filter: one.filter.Self})
		}
		set.FilterSet[n].ObjectSet = append(set.FilterSet[n].ObjectSet, one.update)
	}
	u.before, u.answer = "", nil
	if u.page == 0 && version != "" { // neither a restart nor a page: it may be asked for again
		u.before, u.answer = version, set
	}
	if u.ahead != nil {
		u.page++
		set.Version, set.Truncated = fmt.Sprintf("%d_%d", u.base, u.page), types.NewBool(true)
	} else {
		u.base, u.page = u.base+1, 0
		set.Version, set.Truncated = fmt.Sprint(u.base), types.NewBool(false)
	}
	u.version = set.Version
	return set
}

func notAuthenticated(on types.ManagedObjectReference) *types.NotAuthenticated {
	return &types.NotAuthenticated{NoPermission: types.NoPermission{Object: on, PrivilegeId: "System.View"}}
}
