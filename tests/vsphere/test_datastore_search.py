"""One search of a datastore finds what lies on it, in a few calls, and is given up cleanly."""

import os
import threading
from collections.abc import Callable, Iterator
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from tests.simulator import RunningSimulator
from tests.vsphere.fault_proxy import wait_until
from tests.vsphere.rig import endpoint_of
from vmware_panel.domain.datastore_files import FileKind, Scan, looked_at_closely
from vmware_panel.domain.inventory import MoRef
from vmware_panel.domain.outcome import TroubleKind
from vmware_panel.vsphere import (
    CallCancelled,
    Deadline,
    SearchFailed,
    VCenterClient,
    VSphereError,
    counting,
)

pytestmark = pytest.mark.simulator

SHARED, LOCAL = "shared-ds-1", "c0-local-1"
SEARCH = "SearchDatastoreSubFolders_Task"
LONG_S = 60.0


@pytest.fixture
def own(start_simulator: Callable[..., RunningSimulator]) -> RunningSimulator:
    """A simulator that the test may change."""
    return start_simulator()


@pytest.fixture
def client(own: RunningSimulator) -> Iterator[VCenterClient]:
    client = VCenterClient(endpoint_of(own))
    yield client
    client.close()


@pytest.fixture
def looker(own: RunningSimulator) -> Iterator[VCenterClient]:
    """With vCenter's role Read-only, and no more."""
    its = replace(endpoint_of(own), username=own.reader.user, password=lambda: own.reader.password)
    client = VCenterClient(its)
    yield client
    client.close()


def moref_of(client: VCenterClient, name: str) -> MoRef:
    mounted = client.mounted_datastores(Deadline(LONG_S))
    return next(moref for moref, its in mounted.items() if its == name)


def folder_of(own: RunningSimulator, name: str) -> Path:
    """Where the simulator keeps the datastore's files."""
    with own.login.connected() as service:
        content = service.RetrieveContent()
        stores = content.rootFolder.childEntity[0].datastore
        return Path(next(store.summary.url for store in stores if store.name == name))


def search(client: VCenterClient, name: str, timeout_s: float = LONG_S) -> Scan:
    return client.search_datastore(moref_of(client, name), Deadline(timeout_s))


def write(path: Path, size: int = 0) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    with path.open("wb") as file:
        file.truncate(size)


def assert_same(scan: Scan, root: Path) -> None:
    """The search against the files as this machine's file system has them."""
    files = {p.relative_to(root).as_posix(): p for p in root.rglob("*")}
    for folder in scan.folders:
        below = root / folder.name if folder.name else root
        its = [p for p in (below.rglob("*") if folder.name else below.iterdir()) if p.is_file()]
        assert folder.files == len(its), folder
        assert (folder.size_bytes or 0) == sum(p.stat().st_size for p in its), folder
        if its:
            newest = max(p.stat().st_mtime for p in its)
            assert folder.newest and abs(folder.newest.timestamp() - newest) < 0.01
        assert folder.holds_vm == any(p.suffix == ".vmx" for p in its), folder
    tops = {p.name for p in root.iterdir() if p.is_dir()}
    assert {folder.name for folder in scan.folders} - {""} == tops
    closely = {path for path in files if "/" in path and looked_at_closely(path.partition("/")[0])}
    assert {file.path for file in scan.files} == closely
    for file in scan.files:
        on_disk = files[file.path]
        assert (file.kind is FileKind.FOLDER) == on_disk.is_dir(), file
        if on_disk.is_file():
            assert file.size_bytes == on_disk.stat().st_size, file
        assert file.modified and abs(file.modified.timestamp() - on_disk.stat().st_mtime) < 0.01


def test_a_search_is_the_task_of_the_account_that_asked(
    own: RunningSimulator, client: VCenterClient
):
    search(client, LOCAL)
    tasks = client.recent_tasks(datetime.now(UTC) - timedelta(hours=1))
    (task,) = [task for task in tasks if task.action.endswith("searchSubFolders")]
    assert (task.entity_name, task.user) == (LOCAL, endpoint_of(own).username)


def test_a_search_equals_the_files_on_the_datastore(own: RunningSimulator, client: VCenterClient):
    root = folder_of(own, SHARED)
    images = own.control.fill_cache(SHARED, "10.0.0.1_base", 3, bytes_each=5 << 20)
    own.control.fill_vm_folders(SHARED, 2, bytes_each=7 << 20)
    write(root / "10.0.0.1_base" / images[0] / f"{images[0]}.20.vmdk", 300)
    write(root / "10.0.0.1_base" / images[0] / f"{images[0]}.20-flat.vmdk", 20 << 20)
    (root / "10.0.0.1_base" / images[1] / "ts-2026-11-22-12-00-00").mkdir()
    write(root / "10.0.0.1_base" / "iso" / "iso.iso", 1 << 20)
    write(root / "vmware_temp" / "u" / images[2] / "tmp-sparse.vmdk", 4_096_000)
    write(root / "OSTACK_IMG_1" / "OSTACK_IMG_1.vmx", 10)
    (root / "OSTACK_SNAP_2").mkdir()
    write(root / ".vSphere-HA" / "FDM-1" / "protectedlist", 77)
    write(root / ".hidden", 5)
    write(root / "at-the-top.iso", 6)
    old = (datetime.now(UTC) - timedelta(days=400)).timestamp()
    os.utime(root / "vmware_temp" / "u" / images[2] / "tmp-sparse.vmdk", (old, old))

    scan = search(client, SHARED)

    assert_same(scan, root)
    assert scan.vcenter == "west" and scan.datastore_name == SHARED and scan.unread == ()
    assert scan.datacenter and datetime.now(UTC) - scan.read_at < timedelta(minutes=1)
    kinds = {file.name: file.kind for file in scan.files}
    assert kinds["iso.iso"] is FileKind.ISO
    assert kinds["tmp-sparse.vmdk"] is FileKind.DISK
    assert kinds["OSTACK_IMG_1.vmx"] is FileKind.VM_CONFIG
    assert kinds["ts-2026-11-22-12-00-00"] is FileKind.FOLDER
    assert {f.name for f in scan.folders} >= {"", ".vSphere-HA", "OSTACK_SNAP_2"}


def test_files_of_machines_that_the_simulator_made_are_found(
    start_simulator: Callable[..., RunningSimulator],
):
    own = start_simulator(nova_vms=2)
    client = VCenterClient(endpoint_of(own))
    for name in client.mounted_datastores(Deadline(LONG_S)).values():
        assert_same(search(client, name), folder_of(own, name))
    client.close()


HOSTILE = (
    '\'"quotes"',
    "{{7*7}}",
    "{% now %}",
    "<script>alert(1)",
    "line\nbreak",
    "tab\there",
    "a]b[c",
    "[shared-ds-1] x",
    " leading and trailing ",
    "ümlaut-日本-🙂",
    "&amp;&lt;",
    "%2e%2e",
    "..a",
    "-flat.vmdk",
)


def test_hostile_names_are_found_as_they_are(own: RunningSimulator, client: VCenterClient):
    root = folder_of(own, LOCAL)
    for name in HOSTILE:
        write(root / "x_base" / name / name, len(name))
        write(root / name / "plain", 3)
    scan = search(client, LOCAL)
    assert_same(scan, root)
    assert {folder.name for folder in scan.folders} == {*HOSTILE, "x_base"}


def test_an_empty_datastore_has_nothing(own: RunningSimulator, client: VCenterClient):
    scan = search(client, LOCAL)
    assert (scan.folders, scan.files, scan.unread) == ((), (), ())


def test_a_folder_that_could_not_be_listed_is_named(own: RunningSimulator, client: VCenterClient):
    images = own.control.fill_cache(SHARED, "a_base", 3)
    own.control.fill_vm_folders(SHARED, 1)
    write(folder_of(own, SHARED) / "closed" / "file", 4)
    own.control.cannot_list(SHARED, f"a_base/{images[1]}", "closed")
    scan = search(client, SHARED)
    assert scan.unread == (f"a_base/{images[1]}", "closed")
    by_name = {folder.name: folder for folder in scan.folders}
    assert by_name["closed"].size_bytes is None and by_name["closed"].files == 0
    assert by_name["a_base"].files == 4, "two images with a disk and an extent each"


class Patient(Deadline):
    """Between two looks at the task it waits until nothing runs at the simulator any more."""

    def __init__(self, own: RunningSimulator) -> None:
        super().__init__(10 * LONG_S)
        self._own = own

    def pause(self, seconds: float) -> None:
        wait_until(lambda: "running" not in searches_of(self._own))


@pytest.mark.parametrize("images", [10, 10_000])
def test_a_search_is_one_task_and_its_calls_do_not_depend_on_the_folders(
    own: RunningSimulator, client: VCenterClient, images: int
):
    names = own.control.fill_cache(SHARED, "a_base", images)
    moref = moref_of(client, SHARED)
    with counting() as calls:
        scan = client.search_datastore(moref, Patient(own))
    assert len(scan.files) == 3 * images and {f.name for f in scan.files} > set(names)
    assert scan.folders[0].files == 2 * images
    assert calls.by_method[SEARCH] == 1
    # What it is, one look or two at the task, and what it found.
    assert set(calls.by_method) == {SEARCH, "RetrievePropertiesEx"}
    assert 3 <= calls.by_method["RetrievePropertiesEx"] <= 4


def searches_of(own: RunningSimulator) -> list[str]:
    """The states of all searches of whole datastores."""
    with own.login.connected() as service:
        infos = [task.info for task in service.RetrieveContent().taskManager.recentTask]
        return [info.state for info in infos if "searchSubFolders" in info.descriptionId]


def test_how_far_it_is_is_told(own: RunningSimulator, client: VCenterClient):
    own.control.searches_take(3000)
    told: list[tuple[str, int | None]] = []
    client.search_datastore(
        moref_of(client, SHARED), Deadline(LONG_S), lambda *said: told.append(said)
    )
    assert {name for name, _ in told} == {SHARED}
    percents = [percent for _, percent in told if percent is not None]
    assert percents and percents == sorted(percents) and percents[-1] < 100


def test_a_datastore_that_is_not_accessible_is_named_and_nothing_is_searched(
    own: RunningSimulator, client: VCenterClient
):
    moref = moref_of(client, SHARED)
    own.control.set_accessible(SHARED, False)
    with pytest.raises(SearchFailed, match="not accessible") as caught, counting() as calls:
        client.search_datastore(moref, Deadline(LONG_S))
    assert caught.value.kind is TroubleKind.INACCESSIBLE and SHARED in caught.value.detail
    assert SEARCH not in calls.by_method
    own.control.set_accessible(SHARED, True)
    assert client.search_datastore(moref, Deadline(LONG_S))


def test_a_datastore_that_is_lost_while_it_is_searched_is_named(
    own: RunningSimulator, client: VCenterClient
):
    own.control.searches_take(5000)
    moref = moref_of(client, SHARED)
    told = threading.Event()
    lost = threading.Thread(
        target=lambda: (told.wait(LONG_S), own.control.set_accessible(SHARED, False))
    )
    lost.start()
    with pytest.raises(SearchFailed) as caught:
        client.search_datastore(moref, Deadline(LONG_S), lambda *_: told.set())
    lost.join()
    assert caught.value.kind is TroubleKind.INACCESSIBLE
    assert caught.value.fault == "InaccessibleDatastore"


def test_a_datastore_in_maintenance_is_not_searched(own: RunningSimulator, client: VCenterClient):
    moref = moref_of(client, SHARED)
    own.control.set_datastore_maintenance(SHARED, "enteringMaintenance")
    assert client.search_datastore(moref, Deadline(LONG_S))
    own.control.set_datastore_maintenance(SHARED, "inMaintenance")
    with pytest.raises(SearchFailed, match="maintenance mode") as caught:
        client.search_datastore(moref, Deadline(LONG_S))
    assert caught.value.kind is TroubleKind.INACCESSIBLE


def test_a_datastore_that_is_gone_is_named(client: VCenterClient):
    with pytest.raises(SearchFailed, match="datastore-4711") as caught:
        client.search_datastore(MoRef("datastore-4711"), Deadline(LONG_S))
    assert caught.value.kind is TroubleKind.NOT_FOUND


def test_without_the_right_to_browse_the_privilege_is_named(
    own: RunningSimulator, looker: VCenterClient
):
    with pytest.raises(SearchFailed) as caught:
        search(looker, SHARED)
    assert caught.value.kind is TroubleKind.FORBIDDEN
    assert caught.value.trouble.missing_privilege == "Datastore.Browse"


def test_at_its_deadline_the_task_is_cancelled(own: RunningSimulator, client: VCenterClient):
    own.control.searches_take(60_000)
    moref = moref_of(client, SHARED)
    with pytest.raises(SearchFailed, match="not through within its time") as caught:
        client.search_datastore(moref, Deadline(5.0))
    assert caught.value.kind is TroubleKind.TIMEOUT
    wait_until(lambda: searches_of(own) == ["error"])


def test_one_that_is_cut_short_ends_and_cancels_the_task(
    own: RunningSimulator, client: VCenterClient
):
    own.control.searches_take(60_000)
    moref = moref_of(client, SHARED)
    until = Deadline(LONG_S)
    with pytest.raises(CallCancelled):
        client.search_datastore(moref, until, lambda name, percent: percent and until.cut())
    wait_until(lambda: searches_of(own) == ["error"])


def test_one_that_somebody_cancels_in_vcenter_is_said_so(
    own: RunningSimulator, client: VCenterClient
):
    own.control.searches_take(60_000)

    def cancel() -> None:
        with own.login.connected() as service:
            for task in service.RetrieveContent().taskManager.recentTask:
                if task.info.state == "running":
                    task.CancelTask()

    with pytest.raises(SearchFailed, match="cancelled in vCenter"):
        client.search_datastore(
            moref_of(client, SHARED), Deadline(LONG_S), lambda name, percent: percent and cancel()
        )


def test_a_session_that_ends_meanwhile_does_not_end_the_search(
    own: RunningSimulator, client: VCenterClient
):
    own.control.fill_cache(SHARED, "a_base", 2)
    own.control.searches_take(3000)
    moref = moref_of(client, SHARED)
    ended: list[int] = []

    def expire(name: str, percent: int | None) -> None:
        if percent and not ended:
            ended.append(own.expire_sessions("fault"))

    with counting() as calls:
        scan = client.search_datastore(moref, Deadline(LONG_S), expire)
    assert ended == [1] and len(scan.files) == 6
    assert calls.by_method[SEARCH] == 1


@pytest.mark.parametrize("reads", ["missing", "fault", "empty"])
def test_a_session_that_ended_before_is_renewed(own: RunningSimulator, client, reads: str):
    own.control.fill_cache(SHARED, "a_base", 2)
    moref = moref_of(client, SHARED)
    own.expire_sessions(reads)
    assert len(client.search_datastore(moref, Deadline(LONG_S)).files) == 6


def test_a_vcenter_that_has_a_bad_moment_does_not_end_the_search(
    own: RunningSimulator, client: VCenterClient
):
    """The task goes on meanwhile, and is looked at again."""
    own.control.fill_cache(SHARED, "a_base", 2)
    own.control.searches_take(3000)
    moref = moref_of(client, SHARED)
    short = VCenterClient(replace(client.endpoint, read_timeout_s=2.0))
    hung: list[bool] = []

    def hang(name: str, percent: int | None) -> None:
        if percent and not hung:
            hung.append(True)
            own.control.hang("RetrievePropertiesEx", times=2)

    with counting() as calls:
        scan = short.search_datastore(moref, Deadline(LONG_S), hang)
    own.control.clear_faults()
    assert hung and len(scan.files) == 6 and calls.by_method[SEARCH] == 1
    short.close()


def test_a_vcenter_that_refuses_for_a_moment_is_no_trouble_of_the_datastore(
    own: RunningSimulator, client: VCenterClient
):
    moref = moref_of(client, SHARED)
    own.stop()
    with pytest.raises(VSphereError) as caught:
        client.search_datastore(moref, Deadline(LONG_S))
    assert not isinstance(caught.value, SearchFailed)
    assert caught.value.kind is TroubleKind.UNREACHABLE
