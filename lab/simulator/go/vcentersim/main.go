// Command vcentersim serves one simulated vCenter until it is interrupted.
//
// It is built by lab/simulator/build.py: the package simulator that it imports is govmomi's, mended
// and added to. Its flags are written by lab/simulator/options.py.
package main

import (
	"crypto/tls"
	"flag"
	"fmt"
	"log"
	"os"
	"os/signal"
	"strings"
	"syscall"
	"time"

	_ "github.com/vmware/govmomi/pbm/simulator"
	"github.com/vmware/govmomi/simulator"
	_ "github.com/vmware/govmomi/vapi/simulator"
)

// accounts collects the values of the repeated flag -account.
type accounts []simulator.LabAccount

func (a *accounts) String() string { return fmt.Sprintf("%d accounts", len(*a)) }

func (a *accounts) Set(text string) error {
	part := strings.SplitN(text, ":", 3)
	if len(part) != 3 || (part[0] != "admin" && part[0] != "readonly") {
		return fmt.Errorf("want admin:USER:PASSWORD or readonly:USER:PASSWORD")
	}
	*a = append(*a, simulator.LabAccount{User: part[1], Password: part[2], ReadOnly: part[0] == "readonly"})
	return nil
}

func main() {
	parent := os.Getppid()
	var options simulator.LabOptions
	var further accounts
	listen := flag.String("listen", "127.0.0.1:8989", "address to listen on")
	user := flag.String("user", "administrator@vsphere.local", "first account, with every privilege")
	password := flag.String("password", "secret", "its password")
	flag.Var(&further, "account", "further account, ROLE:USER:PASSWORD, role admin or readonly; may be repeated")
	cert := flag.String("cert", "", "TLS certificate (PEM); a built-in one if empty")
	key := flag.String("key", "", "its key (PEM)")
	flag.StringVar(&options.VCenterUUID, "vcenter-uuid", "", "about.instanceUuid")
	flag.StringVar(&options.WSDL, "wsdl", "", "folder to serve under /sdk/, with vimService.wsdl")
	flag.StringVar(&options.WorkDir, "work-dir", "", "folder for the datastores' files; a temporary one if empty")
	flag.IntVar(&options.Clusters, "clusters", 2, "clusters")
	flag.IntVar(&options.HostsPerCluster, "hosts-per-cluster", 3, "hosts a cluster")
	flag.IntVar(&options.Threads, "threads", 32, "CPU threads a host")
	flag.Int64Var(&options.MemoryGiB, "memory-gib", 256, "memory a host, in GiB")
	flag.IntVar(&options.SharedDatastores, "shared-datastores", 1, "datastores mounted by the hosts of all clusters")
	flag.IntVar(&options.LocalDatastores, "local-datastores", 1, "datastores mounted by the hosts of one cluster, for each")
	flag.Int64Var(&options.CapacityGiB, "capacity-gib", 0, "capacity of each datastore, in GiB; 0: as much as is needed")
	flag.IntVar(&options.PortGroups, "port-groups", 1, "distributed port groups")
	flag.IntVar(&options.OutsideVMs, "outside-vms", 0, "VMs that OpenStack does not know")
	flag.IntVar(&options.NovaVMs, "nova-vms", 0, "VMs as Nova's driver makes them")
	flag.IntVar(&options.EmptyClusters, "empty-clusters", 0, "further clusters, without a host")
	flag.BoolVar(&options.LongNames, "long-names", false, "names of 80 characters for clusters and hosts")
	withParent := flag.Bool("with-parent", false, "end when the process that started this one has ended")
	flag.BoolVar(&simulator.Trace, "trace", false, "write every SOAP message to standard error")
	flag.Parse()
	if flag.NArg() != 0 {
		log.Fatalf("unexpected argument %q", flag.Arg(0))
	}
	options.Accounts = append([]simulator.LabAccount{{User: *user, Password: *password}}, further...)

	secure := new(tls.Config)
	if *cert != "" {
		pair, err := tls.LoadX509KeyPair(*cert, *key)
		if err != nil {
			log.Fatalf("certificate %s: %s", *cert, err)
		}
		secure.Certificates = []tls.Certificate{pair}
	}

	lab, err := simulator.NewLab(options)
	if err != nil {
		log.Fatal(err)
	}
	url := lab.Serve(*listen, secure)
	fmt.Printf("vcentersim %s pid %d\n", url, os.Getpid())

	stop := make(chan os.Signal, 1)
	signal.Notify(stop, syscall.SIGINT, syscall.SIGTERM)
	if *withParent {
		go func() {
			for os.Getppid() == parent {
				time.Sleep(time.Second)
			}
			stop <- syscall.SIGTERM
		}()
	}
	<-stop
	lab.Remove()
}
