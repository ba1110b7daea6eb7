"""The vSphere adapter: reads vCenter's book into the domain's types.

The only package that imports the SDK, and nothing of the SDK leaves it. `client_for(endpoint)`
gives the process's client for a vCenter; what it raises is a `VSphereError`, whose `trouble` is
what the rest of the project shows. Every operation has a deadline as a whole.
"""

from vmware_panel.vsphere.calls import CallCounter, counting
from vmware_panel.vsphere.client import VCenterClient, client_for, close_clients
from vmware_panel.vsphere.collector import Collector
from vmware_panel.vsphere.deadlines import Deadline
from vmware_panel.vsphere.endpoint import Endpoint
from vmware_panel.vsphere.errors import CallCancelled, SearchFailed, VSphereError
from vmware_panel.vsphere.probe import ProbeStep, StepName, StepStatus, probe

__all__ = [
    "CallCancelled",
    "CallCounter",
    "Collector",
    "Deadline",
    "Endpoint",
    "ProbeStep",
    "SearchFailed",
    "StepName",
    "StepStatus",
    "VCenterClient",
    "VSphereError",
    "client_for",
    "close_clients",
    "counting",
    "probe",
]
