"""The page of an ESX host, held to what the simulator itself and Nova say by other clients."""

from collections.abc import Iterator
from typing import Any

import pytest
from pyVmomi import vim
from selenium.webdriver.common.by import By
from selenium.webdriver.remote.webelement import WebElement

from lab.vcenter import read, wait
from tests.browser import Browser
from tests.lab_run import RunningLab
from tests.selenium.waiting import eventually, holds
from vmware_panel.wording.sizes import bytes_of, mb_of

pytestmark = [pytest.mark.lab, pytest.mark.selenium, pytest.mark.timeout(600)]

GIB = 1024**3
HOST = (
    "name",
    "parent",
    "vm",
    "datastore",
    "summary.hardware",
    "summary.quickStats",
    "summary.config.product.fullName",
    "hardware.numaInfo.numaNode",
    "config.network.pnic",
)
VM = ("name", "config.instanceUuid", "config.managedBy.extensionKey", "runtime.powerState")


class Books:
    """What vCenter and Nova say, read by the test's own clients."""

    def __init__(self, lab: RunningLab, service: vim.ServiceInstance) -> None:
        self.anew = lambda: Books(lab, service)
        self.hosts = {h._moId: row for h, row in read(service, vim.HostSystem, *HOST).items()}
        self.vms = {vm._moId: row for vm, row in read(service, vim.VirtualMachine, *VM).items()}
        clusters = read(service, vim.ClusterComputeResource, "name")
        self.clusters = {c._moId: row["name"] for c, row in clusters.items()}
        stores = read(service, vim.Datastore, "name")
        self.datastores = {d._moId: row["name"] for d, row in stores.items()}
        self.projects = {p.id: p.name for p in lab.admin.identity.projects()}
        self.servers = {s.id: s for s in lab.admin.compute.servers(all_projects=True)}

    def on(self, host: str) -> dict[str, Any]:
        return {vm._moId: self.vms[vm._moId] for vm in self.hosts[host]["vm"]}

    def busiest(self) -> str:
        """The host with the most of both kinds: instances, and VMs that are none."""

        def score(host: str) -> tuple[bool, int]:
            ours = [row["config.instanceUuid"] in self.servers for row in self.on(host).values()]
            return (any(ours) and not all(ours), len(ours))

        return max(self.hosts, key=score)


@pytest.fixture
def books(lab: RunningLab) -> Iterator[Books]:
    with lab.login.connected() as service:
        yield Books(lab, service)


def url(host: str) -> str:
    return f"/admin/vmware_hosts/lab/{host}/"


def facts(admin: Browser) -> dict[str, str]:
    return {
        row.get_attribute("data-fact") or "": row.find_element(By.CSS_SELECTOR, "td").text
        for row in admin.all(".vmware-facts tr")
    }


def cells(row: WebElement) -> list[str]:
    return [cell.text for cell in row.find_elements(By.CSS_SELECTOR, "th, td")]


def open_host(admin: Browser, host: str) -> None:
    admin.open(url(host))
    admin.one(".vmware-host .vmware-facts")


def test_every_fact_of_every_host_is_vcenters(admin: Browser, books: Books) -> None:
    for moref in books.hosts:
        # vCenter sums up what its VMs use some seconds after they came.
        holds(lambda moref=moref: has_vcenters_facts(admin, books.anew(), moref))


def has_vcenters_facts(admin: Browser, books: Books, moref: str) -> None:
    row = books.hosts[moref]
    open_host(admin, moref)
    said, hardware, quick = facts(admin), row["summary.hardware"], row["summary.quickStats"]
    assert row["name"] in admin.driver.title
    assert said["cluster"] == books.clusters[row["parent"]._moId]
    assert said["version"] == row["summary.config.product.fullName"]
    assert said["model"] == f"{hardware.vendor} {hardware.model}"
    assert said["cpu_model"] == hardware.cpuModel
    cores = hardware.numCpuCores // hardware.numCpuPkgs
    threads = hardware.numCpuThreads // hardware.numCpuCores
    assert said["cpus"] == (
        f"{hardware.numCpuPkgs} sockets × {cores} cores × {threads} threads "
        f"= {hardware.numCpuThreads} threads at {hardware.cpuMhz} MHz"
    )
    assert said["memory"] == bytes_of(hardware.memorySize)
    total_mhz = hardware.cpuMhz * hardware.numCpuCores
    assert said["cpu_used"].startswith(
        f"{quick.overallCpuUsage / 1000:.2f} GHz used of {total_mhz / 1000:.2f} GHz"
    )
    assert said["memory_used"].startswith(
        f"{mb_of(quick.overallMemoryUsage)} used of {bytes_of(hardware.memorySize)}"
    )
    assert said["uptime"] not in ("", "unknown")
    assert [cells(r) for r in admin.all(".vmware-numa tbody tr")] == [
        [str(node.typeId), str(len(node.cpuID)), bytes_of(node.memoryRangeLength)]
        for node in row["hardware.numaInfo.numaNode"]
    ]
    mounted = {books.datastores[d._moId] for d in row["datastore"]}
    assert {cells(r)[0] for r in admin.all(".vmware-mounts tbody tr")} == mounted
    nics = {nic.device for nic in row["config.network.pnic"]}
    assert {cells(r)[0] for r in admin.all(".vmware-adapters tbody tr")} == nics


def test_each_vm_is_an_instance_of_its_project_or_is_none(admin: Browser, books: Books) -> None:
    host = books.busiest()
    open_host(admin, host)
    expected: dict[str, set[str]] = {}
    others: set[str] = set()
    for row in books.on(host).values():
        server = books.servers.get(row["config.instanceUuid"])
        if server is None:
            others.add(row["name"])
        else:
            expected.setdefault(books.projects[server.project_id], set()).add(server.name)
    assert expected and others, "the lab has no host with instances and other VMs"
    shown: dict[str, set[str]] = {}
    for group in admin.all(".vmware-instances-here tbody"):
        head, *rows = group.find_elements(By.CSS_SELECTOR, "tr")
        project = head.find_element(By.CSS_SELECTOR, "bdi").text
        shown[project] = {cells(row)[0] for row in rows}
    assert shown == expected
    assert {cells(r)[0] for r in admin.all(".vmware-others-here tbody tr")} == others
    admin.press(".vmware-instances-here tbody a")
    admin.one("#instance_details__overview")


def test_the_lines_of_the_last_day_are_vcenters_samples(
    admin: Browser, lab: RunningLab, books: Books
) -> None:
    host = books.busiest()
    lab.control.add_gap(host, 5 * 3600, 4 * 3600)
    # The simulator makes its samples of what the host uses now, which it sums up anew now and then.
    holds(lambda: has_vcenters_samples(admin, lab, host))


def has_vcenters_samples(admin: Browser, lab: RunningLab, host: str) -> None:
    open_host(admin, host)
    with lab.login.connected() as service:
        manager = service.content.perfManager
        (counter,) = (
            c
            for c in manager.perfCounter
            if (c.groupInfo.key, c.nameInfo.key, c.rollupType) == ("cpu", "usage", "average")
        )
        (answer,) = manager.QueryPerf(
            [
                vim.PerformanceManager.QuerySpec(
                    entity=vim.HostSystem(host),
                    intervalId=300,
                    metricId=[vim.PerformanceManager.MetricId(counterId=counter.key, instance="")],
                )
            ]
        )
    theirs = list(answer.value[0].value)
    assert len(admin.all("svg.vmware-lines")) == 3
    script = (
        "return [...document.querySelectorAll('.vmware-chart')[0]"
        ".querySelectorAll('tbody tr')].map(r => r.cells[1].textContent)"
    )
    ours = admin.driver.execute_script(script)
    known = [text for text in ours if text != "no sample"]
    wanted = [percent(n) for n in reversed(theirs) if n >= 0]
    # A sample may have come, and the oldest gone, between the page and the test's own question.
    assert known[2:-2] == wanted[2:-2] or known[1:-3] == wanted[2:-2]
    assert len(ours) - len(known) == theirs.count(-1) >= 11
    path = admin.all("svg.vmware-lines path")[0].get_attribute("d") or ""
    assert path.count("M") == 2, "the gap is not drawn as one"


def percent(hundredths: int) -> str:
    """With one decimal, unless it is a whole number."""
    value = round(hundredths / 100, 1)
    return f"{value:.{0 if value == round(value) else 1}f} %"


def test_a_host_in_maintenance_and_a_disconnected_one_say_so(
    admin: Browser, lab: RunningLab, books: Books
) -> None:
    host = min(books.hosts, key=lambda moref: len(books.hosts[moref]["vm"]))
    with lab.login.connected() as service:
        (found,) = (h for h in read(service, vim.HostSystem, "name") if h._moId == host)
        for begin, end, words in (
            (
                lambda: found.EnterMaintenanceMode_Task(0, True),
                lambda: found.ExitMaintenanceMode_Task(0),
                "connected, in maintenance mode",
            ),
            (found.DisconnectHost_Task, found.ReconnectHost_Task, "disconnected"),
        ):
            wait([begin()])
            try:
                eventually(lambda: says(admin, host, words), words)
            finally:
                wait([end()])
            eventually(lambda: says(admin, host, "connected"), "the host as it was")


def says(admin: Browser, host: str, words: str) -> bool | None:
    open_host(admin, host)
    return facts(admin)["state"] == words or None


def test_a_page_costs_two_calls_and_those_that_greyed_actions_need(
    admin: Browser, lab: RunningLab, books: Books
) -> None:
    host = books.busiest()
    open_host(admin, host)

    def costs() -> None:
        """A page among whose calls fall none of the collector's own, but for a sample."""
        lab.control.reset_calls()
        open_host(admin, host)
        asked = lab.horizon_calls()
        asked.pop("WaitForUpdatesEx", None)
        assert asked.pop("QueryPerf") == 1
        # The host, what the account may do with it, and a sample of the collector's at most.
        assert 1 <= asked.pop("RetrievePropertiesEx") <= 3
        assert sum(asked.values()) <= 2, asked

    holds(costs)


def test_who_is_no_admin_and_what_is_not_there(
    admin: Browser, member: Browser, lab: RunningLab, books: Books
) -> None:
    host = books.busiest()
    member.open("/project/")
    lab.control.reset_calls()
    assert member.status_of(url(host)) in {302, 401, 403, 404}
    assert not lab.page_calls()
    admin.open("/admin/")
    assert admin.status_of(url("host-999999")) == 404
    assert admin.status_of("/admin/vmware_hosts/nowhere/host-1/") == 404


@pytest.mark.order_last
def test_while_vcenter_hangs_its_last_book_stands_with_its_age(
    admin: Browser, lab: RunningLab, books: Books
) -> None:
    host = books.busiest()
    open_host(admin, host)
    before = facts(admin)
    with lab.vcenter_hanging():
        open_host(admin, host)
        assert admin.all(".vmware-not-live") and admin.all(".vmware-host .alert-warning")
        now = facts(admin)
        for same in ("state", "cluster", "cpus", "memory", "numa"):
            assert now[same] == before[same], same
        assert now["model"] == now["cpu_model"] == "unknown"
        assert "used of" in now["memory_used"] and "unknown" not in now["memory_used"]
        assert admin.all(".vmware-no-lines") and not admin.all("svg.vmware-lines")
        assert admin.all(".vmware-instances-here tbody")
        assert all(not button.is_enabled() for button in admin.all(".vmware-actions button"))
        assert not admin.all(".vmware-actions a"), "an action is offered while vCenter hangs"

    def recovered() -> bool:
        open_host(admin, host)
        return not admin.all(".vmware-not-live")

    eventually(recovered, "the page recovers when vCenter does")
