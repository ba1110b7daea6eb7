"""Horizon's navigation stands on every page: what a panel asks before it is shown holds them all."""

from typing import Any
from unittest import mock

import horizon
import requests
from django.test import override_settings
from django.urls import reverse
from openstack_dashboard.dashboards.project.vg_snapshots.panel import GroupSnapshots
from openstack_dashboard.dashboards.project.volume_groups.panel import VolumeGroups
from openstack_dashboard.test import helpers
from requests.adapters import HTTPAdapter

from tests.unit.panels.test_clusters_page import SETTINGS

# Horizon's own tests replace these two; here is meant what they do on a cloud.
HORIZONS = {VolumeGroups: VolumeGroups.allowed, GroupSnapshots: GroupSnapshots.allowed}


@override_settings(VMWARE_PANEL=SETTINGS)
class TestTheNavigation(helpers.BaseAdminViewTests):
    def setUp(self) -> None:
        super().setUp()
        self.timeouts: list[Any] = []
        sending = mock.patch.object(HTTPAdapter, "send", self.send)
        sending.start()
        self.addCleanup(sending.stop)
        url = reverse("horizon:admin:vmware_clusters:index")  # has Horizon register its panels
        self.context = {"request": self.factory.get(url)}

    def send(self, request: requests.PreparedRequest, **kwargs: Any) -> requests.Response:
        self.timeouts.append(kwargs["timeout"])
        raise requests.exceptions.ConnectionError(request.url)

    def test_none_of_our_panels_asks_anybody_whether_it_is_shown(self) -> None:
        every = horizon.get_dashboard("admin").get_panels()
        ours = [panel for panel in every if panel.slug.startswith("vmware_")]
        assert len(ours) >= 9
        for panel in ours:
            assert panel.can_access(self.context), panel.slug
        assert self.timeouts == []

    def test_horizons_panels_of_volume_groups_wait_for_cinder_without_an_end(self) -> None:
        """As docs/operator.md says under "Troubles": to be changed there when Horizon does."""
        for panel, allowed in HORIZONS.items():
            assert not allowed(panel(), self.context)
        assert self.timeouts == [None, None]
