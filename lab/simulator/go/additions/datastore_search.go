package simulator

import (
	"os"
	"path/filepath"
	"strings"
	"sync"
	"time"

	"github.com/vmware/govmomi/vim25/methods"
	"github.com/vmware/govmomi/vim25/soap"
	"github.com/vmware/govmomi/vim25/types"
)

// searchSteps is how often a search that takes time says how far it is.
const searchSteps = 10

// searches is what a test has asked of searches of whole datastores.
var searches = struct {
	sync.Mutex
	takes      time.Duration
	unlistable map[string]map[string]bool // folders below the root, by the datastore's name
}{unlistable: map[string]map[string]bool{}}

// handleSearchRequests adds
//
//	POST /lab/search    {"milliseconds": 2000}: what each search of a whole datastore takes from now on
func handleSearchRequests(s *Service) {
	s.HandleFunc("/lab/search", postTime(&searches, &searches.takes))
}

// setUnlistable makes these folders of a datastore, and no others, unreadable for a search.
func setUnlistable(ds *Datastore, folders []string) {
	searches.Lock()
	defer searches.Unlock()
	denied := map[string]bool{}
	for _, folder := range folders {
		denied[strings.Trim(folder, "/")] = true
	}
	searches.unlistable[ds.Name] = denied
}

// treeSearch is a search of a datastore, or of a folder on it, with all that is below.
type treeSearch struct {
	searchDatastore
	task       *longTask
	store      *Datastore
	unlistable map[string]bool
}

// SearchDatastoreSubFoldersTask runs after its call was answered, as on a vCenter: it can be cancelled and
// holds no lock. govmomi's own ran within the call, and named folders "[ds]/a" in place of "[ds] a/".
func (b *HostDatastoreBrowser) SearchDatastoreSubFoldersTask(req *types.SearchDatastoreSubFolders_Task) soap.HasFault {
	store, _ := Map.Get(b.Datastore[0]).(*Datastore)
	if store == nil {
		return &methods.SearchDatastoreSubFolders_TaskBody{Fault_: Fault("", new(types.InvalidDatastore))}
	}
	task := newLongTask(CreateTask(store, "searchSubFolders", nil).startedThrough(b), true)
	task.Info.DescriptionId = "host.DatastoreBrowser.searchSubFolders"
	search := &treeSearch{task: task, store: store}
	search.HostDatastoreBrowser, search.SearchSpec = b, searchSpec(req.SearchSpec)
	search.DatastorePath = req.DatastorePath
	return &methods.SearchDatastoreSubFolders_TaskBody{
		Res: &types.SearchDatastoreSubFolders_TaskResponse{Returnval: task.start(search.run)},
	}
}

func (s *treeSearch) run() (types.AnyType, types.BaseMethodFault) {
	p, fault := parseDatastorePath(s.DatastorePath)
	if fault != nil {
		return nil, fault
	}
	if p.Datastore != s.store.Name {
		return nil, &types.InvalidDatastore{Name: p.Datastore}
	}
	searches.Lock()
	takes := searches.takes
	s.unlistable = searches.unlistable[p.Datastore]
	searches.Unlock()
	for step := 1; step <= searchSteps && takes > 0; step++ {
		s.task.wait(takes / searchSteps)
		if s.task.isCancelled() {
			return nil, new(types.RequestCanceled)
		}
		s.task.progress(100 * step / (searchSteps + 1))
	}
	if fault := s.store.unusable(); fault != nil {
		return nil, fault
	}
	if err := s.list(strings.Trim(p.Path, "/")); err != nil {
		ff := types.FileFault{File: s.DatastorePath}
		if os.IsNotExist(err) {
			return nil, &types.FileNotFound{FileFault: ff}
		}
		return nil, &ff
	}
	if s.task.isCancelled() {
		return nil, new(types.RequestCanceled)
	}
	return types.ArrayOfHostDatastoreBrowserSearchResults{HostDatastoreBrowserSearchResults: s.res}, nil
}

// list adds a folder and those below it. One below that cannot be read is left out, as by a vCenter.
func (s *treeSearch) list(below string) error {
	if s.unlistable[below] {
		return os.ErrPermission
	}
	entries, err := os.ReadDir(filepath.Join(s.store.Info.GetDatastoreInfo().Url, below))
	if err != nil {
		return err
	}
	res := types.HostDatastoreBrowserSearchResults{Datastore: &s.store.Self, FolderPath: "[" + s.store.Name + "]"}
	if below != "" {
		res.FolderPath += " " + below + "/"
	}
	var folders []string
	for _, entry := range entries {
		file, err := entry.Info()
		if err != nil {
			continue // gone meanwhile
		}
		if s.queryMatch(file) && s.nameMatches(file.Name()) {
			s.addFile(file, &res)
			if details := s.SearchSpec.Details; details != nil && details.FileSize {
				last := len(res.File) - 1
				res.File[last] = sized(res.File[last])
			}
		}
		if file.IsDir() {
			folders = append(folders, strings.TrimPrefix(below+"/"+file.Name(), "/"))
		}
	}
	s.res = append(s.res, res)
	for _, folder := range folders {
		if s.task.isCancelled() {
			return nil
		}
		_ = s.list(folder)
	}
	return nil
}

func (s *treeSearch) nameMatches(name string) bool {
	for _, pattern := range s.SearchSpec.MatchPattern {
		if ok, _ := filepath.Match(pattern, name); ok {
			return true
		}
	}
	return false
}
