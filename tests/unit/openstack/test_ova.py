"""The one disk of an OVA, read while the archive comes."""

from collections.abc import Iterator

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.streamed_vmdk import ova, ovf
from vmware_panel.openstack.ova import BadOva, disk_of

DISK = bytes(range(256)) * 300
WHOLE = ova([("a.ovf", ovf("a.vmdk")), ("a.mf", b"SHA1(a.vmdk)= 0"), ("a.vmdk", DISK)])


def chunked(archive: bytes, size: int) -> Iterator[bytes]:
    return (archive[at : at + size] for at in range(0, len(archive), size))


def taken(archive: bytes, size: int = 1000) -> bytes:
    disk = disk_of(chunked(archive, size))
    found = b"".join(disk.chunks)
    assert len(found) == disk.size_bytes
    return found


@given(size=st.integers(1, 20_000))
def test_the_disk_is_found_however_the_archive_comes(size: int) -> None:
    assert taken(WHOLE, max(size, len(WHOLE) // 2000)) == DISK


def test_the_archive_is_read_to_its_end_for_the_hash_of_the_image() -> None:
    given = list(chunked(WHOLE + bytes(5000), 777))
    read: list[bytes] = []

    def noted() -> Iterator[bytes]:
        for chunk in given:
            read.append(chunk)
            yield chunk

    assert b"".join(disk_of(noted()).chunks) == DISK
    assert read == given


def test_nothing_behind_the_descriptor_is_read_before_it_is_wanted() -> None:
    archive = ova([("a.ovf", ovf("a.vmdk")), ("a.vmdk", bytes(8 << 20))])
    read = 0

    def noted() -> Iterator[bytes]:
        nonlocal read
        for chunk in chunked(archive, 1 << 16):
            read += len(chunk)
            yield chunk

    disk_of(noted())
    assert read < 1 << 20


@pytest.mark.parametrize(
    ("archive", "words"),
    [
        (b"", "not a whole tar"),
        (b"KDMV" * 500, "not a whole tar"),
        (ova([]), "no descriptor"),
        (ova([("a.vmdk", DISK), ("a.ovf", ovf("a.vmdk"))]), "before its disk"),
        (ova([("a.ovf", ovf("a.vmdk"))]), "is not in it"),
        (ova([("a.ovf", ovf())]), "names 0 disks"),
        (ova([("a.ovf", ovf("a.vmdk", "b.vmdk")), ("a.vmdk", DISK)]), "names 2 disks"),
        (ova([("a.ovf", b"<Envelope")]), "not XML"),
        (ova([("a.ovf", b"<!DOCTYPE x [<!ENTITY y 'z'>]>" + ovf("a.vmdk"))]), "document type"),
        (
            ova([("a.ovf", ovf("a.vmdk", more='ovf:compression="gzip"')), ("a.vmdk", DISK)]),
            "compressed",
        ),
        (
            ova([("a.ovf", ovf("a.vmdk", more='ovf:chunkSize="9"')), ("a.vmdk.0", DISK)]),
            "several files",
        ),
    ],
)
def test_what_has_not_one_disk_is_refused_with_its_reason(archive: bytes, words: str) -> None:
    with pytest.raises(BadOva, match=words):
        disk_of(chunked(archive, 500))


def test_an_archive_that_is_cut_short_is_told_while_its_disk_is_read() -> None:
    with pytest.raises(BadOva, match="cut short"):
        taken(WHOLE[: len(WHOLE) // 2])


def test_a_second_disk_behind_the_first_is_told() -> None:
    with pytest.raises(BadOva, match=r"another disk in it, 'b\.vmdk'"):
        taken(ova([("a.ovf", ovf("a.vmdk")), ("a.vmdk", DISK), ("b.vmdk", DISK)]))


@given(archive=st.binary(max_size=3000))
def test_any_bytes_are_an_ova_or_are_refused(archive: bytes) -> None:
    with pytest.raises(BadOva):
        taken(archive)
