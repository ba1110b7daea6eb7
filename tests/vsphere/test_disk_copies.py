"""Disks that vCenter copies, and files that are sent to it, on the simulator's real files."""

import hashlib
from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path

import pytest

from tests.vsphere.certificates import Authority
from tests.vsphere.disk_rig import DISK, EXTENT, IMAGE, MIB, STAGING, Rig, rig, two_datastores
from tests.vsphere.fault_proxy import wait_until
from tests.vsphere.rig import endpoint_of
from vmware_panel.domain.datastore_paths import DatastorePath
from vmware_panel.domain.outcome import TroubleKind
from vmware_panel.vsphere import VSphereError
from vmware_panel.vsphere.file_changes import PathRefused

__all__ = ["rig", "two_datastores"]  # fixtures

pytestmark = pytest.mark.simulator


def digest(file: Path) -> str:
    return hashlib.sha256(file.read_bytes()).hexdigest()


def test_a_copied_disk_is_the_same_and_grows(rig: Rig) -> None:
    source, copy = rig.cached(), rig.staged()
    assert rig.ended(rig.copy(source, copy)).error == ""
    extent = rig.file(copy).with_name(EXTENT)
    assert digest(extent) == digest(rig.file(source).with_name(EXTENT))
    assert rig.ended(rig.client.extend_disk(rig.shared, copy, 1 << 20)).error == ""
    assert extent.stat().st_size == 1 << 30


def test_a_copy_shows_how_far_it_is_and_leaves_nothing_when_it_is_cancelled(rig: Rig) -> None:
    source, copy = rig.cached(100), rig.staged()
    rig.simulator.control.set_pace(copy_ms_per_mib=200)
    task = rig.copy(source, copy)
    wait_until(lambda: (rig.client.tasks([task])[0].progress_percent or 0) > 0)
    assert rig.file(copy).exists(), "nothing of it is to be seen while it is made"
    rig.client.cancel_task(task)
    record = rig.ended(task)
    assert record.cancelled
    assert not list(rig.file(copy).parent.iterdir())


def test_a_datastore_that_goes_away_ends_the_copy_and_leaves_what_came(rig: Rig) -> None:
    source, copy = rig.cached(100), rig.staged()
    rig.simulator.control.set_pace(copy_ms_per_mib=200)
    task = rig.copy(source, copy)
    rig.simulator.control.set_accessible("shared-ds-1", False)
    assert rig.ended(task).error.startswith("CannotAccessFile")
    assert rig.file(copy).exists()
    (now,) = rig.client.datastores_now([rig.shared.datastore])
    assert now.accessible is False


def test_a_full_datastore_ends_the_copy_and_nothing_stays(rig: Rig) -> None:
    source, copy = rig.cached(100), rig.staged()
    rig.simulator.control.set_free("shared-ds-1", MIB)
    assert rig.ended(rig.copy(source, copy)).error.startswith("NoDiskSpace")
    assert not list(rig.file(copy).parent.iterdir())


def test_a_copy_goes_into_a_staging_folder_and_nowhere_else(rig: Rig) -> None:
    source = rig.cached()
    for names in (("c0_base", IMAGE, DISK), (STAGING, DISK), ("vmware_temp", DISK), (DISK,)):
        with pytest.raises(PathRefused):
            rig.copy(source, rig.path(*names))
    assert "CopyVirtualDisk_Task" not in rig.simulator.calls().methods


def test_a_single_disk_moves_into_its_images_folder_and_never_onto_a_file(rig: Rig) -> None:
    source = rig.cached(datastore="shared-ds-1")
    sized = rig.staged(f"{IMAGE}.4.vmdk")
    place = rig.path("c0_base", IMAGE, f"{IMAGE}.4.vmdk")
    for told in ("", "FileAlreadyExists"):
        assert rig.ended(rig.copy(source, sized)).error == ""
        moved = rig.ended(rig.client.move_disk(rig.shared, sized, place))
        assert moved.error.partition(":")[0] == told
    assert rig.file(place).exists()
    with pytest.raises(PathRefused):
        rig.client.move_disk(rig.shared, sized, rig.path("c0_base", "another", sized.name))


def test_an_iso_is_copied_as_it_is(rig: Rig) -> None:
    source = rig.path("c0_base", IMAGE, f"{IMAGE}.iso", datastore="shared-ds-2")
    rig.file(source).parent.mkdir(parents=True)
    rig.file(source).write_bytes(b"CD001" * 1000)
    copy = rig.staged(f"{IMAGE}.iso")
    place = rig.places["shared-ds-2"]
    task = rig.client.copy_file(source, place.datacenter, rig.shared, copy)
    assert rig.ended(task).error == ""
    assert digest(rig.file(copy)) == digest(rig.file(source))


def pieces(size: int, of: bytes = b"0123456789abcdef") -> Iterator[bytes]:
    whole = (of * (size // len(of) + 1))[:size]
    for start in range(0, size, 1 << 18):
        yield whole[start : start + (1 << 18)]


def upload(rig: Rig, path: DatastorePath, size: int, chunks: Iterator[bytes]) -> int:
    return rig.client.upload(
        rig.shared, rig.client.datacenter_path(rig.shared.datacenter), path, size, chunks
    )


def test_a_file_is_sent_whole_through_vcenter(rig: Rig) -> None:
    path = rig.staged()
    size = 3 * MIB + 17
    assert upload(rig, path, size, pieces(size)) == size
    assert rig.file(path).read_bytes() == b"".join(pieces(size))
    (sent,) = rig.simulator.control.uploads()
    assert (sent.path, sent.bytes, sent.whole) == (str(path), size, True)


def test_an_upload_that_is_given_up_leaves_a_part_and_ends_the_connection(rig: Rig) -> None:
    path = rig.staged()

    def given_up() -> Iterator[bytes]:
        yield from pieces(MIB)
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        upload(rig, path, 50 * MIB, given_up())
    wait_until(lambda: rig.simulator.control.uploads()[0].ended)
    (sent,) = rig.simulator.control.uploads()
    assert not sent.whole
    assert sent.bytes <= MIB


def test_too_few_bytes_are_no_file(rig: Rig) -> None:
    with pytest.raises(VSphereError):
        upload(rig, rig.staged(), 2 * MIB, pieces(MIB))


@pytest.mark.parametrize("trouble", ["full", "away"])
def test_a_datastore_that_takes_no_more_ends_the_upload_with_vcenters_words(
    rig: Rig, trouble: str
) -> None:
    path, control = rig.staged(), rig.simulator.control

    def chunks() -> Iterator[bytes]:
        yield from pieces(2 * MIB)
        if trouble == "full":
            control.set_free("shared-ds-1", 0)
        else:
            control.set_accessible("shared-ds-1", False)
        yield from pieces(62 * MIB)

    with pytest.raises(VSphereError) as raised:
        upload(rig, path, 64 * MIB, chunks())
    assert not raised.value.unanswered
    assert "space" in raised.value.detail or "accessible" in raised.value.detail


def test_a_session_that_ended_is_renewed_before_anything_is_sent(rig: Rig) -> None:
    path = rig.staged()
    rig.simulator.expire_sessions()
    assert upload(rig, path, MIB, pieces(MIB)) == MIB


def test_the_certificate_is_verified_as_for_every_call(
    rig: Rig, new_client: Callable, authority: Authority
) -> None:
    wrong = replace(endpoint_of(rig.simulator), ca_file=str(authority.ca_file))
    client = new_client(wrong)
    with pytest.raises(VSphereError) as raised:
        client.upload(rig.shared, "DC0", rig.staged(), MIB, pieces(MIB))
    assert raised.value.kind is TroubleKind.CERTIFICATE
    assert not rig.simulator.control.uploads()


def test_only_staging_folders_take_an_upload(rig: Rig) -> None:
    with pytest.raises(PathRefused):
        upload(rig, rig.path("c0_base", IMAGE, DISK), MIB, pieces(MIB))
    assert not rig.simulator.control.uploads()


def test_the_cookie_is_in_no_error(rig: Rig) -> None:
    with pytest.raises(VSphereError) as raised:
        upload(rig, rig.staged(), 2 * MIB, pieces(MIB))
    cookie = rig.client._session._connected.channel.cookie  # type: ignore[union-attr]
    seen: BaseException | None = raised.value
    while seen is not None:
        assert cookie not in str(seen)
        seen = seen.__cause__ or seen.__context__
