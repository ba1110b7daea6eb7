"""The import arrows of docs/architecture.md hold, and their checker can see a broken one."""

from pathlib import Path

import pytest

from tests.rules import arrows

ROOT = Path(arrows.__file__).parents[2]
MODULES = sorted((ROOT / "vmware_panel").rglob("*.py"))


def module_name(path: Path) -> str:
    parts = path.relative_to(ROOT).with_suffix("").parts
    return ".".join(parts)


def test_there_is_something_to_check() -> None:
    assert {"vmware_panel.config", "vmware_panel.domain.inventory"} <= set(
        map(module_name, MODULES)
    )


@pytest.mark.parametrize("path", MODULES, ids=module_name)
def test_a_module_imports_what_its_room_may(path: Path) -> None:
    assert not arrows.faults(module_name(path), path.read_text())


BROKEN = [
    ("domain.x", "import vmware_panel.vsphere.session"),
    ("domain.x", "from vmware_panel import vsphere"),
    ("domain.x", "from ..vsphere import session"),
    ("domain.x", "from vmware_panel.config import get_config"),
    ("domain.x", "from django.utils.translation import gettext"),
    ("domain.x", "import requests"),
    ("domain.x", "import time"),
    ("domain.x", "from datetime import datetime\n\ndatetime.now()"),
    ("domain.x", "def f():\n    from pyVmomi import vim"),
    ("domain.x", "if TYPE_CHECKING:\n    from vmware_panel.api import placement"),
    ("vsphere.x", "from vmware_panel.openstack import servers"),
    ("vsphere.x", "from vmware_panel.config import get_config"),
    ("vsphere.x", "from vmware_panel.secret import Secret"),
    ("vsphere.x", "from django.core.cache import cache"),
    ("vsphere.x", "from novaclient import client"),
    ("openstack.x", "from vmware_panel.vsphere import session"),
    ("openstack.x", "from openstack_dashboard import api"),
    ("openstack.x", "import pyVmomi"),
    ("api.x", "from vmware_panel.panels import instances"),
    ("api.x", "from pyVmomi import vim"),
    ("api.x", "import keystoneauth1.exceptions"),
    ("api.x", "import importlib\n\nimportlib.import_module('pyVmomi')"),
    ("panels.instances.views", "from vmware_panel.vsphere import session"),
    ("panels.instances.views", "from vmware_panel.openstack import servers"),
    ("panels.instances.views", "from novaclient import exceptions"),
    ("panels.instances.views", "from vmware_panel.instance_views import tab"),
    ("instance_views.tab", "from vmware_panel.vsphere.errors import LoginError"),
    ("instance_views.tab", "from openstack_dashboard import api"),
    ("instance_views.tab", "from openstack_dashboard.api import cinder"),
    ("panels.x.views", "import openstack_dashboard.usage.quotas"),
    ("management.commands.x", "import pyVim.connect"),
    ("config", "from vmware_panel.api import placement"),
    ("newroom.x", "from vmware_panel.domain import inventory"),
]


@pytest.mark.parametrize(("module", "source"), BROKEN)
def test_a_broken_arrow_is_seen(module: str, source: str) -> None:
    assert arrows.faults(f"vmware_panel.{module}", source)


SOUND = [
    ("domain.x", "from vmware_panel.domain.inventory import MoRef\nimport re\nimport enum"),
    ("domain.x", "from .inventory import MoRef"),
    (
        "vsphere.x",
        "from pyVmomi import vim\nfrom vmware_panel.domain import inventory\nimport time",
    ),
    ("openstack.x", "from keystoneauth1 import session\nfrom novaclient import client"),
    ("api.x", "from vmware_panel.vsphere import session\nfrom vmware_panel.openstack import x"),
    ("panels.x.views", "from vmware_panel.api import placement\nfrom horizon import tables"),
    ("panels.x.views", "from vmware_panel import __version__"),
    ("instance_views.x", "from openstack_dashboard.dashboards.admin.instances import views"),
]


@pytest.mark.parametrize(("module", "source"), SOUND)
def test_a_sound_arrow_passes(module: str, source: str) -> None:
    assert not arrows.faults(f"vmware_panel.{module}", source)


def test_a_fault_names_module_line_and_reason() -> None:
    (fault,) = arrows.faults("vmware_panel.api.x", "import re\nfrom pyVmomi import vim\n")
    assert fault == "vmware_panel.api.x:2 imports pyVmomi.vim: only vmware_panel.vsphere may"
