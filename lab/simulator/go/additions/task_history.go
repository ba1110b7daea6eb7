package simulator

import (
	"reflect"
	"sort"
	"sync"
	"time"

	"github.com/vmware/govmomi/vim25/methods"
	"github.com/vmware/govmomi/vim25/mo"
	"github.com/vmware/govmomi/vim25/soap"
	"github.com/vmware/govmomi/vim25/types"
)

const (
	rememberedTasks  = 10000
	recentTime       = 10 * time.Minute // how long a vCenter shows a task that has ended
	maxTaskPage      = 1000
	defaultTaskPage  = 10
	collectorsForOne = 32 // of a session, as a vCenter allows
)

// taskBook remembers every task in the order in which they were queued, and who is calling what.
var taskBook = struct {
	sync.Mutex
	all      []*Task
	byEntity map[types.ManagedObjectReference][]*Task
	callers  map[types.ManagedObjectReference]string
}{
	byEntity: map[types.ManagedObjectReference][]*Task{},
	callers:  map[types.ManagedObjectReference]string{},
}

// calling notes who calls a method of an object, while that object's lock is held.
func calling(ctx *Context, handler mo.Reference) {
	user := ""
	if ctx.Session != nil {
		user = ctx.Session.UserName
	}
	taskBook.Lock()
	defer taskBook.Unlock()
	taskBook.callers[handler.Reference()] = user
}

func called(handler mo.Reference) {
	taskBook.Lock()
	defer taskBook.Unlock()
	delete(taskBook.callers, handler.Reference())
}

// note fills in who started a task and its object's name, and remembers it. A task that no call on its
// object has started is vCenter's own. Its object is one of the inventory: of files, the datacenter.
func (t *Task) note() {
	entity := *t.Info.Entity
	switch named, ok := Map.Get(entity).(mo.Entity); {
	case ok:
		t.Info.EntityName = entityName(named)
	case entity.Type == "FileManager" || entity.Type == "VirtualDiskManager":
		t.Info.Entity, t.Info.EntityName = &labDatacenter().Self, labDatacenter().Name
	default:
		t.Info.Entity, t.Info.EntityName = nil, ""
	}
	taskBook.Lock()
	defer taskBook.Unlock()
	t.Info.Reason = reasonOf(entity)
	taskBook.all = append(taskBook.all, t)
	if len(taskBook.all) > rememberedTasks {
		taskBook.all = append([]*Task{}, taskBook.all[len(taskBook.all)-rememberedTasks/2:]...)
	}
	if t.Info.Entity != nil {
		taskBook.byEntity[*t.Info.Entity] = append(stillRecent(taskBook.byEntity[*t.Info.Entity]), t)
	}
}

// reasonOf is what started a task, by who calls this object just now; the book is locked.
func reasonOf(called types.ManagedObjectReference) types.BaseTaskReason {
	if user := taskBook.callers[called]; user != "" {
		return &types.TaskReasonUser{UserName: user}
	}
	return &types.TaskReasonSystem{}
}

// startedThrough is for a task on one object that a call on another one starts.
func (t *Task) startedThrough(handler mo.Reference) *Task {
	taskBook.Lock()
	defer taskBook.Unlock()
	t.Info.Reason = reasonOf(handler.Reference())
	return t
}

// forgetTasks leaves out what made the inventory.
func forgetTasks() {
	taskBook.Lock()
	defer taskBook.Unlock()
	taskBook.all, taskBook.byEntity = nil, map[types.ManagedObjectReference][]*Task{}
	if m, ok := Map.Get(*Map.content().TaskManager).(*TaskManager); ok {
		m.RecentTask = nil
	}
}

// updateTask is Map.Update of a task, which the history may be reading.
func updateTask(t *Task, changes []types.PropertyChange) {
	taskBook.Lock()
	defer taskBook.Unlock()
	Map.Update(t, changes)
}

func stillRecent(tasks []*Task) []*Task {
	var recent []*Task
	for _, t := range tasks {
		if t.Info.CompleteTime == nil || time.Since(*t.Info.CompleteTime) < recentTime {
			recent = append(recent, t)
		}
	}
	return recent
}

// recentTasksOf is what an object's property recentTask holds.
func recentTasksOf(rval reflect.Value) (interface{}, error) {
	self, ok := rval.FieldByName("Self").Interface().(types.ManagedObjectReference)
	if !ok {
		return nil, errMissingField
	}
	taskBook.Lock()
	defer taskBook.Unlock()
	recent := new(types.ArrayOfManagedObjectReference)
	for _, t := range stillRecent(taskBook.byEntity[self]) {
		recent.ManagedObjectReference = append(recent.ManagedObjectReference, t.Self)
	}
	if len(recent.ManagedObjectReference) == 0 {
		return nil, errEmptyField
	}
	return recent, nil
}

// TaskHistoryCollector is missing in the simulator.
type TaskHistoryCollector struct {
	mo.TaskHistoryCollector

	size int
	next int // of those that match, oldest first
}

// CreateCollectorForTasks filters by object, time, state and user.
func (m *TaskManager) CreateCollectorForTasks(ctx *Context, req *types.CreateCollectorForTasks) soap.HasFault {
	body := new(methods.CreateCollectorForTasksBody)
	n := 0
	ctx.Session.Registry.m.Lock()
	for ref := range ctx.Session.Registry.objects {
		if ref.Type == "TaskHistoryCollector" {
			n++
		}
	}
	ctx.Session.Registry.m.Unlock()
	if n >= collectorsForOne {
		body.Fault_ = Fault("Too many task collectors to create", new(types.InvalidState))
		return body
	}
	collector := &TaskHistoryCollector{size: defaultTaskPage}
	collector.Filter = req.Filter
	body.Res = &types.CreateCollectorForTasksResponse{Returnval: ctx.Session.Put(collector).Reference()}
	return body
}

// matching copies what the collector's filter lets through, oldest first.
func (c *TaskHistoryCollector) matching() []types.TaskInfo {
	filter := c.Filter.(types.TaskFilterSpec)
	taskBook.Lock()
	defer taskBook.Unlock()
	var found []types.TaskInfo
	for _, t := range taskBook.all {
		if taskMatches(&t.Info, &filter) {
			found = append(found, t.Info)
		}
	}
	sort.SliceStable(found, func(i, j int) bool { return found[i].QueueTime.Before(found[j].QueueTime) })
	return found
}

func taskMatches(info *types.TaskInfo, filter *types.TaskFilterSpec) bool {
	if e := filter.Entity; e != nil && (info.Entity == nil || !taskIsOf(*info.Entity, e)) {
		return false
	}
	if len(filter.State) > 0 {
		has := false
		for _, state := range filter.State {
			has = has || state == info.State
		}
		if !has {
			return false
		}
	}
	if u := filter.UserName; u != nil && len(u.UserList) > 0 {
		reason, ok := info.Reason.(*types.TaskReasonUser)
		has := false
		for _, user := range u.UserList {
			has = has || ok && user == reason.UserName
		}
		if !has {
			return false
		}
	}
	return filter.Time == nil || taskIsWithin(info, filter.Time)
}

func taskIsOf(entity types.ManagedObjectReference, wanted *types.TaskFilterSpecByEntity) bool {
	if entity == wanted.Entity {
		return wanted.Recursion != types.TaskFilterSpecRecursionOptionChildren
	}
	if wanted.Recursion == types.TaskFilterSpecRecursionOptionSelf {
		return false
	}
	at := []types.ManagedObjectReference{entity}
	for depth := 0; depth < 20 && len(at) > 0; depth++ {
		var up []types.ManagedObjectReference
		for _, ref := range at {
			if ref == wanted.Entity {
				return true
			}
			up = append(up, above(Map.Get(ref))...)
		}
		at = up
	}
	return false
}

func taskIsWithin(info *types.TaskInfo, wanted *types.TaskFilterSpecByTime) bool {
	at := &info.QueueTime
	switch wanted.TimeType {
	case types.TaskFilterSpecTimeOptionStartedTime:
		at = info.StartTime
	case types.TaskFilterSpecTimeOptionCompletedTime:
		at = info.CompleteTime
	}
	if at == nil {
		return false
	}
	return (wanted.BeginTime == nil || !at.Before(*wanted.BeginTime)) && (wanted.EndTime == nil || !at.After(*wanted.EndTime))
}

// SetCollectorPageSize sets how many of the newest latestPage shows.
func (c *TaskHistoryCollector) SetCollectorPageSize(req *types.SetCollectorPageSize) soap.HasFault {
	body := new(methods.SetCollectorPageSizeBody)
	if req.MaxCount <= 0 || req.MaxCount > maxTaskPage {
		body.Fault_ = Fault("", &types.InvalidArgument{InvalidProperty: "maxCount"})
		return body
	}
	c.size = int(req.MaxCount)
	body.Res = new(types.SetCollectorPageSizeResponse)
	return body
}

// Get is what the PropertyCollector reads: latestPage, as it is now.
func (c *TaskHistoryCollector) Get() mo.Reference {
	clone := *c
	clone.LatestPage = c.matching()
	if len(clone.LatestPage) > c.size {
		clone.LatestPage = clone.LatestPage[len(clone.LatestPage)-c.size:]
	}
	return &clone
}

// RewindCollector goes back to the oldest.
func (c *TaskHistoryCollector) RewindCollector(*types.RewindCollector) soap.HasFault {
	c.next = 0
	return &methods.RewindCollectorBody{Res: new(types.RewindCollectorResponse)}
}

// ReadNextTasks reads from the oldest towards the newest.
func (c *TaskHistoryCollector) ReadNextTasks(req *types.ReadNextTasks) soap.HasFault {
	body := new(methods.ReadNextTasksBody)
	if req.MaxCount <= 0 {
		body.Fault_ = Fault("", &types.InvalidArgument{InvalidProperty: "maxCount"})
		return body
	}
	found := c.matching()
	if c.next > len(found) {
		c.next = len(found)
	}
	end := c.next + int(req.MaxCount)
	if end > len(found) {
		end = len(found)
	}
	body.Res = &types.ReadNextTasksResponse{Returnval: found[c.next:end]}
	c.next = end
	return body
}

// DestroyCollector gives it back.
func (c *TaskHistoryCollector) DestroyCollector(ctx *Context, req *types.DestroyCollector) soap.HasFault {
	ctx.Session.Remove(req.This)
	return &methods.DestroyCollectorBody{Res: new(types.DestroyCollectorResponse)}
}

// eventIsWithin is the filter by time, which govmomi's simulator passes over.
func eventIsWithin(event types.BaseEvent, wanted *types.EventFilterSpecByTime) bool {
	if wanted == nil {
		return true
	}
	at := event.GetEvent().CreatedTime
	return (wanted.BeginTime == nil || !at.Before(*wanted.BeginTime)) && (wanted.EndTime == nil || !at.After(*wanted.EndTime))
}
