"""Clusters and ESX hosts in a browser, against what the simulator, Nova and Placement say."""

import csv
import io

import pytest
import requests
from pyVmomi import vim
from selenium.webdriver.common.by import By
from selenium.webdriver.common.keys import Keys

from tests.browser import Browser
from tests.lab_run import RunningLab
from tests.selenium.pages import CLUSTERS, HOSTS
from tests.selenium.waiting import eventually, holds

pytestmark = [pytest.mark.lab, pytest.mark.selenium, pytest.mark.timeout(600)]

MIB = 1024**2


def exported(browser: Browser, address: str) -> list[dict[str, str]]:
    cookies = {cookie["name"]: cookie["value"] for cookie in browser.driver.get_cookies()}
    answer = requests.get(f"{browser.base_url}{address}export/csv", cookies=cookies, timeout=120)
    answer.raise_for_status()
    return list(csv.DictReader(io.StringIO(answer.content.decode())))


def clusters_of(service) -> list[vim.ClusterComputeResource]:
    content = service.content
    kinds = [vim.ClusterComputeResource]
    view = content.viewManager.CreateContainerView(content.rootFolder, kinds, True)
    return list(view.view)


def first_cluster(lab: RunningLab) -> tuple[str, str]:
    with lab.login.connected() as service:
        cluster = clusters_of(service)[0]
        return cluster._moId, cluster.name


def page_of(moref: str, tab: str = "overview", more: str = "") -> str:
    return f"{CLUSTERS}lab/{moref}/?tab=cluster__{tab}{more}"


def test_the_list_says_what_each_book_says(admin, lab: RunningLab):
    admin.open(CLUSTERS)
    admin.one(".vmware-panel table")
    # What the hosts use is sampled every 30 s, and Placement is asked as often.
    holds(lambda: says_what_each_book_says(admin, lab))


def says_what_each_book_says(admin: Browser, lab: RunningLab) -> None:
    rows = {row["moref"]: row for row in exported(admin, CLUSTERS)}
    servers = list(lab.admin.compute.servers(details=True, all_projects=True))
    with lab.login.connected() as service:
        clusters = clusters_of(service)
        assert set(rows) == {cluster._moId for cluster in clusters}
        for cluster in clusters:
            row = rows[cluster._moId]
            hosts = list(cluster.host)
            assert row["name"] == cluster.name
            assert row["hosts_usable"] == str(len(hosts))
            memory = sum(host.summary.hardware.memorySize // MIB for host in hosts)
            assert row["memory_total_mb"] == str(memory)
            used = sum(host.summary.quickStats.overallMemoryUsage for host in hosts)
            assert row["memory_used_mb"] == str(used)
            on_it = [s for s in servers if s.hypervisor_hostname == row["node"]]
            assert row["servers"] == str(len(on_it))
            provider = lab.admin.placement.find_resource_provider(row["node"])
            usages = lab.admin.session.get(
                f"/resource_providers/{provider.id}/usages",
                endpoint_filter={"service_type": "placement"},
            ).json()["usages"]
            assert row["placement_vcpus_used"] == str(usages.get("VCPU", 0))
            assert row["placement_memory_used_mb"] == str(usages.get("MEMORY_MB", 0))


def test_the_hosts_are_those_of_vcenter(admin, lab: RunningLab):
    admin.open(HOSTS)
    admin.one(".vmware-panel table")
    holds(lambda: are_those_of_vcenter(admin, lab))


def are_those_of_vcenter(admin: Browser, lab: RunningLab) -> None:
    rows = {row["moref"]: row for row in exported(admin, HOSTS)}
    with lab.login.connected() as service:
        hosts = {host._moId: host for cluster in clusters_of(service) for host in cluster.host}
        assert set(rows) == set(hosts)
        for moref, host in hosts.items():
            cpu = host.hardware.cpuInfo
            row = rows[moref]
            assert row["name"] == host.name and row["cluster"] == host.parent.name
            assert row["sockets"] == str(cpu.numCpuPackages)
            assert row["cpu_threads"] == str(cpu.numCpuThreads)
            assert row["datastores"] == str(len(host.datastore))
            assert row["instances"] == str(
                sum(
                    bool(vm.config.managedBy)
                    and vm.config.managedBy.extensionKey == "org.openstack.compute"
                    for vm in host.vm
                )
            )


def test_a_host_in_maintenance_shows_in_both_lists(admin, lab: RunningLab):
    with lab.login.connected() as service:
        cluster = clusters_of(service)[0]
        moref, host = cluster._moId, cluster.host[0].name
    with lab.drifted("host-maintenance", host=host):
        admin.open(CLUSTERS)

        def in_maintenance() -> str | None:
            (row,) = [r for r in exported(admin, CLUSTERS) if r["moref"] == moref]
            return row["hosts_in_maintenance"] if row["hosts_in_maintenance"] == "1" else None

        eventually(in_maintenance, f"{host} in maintenance")
        admin.open(f"{HOSTS}?state=maintenance")
        cells = [cell.text for cell in admin.all(".vmware-panel tbody th")]
        assert cells == [host]


def test_the_overview_draws_every_host_and_leads_to_it(admin, lab: RunningLab):
    moref, name = first_cluster(lab)
    admin.open(page_of(moref))
    assert name in admin.text(".page-header")
    admin.one(".vmware-heat")
    with lab.login.connected() as service:
        cluster = next(c for c in clusters_of(service) if c._moId == moref)
        hosts = {host._moId: host.name for host in cluster.host}
        vms = sum(not vm.config.template for host in cluster.host for vm in host.vm)
    links = admin.all(".vmware-heat .vmware-cell > a:first-child")
    assert {link.get_dom_attribute("href") for link in links} == {
        f"{HOSTS}lab/{host}/" for host in hosts
    }
    assert len(admin.all(".vmware-heat .vmware-tile")) == vms
    admin.one(".vmware-tab details summary").click()
    table = admin.text(".vmware-tab details table")
    for host in hosts.values():
        assert host in table, f"the table beside the picture lacks {host}"


def test_the_heat_is_followed_by_key_and_by_click(admin, lab: RunningLab):
    moref, _name = first_cluster(lab)
    admin.open(page_of(moref))
    link = admin.one(".vmware-heat .vmware-cell > a:first-child")
    wanted = str(link.get_dom_attribute("href"))
    admin.driver.execute_script("arguments[0].focus()", link)
    focused = admin.driver.switch_to.active_element
    assert focused.get_dom_attribute("href") == wanted
    focused.send_keys(Keys.ENTER)
    admin.wait().until(lambda driver: driver.current_url.endswith(wanted))
    admin.open(page_of(moref))
    admin.press(".vmware-tile-instance")
    admin.one("#instance_details__vmware .vmware-instance")


def test_the_switch_colours_by_cpu_without_a_script(admin, lab: RunningLab):
    moref, _name = first_cluster(lab)
    admin.open(page_of(moref))
    assert "Memory" in admin.one(".vmware-switch .active").text
    admin.press(".vmware-switch a:not(.active)")
    admin.wait().until(lambda driver: "heat=cpu" in driver.current_url)
    assert "CPU" in admin.one(".vmware-switch .active").text
    title = admin.one(".vmware-heat > title").get_attribute("textContent") or ""
    assert title.startswith("CPU")


def test_the_tabs_list_its_hosts_and_instances(admin, lab: RunningLab):
    moref, name = first_cluster(lab)
    with lab.login.connected() as service:
        cluster = next(c for c in clusters_of(service) if c._moId == moref)
        hosts = {host.name for host in cluster.host}
        uuids = {
            vm.config.instanceUuid
            for host in cluster.host
            for vm in host.vm
            if vm.config.managedBy and vm.config.managedBy.extensionKey == "org.openstack.compute"
        }
    names = {s.name for s in lab.admin.compute.servers(all_projects=True) if s.id in uuids}
    admin.open(page_of(moref))
    for tab, wanted in (("hosts", hosts), ("instances", names)):
        admin.one(f"a[data-target='#cluster__{tab}']").click()
        pane = f"#cluster__{tab}"
        admin.one(f"{pane} tbody th")
        eventually(  # Horizon shows the tab a moment after it has it
            lambda pane=pane, wanted=wanted: (
                {cell.text.split("\n")[0] for cell in admin.all(f"{pane} tbody th")} == wanted
            ),
            f"{wanted} in the tab {tab}",
        )
        heads = admin.one(f"{pane} .vmware-tab > p:last-of-type a")
        assert f"cluster={name}" in str(heads.get_dom_attribute("href"))


def test_a_cluster_that_is_not_there_has_no_page(admin):
    admin.open(CLUSTERS)
    assert admin.status_of(f"{CLUSTERS}lab/domain-c99999/") == 404
    assert admin.status_of(f"{CLUSTERS}nowhere/domain-c1/") == 404


def test_a_list_asks_vcenter_nothing(admin, lab: RunningLab):
    admin.open(CLUSTERS)
    lab.control.reset_calls()
    for path in (CLUSTERS, HOSTS, f"{HOSTS}?sort=-memory_used_percent"):
        admin.open(path)
        admin.one(".vmware-panel table")
    assert not lab.page_calls()


def test_no_name_is_a_template_of_horizons_script(admin, lab: RunningLab):
    """A cluster is renamed to what AngularJS would take for an expression."""
    moref, name = first_cluster(lab)
    hostile = "{{ 7*7 }}<b>x</b>"
    with lab.login.connected() as service:
        cluster = next(c for c in clusters_of(service) if c._moId == moref)
        _done(cluster.Rename_Task(hostile))
    try:
        eventually(
            lambda: any(r["name"] == hostile for r in exported(admin, CLUSTERS)),
            "the new name",
        )
        for path in (CLUSTERS, page_of(moref), page_of(moref, "hosts"), HOSTS):
            admin.open(path)
            admin.one(".vmware-panel table, .vmware-heat")
            text = admin.text("body")
            assert hostile in text and "49<b>" not in text, path
            assert not admin.driver.find_elements(By.CSS_SELECTOR, "#content_body b"), path
    finally:
        with lab.login.connected() as service:
            cluster = next(c for c in clusters_of(service) if c._moId == moref)
            _done(cluster.Rename_Task(name))


def _done(task: vim.Task) -> None:
    from pyVim.task import WaitForTask

    WaitForTask(task)
