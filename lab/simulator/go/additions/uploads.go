package simulator

import (
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"os"
	"path"
	"path/filepath"
	"strings"
	"sync"
	"time"

	"github.com/vmware/govmomi/vim25/soap"
)

// upload is one PUT of a file to a datastore.
type upload struct {
	Path  string `json:"path"` // [datastore] folder/file
	User  string `json:"user"`
	Bytes int64  `json:"bytes"`
	Whole bool   `json:"whole"` // as many as its Content-Length said
	Ended bool   `json:"ended"`
}

var uploads = struct {
	sync.Mutex
	all []*upload
}{}

func forgetUploads() {
	uploads.Lock()
	defer uploads.Unlock()
	uploads.all = nil
}

func uploadsSoFar() []byte {
	uploads.Lock()
	defer uploads.Unlock()
	told, _ := json.Marshal(append([]*upload{}, uploads.all...))
	return told
}

// ServeDatastore is the way to a datastore's files over HTTP. A vCenter wants a session, takes no more than
// there is room for, and leaves what had come of an upload that broke off.
func (s *Service) ServeDatastore(w http.ResponseWriter, r *http.Request) {
	session, ok := s.sessionOf(r)
	if !ok {
		http.Error(w, "not logged in", http.StatusUnauthorized)
		return
	}
	if r.Method != http.MethodPut {
		s.serveDatastore(w, r)
		return
	}
	ds, err := s.findDatastore(r.URL.Query())
	if err != nil {
		http.Error(w, err.Error(), http.StatusNotFound)
		return
	}
	name := strings.TrimPrefix(r.URL.Path, folderPrefix)
	told := &upload{Path: fmt.Sprintf("[%s] %s", ds.Name, name), User: session.UserName}
	uploads.Lock()
	uploads.all = append(uploads.all, told)
	uploads.Unlock()
	err = take(told, path.Join(ds.Info.GetDatastoreInfo().Url, name), r)
	uploads.Lock()
	told.Whole, told.Ended = err == nil && told.Bytes == r.ContentLength, true
	uploads.Unlock()
	if err != nil {
		http.Error(w, err.Error(), http.StatusInternalServerError)
		return
	}
	w.WriteHeader(http.StatusCreated)
}

func take(told *upload, file string, r *http.Request) error {
	if !reachable(file) {
		return fmt.Errorf("the datastore is not accessible")
	}
	if r.ContentLength > freeOn(file) {
		return fmt.Errorf("there is no space left on the datastore")
	}
	if err := os.MkdirAll(filepath.Dir(file), 0700); err != nil {
		return err
	}
	to, err := os.Create(file)
	if err != nil {
		return err
	}
	defer to.Close()
	start := time.Now()
	for {
		n, err := io.CopyN(to, r.Body, mib)
		uploads.Lock()
		told.Bytes += n
		so := told.Bytes
		uploads.Unlock()
		if err == io.EOF {
			return nil
		}
		if err != nil {
			return err
		}
		if ahead := time.Duration(so/mib)*uploadPace() - time.Since(start); ahead > 0 {
			time.Sleep(ahead)
		}
		if !reachable(file) {
			return fmt.Errorf("the datastore is not accessible")
		}
		if r.ContentLength-so > freeOn(file) {
			return fmt.Errorf("there is no space left on the datastore")
		}
	}
}

func (s *Service) sessionOf(r *http.Request) (Session, bool) {
	cookie, err := r.Cookie(soap.SessionCookieName)
	if err != nil {
		return Session{}, false
	}
	return s.sm.getSession(cookie.Value)
}

// datastoreOf is the datastore that a file of this machine stands for.
func datastoreOf(file string) *Datastore {
	for _, e := range Map.All("Datastore") {
		ds := e.(*Datastore)
		if dir := ds.Info.GetDatastoreInfo().Url; file == dir || strings.HasPrefix(file, dir+"/") {
			return ds
		}
	}
	return nil
}

func reachable(file string) bool {
	ds := datastoreOf(file)
	return ds != nil && ds.Summary.Accessible
}

func freeOn(file string) int64 {
	if ds := datastoreOf(file); ds != nil {
		return ds.Summary.FreeSpace
	}
	return 0
}
