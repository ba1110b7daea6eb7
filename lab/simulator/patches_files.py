"""Mends of datastores' files, each with its reason."""

from __future__ import annotations

from lab.simulator.patching import Patch, renamed

FILE_PATCHES: tuple[Patch, ...] = (
    renamed(
        "host_datastore_browser.go",
        "(b *HostDatastoreBrowser)",
        "SearchDatastoreSubFoldersTask",
        "It ran within its call, and named folders as no vCenter does (datastore_search.go).",
    ),
    Patch(
        "host_datastore_browser.go",
        "What no virtual disk's query matched was hidden from every other query, too: extents.",
        '\t\t\t\treturn !strings.HasSuffix(name, "-flat.vmdk")\n',
        '\t\t\t\tif !strings.HasSuffix(name, "-flat.vmdk") {\n\t\t\t\t\treturn true\n\t\t\t\t}\n',
    ),
    Patch(
        "file_manager.go",
        "The files of a datastore that no host reaches could be changed.",
        "\tdir := ds.Info.GetDatastoreInfo().Url\n\n\treturn path.Join(dir, p.Path), nil\n",
        '\tif fault := ds.unusable(); fault != nil {\n\t\treturn "", fault\n\t}\n'
        "\tdir := ds.Info.GetDatastoreInfo().Url\n\n\treturn path.Join(dir, p.Path), nil\n",
    ),
)
