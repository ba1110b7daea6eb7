"""Horizon's own test settings with the plugin in them."""

import socket
import tempfile
from pathlib import Path

from lab.horizon.stock import plugin_enabled

_scratch = Path(__file__).parent.parent / ".cache" / "tests"
_scratch.mkdir(parents=True, exist_ok=True)
_temporary, tempfile.tempdir = tempfile.tempdir, str(_scratch)  # for its .secret_key_store
try:
    with plugin_enabled():
        from openstack_dashboard.test.settings import *  # noqa: F403
finally:
    tempfile.tempdir = _temporary

# Horizon's sets one second for every socket of the process, the lab's and the browser's included.
socket.setdefaulttimeout(None)

COMPRESS_ROOT = str(_scratch / "compress")

# A name that no resolver knows (RFC 6761): a test that gets as far as the network fails.
VMWARE_PANEL = {
    "vcenters": {
        "vc": {
            "host": "vcenter.invalid",
            "username": "horizon@vsphere.local",
            "password": "not a real password",
        },
    },
    "jobs": {"folder": str(_scratch / "jobs")},
}
