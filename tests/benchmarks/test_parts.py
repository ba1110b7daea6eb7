"""Each part of the benchmark runs, at a tiny size: what it says of itself is true, whatever it costs.

A part raises where what it measured would mean nothing, so that to come to its end says much.
"""

from collections.abc import Mapping, Sequence
from typing import Any

import pytest

from benchmarks import datastores, image_cache, jobs, searches, use, volumes
from benchmarks.books import Shape, inventory
from benchmarks.clouds import cached
from benchmarks.report import Result, document, text

VMS = 64


def whole(result: Result, expected: Sequence[str]) -> Mapping[str, Any]:
    """Its figures, by what they are of; it can be printed and written, and no figure is 0 or less."""
    document([result], {})
    shown = text(result)
    assert "nan" not in shown
    assert list(result.figures) == list(expected)
    return result.figures


def seconds_of(figures: Mapping[str, Any]) -> list[float]:
    costs = figures["costs"]
    found = [page["cpu_s"] for page in costs["pages"].values()]
    return [*found, costs["empty"]["cpu_s"], costs["yardstick"]["join_cpu_s"]]


@pytest.mark.caches
def test_the_ledger_and_its_pages() -> None:
    figures = whole(image_cache.run((VMS,)), [str(VMS)])[str(VMS)]
    assert figures["folders"] == 20 and figures["datastores"] == 5
    assert [step["found"] for step in figures["costs"]["steps"]] == [20, 0, 5, 2]
    assert min(seconds_of(figures)) > 0


@pytest.mark.caches
def test_the_datastores_and_their_pages() -> None:
    names = [f"{VMS} VMs, {count} datastores" for count in (5, 25)]
    for figures in whole(datastores.run((VMS,)), names).values():
        by_name = {step["name"]: step["found"] for step in figures["costs"]["steps"]}
        assert by_name["who lies where"] == VMS
        assert min(seconds_of(figures)) > 0


@pytest.mark.caches
def test_the_volumes_and_their_page() -> None:
    figures = whole(volumes.run((VMS,)), [str(VMS)])[str(VMS)]
    assert figures["vms"] == 2 * VMS, "each volume has a shadow VM"
    assert [step["found"] for step in figures["costs"]["steps"]] == [VMS, VMS, VMS]
    assert min(seconds_of(figures)) > 0


@pytest.mark.caches
def test_a_job_in_every_journal() -> None:
    names = [f"600 items, {journal}" for journal in jobs.JOURNALS]
    for figures in whole(jobs.run((600,)), names).values():
        assert figures["write_ms"] > 0 and figures["bare_ms"] > 0
        assert figures["page"]["kilobytes"] > figures["empty"]["kilobytes"]


@pytest.mark.simulator
def test_a_search_of_a_datastore() -> None:
    names = [f"50 {searches.IMAGES}", f"100 {searches.VM_FOLDERS}"]
    for figures in whole(searches.run((50,)), names).values():
        assert figures["calls"] >= 4 and figures["megabytes"] > 0
        assert figures["bytes_s"] > 0 and figures["stored_kb"] > 0


@pytest.mark.simulator
def test_who_stands_on_which_file() -> None:
    figures = whole(use.run((VMS,)), [str(VMS)])[str(VMS)]
    assert figures["further_calls"] == 2
    assert figures["first"]["megabytes"] > 0


def test_a_made_cloud_is_as_large_as_it_says() -> None:
    cloud = cached(VMS, 40, 5)
    assert len(cloud.nova.servers) == VMS and len(cloud.scans) == 5
    images = {image.id for image in cloud.images}
    assert {server.image_id for server in cloud.nova.servers} <= images
    top = {folder.name for scan in cloud.scans for folder in scan.folders}
    assert {vm.instance_uuid for vm in cloud.book.vms} <= top, "a folder of each VM is found"


def test_a_book_has_the_shape_that_is_asked_for() -> None:
    book = inventory(320, Shape(hosts_per_cluster=10, datastores_per_cluster=3))
    assert (len(book.hosts), len(book.clusters), len(book.datastores)) == (20, 2, 6)
    known = {datastore.moref for datastore in book.datastores}
    assert {ref for vm in book.vms for ref in vm.datastores} <= known
