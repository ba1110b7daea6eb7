"""Every drift of the lab shows, in the tab, in the panel and in Horizon's own list."""

from uuid import uuid4

import pytest

from lab import drift
from lab.drift import DRIFTS
from tests.browser import Browser
from tests.lab_run import RunningLab
from tests.selenium.pages import PANEL, horizons_row, open_tab, panel_row
from tests.selenium.waiting import PATIENCE_S, eventually
from vmware_panel.domain.remarks import RemarkKind

pytestmark = [pytest.mark.lab, pytest.mark.selenium, pytest.mark.timeout(600)]

VM = "kafka-1"

HEADINGS = {
    "other-cluster": RemarkKind.OTHER_CLUSTER,
    "child-pool": RemarkKind.CHILD_POOL,
    "power-off": RemarkKind.POWER_STATE,
    "clone-ids": RemarkKind.DUPLICATE_ID,
    "rename": RemarkKind.RENAMED,
    "move-disk": RemarkKind.DISK_APART,
    "host-maintenance": RemarkKind.HOST_MAINTENANCE,
    "host-disconnect": RemarkKind.HOST_NOT_CONNECTED,
    "fill-datastore": RemarkKind.DATASTORE_NEARLY_FULL,
}


OF_VOLUMES = {"volume-moved", "volume-ghost"}
"""Looked for in `test_volumes.py`: no page of instances tells of them."""


def heading(kind: RemarkKind) -> str:
    from vmware_panel.wording import remark_heading

    return str(remark_heading(kind))


def test_every_drift_is_looked_for():
    assert set(HEADINGS) | {"delete"} | OF_VOLUMES == set(DRIFTS)


@pytest.mark.parametrize("name", HEADINGS)
def test_a_drift_shows_in_the_tab_and_in_the_panel(admin: Browser, lab: RunningLab, name: str):
    wanted = heading(HEADINGS[name])
    server_name, options = _target(lab, name)
    server_id = lab.server_id(server_name)
    assert wanted not in open_tab(admin, server_id), f"{name} shows before it happened"
    with lab.drifted(name, **options):
        assert wanted in open_tab(admin, server_id), f"the tab is silent about {name}"
        panel_row(admin, server_name, f"&disagreement={HEADINGS[name].value}")
        if name != "rename":  # which Horizon's own list has no mark for
            eventually(
                lambda: (
                    horizons_row(admin, server_id).find_elements("css selector", ".vmware-mark")
                    or None
                ),
                f"a mark in Horizon's own list for {name}",
            )
    assert wanted not in open_tab(admin, server_id), f"{name} shows after it was taken back"


def _target(lab: RunningLab, name: str) -> tuple[str, dict[str, str]]:
    """An instance that the drift concerns, and the drift's options."""
    kind = DRIFTS[name].kind
    server_id = lab.server_id(VM)
    if kind == "vm":
        return VM, {"vm": server_id}
    with lab.login.connected() as service:
        if name == "host-maintenance":
            # its running VMs move away: what stays, and shows the notice, is one that is stopped
            stopped = lab.vm_of(service, lab.server_id("shop-legacy-iis"))
            return "shop-legacy-iis", {"host": stopped.runtime.host.name}
        vm = lab.vm_of(service, server_id)
        if kind == "host":
            return VM, {"host": vm.runtime.host.name}
        return VM, {"datastore": vm.datastore[0].name}


def test_a_vm_that_was_deleted_behind_novas_back_shows_as_missing(admin, lab: RunningLab):
    """Not undone by vCenter: the instance is an extra one, and Nova deletes it in the end."""
    compute = lab.openstack("olga", "ops").compute
    image = lab.admin.image.find_image("debian-12")
    network = next(iter(lab.admin.network.networks()))
    name = f"doomed-{uuid4().hex[:8]}"
    made = compute.create_server(
        name=name,
        flavor_id="web.small",
        image_id=image.id,
        networks=[{"uuid": network.id}],
    )
    try:
        compute.wait_for_server(made, interval=1, wait=PATIENCE_S)
        with lab.login.connected() as service:
            drift.apply(drift.VCenter(service, lab.control), "delete", drift.Options(vm=made.id))
        assert heading(RemarkKind.NO_VM) in open_tab(admin, made.id)
        panel_row(admin, name, f"&disagreement={RemarkKind.NO_VM.value}")
    finally:
        lab.admin.compute.delete_server(made.id)
        lab.admin.compute.wait_for_delete(made, interval=1, wait=PATIENCE_S)


def test_the_overview_counts_and_links_what_disagrees(admin: Browser, lab: RunningLab):
    with lab.drifted("child-pool", vm=lab.server_id(VM)):

        def look():
            admin.open(PANEL)
            links = [a for a in admin.all(".vmware-overview a") if "disagree" in a.text]
            return next((a for a in links if a.text.startswith("1 ")), None)

        admin.leave(eventually(look, "one instance that disagrees"))
        admin.wait().until(lambda driver: "disagreement=" in driver.current_url)
        admin.wait_for_text(".vmware-panel tbody", VM)
        assert len(admin.all(".vmware-panel tbody tr")) == 1
