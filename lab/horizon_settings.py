"""Django settings: stock Horizon with the plugin from this checkout, in front of the lab's cloud."""

from pathlib import Path

from lab.horizon import stock

with stock.plugin_enabled(local_settings=Path(__file__).parent / "horizon" / "local"):
    from openstack_dashboard.settings import *  # noqa: F403
