"""Every address of every panel asks the policy before it does anything, whoever wrote it."""

from collections.abc import Iterator
from typing import Any
from unittest import mock

from django.core.cache import cache
from django.test import override_settings
from django.urls import URLPattern, URLResolver, get_resolver, reverse
from django.views.decorators.csrf import csrf_exempt
from openstack_dashboard.test import helpers

from tests.unit.panels.test_clusters_page import SETTINGS
from vmware_panel import policy

SAMPLES = {
    "vcenter": "lab",
    "moref": "datastore-1",
    "job_id": "0123456789abcdef",
    "server_id": "00000000-0000-4000-8000-000000000000",
    "instance_id": "00000000-0000-4000-8000-000000000000",
    "volume_id": "00000000-0000-4000-8000-000000000000",
    "host": "compute-1",
    "resource": "VCPU",
    "key": "1",
    "task": "task-1",
}
SOURCES = (
    "vmware_panel.api.inventories.inventory_source",
    "vmware_panel.vsphere.session.Session.read",
    "vmware_panel.vsphere.session.Session.change",
    "vmware_panel.jobs.journals.journal",
)


def addresses() -> dict[str, URLPattern]:
    """With a sample in the place of each parameter."""
    return dict(_below(get_resolver(), ()))


def _below(resolver: URLResolver, spaces: tuple[str, ...]) -> Iterator[tuple[str, URLPattern]]:
    for one in resolver.url_patterns:
        if isinstance(one, URLResolver):
            yield from _below(one, (*spaces, *([one.namespace] if one.namespace else ())))
        elif any(space.startswith("vmware_") for space in spaces):
            names = one.pattern.regex.groupindex
            name = ":".join((*spaces, str(one.name)))
            yield reverse(name, kwargs={name: SAMPLES[name] for name in names}), one


@override_settings(VMWARE_PANEL=SETTINGS)
class TestEveryAddress(helpers.BaseAdminViewTests):
    def setUp(self) -> None:
        super().setUp()
        cache.clear()

    def test_there_are_all_panels(self) -> None:
        panels = {path.split("/")[2] for path in addresses()}
        for (
            name
        ) in "clusters instances hosts capacity datastores image_cache volumes jobs".split():
            assert f"vmware_{name}" in panels

    def test_who_may_nothing_gets_nothing_and_nobody_is_asked(self) -> None:
        found = addresses()
        assert len(found) > 60
        with mock.patch.object(policy, "allowed", return_value=False):
            asked = [mock.patch(source, side_effect=AssertionError(source)) for source in SOURCES]
            for one in asked:
                one.start()
                self.addCleanup(one.stop)
            for path in found:
                for send in (self.client.get, self.client.post):
                    answer: Any = send(path)
                    assert answer.status_code == 403, (path, send.__name__, answer.status_code)

    def test_no_view_goes_without_csrf(self) -> None:
        """`csrf_exempt` leaves its mark on what it was given."""
        assert csrf_exempt(lambda request: None).csrf_exempt
        for path, pattern in addresses().items():
            assert not getattr(pattern.callback, "csrf_exempt", False), path
