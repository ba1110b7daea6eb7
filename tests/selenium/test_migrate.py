"""vMotion of one instance, driven in a browser; the effect is read back from vCenter and Nova."""

from collections.abc import Iterator

import pytest

from lab.vcenter import wait
from tests.browser import Browser
from tests.lab_run import RunningLab
from tests.selenium.pages import open_tab
from tests.selenium.vmotion import SLOW_MOVE_MS, as_it_was, host_of
from tests.selenium.waiting import eventually

pytestmark = [pytest.mark.lab, pytest.mark.selenium, pytest.mark.timeout(600)]

INSTANCE = "shop-frontend-1"


@pytest.fixture(autouse=True)
def tidy(lab: RunningLab) -> Iterator[None]:
    yield
    as_it_was(lab)


def migrate_url(lab: RunningLab) -> str:
    return f"/admin/vmware_instances/{lab.server_id(INSTANCE)}/migrate"


def candidates(browser: Browser) -> dict[str, str]:
    """By the host's name, what vCenter's check says."""
    found = {}
    for row in browser.all(".vmware-candidates tbody tr"):
        name = row.find_element("css selector", "th").text
        found[name] = row.find_element("css selector", "td").text
    return found


def test_from_the_tab_to_another_host_with_progress(admin: Browser, lab: RunningLab):
    server = lab.admin.compute.get_server(lab.server_id(INSTANCE))
    with host_of(lab, INSTANCE) as (vm, here):
        open_tab(admin, server.id)
        admin.press(".vmware-migrate")
        admin.one(".vmware-candidates")
        hosts = {host.name: host for host in here.parent.host if host != here}
        assert candidates(admin) == dict.fromkeys(hosts, "can take it")
        assert not admin.all(".vmware-make"), "there is a button before a host was chosen"
        admin.press(".vmware-candidates a")
        wanted = admin.one(".vmware-plan dl").text.split("\n")[-1]
        there = hosts[wanted]
        assert vm.runtime.host == here, "a look at the plan moved it"

        lab.control.vmotion_takes(SLOW_MOVE_MS)
        admin.press(".vmware-make")
        admin.one(".vmware-follow progress[value]")
        assert vm.runtime.host == here
        eventually(lambda: vm.runtime.host == there, f"it is on {wanted}")
        eventually(
            lambda: not admin.all(".vmware-cancel") or "%" not in admin.text(".vmware-follow"),
            "the page shows the end without a reload",
        )
        after = lab.admin.compute.get_server(server.id)
        assert after.hypervisor_hostname == server.hypervisor_hostname
        assert after.compute_host == server.compute_host
        assert vm.resourcePool.owner == there.parent
        lab.control.vmotion_takes(0)
        wait([vm.MigrateVM_Task(host=here, priority="defaultPriority")])


def test_a_host_that_takes_no_vm_is_shown_and_not_offered(admin: Browser, lab: RunningLab):
    with host_of(lab, INSTANCE) as (_, here):
        out, *_ = (host for host in here.parent.host if host != here)
        wait([out.EnterMaintenanceMode_Task(timeout=0)])
        admin.open(migrate_url(lab))
        assert "takes no VM now" in candidates(admin)[out.name]
        links = [link.get_attribute("href") for link in admin.all(".vmware-candidates a")]
        assert not any(link.endswith(out._moId) for link in links)
        admin.open(f"{migrate_url(lab)}?host={out._moId}")
        assert f"{out.name} takes no VM now" in admin.text(".alert-danger")
        assert not admin.all(".vmware-make")


def test_another_cluster_and_a_made_up_host_are_refused(admin: Browser, lab: RunningLab):
    with host_of(lab, INSTANCE) as (vm, here):
        clusters = here.parent.parent.childEntity
        other = next(cluster for cluster in clusters if cluster != here.parent)
        for host in (other.host[0]._moId, "host-99999"):
            admin.open(f"{migrate_url(lab)}?host={host}")
            assert "is in another cluster" in admin.text(".alert-danger")
            assert not admin.all(".vmware-make")
        assert vm.runtime.host == here


@pytest.mark.parametrize("right", ["Resource.QueryVMotion", "Resource.HotMigrate"])
def test_a_missing_right_is_named(admin: Browser, lab: RunningLab, right: str):
    lab.control.deny(lab.settings.horizon_vcenter_user, right)
    admin.open(migrate_url(lab))
    assert right in admin.text(".alert-danger")
    assert not admin.all(".vmware-candidates a")


def test_the_same_form_twice_moves_it_once(admin: Browser, lab: RunningLab):
    with host_of(lab, INSTANCE) as (vm, here):
        admin.open(migrate_url(lab))
        admin.press(".vmware-candidates a")
        fields = {
            name: admin.one(f"input[name={name}]").get_attribute("value")
            for name in ("csrfmiddlewaretoken", "fingerprint", "nonce", "host")
        }
        lab.control.vmotion_takes(2000)
        lab.control.reset_calls()
        admin.driver.execute_async_script(
            "const done = arguments[2];"
            "const send = () => fetch(arguments[0], {method: 'POST', credentials: 'same-origin',"
            " redirect: 'manual', body: new URLSearchParams(arguments[1])});"
            "Promise.all([send(), send()]).then(() => done(1));",
            admin.base_url + migrate_url(lab),
            fields,
        )
        assert lab.horizon_calls()["MigrateVM_Task"] == 1
        eventually(lambda: vm.runtime.host != here, "it moved")
        lab.control.vmotion_takes(0)
        wait([vm.MigrateVM_Task(host=here, priority="defaultPriority")])


def test_a_member_reaches_neither_the_link_nor_the_page(member: Browser, lab: RunningLab):
    member.open("/project/")
    lab.control.reset_calls()
    assert member.status_of(migrate_url(lab)) in {302, 401, 403, 404}
    assert not lab.page_calls()
