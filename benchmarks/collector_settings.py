"""Django settings of the collector that is measured: Horizon's, with the plugin, as in the field.

`BENCH_CACHES` and `BENCH_PANEL` are CACHES and VMWARE_PANEL as JSON.
"""

import json
import os

from lab.horizon import stock
from lab.settings import PROJECT_ROOT

with stock.plugin_enabled(local_settings=PROJECT_ROOT / "lab" / "horizon" / "local"):
    from openstack_dashboard.settings import *  # noqa: F403

CACHES = json.loads(os.environ["BENCH_CACHES"])
VMWARE_PANEL = json.loads(os.environ["BENCH_PANEL"])
