package simulator

import (
	"time"

	"github.com/vmware/govmomi/vim25/types"
)

// The sweep finds what was assigned without a word to those who listen. It looks at all objects in
// slices, only while somebody waits, at most one round in sweepRound and a sweepShare of the time.
const (
	sweepRound = 30 * time.Second
	sweepSlice = 100
	sweepShare = 60 // one part in so many
)

type sweep struct {
	round []due
	pause time.Duration // between slices
	next  time.Time
}

func (u *liveUpdates) sweepIn() time.Duration {
	u.turn.Lock()
	defer u.turn.Unlock()
	if u.sweep.next.IsZero() {
		u.sweep.next = time.Now().Add(sweepRound)
	}
	if left := time.Until(u.sweep.next); left > 0 {
		return left
	}
	return 0
}

// sweepSome puts the next slice on the queue when its time has come. The caller holds u.turn.
func (u *liveUpdates) sweepSome() bool {
	start := time.Now()
	if start.Before(u.sweep.next) {
		return false
	}
	s := &u.sweep
	if len(s.round) == 0 {
		for _, f := range u.filters {
			for _, view := range f.state.views {
				view.rescan()
			}
			f.state.stale = f.state.stale || len(f.state.sources) > 0
			for _, ref := range f.everything() {
				s.round = append(s.round, due{f, ref})
			}
		}
		s.pause = sweepRound / time.Duration(len(s.round)/sweepSlice+1)
		s.next = start.Add(s.pause)
		return true
	}
	n := sweepSlice
	if n > len(s.round) {
		n = len(s.round)
	}
	for _, one := range s.round[:n] {
		u.put(one.filter, one.ref)
	}
	s.round = s.round[n:]
	s.next = start.Add(s.pause)
	return true
}

// everything is what the filter has sent and what its views hold besides.
func (f *PropertyFilter) everything() []types.ManagedObjectReference {
	refs := make([]types.ManagedObjectReference, 0, len(f.state.sent))
	for ref := range f.state.sent {
		refs = append(refs, ref)
	}
	for _, view := range f.state.views {
		for _, ref := range view.list() {
			if _, sent := f.state.sent[ref]; !sent {
				refs = append(refs, ref)
			}
		}
	}
	return refs
}
