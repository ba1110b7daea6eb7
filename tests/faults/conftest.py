from tests.store.conftest import start_server
from tests.vsphere.conftest import simulator, start_simulator
from tests.vsphere.rig import authority, clock, new_client, reader, vcenter

__all__ = [  # fixtures
    "authority",
    "clock",
    "new_client",
    "reader",
    "simulator",
    "start_server",
    "start_simulator",
    "vcenter",
]
