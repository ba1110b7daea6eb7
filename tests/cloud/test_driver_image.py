"""Our reading of an image, beside that of the Nova that the lab runs."""

import json
import subprocess
import sys

import pytest

from tests.unit.domain.test_driver_image import taken

pytestmark = pytest.mark.lab

CASES: list[dict[str, str]] = [
    {},
    {"vmware_disktype": "sparse", "vmware_adaptertype": "paraVirtual"},
    {"vmware_disktype": "sparse", "vmware_adaptertype": "lsiLogicsas"},
    {"hw_disk_type": "streamOptimized"},
    {"vmware_linked_clone": "false", "vmware_adaptertype": "ide"},
    {"img_linked_clone": "true", "hw_disk_bus": "scsi", "hw_scsi_model": "buslogic"},
]

# In a process of its own: Nova looks for this machine's address when it is imported.
NOVA = """
import json, sys
from types import SimpleNamespace
from unittest import mock
from nova.objects.image_meta import ImageMeta
from nova.virt.vmwareapi import driver, images, vm_util

told = []
for properties in json.loads(sys.argv[1]):
    meta = ImageMeta.from_dict(
        {"id": "i-1", "size": 1 << 30, "disk_format": "vmdk", "properties": properties}
    )
    with mock.patch.object(images, "get_vsphere_location", return_value=None):
        image = images.VMwareImage.from_image(SimpleNamespace(), "i-1", meta)
    adapter = vm_util.get_vmdk_adapter_type(image.adapter_type)
    told.append([image.disk_type, adapter, image.linked_clone])
print(json.dumps(told))
"""


def test_it_reads_what_novas_own_code_reads() -> None:
    asked = subprocess.run(
        [sys.executable, "-W", "ignore", "-c", NOVA, json.dumps(CASES)],
        capture_output=True,
        text=True,
        timeout=120,
        check=False,
    )
    assert asked.returncode == 0, asked.stderr
    for properties, (disk_type, adapter, linked) in zip(
        CASES, json.loads(asked.stdout.splitlines()[-1]), strict=True
    ):
        fit = taken(properties=properties)
        assert (fit.disk_type, fit.adapter) == (disk_type, adapter), properties
        assert fit.linked_clone in (None, linked), properties
        assert fit.linked_clone is not None or linked, "nova.conf as it comes makes linked clones"
