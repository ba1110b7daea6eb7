"""What a search found is read as the SDK's own decoder reads it, whichever way it is written."""

import io
from datetime import UTC, datetime, timedelta
from xml.sax.saxutils import escape

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from pyVmomi import vim, vmodl
from pyVmomi.SoapAdapter import SoapResponseDeserializer

from tests.vsphere.answers import VERSION, response
from vmware_panel.domain.datastore_files import DatastoreFile, FileKind, TopFolder
from vmware_panel.domain.file_sums import sums_of
from vmware_panel.vsphere.page_decoder import decode_page
from vmware_panel.vsphere.rows import SearchedFile, SearchedFolder
from vmware_panel.vsphere.search_calls import listings

OF = vim.host.DatastoreBrowser
TYPES = {
    "FolderFileInfo": FileKind.FOLDER,
    "VmDiskFileInfo": FileKind.DISK,
    "IsoImageFileInfo": FileKind.ISO,
    "VmConfigFileInfo": FileKind.VM_CONFIG,
    "TemplateConfigFileInfo": FileKind.VM_CONFIG,  # it is a VmConfigFileInfo by descent
    "VmLogFileInfo": FileKind.OTHER,
    "FileInfo": FileKind.OTHER,
}
NOON = datetime(2026, 11, 22, 12, 0, tzinfo=UTC)

names = st.text(
    st.characters(exclude_categories=["Cs", "Cc"], exclude_characters="/\ufffe\uffff"),
    min_size=1,
    max_size=12,
) | st.sampled_from(["a\nb", "a\tb", "{{7*7}}", "]]>", "<file>", "&amp;", "a]b"])
dates = st.integers(0, 10**8).map(lambda seconds: NOON - timedelta(seconds=seconds))
files = st.tuples(
    st.sampled_from(list(TYPES)),
    names,
    st.none() | st.integers(0, 2**62),
    st.none() | dates,
)
folders = st.lists(st.tuples(names, st.lists(files, max_size=5)), max_size=5)


def text(value: str) -> str:
    return escape(value, {"\n": "&#xA;", "\t": "&#x9;", "\r": "&#xD;"})


def written(folders, end: str = "/", comment: str = "") -> bytes:
    said = ""
    for path, its in folders:
        said += '<HostDatastoreBrowserSearchResults><datastore type="Datastore">datastore-1'
        said += f"</datastore><folderPath>[ds] {text(path)}{end}</folderPath>{comment}"
        for kind, name, size, modified in its:
            said += f'<file xsi:type="{kind}"><path>{text(name)}</path>'
            said += "" if size is None else f"<fileSize>{size}</fileSize>"
            if modified is not None:
                said += f"<modification>{modified.isoformat().replace('+00:00', 'Z')}"
                said += "</modification>"
            said += "</file>"
        said += "</HostDatastoreBrowserSearchResults>"
    return response(
        '<objects><obj type="Task">task-1</obj><propSet><name>info.result</name>'
        f'<val xsi:type="ArrayOfHostDatastoreBrowserSearchResults">{said}</val></propSet></objects>'
    )


def read(xml: bytes) -> tuple[SearchedFolder, ...]:
    (row,) = decode_page(io.BytesIO(xml), VERSION).rows
    found = row.values["info.result"]
    assert isinstance(found, tuple)
    return found  # type: ignore[return-value]


def read_by_sdk(xml: bytes) -> tuple[SearchedFolder, ...]:
    result = vmodl.query.PropertyCollector.RetrieveResult
    page = SoapResponseDeserializer(None).Deserialize(io.BytesIO(xml), result)
    return tuple(
        SearchedFolder(
            folder.folderPath,
            tuple(
                SearchedFile(file.path, kind_of(file), file.fileSize, file.modification)
                for file in folder.file
            ),
        )
        for folder in page.objects[0].propSet[0].val
    )


def kind_of(file: object) -> FileKind:
    """By the SDK's own classes, whose names are others than on the wire."""
    for its, kind in (
        (OF.FolderInfo, FileKind.FOLDER),
        (OF.VmDiskInfo, FileKind.DISK),
        (OF.IsoImageInfo, FileKind.ISO),
        (OF.VmConfigInfo, FileKind.VM_CONFIG),
    ):
        if isinstance(file, its):
            return kind
    return FileKind.OTHER


@settings(max_examples=200, deadline=None)
@given(folders, st.sampled_from(["", "<!-- x -->", "\n"]))
def test_it_says_what_it_says_to_the_sdk(its, comment: str) -> None:
    xml = written(its, comment=comment)
    found = read(xml)
    assert found == read_by_sdk(xml)
    told = [(f.kind, f.name, f.size_bytes, f.modified) for folder in found for f in folder.files]
    assert told == [(TYPES[kind], *rest) for _, files in its for kind, *rest in files]


@pytest.mark.parametrize("end", ["/", ""])
def test_folders_are_told_with_or_without_a_slash_at_the_end(end: str) -> None:
    size = 5
    its = [
        ("", [("FolderFileInfo", "c1_base", 512, NOON)]),
        ("c1_base", [("FolderFileInfo", "i", None, NOON)]),
        ("c1_base/i", [("VmDiskFileInfo", "i.vmdk", size, NOON)]),
    ]
    sums = sums_of(listings("ds", read(written(its, end))))
    assert sums.unread == ()
    assert sums.folders == (TopFolder("c1_base", size, 1, NOON),)
    assert sums.files == (
        DatastoreFile("c1_base/i", FileKind.FOLDER, None, NOON),
        DatastoreFile("c1_base/i/i.vmdk", FileKind.DISK, size, NOON),
    )


def test_the_name_of_the_datastore_may_hold_a_bracket() -> None:
    found = (SearchedFolder("[a]b] x_base/", ()), SearchedFolder("[a]b]", ()))
    assert [listing.path for listing in listings("a]b", found)] == ["x_base", ""]
    renamed = (SearchedFolder("[before] x_base/", ()),)
    assert [listing.path for listing in listings("after", renamed)] == ["x_base"]


def test_a_kind_of_file_that_the_sdk_does_not_know_is_a_file() -> None:
    xml = written([("", [("FileInfo", "a", 1, None)])]).replace(b'"FileInfo"', b'"NewFileInfo"')
    (folder,) = read(xml)
    assert folder.files == (SearchedFile("a", FileKind.OTHER, 1, None),)


@pytest.mark.parametrize("said", ["", "yesterday", "99999-01-01T00:00:00Z", "0001-01-01T00:00:00"])
def test_a_date_that_cannot_be_is_unknown(said: str) -> None:
    xml = written([("", [("FileInfo", "a", 1, NOON)])])
    xml = xml.replace(b"2026-11-22T12:00:00Z", said.encode())
    (folder,) = read(xml)
    assert folder.files[0].size_bytes == 1
    assert folder.files[0].modified in (None, datetime(1, 1, 1, tzinfo=UTC))
