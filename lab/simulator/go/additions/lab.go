// Package simulator: additions to govmomi's vCenter simulator, built into it by
// lab/simulator/build.py. This file makes the inventory and serves it.
package simulator

import (
	"crypto/tls"
	"fmt"
	"net/http"
	"net/url"
	"os"
	"path/filepath"
	"sort"
	"time"

	"github.com/vmware/govmomi/vim25/types"
)

// LabOptions says what the simulated vCenter holds; see SimulatorOptions in lab/simulator/options.py.
type LabOptions struct {
	Accounts         []LabAccount
	VCenterUUID      string
	WSDL             string
	WorkDir          string
	Clusters         int
	HostsPerCluster  int
	Threads          int
	MemoryGiB        int64
	SharedDatastores int
	LocalDatastores  int
	CapacityGiB      int64
	PortGroups       int
	OutsideVMs       int
	NovaVMs          int
	EmptyClusters    int
	LongNames        bool
}

// Lab is one simulated vCenter.
type Lab struct {
	model   *Model
	options LabOptions
	tempDir string
}

// NewLab makes the inventory.
func NewLab(options LabOptions) (*Lab, error) {
	lab := &Lab{options: options}
	labAccounts = options.Accounts
	if options.WorkDir == "" {
		dir, err := os.MkdirTemp("", "vcentersim-")
		if err != nil {
			return nil, err
		}
		lab.tempDir, lab.options.WorkDir = dir, dir
	}

	m := VPX()
	lab.model = m
	if options.VCenterUUID != "" {
		m.ServiceContent.About.InstanceUuid = options.VCenterUUID
	}
	m.Datacenter, m.Cluster, m.ClusterHost, m.Portgroup = 1, options.Clusters, options.HostsPerCluster, options.PortGroups
	m.Host, m.Machine, m.Datastore = 0, 0, 0
	setHostTemplate(options.Threads, options.MemoryGiB)
	if err := m.Create(); err != nil {
		return nil, err
	}

	clusters := lab.nameHosts()
	for _, cluster := range clusters {
		configureCluster(cluster.ClusterComputeResource)
		refreshClusterSummary(cluster.ClusterComputeResource)
	}
	if err := lab.addDatastores(clusters); err != nil {
		return nil, err
	}
	lab.addVirtualMachines(clusters)
	if err := lab.addOddities(clusters); err != nil {
		return nil, err
	}
	refreshSpace()
	Map.AddHandler(new(toucher))
	forgetTasks()
	return lab, nil
}

// labCluster is a cluster with its hosts, in the order of their names.
type labCluster struct {
	*ClusterComputeResource
	hosts      []*HostSystem
	datastores []*Datastore // those that its hosts mount: the shared ones first
}

// nameHosts gives every host a name as operators give them, and returns the clusters in order.
func (lab *Lab) nameHosts() []*labCluster {
	var clusters []*labCluster
	for _, e := range Map.All("ClusterComputeResource") {
		clusters = append(clusters, &labCluster{ClusterComputeResource: e.(*ClusterComputeResource)})
	}
	number := func(name string) (n int) {
		fmt.Sscanf(name, "DC0_C%d", &n)
		return n
	}
	sort.Slice(clusters, func(i, j int) bool { return number(clusters[i].Name) < number(clusters[j].Name) })
	for c, cluster := range clusters {
		for h, ref := range cluster.Host {
			host := Map.Get(ref).(*HostSystem)
			host.Name = fmt.Sprintf("esx-c%d-%d.lab.example", c, h+1)
			host.Summary.Config.Name = host.Name
			describeHost(host, c*len(cluster.Host)+h)
			cluster.hosts = append(cluster.hosts, host)
		}
	}
	return clusters
}

// addOddities makes what is seldom and has to show well all the same.
func (lab *Lab) addOddities(clusters []*labCluster) error {
	for i := 0; i < lab.options.EmptyClusters; i++ {
		if _, err := addEmptyCluster(fmt.Sprintf("DC0_C%d", len(clusters)+i)); err != nil {
			return err
		}
	}
	if !lab.options.LongNames {
		return nil
	}
	for _, kind := range []string{"ClusterComputeResource", "HostSystem"} {
		for _, e := range Map.All(kind) {
			if err := rename(e.Reference(), longName(e.Entity().Name)); err != nil {
				return err
			}
		}
	}
	return nil
}

// Serve starts to answer and returns the address of the SDK.
func (lab *Lab) Serve(listen string, secure *tls.Config) *url.URL {
	service := lab.model.Service
	first := lab.options.Accounts[0]
	service.Listen = &url.URL{Host: listen, User: url.UserPassword(first.User, first.Password)}
	service.TLS = secure
	service.RegisterEndpoints = true
	lab.serveWSDL()
	handleLabRequests(service)
	server := service.NewServer()
	go func() {
		for range time.Tick(5 * time.Second) {
			refreshSpace()
		}
	}()
	return &url.URL{Scheme: server.URL.Scheme, Host: server.URL.Host, Path: server.URL.Path}
}

// serveWSDL serves the files that Nova's SOAP client fetches: a vCenter has them, govmomi's simulator not.
func (lab *Lab) serveWSDL() {
	if lab.options.WSDL == "" {
		return
	}
	files, _ := filepath.Glob(filepath.Join(lab.options.WSDL, "*"))
	for _, file := range files {
		file := file
		lab.model.Service.HandleFunc("/sdk/"+filepath.Base(file), func(w http.ResponseWriter, _ *http.Request) {
			text, err := os.ReadFile(file)
			if err != nil {
				http.Error(w, err.Error(), http.StatusInternalServerError)
				return
			}
			w.Header().Set("Content-Type", "text/xml")
			_, _ = w.Write(text)
		})
	}
}

// Remove deletes what the simulator has written to a temporary folder.
func (lab *Lab) Remove() {
	if lab.tempDir != "" {
		_ = os.RemoveAll(lab.tempDir)
	}
}

// labDatacenter is the only datacenter.
func labDatacenter() *Datacenter {
	return Map.Any("Datacenter").(*Datacenter)
}

func same(a, b *types.ManagedObjectReference) bool {
	return a == b || (a != nil && b != nil && *a == *b)
}
