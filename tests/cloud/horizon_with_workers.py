"""Settings of a second Horizon on the lab, whose deployer wrote what $HORIZON_LOCAL holds."""

import os
from pathlib import Path

from lab.horizon import stock

with stock.plugin_enabled(local_settings=Path(os.environ["HORIZON_LOCAL"])):
    from openstack_dashboard.settings import *  # noqa: F403
