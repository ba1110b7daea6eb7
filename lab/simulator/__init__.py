"""A vCenter simulator that real Nova, real Cinder and pyVmomi work with.

It is the ``simulator`` package of Debian's govmomi sources (golang-github-vmware-govmomi-dev),
mended (:mod:`lab.simulator.patches`) and added to (``go/additions``) while it is built, so that
the same client code runs against it and against a vCenter.

- :func:`ensure_built` builds the binary, :func:`ensure_wsdl` the WSDL that Nova's SOAP client asks
  a vCenter for;
- :class:`SimulatorOptions` says what the simulator holds and gives the command line.
"""

from lab.simulator.build import SimulatorBuildError, ensure_built
from lab.simulator.client import (
    Calls,
    Churn,
    SessionObjects,
    SimulatorControl,
    SimulatorControlError,
    VCenterLogin,
)
from lab.simulator.options import Account, SimulatorOptions, nova_instance_uuid
from lab.simulator.wsdl import ensure_wsdl

__all__ = [
    "Account",
    "Calls",
    "Churn",
    "SessionObjects",
    "SimulatorBuildError",
    "SimulatorControl",
    "SimulatorControlError",
    "SimulatorOptions",
    "VCenterLogin",
    "ensure_built",
    "ensure_wsdl",
    "nova_instance_uuid",
]
