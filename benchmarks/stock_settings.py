"""Django settings: the lab's Horizon as it would be without the plugin."""

from lab.horizon import stock
from lab.settings import PROJECT_ROOT

with stock.plugin_absent(local_settings=PROJECT_ROOT / "lab" / "horizon" / "local"):
    from openstack_dashboard.settings import *  # noqa: F403
