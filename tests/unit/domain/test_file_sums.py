"""Of a search the sums of each top folder are kept, and each file where one looks closely."""

from collections import defaultdict
from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from vmware_panel.domain.datastore_files import (
    DatastoreFile,
    FileKind,
    TopFolder,
    looked_at_closely,
)
from vmware_panel.domain.file_sums import Listing, sums_of

NOON = datetime(2026, 11, 22, 12, 0, tzinfo=UTC)
TOPS = ("c1_base", "_base", "vmware_temp", "OSTACK_IMG_1", "OSTACK_SNAP_2", "vm", ".sdd.sf", "a]b")
NAMES = ("a", "b.vmdk", "b-flat.vmdk", "c.vmx", "d.iso", 'e"{{7*7}}', "f\ng", "ä", "ts-2026")

names = st.sampled_from(NAMES)
sizes = st.none() | st.integers(0, 2**40)
dates = st.none() | st.integers(0, 10**6).map(lambda s: NOON + timedelta(seconds=s))
kinds = st.sampled_from([kind for kind in FileKind if kind is not FileKind.FOLDER])
folders = st.lists(names, max_size=2).flatmap(
    lambda below: st.sampled_from(TOPS).map(lambda top: "/".join([top, *below]))
)


@st.composite
def trees(draw) -> dict[str, DatastoreFile]:
    """Files by path, folders among them, each with all the folders above it."""
    files: dict[str, DatastoreFile] = {}
    for folder in draw(st.lists(folders | st.just(""), max_size=8)):
        if folder:
            parts = folder.split("/")
            for depth in range(1, len(parts) + 1):
                path = "/".join(parts[:depth])
                files[path] = DatastoreFile(path, FileKind.FOLDER, draw(sizes), draw(dates))
        for name in draw(st.lists(names, max_size=4)):
            path = f"{folder}/{name}" if folder else name
            if path not in files:
                files[path] = DatastoreFile(path, draw(kinds), draw(sizes), draw(dates))
    plain = {path for path, file in files.items() if file.kind is not FileKind.FOLDER}
    return {
        path: file
        for path, file in files.items()
        if not any(path.startswith(f"{one}/") for one in plain)
    }


def listings_of(files: dict[str, DatastoreFile], unread: frozenset[str] = frozenset()):
    below: dict[str, list[DatastoreFile]] = defaultdict(list)
    paths = ["", *(p for p, f in files.items() if f.kind is FileKind.FOLDER)]
    for path, file in files.items():
        below[path.rpartition("/")[0]].append(file)
    return [Listing(path, tuple(below[path])) for path in paths if path not in unread]


def _of_its_own(file: DatastoreFile) -> DatastoreFile:
    """An extent that says what it is; what is told of others is below."""
    told = file.kind is FileKind.OTHER and file.path.endswith("-flat.vmdk")
    return replace(file, kind=FileKind.DISK) if told else file


@given(trees(), st.data())
def test_sums_equal_what_was_put_in_and_no_file_is_lost(files, data: st.DataObject) -> None:
    files = {path: _of_its_own(file) for path, file in files.items()}
    listings = data.draw(st.permutations(listings_of(files)))
    folders, kept, unread = sums_of(listings)
    plain = [file for file in files.values() if file.kind is not FileKind.FOLDER]
    assert sum(folder.files for folder in folders) == len(plain)
    assert sum(folder.size_bytes or 0 for folder in folders) == sum(
        file.size_bytes or 0 for file in plain
    )
    for folder in folders:
        its = [
            f for f in plain if (f.path.partition("/")[0] if "/" in f.path else "") == folder.name
        ]
        known = [f.size_bytes for f in its if f.size_bytes is not None]
        assert folder.size_bytes == (sum(known) if known or not its else None)
        assert folder.holds_vm == any(
            f.kind is FileKind.VM_CONFIG or f.path.endswith(".vmx") for f in its
        )
        dates = [f.modified for f in its if f.modified]
        if its:
            assert folder.newest == (max(dates) if dates else None)
    closely = {p for p in files if "/" in p and looked_at_closely(p.partition("/")[0])}
    assert {file.path for file in kept} == closely
    assert [f.path for f in kept] == sorted(closely) and unread == ()
    for file in kept:
        assert file.modified == files[file.path].modified
        if file.kind is not FileKind.FOLDER:
            assert file == files[file.path]
    assert {f.name for f in folders} >= {
        p for p in files if files[p].kind is FileKind.FOLDER and "/" not in p
    }


@given(trees(), st.data())
def test_what_is_listed_twice_counts_once(files, data: st.DataObject) -> None:
    listings = listings_of(files)
    again = data.draw(st.lists(st.sampled_from(listings), max_size=4))
    assert sums_of([*listings, *again]) == sums_of(listings)


@given(trees(), st.data())
def test_a_folder_that_could_not_be_listed_is_named_and_its_size_unknown(
    files, data: st.DataObject
) -> None:
    every = [p for p, f in files.items() if f.kind is FileKind.FOLDER]
    lost = frozenset(data.draw(st.sets(st.sampled_from(every))) if every else ())
    seen = {
        path: file
        for path, file in files.items()
        if not any(path.startswith(f"{folder}/") for folder in lost)
    }
    sums = sums_of(listings_of(seen, lost))
    assert set(sums.unread) == {folder for folder in lost if folder in seen}
    for folder in sums.folders:
        if folder.name in lost:
            assert folder.size_bytes is None and folder.files == 0


def file(name: str, kind: FileKind, size_bytes: int | None) -> DatastoreFile:
    return DatastoreFile(f"c1_base/i/{name}", kind, size_bytes)


def sizes_of(*files: DatastoreFile) -> dict[str, int | None]:
    sums = sums_of([Listing(""), Listing("c1_base"), Listing("c1_base/i", files)])
    return {file.name: file.size_bytes for file in sums.files}


def test_bytes_that_a_vcenter_tells_of_the_disk_and_of_its_extent_count_once() -> None:
    disk, extent = file("i.vmdk", FileKind.DISK, 1000), file("i-flat.vmdk", FileKind.OTHER, 900)
    assert sizes_of(disk, extent) == {"i.vmdk": 100, "i-flat.vmdk": 900}


@pytest.mark.parametrize(
    ("disk_bytes", "extent_kind", "extent_bytes"),
    [
        (500, FileKind.OTHER, 900),  # the disk's own bytes alone are told
        (500, FileKind.OTHER, None),
        (None, FileKind.OTHER, 900),
        (1000, FileKind.DISK, 900),  # as files of a file system: each says its own
        (1000, FileKind.OTHER, 0),
    ],
)
def test_bytes_that_are_told_once_stay_as_they_are(disk_bytes, extent_kind, extent_bytes) -> None:
    files = (
        file("i.vmdk", FileKind.DISK, disk_bytes),
        file("i-flat.vmdk", extent_kind, extent_bytes),
    )
    assert sizes_of(*files) == {"i.vmdk": disk_bytes, "i-flat.vmdk": extent_bytes}


def test_of_a_disk_without_its_extent_all_bytes_are_the_disks() -> None:
    assert sizes_of(file("i.vmdk", FileKind.DISK, 2**30)) == {"i.vmdk": 2**30}


@pytest.mark.parametrize("turned", [False, True])
def test_of_a_file_that_matches_two_queries_the_one_that_says_what_it_is_counts(turned) -> None:
    twice = [file("i.vmdk", FileKind.DISK, 7), file("i.vmdk", FileKind.OTHER, 7)]
    listing = Listing("c1_base/i", tuple(reversed(twice) if turned else twice))
    sums = sums_of([listing])
    assert sums.files == (twice[0],)
    assert sums.folders == (TopFolder("c1_base", 7, 1),)


def test_a_folder_without_files_is_empty_and_as_old_as_itself() -> None:
    folder = DatastoreFile("OSTACK_SNAP_1", FileKind.FOLDER, 4096, NOON)
    sums = sums_of([Listing("", (folder,)), Listing("OSTACK_SNAP_1")])
    assert sums.folders == (TopFolder("OSTACK_SNAP_1", 0, 0, NOON),)


def test_an_empty_datastore_has_nothing() -> None:
    assert sums_of([Listing("")]) == ((), (), ())
