"""DRS of a cluster in a browser; what came of it is read back from vCenter by its administrator."""

from collections.abc import Iterator
from typing import Any

import pytest
from pyVmomi import vim
from selenium.webdriver.support.select import Select

from lab.vcenter import nova_vms, read, wait
from tests.browser import Browser
from tests.lab_run import RunningLab
from tests.selenium.vmotion import SLOW_MOVE_MS, as_it_was
from tests.selenium.waiting import PATIENCE_S, eventually, holds

pytestmark = [pytest.mark.lab, pytest.mark.selenium, pytest.mark.timeout(600)]

TAB = "#cluster__"


class Drs:
    """The first cluster, by a session of vCenter's administrator."""

    def __init__(self, lab: RunningLab, service: vim.ServiceInstance) -> None:
        self.lab = lab
        self.service = service
        clusters = read(service, vim.ClusterComputeResource, "name")
        self.cluster: Any = next(c for c, row in clusters.items() if row["name"] == "DC0_C0")
        self.url = f"/admin/vmware_clusters/lab/{self.cluster._moId}/"

    def tab(self, name: str, query: str = "") -> str:
        return f"{self.url}?tab=cluster__{name}{query}"

    @property
    def level(self) -> str:
        return str(self.cluster.configurationEx.drsConfig.defaultVmBehavior)

    def configure(self, **spec: Any) -> None:
        wait(
            [self.cluster.ReconfigureComputeResource_Task(vim.cluster.ConfigSpecEx(**spec), True)]
        )

    def set_level(self, level: str) -> None:
        self.configure(drsConfig=vim.cluster.DrsConfigInfo(defaultVmBehavior=level))

    def instances(self) -> list[Any]:
        """Nova's running VMs in the cluster, with the names of their instances."""
        return [
            found
            for found in nova_vms(self.service)
            if found.host.parent == self.cluster and found.vm.runtime.powerState == "poweredOn"
        ]

    def crowd(self) -> Any:
        """All of them on one host, which DRS in manual mode then finds too full."""
        self.set_level("manual")
        full = self.cluster.host[0]
        running = [vm for host in self.cluster.host for vm in host.vm]
        wait(
            [
                vm.MigrateVM_Task(host=full, priority="defaultPriority")
                for vm in running
                if vm.runtime.powerState == "poweredOn" and vm.runtime.host != full
            ]
        )
        return full

    def by_key(self) -> dict[str, Any]:
        return {r.key: r.action[0].drsMigration for r in self.cluster.recommendation}


@pytest.fixture
def drs(lab: RunningLab) -> Iterator[Drs]:
    """Fully automated again after the test, with no rule left, nothing to recommend, and no VM on
    its way.
    """
    with lab.login.connected() as service:
        drs = Drs(lab, service)
        yield drs
        as_it_was(lab)
        config = drs.cluster.configurationEx
        drs.configure(
            drsConfig=vim.cluster.DrsConfigInfo(defaultVmBehavior="fullyAutomated"),
            rulesSpec=[
                vim.cluster.RuleSpec(operation="remove", removeKey=rule.key)
                for rule in config.rule
            ],
            drsVmConfigSpec=[
                vim.cluster.DrsVmConfigSpec(operation="remove", removeKey=own.key)
                for own in config.drsVmConfig
            ],
        )
        drs.cluster.RefreshRecommendation()


def test_recommendations_are_made_shown_and_one_is_applied_and_followed_to_its_end(
    admin: Browser, lab: RunningLab, drs: Drs
):
    full = drs.crowd()
    admin.open(drs.tab("recommendations"))
    assert "recommends nothing" in admin.text(f"{TAB}recommendations")

    admin.press(".vmware-drs-refresh")
    admin.wait_for_text("body", "has made the DRS recommendations of DC0_C0 anew")
    rows = admin.all(".vmware-recommendations tbody tr")
    told = drs.by_key()
    assert {row.get_attribute("data-vmware-recommendation") for row in rows} == set(told)
    key = rows[0].get_attribute("data-vmware-recommendation") or ""
    move = told[key]
    text = rows[0].text
    assert "Balance average memory loads" in text
    assert full.name in text and move.destination.name in text
    instance = next(found for found in drs.instances() if found.vm == move.vm)
    assert instance.instance in text, "the instance is not called as Nova calls it"

    admin.press(f"tr[data-vmware-recommendation='{key}'] .vmware-drs-apply")
    plan = admin.wait_for_text(".vmware-planned-moves", move.vm.name)
    assert full.name in plan and move.destination.name in plan
    assert move.vm.runtime.host == full, "a look at the plan moved it"

    lab.control.vmotion_takes(SLOW_MOVE_MS)
    admin.press(".vmware-make")
    admin.wait_for_text("body", "was asked to apply the recommendations of DC0_C0")
    line = f"Move by DRS, {move.vm.name}: "
    admin.wait_for_text(".vmware-follow", line)
    assert move.vm.runtime.host == full, "it is followed only when it is over"
    admin.wait_for_text(".vmware-follow", f"{line}done", seconds=PATIENCE_S)
    assert move.vm.runtime.host == move.destination
    assert key not in drs.by_key()


def test_all_of_them_are_applied_at_once(admin: Browser, drs: Drs):
    drs.crowd()
    drs.cluster.RefreshRecommendation()
    told = drs.by_key()
    assert len(told) > 1
    admin.open(drs.tab("recommendations"))

    admin.press(".vmware-drs-apply-all")
    plan = admin.text(".vmware-plan")
    assert all(move.vm.name in plan for move in told.values())
    admin.press(".vmware-make")

    admin.wait_for_text("body", "was asked to apply the recommendations of DC0_C0")
    for move in told.values():
        eventually(
            lambda move=move: move.vm.runtime.host == move.destination,
            f"{move.vm.name} did not get to {move.destination.name}",
        )


def test_one_that_is_stale_by_then_is_refused_and_nothing_moves(admin: Browser, drs: Drs):
    full = drs.crowd()
    drs.cluster.RefreshRecommendation()
    key, move = next(iter(drs.by_key().items()))
    admin.open(f"{drs.url}recommendations/{key}/apply")
    admin.one(".vmware-make")
    drs.cluster.RefreshRecommendation()

    admin.press(".vmware-make")

    admin.wait_for_text(".vmware-plan", "does not make the recommendation")
    assert not admin.all(".vmware-make")
    assert move.vm.runtime.host == full


def test_the_level_is_changed_with_what_that_means_shown_before(admin: Browser, drs: Drs):
    own = drs.instances()[0]
    info = vim.cluster.DrsVmConfigInfo(key=own.vm, enabled=True, behavior="manual")
    drs.configure(drsVmConfigSpec=[vim.cluster.DrsVmConfigSpec(operation="add", info=info)])
    drs.set_level("fullyAutomated")
    admin.open(drs.tab("recommendations"))
    admin.press(".vmware-drs-level")

    Select(admin.one("#id_level")).select_by_value("partiallyAutomated")
    admin.press(".vmware-choices button")
    admin.wait_for_text(".vmware-figures", "partially automated")
    plan = admin.text(".vmware-plan")
    assert "waits until its VMs are moved by hand" in plan
    assert own.vm.name in admin.text("ul.vmware-overrides")
    assert drs.level == "fullyAutomated", "a look at the plan changed it"

    admin.press(".vmware-make")
    admin.wait_for_text("body", "was asked to change the DRS automation level of DC0_C0")
    eventually(lambda: drs.level == "partiallyAutomated", "the level is not changed")


def test_rules_are_held_against_where_the_instances_are(admin: Browser, drs: Drs):
    drs.crowd()
    one, two, *_ = drs.instances()
    rule = vim.cluster.AntiAffinityRuleSpec(
        name="apart <b>always</b> {{ 7 * 7 }}", enabled=True, vm=[one.vm, two.vm]
    )
    info = vim.cluster.DrsVmConfigInfo(key=one.vm, enabled=False)
    drs.configure(
        rulesSpec=[vim.cluster.RuleSpec(operation="add", info=rule)],
        drsVmConfigSpec=[vim.cluster.DrsVmConfigSpec(operation="add", info=info)],
    )

    def shown() -> str | None:
        """The collector's book of where the VMs are follows within seconds."""
        admin.open(drs.tab("rules"))
        text = admin.text(".vmware-rules tbody tr")
        return text if text.count("broken") == 2 else None

    text = eventually(shown, "both books do not say that the rule is broken")
    assert "apart <b>always</b> {{ 7 * 7 }}" in text, "a name is shown otherwise than it is"
    assert one.instance in text and two.instance in text
    assert "DRS leaves it alone" in admin.text(".vmware-overrides")


def test_the_history_tells_moves_by_drs_and_by_hand_and_is_narrowed(admin: Browser, drs: Drs):
    drs.crowd()
    drs.cluster.RefreshRecommendation()
    key, move = next(iter(drs.by_key().items()))
    drs.cluster.ApplyRecommendation(key)
    eventually(lambda: move.vm.runtime.host == move.destination, "DRS did not move it")
    instance = next(found for found in drs.instances() if found.vm == move.vm).instance

    def told() -> None:
        """The newest first; vCenter may tell of a move a moment after it."""
        admin.open(drs.tab("history", f"&by=drs&days=2&vm={move.vm.name.split(' ')[0]}"))
        row = admin.text(".vmware-moves tbody tr")
        assert instance in row and "by DRS" in row
        assert move.source.name in row and move.destination.name in row

    holds(told)
    bars = admin.all(".vmware-moves-chart rect.vmware-moves-drs")
    days = admin.all(".vmware-days tbody tr")
    assert len(bars) == len(days) == 3
    drawn = [bar for bar in bars if float(bar.get_attribute("height") or 0) > 0]
    assert drawn, "the move is not in the picture"

    admin.open(drs.tab("history", "&by=user"))
    assert "by DRS" not in admin.text(".vmware-moves tbody")

    admin.open(drs.tab("history", "&days=900&by=gremlins"))
    assert "days: a whole number from 1 to 30" in admin.text(f"{TAB}history")
    assert "by: only drs, user are known" in admin.text(f"{TAB}history")


def test_a_member_reaches_none_of_it_and_changes_nothing(member: Browser, drs: Drs):
    before = drs.level
    for path in (
        "recommendations/refresh",
        "recommendations/all/apply",
        "drs_level?level=manual",
        "?tab=cluster__recommendations",
        "?tab=cluster__rules",
        "?tab=cluster__history",
    ):
        assert member.status_of(f"{drs.url}{path}") == 403, path
    assert drs.level == before
