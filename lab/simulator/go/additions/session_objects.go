package simulator

// sessionObjects counts what live sessions have made and not given back. A session's own
// PropertyCollector, which it has from the beginning, is not counted.
type sessionObjects struct {
	Collectors int `json:"collectors"`
	Filters    int `json:"filters"`
	Views      int `json:"views"`
	Waits      int `json:"waits"` // calls of WaitForUpdatesEx that wait
	Pages      int `json:"pages"` // tokens for ContinueRetrievePropertiesEx
}

func (m *SessionManager) sessionObjects() sessionObjects {
	sessionMutex.Lock()
	var sessions []Session
	for _, session := range m.sessions {
		sessions = append(sessions, session)
	}
	sessionMutex.Unlock()
	var count sessionObjects
	own := Map.content().PropertyCollector
	for _, session := range sessions {
		session.Registry.m.Lock()
		for ref, obj := range session.Registry.objects {
			switch x := obj.(type) {
			case *PropertyCollector:
				if ref != own {
					count.Collectors++
				}
				x.live.mu.Lock()
				if x.live.wait != nil {
					count.Waits++
				}
				x.live.mu.Unlock()
				x.mu.Lock()
				count.Pages += len(x.pages)
				x.mu.Unlock()
			case *PropertyFilter:
				count.Filters++
			case *ContainerView, *ListView:
				count.Views++
			}
		}
		session.Registry.m.Unlock()
	}
	return count
}
