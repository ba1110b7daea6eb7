package simulator

import (
	"strings"
	"sync"
	"time"

	"github.com/vmware/govmomi/vim25/methods"
	"github.com/vmware/govmomi/vim25/soap"
	"github.com/vmware/govmomi/vim25/types"
)

// callBook counts what clients ask for, so that a test can say how many calls a page costs.
type callBook struct {
	mu           sync.Mutex
	Methods      map[string]int            `json:"methods"`
	ByUser       map[string]map[string]int `json:"by_user"`
	Logins       map[string]int            `json:"logins"`
	FailedLogins int                       `json:"failed_logins"`
	Sessions     map[string]int            `json:"sessions"` // at present, by user
	MostSessions map[string]int            `json:"most_sessions"`
	SessionsEver int                       `json:"sessions_ever"`
}

var book = newCallBook()

func newCallBook() *callBook {
	return &callBook{Methods: map[string]int{}, ByUser: map[string]map[string]int{}, Logins: map[string]int{}, MostSessions: map[string]int{}}
}

func (b *callBook) reset(sessions map[string]int) {
	b.mu.Lock()
	defer b.mu.Unlock()
	b.Methods, b.ByUser, b.Logins = map[string]int{}, map[string]map[string]int{}, map[string]int{}
	b.FailedLogins, b.SessionsEver = 0, 0
	b.MostSessions = map[string]int{}
	b.reached(sessions)
}

// reached keeps the highest number of sessions that a user has had at once. The caller holds b.mu.
func (b *callBook) reached(sessions map[string]int) {
	b.Sessions = sessions
	for user, n := range sessions {
		if n > b.MostSessions[user] {
			b.MostSessions[user] = n
		}
	}
}

func (b *callBook) count(method, user string) {
	b.mu.Lock()
	defer b.mu.Unlock()
	b.Methods[method]++
	if b.ByUser[user] == nil {
		b.ByUser[user] = map[string]int{}
	}
	b.ByUser[user][method]++
}

func (b *callBook) login(user string, ok bool) {
	b.mu.Lock()
	defer b.mu.Unlock()
	if !ok {
		b.FailedLogins++
		return
	}
	b.Logins[user]++
	b.SessionsEver++
}

// slowness says how long calls of a method ("*": of every method) wait before they are answered.
var slowness = struct {
	sync.Mutex
	delay map[string]time.Duration
}{delay: map[string]time.Duration{}}

func delayOf(method string) time.Duration {
	slowness.Lock()
	defer slowness.Unlock()
	if delay, ok := slowness.delay[method]; ok {
		return delay
	}
	return slowness.delay["*"]
}

// countedCall is call for what arrives over the network: counted, held against the account's rights,
// and followed by fresh figures of the datastores when it may have changed them.
func (s *Service) countedCall(ctx *Context, method *Method) soap.HasFault {
	user := ""
	if ctx.Session != nil {
		user = ctx.Session.UserName
	}
	book.count(method.Name, user)
	if delay := delayOf(method.Name); delay > 0 {
		time.Sleep(delay)
	}
	if fault := injected(ctx, method, user); fault != nil {
		return fault
	}
	if fault := refuse(ctx, method); fault != nil {
		return fault
	}
	if ctx.Session == nil {
		if answer := answerUnauthenticated(method); answer != nil {
			return answer
		}
	}
	res := s.call(ctx, method)
	touchCalled(method)
	switch {
	case method.Name == "Login":
		book.login(method.Body.(*types.Login).UserName, res.Fault() == nil)
	case method.Name == "RefreshDatastore":
		countSpace()
	case strings.HasSuffix(method.Name, vTaskSuffix), method.Name == "UnregisterVM":
		refreshSpace()
	}
	return res
}

// answerUnauthenticated is how a property read without a session is answered: all three ways have been
// seen of vCenters (see oslo.vmware's api.py). nil: as govmomi's simulator does, by a missingSet.
func answerUnauthenticated(method *Method) soap.HasFault {
	req, ok := method.Body.(*types.RetrievePropertiesEx)
	if !ok {
		return nil
	}
	for _, spec := range req.SpecSet {
		for _, o := range spec.ObjectSet {
			if o.Obj.Type == "SessionManager" || o.Obj.Type == "ServiceInstance" {
				return nil
			}
		}
	}
	switch unauthenticatedReads() {
	case "fault":
		return &serverFaultBody{Reason: Fault("The session is not authenticated.", notAuthenticated(method.This))}
	case "empty":
		return &methods.RetrievePropertiesExBody{Res: new(types.RetrievePropertiesExResponse)}
	}
	return nil
}
