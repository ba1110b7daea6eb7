package simulator

import (
	"io"
	"regexp"

	"github.com/vmware/govmomi/vim25/methods"
	"github.com/vmware/govmomi/vim25/soap"
	"github.com/vmware/govmomi/vim25/types"
)

var (
	// suds writes dateTime values without a time zone, which a vCenter takes and Go's decoder refuses.
	zonelessTime = regexp.MustCompile(`(<[^<>]*>\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(?:\.\d+)?)(</)`)
	// Nova divides a size by 1024 and sends the float ("1024.0") for preallocated images.
	floatKB = regexp.MustCompile(`((?:apacityKb|apacityInKB)>\d+)\.0(</)`)
	// pyVmomi says so of a reference where any type may stand.
	anyReference = regexp.MustCompile(`xsi:type="ManagedObject" type="`)
)

// readMendedRequest reads a SOAP request and mends what a vCenter would take as it is.
func readMendedRequest(r io.Reader) ([]byte, error) {
	body, err := io.ReadAll(r)
	if err != nil {
		return nil, err
	}
	body = anyReference.ReplaceAll(body, []byte(`xsi:type="ManagedObjectReference" type="`))
	body = zonelessTime.ReplaceAll(body, []byte("${1}Z${2}"))
	return floatKB.ReplaceAll(body, []byte("${1}${2}")), nil
}

// AcquireGenericServiceTicket is refused: with a ticket, Nova would send an image to
// https://<name of an ESX host>/folder, a name that does not resolve here; without, to the vCenter.
func (s *SessionManager) AcquireGenericServiceTicket(*types.AcquireGenericServiceTicket) soap.HasFault {
	return &methods.AcquireGenericServiceTicketBody{Fault_: Fault("not supported here", new(types.NotSupported))}
}
