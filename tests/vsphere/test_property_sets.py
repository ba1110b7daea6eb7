"""The paths that are read exist: one that does not makes vCenter refuse the whole read."""

import pytest
from pyVmomi.Version import IsChildVersion
from pyVmomi.VmomiSupport import GetVmodlType

from vmware_panel.vsphere import api_version
from vmware_panel.vsphere.property_sets import (
    BULK,
    NOVA_UUID_PATH,
    ONE_CLUSTER,
    ONE_HOST,
    ONE_VM,
    USAGE,
)

PATHS = sorted(
    {
        (kind.__name__, path)
        for properties in (BULK, ONE_VM, USAGE, ONE_CLUSTER, ONE_HOST)
        for kind, paths in properties.items()
        for path in paths
        if path != NOVA_UUID_PATH
    }
)


@pytest.mark.parametrize(("kind", "path"), PATHS)
def test_a_path_exists_in_every_supported_version(kind: str, path: str) -> None:
    floor = api_version._KNOWN[api_version.FLOOR]
    at = GetVmodlType(kind)
    for step in path.split("."):
        info = at._GetPropertyInfo(step)
        assert IsChildVersion(floor, info.version), f"{step} came after {api_version.FLOOR}"
        at = info.type
