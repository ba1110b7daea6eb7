"""Stock Horizon with the plugin, without a file copied into its package.

Horizon looks for a deployer's settings and enabled files only inside its own package. This lends
it ours for as long as its settings module is being imported::

    with stock.plugin_enabled(local_settings=folder):
        from openstack_dashboard.settings import *
"""

from __future__ import annotations

import contextlib
import importlib
import sys
import types
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

ENABLED_PACKAGE = "vmware_panel.enabled"


@contextlib.contextmanager
def plugin_enabled(local_settings: Path | None = None) -> Iterator[None]:
    """Add the plugin's enabled files to those that Horizon's settings read.

    Serves ``openstack_dashboard.settings`` and ``openstack_dashboard.test.settings``.
    ``local_settings`` is a folder with a ``local_settings.py``, taken as the deployer's.
    """
    horizon_utils: Any = importlib.import_module("openstack_dashboard.utils.settings")
    enabled = importlib.import_module(ENABLED_PACKAGE)
    original: Callable[..., None] = horizon_utils.update_dashboards

    def update_dashboards(modules: list[types.ModuleType], *arguments: Any) -> None:
        # Called once only: a second call would double the apps and overwrite the tabs.
        original([*modules, enabled], *arguments)

    with contextlib.ExitStack() as stack:
        if local_settings is not None:
            stack.enter_context(_module_named_local(local_settings))
        horizon_utils.update_dashboards = update_dashboards
        stack.callback(setattr, horizon_utils, "update_dashboards", original)
        yield


@contextlib.contextmanager
def plugin_absent(local_settings: Path) -> Iterator[None]:
    """Horizon without the plugin, with the same deployer's settings: to measure what it adds."""
    with _module_named_local(local_settings):
        yield


@contextlib.contextmanager
def _module_named_local(folder: Path) -> Iterator[None]:
    """Horizon says ``from local.local_settings import *``: let that find ``folder``."""
    module = types.ModuleType("local")
    module.__path__ = [str(folder)]
    before = {name: sys.modules.pop(name, None) for name in ("local", "local.local_settings")}
    sys.modules["local"] = module
    try:
        yield
    finally:
        for name, old in before.items():
            sys.modules.pop(name, None)
            if old is not None:
                sys.modules[name] = old
