"""Which version of the API is spoken."""

import pytest

from vmware_panel.domain.outcome import TroubleKind
from vmware_panel.vsphere import VSphereError, api_version

# As a vCenter 8.0 answers at /sdk/vimServiceVersions.xml, shortened.
VCENTER_8 = b"""<?xml version="1.0" encoding="UTF-8" ?>
<namespaces version="1.0">
 <namespace><name>urn:vim25</name><version>8.0.2.0</version>
  <priorVersions><version>8.0.1.0</version><version>7.0.0.0</version><version>6.5</version>
  </priorVersions></namespace>
 <namespace><name>urn:vsan</name><version>9.0.0.0</version></namespace>
</namespaces>"""


def offering(*versions: str) -> bytes:
    listed = "".join(f"<version>{version}</version>" for version in versions)
    return (
        f"<namespaces><namespace><name>urn:vim25</name>{listed}</namespace></namespaces>".encode()
    )


def test_the_newest_that_both_know() -> None:
    assert api_version.choose(VCENTER_8, source="west") == "vim.version.v8_0_2_0"


def test_a_server_newer_than_the_sdk_is_spoken_to_in_an_older_version() -> None:
    chosen = api_version.choose(offering("12.0.0.0", "8.0.3.0", "7.0.0.0"), source="west")
    assert chosen == "vim.version.v8_0_3_0"


@pytest.mark.parametrize(
    ("answer", "words"),
    [
        (offering("6.0", "5.5"), "6.5"),
        (b"<html>Welcome</html>", "not a vSphere API"),
        (b"", "API"),
    ],
)
def test_a_server_without_a_common_version_is_refused(answer: bytes, words: str) -> None:
    with pytest.raises(VSphereError, match=words) as raised:
        api_version.choose(answer, source="west")
    assert raised.value.trouble.kind is TroubleKind.BAD_ANSWER
