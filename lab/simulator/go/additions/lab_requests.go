package simulator

import (
	"encoding/json"
	"fmt"
	"net/http"
	"strings"
	"sync"
	"time"

	"github.com/vmware/govmomi/vim25/types"
)

// handleLabRequests adds what a vCenter does not have and a test needs, under /lab/. No login is asked
// for: the simulator is for one machine and listens on 127.0.0.1.
//
//	GET  /lab/calls                    what was called, by whom, and how many sessions there are
//	POST /lab/calls/reset
//	GET  /lab/objects                  what the sessions have made: collectors, filters, views, waits, pages
//	POST /lab/sessions/expire          {"reads": "missing" | "fault" | "empty", "user": null}
//	POST /lab/fault, /lab/fault/clear, /lab/page_limit    faults.go
//	GET and POST /lab/churn, POST /lab/churn/stop         churn.go
//	POST /lab/vmotion                  migrate.go
//	POST /lab/delay                    {"method": "RetrievePropertiesEx" | "*", "milliseconds": 0}
//	POST /lab/privileges/deny          {"user": "...", "privileges": ["Host.Config.Maintenance"]}
//	POST /lab/clusters                 {"name": "DC0_C2"}: one without a host
//	POST /lab/rename                   {"type": "ClusterComputeResource", "moref": "domain-c8", "name": ""}
//	POST /lab/performance/gap          performance.go
//	GET  /lab/uploads, POST /lab/uploads/reset              uploads.go
//	POST /lab/pace                     {"copy_ms_per_mib": 5, "upload_ms_per_mib": 0}: disk_copies.go
//	POST /lab/datastores/NAME/...      datastore_control.go
//	POST /lab/search                   datastore_search.go
//	GET and POST /lab/nfc              nfc_import.go
func handleLabRequests(s *Service) {
	s.HandleFunc("/lab/calls", func(w http.ResponseWriter, r *http.Request) {
		if !methodIs(w, r, http.MethodGet) {
			return
		}
		sessions := s.sm.sessionsByUser()
		book.mu.Lock()
		defer book.mu.Unlock()
		book.reached(sessions)
		answer(w, book)
	})
	s.HandleFunc("/lab/calls/reset", post(func(*http.Request) (interface{}, error) {
		book.reset(s.sm.sessionsByUser())
		return nil, nil
	}))
	s.HandleFunc("/lab/sessions/expire", post(func(r *http.Request) (interface{}, error) {
		wanted := struct {
			Reads string  `json:"reads"`
			User  *string `json:"user"`
		}{Reads: "missing"}
		if err := decode(r, &wanted); err != nil {
			return nil, err
		}
		if err := setUnauthenticatedReads(wanted.Reads); err != nil {
			return nil, err
		}
		return map[string]int{"expired": s.sm.expire(wanted.User)}, nil
	}))
	s.HandleFunc("/lab/delay", post(func(r *http.Request) (interface{}, error) {
		var wanted struct {
			Method       string `json:"method"`
			Milliseconds int    `json:"milliseconds"`
		}
		if err := decode(r, &wanted); err != nil {
			return nil, err
		}
		slowness.Lock()
		defer slowness.Unlock()
		slowness.delay[wanted.Method] = time.Duration(wanted.Milliseconds) * time.Millisecond
		return nil, nil
	}))
	s.HandleFunc("/lab/privileges/deny", post(func(r *http.Request) (interface{}, error) {
		var wanted struct {
			User       string   `json:"user"`
			Privileges []string `json:"privileges"`
		}
		if err := decode(r, &wanted); err != nil {
			return nil, err
		}
		return nil, setDenied(wanted.User, wanted.Privileges)
	}))
	handleFaultRequests(s)
	handleChurnRequests(s)
	handleMigrateRequests(s)
	s.HandleFunc("/lab/performance/gap", post(addGap))
	s.HandleFunc("/lab/clusters", post(func(r *http.Request) (interface{}, error) {
		var wanted struct {
			Name string `json:"name"`
		}
		if err := decode(r, &wanted); err != nil {
			return nil, err
		}
		cluster, err := addEmptyCluster(wanted.Name)
		if err != nil {
			return nil, err
		}
		return map[string]string{"moref": cluster.Self.Value}, nil
	}))
	s.HandleFunc("/lab/rename", post(func(r *http.Request) (interface{}, error) {
		var wanted struct {
			Type  string `json:"type"`
			Moref string `json:"moref"`
			Name  string `json:"name"`
		}
		if err := decode(r, &wanted); err != nil {
			return nil, err
		}
		return nil, rename(types.ManagedObjectReference{Type: wanted.Type, Value: wanted.Moref}, wanted.Name)
	}))
	s.HandleFunc("/lab/objects", func(w http.ResponseWriter, r *http.Request) {
		if methodIs(w, r, http.MethodGet) {
			answer(w, s.sm.sessionObjects())
		}
	})
	s.HandleFunc("/lab/uploads", func(w http.ResponseWriter, r *http.Request) {
		if methodIs(w, r, http.MethodGet) {
			answer(w, json.RawMessage(uploadsSoFar()))
		}
	})
	s.HandleFunc("/lab/uploads/reset", post(func(*http.Request) (interface{}, error) {
		forgetUploads()
		return nil, nil
	}))
	s.HandleFunc("/lab/pace", post(setPace))
	handleDatastoreRequests(s)
	handleSearchRequests(s)
	handleImportRequests(s)
}

func methodIs(w http.ResponseWriter, r *http.Request, method string) bool {
	if r.Method != method {
		http.Error(w, "want "+method, http.StatusMethodNotAllowed)
	}
	return r.Method == method
}

func decode(r *http.Request, into interface{}) error {
	if r.ContentLength == 0 {
		return nil
	}
	return json.NewDecoder(r.Body).Decode(into)
}

func answer(w http.ResponseWriter, value interface{}) {
	w.Header().Set("Content-Type", "application/json")
	_ = json.NewEncoder(w).Encode(value)
}

func post(do func(*http.Request) (interface{}, error)) func(http.ResponseWriter, *http.Request) {
	return func(w http.ResponseWriter, r *http.Request) {
		if !methodIs(w, r, http.MethodPost) {
			return
		}
		value, err := do(r)
		if err != nil {
			http.Error(w, err.Error(), http.StatusBadRequest)
			return
		}
		answer(w, value)
	}
}

// getOrPost answers a GET with what lock guards, and does a POST.
func getOrPost(lock sync.Locker, get func() interface{}, do func(*http.Request) (interface{}, error)) func(http.ResponseWriter, *http.Request) {
	set := post(do)
	return func(w http.ResponseWriter, r *http.Request) {
		if r.Method == http.MethodPost {
			set(w, r)
			return
		}
		lock.Lock()
		defer lock.Unlock()
		answer(w, get())
	}
}

// postTime sets what lock guards from {"milliseconds": 2000}.
func postTime(lock sync.Locker, takes *time.Duration) func(http.ResponseWriter, *http.Request) {
	return post(func(r *http.Request) (interface{}, error) {
		var wanted struct {
			Milliseconds int `json:"milliseconds"`
		}
		if err := decode(r, &wanted); err != nil {
			return nil, err
		}
		if wanted.Milliseconds < 0 {
			return nil, fmt.Errorf("milliseconds: want 0 or more, not %d", wanted.Milliseconds)
		}
		lock.Lock()
		defer lock.Unlock()
		*takes = time.Duration(wanted.Milliseconds) * time.Millisecond
		return nil, nil
	})
}

var unauthenticated = struct {
	sync.Mutex
	reads string
}{reads: "missing"}

func unauthenticatedReads() string {
	unauthenticated.Lock()
	defer unauthenticated.Unlock()
	return unauthenticated.reads
}

func setUnauthenticatedReads(way string) error {
	if way != "missing" && way != "fault" && way != "empty" {
		return fmt.Errorf(`reads: want "missing", "fault" or "empty", not %q`, way)
	}
	unauthenticated.Lock()
	defer unauthenticated.Unlock()
	unauthenticated.reads = way
	return nil
}

// keep puts a session back that a call has used, unless it has ended meanwhile; a login begins it.
func (m *SessionManager) keep(session Session, login bool) bool {
	sessionMutex.Lock()
	_, known := m.sessions[session.Key]
	if known || login {
		m.sessions[session.Key] = session
	}
	sessionMutex.Unlock()
	if login {
		users := m.sessionsByUser()
		book.mu.Lock()
		book.reached(users)
		book.mu.Unlock()
	}
	return known || login
}

// terminate ends one session.
func (m *SessionManager) terminate(id string) {
	session, ok := m.getSession(id)
	m.delSession(id)
	if ok {
		session.stopListening()
	}
}

func (m *SessionManager) sessionsByUser() map[string]int {
	sessionMutex.Lock()
	defer sessionMutex.Unlock()
	users := map[string]int{}
	for _, session := range m.sessions {
		users[session.UserName]++
	}
	return users
}

// expire ends every session, or those of a user, with its views, filters and pages, as the idle limit
// would.
func (m *SessionManager) expire(user *string) int {
	sessionMutex.Lock()
	expired := make([]Session, 0, len(m.sessions))
	for id, session := range m.sessions {
		if user == nil || strings.EqualFold(*user, session.UserName) {
			expired = append(expired, session)
			delete(m.sessions, id)
		}
	}
	sessionMutex.Unlock()
	for _, session := range expired {
		session.stopListening()
	}
	return len(expired)
}

// stopListening ends what a session has made: its views and filters hear of no change any more, and a
// wait that is under way returns.
func (s Session) stopListening() {
	s.Registry.m.Lock()
	var handlers []RegisterObject
	for _, obj := range s.Registry.objects {
		if handler, ok := obj.(RegisterObject); ok {
			handlers = append(handlers, handler)
		}
	}
	s.Registry.m.Unlock()
	for _, handler := range handlers {
		Map.RemoveHandler(handler)
		if pc, ok := handler.(*PropertyCollector); ok {
			pc.close(notAuthenticated(pc.Self))
		}
	}
}
