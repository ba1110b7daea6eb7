"""The page that puts an image into the cache: its choices, its plan, and the job that it leads to."""

import re
from dataclasses import replace
from typing import Any
from unittest import mock

from django.core.cache import cache
from django.middleware.csrf import CsrfViewMiddleware
from django.test import RequestFactory
from django.urls import resolve
from openstack_dashboard.test import helpers

from tests.unit.domain import builders
from tests.unit.domain.test_driver_image import image, taken
from tests.unit.domain.test_seeding import GIB, folder, made, target
from vmware_panel.api.capacity import ClusterFits
from vmware_panel.api.changing import Made
from vmware_panel.api.seeding import SeedChoices
from vmware_panel.config import ConfigError
from vmware_panel.domain.cloud import Flavor, Hypervisor
from vmware_panel.domain.clusters import ClusterBooks, Driven
from vmware_panel.domain.driver_sums import DriverSettings, report_of
from vmware_panel.domain.fits import room_of
from vmware_panel.domain.inventory import Datastore, MoRef
from vmware_panel.domain.outcome import Trouble, TroubleKind
from vmware_panel.domain.plans import ChangeKind, Refusal, RefusalKind
from vmware_panel.domain.seeding import SeedPlan, plan_seeding

URL = "/admin/vmware_image_cache/seed/"
WHERE = "vmware_panel.panels.image_cache.seed_views"
HOSTILE = "</script><b>{{ 7 * 7 }}"


def cluster(moref: str, vcenter: str = "west") -> ClusterFits:
    disk = Datastore(
        MoRef("datastore-9"),
        "fast",
        "VMFS",
        capacity_bytes=9 * GIB,
        free_bytes=GIB,
        accessible=True,
    )
    hosts = tuple(builders.esx_host(n, datastores=(disk.moref,)) for n in (1, 2))
    inventory = builders.inventory(
        vcenter=builders.vcenter(vcenter), datastores=(disk,), hosts=hosts
    )
    its = inventory.cluster_by_ref[MoRef(moref)]
    report = report_of(its, inventory, DriverSettings(re.compile("")))
    books = ClusterBooks(
        vcenter=vcenter,
        moref=its.moref,
        driven=Driven.DRIVEN,
        inventory=inventory,
        cluster=its,
        hypervisor=Hypervisor("1", builders.node_name(moref), service_host=f"compute-{moref}"),
    )
    return ClusterFits(books, room=room_of(its, report, None, None), report=report)


def choices(**changes: Any) -> SeedChoices:
    told = SeedChoices(
        images=(image(), image(id="i-2", name=HOSTILE), image(id="i-3", disk_format="qcow2")),
        flavors=(Flavor("f1", "m1.small", 1, 512, 20), Flavor("f2", "m1.tiny", 1, 512, 0)),
        clusters=(cluster("domain-c1"), cluster("domain-c2"), cluster("domain-c1", "east")),
    )
    return replace(told, **changes)


class SampleSeed:
    kind = ChangeKind.CACHE_SEED
    vcenter, subject = "west", "i-1"

    def __init__(self, plan: SeedPlan) -> None:
        self.its, self.sent = plan, 0

    def plan(self) -> SeedPlan:
        return self.its

    def make(self, plan: Any) -> Made:
        self.sent += 1
        return Made(job="ab12cd34ef56ab12")

    def follow(self, plan: Any) -> tuple[MoRef, ...]:
        return ()


ASKED = {"image": "i-1", "clusters": ["west/domain-c1"], "source": "auto", "flavor": "20"}


class TestTheSeedPage(helpers.BaseAdminViewTests):
    def setUp(self) -> None:
        super().setUp()
        cache.clear()
        left = made(None, to=target("full", free=0), there=folder("full", size=None))
        plan = plan_seeding(image(name=HOSTILE), [made(None, folder()), left], vcenter="west")
        self.change = SampleSeed(plan)
        self.seed = self.patched(f"{WHERE}.SeedImage", return_value=self.change)
        self.patched(f"{WHERE}.vcenter_named", return_value=mock.Mock())
        self.offered = self.patched(f"{WHERE}.seed_choices", return_value=choices())

    def patched(self, name: str, **how: Any) -> Any:
        patch = mock.patch(name, **how)
        self.addCleanup(patch.stop)
        return patch.start()

    def page(self, **asked: Any) -> str:
        answer = self.client.get(URL, asked)
        assert answer.status_code == 200
        return str(answer.content.decode())

    def confirm(self, page: str) -> Any:
        fields = re.findall(r'<input type="hidden" name="(\w+)" value="([^"]*)"', page)
        sent: dict[str, list[str]] = {}
        for name, value in fields:
            sent.setdefault(name, []).append(value)
        return self.client.post(URL, sent)

    def test_without_a_choice_nothing_is_planned(self) -> None:
        page = self.page()
        self.seed.assert_not_called()
        assert "compute-domain-c1" in page and "m1.small" in page
        assert 'value="i-3"' not in page, "an image that the driver never takes"
        assert "m1.tiny" not in page, "a flavor without a root disk"

    def test_what_is_asked_for_is_planned_and_a_place_left_out_is_told_why(self) -> None:
        page = self.page(**ASKED)
        (call,) = self.seed.call_args_list
        assert call.args[2:] == ("i-1", (MoRef("domain-c1"),))
        assert call.kwargs == {"datastores": (), "root_gb": 20, "from_glance": False}
        assert "[ds-2] c0_base/i-1/i-1.vmdk, copied by vCenter" in page
        assert "left out" in page and "too little free space" in page
        assert "deletes it" in page and "24 h" in page
        assert self.change.sent == 0

    def test_several_clusters_and_datastores_and_glance(self) -> None:
        self.page(
            image="i-1",
            clusters=["west/domain-c1", "west/domain-c2"],
            datastores=["west/datastore-9"],
            source="glance",
        )
        (call,) = self.seed.call_args_list
        assert call.args[3] == (MoRef("domain-c1"), MoRef("domain-c2"))
        assert call.kwargs["datastores"] == (MoRef("datastore-9"),)
        assert call.kwargs["from_glance"] is True

    def test_two_vcenters_are_two_changes(self) -> None:
        page = self.page(image="i-1", clusters=["west/domain-c1", "east/domain-c1"])
        assert "of one vCenter" in page
        self.seed.assert_not_called()

    def test_confirming_leads_to_the_job(self) -> None:
        answer = self.confirm(self.page(**ASKED))
        assert answer.status_code == 302
        assert answer["Location"] == "/admin/vmware_jobs/ab12cd34ef56ab12/"
        assert self.change.sent == 1

    def test_names_from_outside_are_text(self) -> None:
        for page in (self.page(), self.page(**ASKED)):
            assert HOSTILE not in page
            assert "&lt;/script&gt;&lt;b&gt;{{ 7 * 7 }}" in page
            inside = page.index("ng-non-bindable")
            assert page.index("{{ 7 * 7 }}", inside) > inside

    def test_an_image_that_is_unfit_has_no_button(self) -> None:
        refused = (Refusal(RefusalKind.IMAGE_UNFIT, "debian", "disk_format is qcow2"),)
        self.change.its = plan_seeding(image(), (), vcenter="west", refusals=refused)
        page = self.page(**ASKED)
        assert "disk_format is qcow2" in page
        assert "vmware-make" not in page

    def test_without_glance_the_page_says_so(self) -> None:
        trouble = Trouble("glance", TroubleKind.UNREACHABLE)
        self.offered.return_value = choices(images=None, troubles=(trouble,))
        assert "Glance" in self.page()

    def test_settings_that_cannot_be_read_are_said(self) -> None:
        self.offered.side_effect = ConfigError(())
        assert "alert-danger" in self.page()

    def test_a_sized_copy_alone_is_told_as_such(self) -> None:
        item = made(taken(), there=folder("ds-1"), root_gb=20)
        self.change.its = plan_seeding(image(), [item], vcenter="west", root_gb=20)
        assert "its sized copy is made of it" in self.page(**ASKED)

    def test_an_import_is_told_as_such_with_the_vm_that_is_there_meanwhile(self) -> None:
        properties = {"vmware_disktype": "streamOptimized"}
        item = made(taken(properties=properties))
        self.change.its = plan_seeding(image(properties=properties), [item], vcenter="west")
        page = self.page(**ASKED)
        assert "imported as a VM" in page
        assert "OSTACK_IMG_SEED_" in page


class TestAMember(helpers.TestCase):
    def test_nothing_is_asked_for_one_who_may_not(self) -> None:
        with (
            mock.patch(f"{WHERE}.seed_choices") as asked,
            mock.patch(f"{WHERE}.SeedImage") as seed,
        ):
            assert self.client.get(URL, ASKED).status_code == 403
            assert self.client.post(URL, ASKED).status_code == 403
        asked.assert_not_called()
        seed.assert_not_called()


def test_a_post_without_the_token_is_refused() -> None:
    found, request = resolve(URL), RequestFactory().post(URL)
    answer = CsrfViewMiddleware(lambda _request: None).process_view(
        request, found.func, found.args, found.kwargs
    )
    assert answer is not None and answer.status_code == 403
