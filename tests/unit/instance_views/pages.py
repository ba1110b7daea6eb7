"""Horizon's own pages of instances in Django's test client, with OpenStack left out.

Nova, Glance, Cinder and Neutron are Horizon's own test data; `vmware_panel.api.placement` gives
reports that the domain joined.
"""

from collections.abc import Callable, Iterable
from pathlib import Path
from typing import Any
from unittest import mock

import pytest
from django.http import HttpRequest
from django.test import override_settings
from django.urls import reverse
from openstack_dashboard import api as horizon_api
from openstack_dashboard.test import helpers

from vmware_panel.api.placement import ColumnsReport
from vmware_panel.domain.cloud import Server

TAB = "instance_details__vmware"


class InstancePages(helpers.TestCase):
    """A member's session; `admin()` makes it an admin's."""

    def setUp(self) -> None:
        super().setUp()
        self.instance = self.servers.first()
        self.listed = self.servers.list()
        self.use_policy({})

    @pytest.fixture(autouse=True)
    def _policy_file(self, tmp_path: Path) -> None:
        self.policy_file = tmp_path / "vmware_policy.yaml"

    def write_policy(self, text: str) -> None:
        self.policy_file.write_text(text)
        self.use_policy({"vmware": str(self.policy_file)})

    def use_policy(self, files: dict[str, str]) -> None:
        settings = override_settings(POLICY_FILES=files, POLICY_DIRS={})
        settings.enable()
        self.addCleanup(settings.disable)

    def admin(self) -> None:
        self._setup_user(roles=[self.roles.admin._info])

    def fake(self, module: object, **functions: object) -> None:
        for name, value in functions.items():
            how = {"side_effect": value} if callable(value) else {"return_value": value}
            patcher = mock.patch.object(module, name, **how)
            patcher.start()
            self.addCleanup(patcher.stop)

    def detail(self, dashboard: str, tab: str = TAB, ajax: bool = True) -> Any:
        """The instance's detail page, or with `ajax` one tab of it."""
        self.fake(
            horizon_api.nova,
            server_get=self.instance,
            instance_volumes_list=[],
            flavor_get=self.flavors.first(),
            is_feature_available=True,
        )
        self.fake(
            horizon_api.neutron,
            server_security_groups=[],
            floating_ip_supported=True,
            floating_ip_simple_associate_supported=True,
            is_extension_supported=False,
        )
        self.fake(horizon_api.network, servers_update_addresses=None)
        url = reverse(f"horizon:{dashboard}:instances:detail", args=[self.instance.id])
        headers = {"HTTP_X_REQUESTED_WITH": "XMLHttpRequest"} if ajax else {}
        return self.client.get(url, {"tab": tab}, **headers)

    def index(self, method: str = "get", data: object = None, **headers: str) -> Any:
        """Admin > Instances."""
        servers = self.listed
        self.fake(
            horizon_api.nova,
            server_list_paged=(servers, False, False),
            flavor_list=self.flavors.list(),
            flavor_get=self.flavors.first(),
            server_get=self.instance,
            server_delete=None,
        )
        self.fake(
            horizon_api.keystone,
            tenant_list=(self.tenants.list(), False),
            tenant_get=self.tenants.first(),
        )
        self.fake(horizon_api.glance, image_list_detailed=(self.images.list(), False, False))
        self.fake(horizon_api.cinder, volume_list=[])
        self.fake(horizon_api.network, servers_update_addresses=None)
        url = reverse("horizon:admin:instances:index")
        return getattr(self.client, method)(url, data, **headers)


class Columns:
    """Stands for `columns_report` and remembers who was asked for."""

    def __init__(self, make: Callable[[tuple[Server, ...]], ColumnsReport]) -> None:
        self.make = make
        self.asked: list[tuple[Server, ...]] = []

    def __call__(self, request: HttpRequest, servers: Iterable[Server]) -> ColumnsReport:
        self.asked.append(tuple(servers))
        return self.make(self.asked[-1])
