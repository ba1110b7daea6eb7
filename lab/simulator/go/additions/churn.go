package simulator

import (
	"fmt"
	"math/rand"
	"net/http"
	"sort"
	"sync"
	"time"

	"github.com/vmware/govmomi/vim25/types"
)

// churning is a stream of changes to random VMs, as a busy vCenter has them.
type churning struct {
	Running   bool           `json:"running"`
	Done      int            `json:"done"` // changes made
	ByKind    map[string]int `json:"by_kind"`
	VMs       int            `json:"vms"`    // that were changed, once or more
	Behind    bool           `json:"behind"` // the machine could not keep up with the rate
	stop      chan struct{}
	different map[types.ManagedObjectReference]bool
}

var churn struct {
	sync.Mutex
	now churning
}

var churnKinds = map[string]func(*VirtualMachine, *rand.Rand, int) bool{
	"power": churnPower, "host": churnHost, "annotation": churnAnnotation,
}

// handleChurnRequests adds
//
//	POST /lab/churn        {"changes_per_s": 50, "seconds": 10, "kinds": ["power", "host", "annotation"], "seed": 1}
//	GET  /lab/churn        how far it is
//	POST /lab/churn/stop
func handleChurnRequests(s *Service) {
	start := func(r *http.Request) (interface{}, error) {
		wanted := struct {
			PerSecond float64  `json:"changes_per_s"`
			Seconds   float64  `json:"seconds"`
			Kinds     []string `json:"kinds"`
			Seed      int64    `json:"seed"`
		}{10, 10, []string{"power", "host", "annotation"}, 1}
		if err := decode(r, &wanted); err != nil {
			return nil, err
		}
		for _, kind := range wanted.Kinds {
			if churnKinds[kind] == nil {
				return nil, fmt.Errorf("no kind of change %q", kind)
			}
		}
		if wanted.PerSecond <= 0 || wanted.Seconds <= 0 || len(wanted.Kinds) == 0 {
			return nil, fmt.Errorf("changes_per_s and seconds must be positive, kinds not empty")
		}
		churn.Lock()
		defer churn.Unlock()
		if churn.now.Running {
			return nil, fmt.Errorf("there is a churn under way")
		}
		churn.now = churning{Running: true, ByKind: map[string]int{}, stop: make(chan struct{}), different: map[types.ManagedObjectReference]bool{}}
		go runChurn(churn.now.stop, wanted.PerSecond, wanted.Seconds, wanted.Kinds, rand.New(rand.NewSource(wanted.Seed)))
		return nil, nil
	}
	s.HandleFunc("/lab/churn", getOrPost(&churn, func() interface{} { return churn.now }, start))
	s.HandleFunc("/lab/churn/stop", post(func(*http.Request) (interface{}, error) {
		churn.Lock()
		defer churn.Unlock()
		if churn.now.Running {
			churn.now.Running = false
			close(churn.now.stop)
		}
		return nil, nil
	}))
}

func runChurn(stop chan struct{}, perSecond, seconds float64, kinds []string, random *rand.Rand) {
	var vms []*VirtualMachine
	for _, e := range Map.All("VirtualMachine") {
		if vm := e.(*VirtualMachine); vm.Config != nil && !vm.Config.Template && vm.ResourcePool != nil {
			vms = append(vms, vm)
		}
	}
	sort.Slice(vms, func(i, j int) bool { return vms[i].Self.Value < vms[j].Self.Value })
	start, total := time.Now(), int(perSecond*seconds+0.5)
	for n := 0; n < total && len(vms) > 0; n++ {
		due := start.Add(time.Duration(float64(n) / perSecond * float64(time.Second)))
		select {
		case <-stop:
			return
		case <-time.After(time.Until(due)):
		}
		vm, kind := vms[random.Intn(len(vms))], kinds[random.Intn(len(kinds))]
		made := false
		Map.WithLock(vm, func() {
			made = Map.Get(vm.Self) != nil && churnKinds[kind](vm, random, n)
		})
		churn.Lock()
		if made {
			churn.now.Done++
			churn.now.ByKind[kind]++
			churn.now.different[vm.Self] = true
			churn.now.VMs = len(churn.now.different)
		}
		churn.now.Behind = churn.now.Behind || time.Since(due) > time.Second
		churn.Unlock()
	}
	churn.Lock()
	if churn.now.stop == stop {
		churn.now.Running = false
	}
	churn.Unlock()
}

func churnPower(vm *VirtualMachine, _ *rand.Rand, _ int) bool {
	state := types.VirtualMachinePowerStatePoweredOn
	if vm.Runtime.PowerState == state {
		state = types.VirtualMachinePowerStatePoweredOff
	}
	Map.Update(vm, []types.PropertyChange{
		{Name: "runtime.powerState", Val: state},
		{Name: "summary.runtime.powerState", Val: state},
	})
	return true
}

// churnHost moves the VM to another host of its cluster, as DRS does; it stays where there is none.
func churnHost(vm *VirtualMachine, random *rand.Rand, _ int) bool {
	from := *vm.Runtime.Host
	hosts := hostParent(&Map.Get(from).(*HostSystem).HostSystem).Host
	for _, n := range random.Perm(len(hosts)) {
		host, ok := Map.Get(hosts[n]).(*HostSystem)
		if ok && host.Self != from && host.takesVMs() && vm.mountedBy(host) {
			vm.moveToHost(from, host.Self)
			return true
		}
	}
	return false
}

func churnAnnotation(vm *VirtualMachine, _ *rand.Rand, n int) bool {
	text := fmt.Sprintf("changed by churn: %d\n", n)
	Map.Update(vm, []types.PropertyChange{
		{Name: "config.annotation", Val: text},
		{Name: "summary.config.annotation", Val: text},
	})
	return true
}
