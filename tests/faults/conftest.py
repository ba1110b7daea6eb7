from tests.vsphere.conftest import simulator, start_simulator
from tests.vsphere.rig import authority, clock, new_client, reader, vcenter

__all__ = [  # fixtures
    "authority",
    "clock",
    "new_client",
    "reader",
    "simulator",
    "start_simulator",
    "vcenter",
]
