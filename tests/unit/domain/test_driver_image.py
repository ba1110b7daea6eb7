"""The driver's own reading of an image; `tests/cloud/test_driver_image.py` holds it to Nova's code."""

from typing import Any

import pytest

from vmware_panel.domain.cloud import Image
from vmware_panel.domain.details import Detail, DetailKind, detail
from vmware_panel.domain.driver_image import (
    DiskKind,
    DriverImage,
    driver_image,
    refusals_of_size,
)
from vmware_panel.domain.plans import RefusalKind

GIB = 1 << 30


def image(**changes: Any) -> Image:
    properties = changes.pop("properties", {})
    facts = {
        "id": "i-1",
        "name": "debian",
        "status": "active",
        "size_bytes": GIB,
        "disk_format": "vmdk",
        "container_format": "bare",
        **changes,
    }
    return Image(**facts, properties=properties)


def taken(**changes: Any) -> DriverImage:
    fit, refusals = driver_image(image(**changes))
    assert fit is not None, refusals
    return fit


@pytest.mark.parametrize(
    ("changes", "kind"),
    [
        ({}, DiskKind.FLAT),
        ({"properties": {"vmware_disktype": "sparse"}}, DiskKind.SPARSE),
        ({"properties": {"hw_disk_type": "thin"}}, DiskKind.FLAT),
        ({"properties": {"vmware_disktype": "streamOptimized"}}, DiskKind.STREAM),
        ({"disk_format": "iso"}, DiskKind.ISO),
        ({"container_format": "ova"}, DiskKind.STREAM),
    ],
)
def test_how_its_bytes_become_a_disk(changes: dict[str, Any], kind: DiskKind) -> None:
    assert taken(**changes).kind is kind


@pytest.mark.parametrize(
    ("changes", "said"),
    [
        ({"status": "queued"}, detail(DetailKind.STATUS_IS, "queued")),
        ({"disk_format": "qcow2"}, detail(DetailKind.PROPERTY_IS, "disk_format", "qcow2")),
        ({"disk_format": ""}, detail(DetailKind.PROPERTY_NOT_SET, "disk_format")),
        (
            {"properties": {"img_hv_type": "kvm"}},
            detail(DetailKind.PROPERTY_IS, "img_hv_type", "kvm"),
        ),
        (
            {"properties": {"vmware_disktype": "seSparse"}},
            detail(DetailKind.PROPERTY_IS, "hw_disk_type", "seSparse"),
        ),
        ({"size_bytes": 0}, detail(DetailKind.SIZE_ZERO)),
    ],
)
def test_an_image_that_the_driver_does_not_take_is_refused_with_the_reason(
    changes: dict[str, Any], said: Detail
) -> None:
    fit, refusals = driver_image(image(**changes))
    assert fit is None
    assert [(r.kind, r.detail) for r in refusals] == [(RefusalKind.IMAGE_UNFIT, said)]


def test_every_reason_is_told() -> None:
    _, refusals = driver_image(image(status="deactivated", disk_format="raw"))
    assert len(refusals) == 2


def test_the_names_are_those_that_nova_looks_for() -> None:
    fit = taken()
    assert (fit.file_name, fit.sized_name(20)) == ("i-1.vmdk", "i-1.20.vmdk")
    assert taken(disk_format="iso").file_name == "i-1.iso"


@pytest.mark.parametrize(
    ("properties", "adapter"),
    [
        ({}, "lsiLogic"),
        ({"vmware_adaptertype": "ide"}, "ide"),
        ({"vmware_adaptertype": "busLogic"}, "busLogic"),
        ({"vmware_adaptertype": "lsiLogicsas"}, "lsiLogic"),
        ({"vmware_adaptertype": "paraVirtual"}, "lsiLogic"),
        ({"hw_disk_bus": "ide"}, "ide"),
        ({"hw_disk_bus": "scsi", "hw_scsi_model": "vmpvscsi"}, "lsiLogic"),
        ({"hw_disk_bus": "scsi", "hw_scsi_model": "buslogic"}, "busLogic"),
    ],
)
def test_the_adapter_of_the_descriptor_is_novas(properties: dict[str, str], adapter: str) -> None:
    assert taken(properties=properties).adapter == adapter


def test_without_a_word_nova_conf_decides_about_linked_clones() -> None:
    assert taken().linked_clone is None
    assert taken(properties={"vmware_linked_clone": "False"}).linked_clone is False
    assert taken(properties={"img_linked_clone": "yes"}).linked_clone is True


@pytest.mark.parametrize(
    ("changes", "root_gb", "kinds"),
    [
        ({}, 1, []),
        ({"size_bytes": GIB + 1}, 1, [RefusalKind.TOO_LARGE]),
        ({"min_disk_gb": 5}, 4, [RefusalKind.TOO_LARGE]),
        ({"properties": {"img_linked_clone": "false"}}, 4, [RefusalKind.IMAGE_UNFIT]),
        ({"disk_format": "iso"}, 4, [RefusalKind.IMAGE_UNFIT]),
    ],
)
def test_a_sized_copy_that_no_boot_would_use_is_refused(
    changes: dict[str, Any], root_gb: int, kinds: list[RefusalKind]
) -> None:
    assert [r.kind for r in refusals_of_size(taken(**changes), root_gb)] == kinds
