"""Who gets to the panel, and that nobody is asked anything for those who do not."""

import tempfile
from types import SimpleNamespace
from typing import Any
from unittest import mock

from django.contrib.auth.models import AnonymousUser
from django.test import override_settings
from openstack_auth import utils
from openstack_dashboard.test import helpers

from tests.unit.panels import clouds
from vmware_panel import policy
from vmware_panel.panels.instances.panel import Instances

URL = "/admin/vmware_instances/"
PATHS = (URL, f"{URL}export/csv", f"{URL}export/json", f"{URL}?host=x&q=", f"{URL}export/csv?x=1")
REPORT = "vmware_panel.api.placement.instances_report"


def forget_policy() -> None:
    policy._enforcer = None


class TestAMember(helpers.TestCase):
    def test_gets_none_of_it_and_nobody_is_asked(self) -> None:
        for path in PATHS:
            with mock.patch(REPORT) as report:
                response = self.client.get(path)
            assert response.status_code == 403, path
            report.assert_not_called()
            assert b"esx-1" not in response.content

    def test_does_not_see_the_panel(self) -> None:
        assert not Instances().can_access({"request": self.factory.get(URL)})


class TestTheAnonymous(helpers.TestCase):
    def test_are_led_to_the_login(self) -> None:
        utils.get_user = lambda request: AnonymousUser()
        for path in PATHS:
            with mock.patch(REPORT) as report:
                response = self.client.get(path)
            assert response.status_code == 302, path
            assert response["Location"].startswith("http://testserver/auth/login/?next=")
            report.assert_not_called()


class TestAnAdmin(helpers.BaseAdminViewTests):
    def setUp(self) -> None:
        super().setUp()
        self.addCleanup(forget_policy)

    def refused(self) -> None:
        for path in PATHS:
            with mock.patch(REPORT) as report:
                assert self.client.get(path).status_code == 403, path
            report.assert_not_called()
        assert not Instances().can_access({"request": self.factory.get(URL)})

    def test_sees_the_panel(self) -> None:
        assert Instances().can_access({"request": self.factory.get(URL)})
        with mock.patch(REPORT, return_value=clouds.sound()):
            assert self.client.get(URL).status_code == 200

    def test_is_refused_where_the_rule_is_not_registered(self) -> None:
        with mock.patch.object(policy, "DEFAULTS", ()):
            forget_policy()
            self.refused()

    def test_is_refused_where_the_policy_cannot_be_read(self) -> None:
        with tempfile.NamedTemporaryFile("w", suffix=".yaml") as broken:
            broken.write("'vmware:instances:list': [")
            broken.flush()
            with override_settings(POLICY_FILES={"vmware": broken.name}):
                self.refused()

    def test_is_refused_by_the_view_itself_where_the_panel_lets_pass(self) -> None:
        with (
            mock.patch.object(Instances, "allowed", return_value=True),
            mock.patch.object(policy, "allowed", return_value=False),
        ):
            for path in PATHS:
                with mock.patch(REPORT) as report:
                    assert self.client.get(path).status_code == 403, path
                report.assert_not_called()

    @override_settings(SYSTEM_SCOPE_SERVICES=["compute"])
    def test_needs_a_system_scope_where_nova_does(self) -> None:
        assert not Instances().can_access({"request": self.factory.get(URL)})
        user: Any = SimpleNamespace(system_scoped=True, is_authenticated=False)
        assert not Instances().can_access({"request": SimpleNamespace(user=user)})

    def test_can_only_read(self) -> None:
        for method in ("post", "put", "delete", "patch"):
            for path in PATHS[:3]:
                with mock.patch(REPORT) as report:
                    assert getattr(self.client, method)(path).status_code == 405
                report.assert_not_called()

    def test_asks_once_a_page(self) -> None:
        for path in PATHS[:3]:
            with mock.patch(REPORT, return_value=clouds.sound()) as report:
                self.client.get(path)
            report.assert_called_once()
