"""Which version of the vSphere API to speak with a server.

`SmartConnect` does the same, but fetches the server's list without any deadline.
"""

import re

from vmware_panel.vsphere.errors import bad_answer, quoted

VERSIONS_FILE = "/sdk/vimServiceVersions.xml"

# Newest first; the SDK's own names. Newer servers speak these as well (`priorVersions`), and
# describe things that came later in terms of the version asked for.
_KNOWN = {
    "9.0.0.0": "vim.version.v9_0_0_0",
    "8.0.3.0": "vim.version.v8_0_3_0",
    "8.0.2.0": "vim.version.v8_0_2_0",
    "8.0.1.0": "vim.version.v8_0_1_0",
    "8.0.0.0": "vim.version.v8_0_0_0",
    "7.0.3.0": "vim.version.v7_0_3_0",
    "7.0.2.0": "vim.version.v7_0_2_0",
    "7.0.1.0": "vim.version.v7_0_1_0",
    "7.0.0.0": "vim.version.v7_0",
    "6.7": "vim.version.version12",
    "6.5": "vim.version.version11",
}
FLOOR = "6.5"

_NAMESPACE = re.compile(r"<namespace>(.*?)</namespace>", re.DOTALL)
_NAME = re.compile(r"<name>\s*urn:vim25\s*</name>")
_VERSION = re.compile(r"<version>\s*([^<\s]+)\s*</version>")


def choose(versions_file: bytes, *, source: str) -> str:
    """The newest version that both sides know, by the SDK's name.

    Raises `VSphereError` of kind BAD_ANSWER if there is none.
    """
    text = versions_file.decode("utf-8", "replace")
    offered: list[str] = []
    for namespace in _NAMESPACE.findall(text):
        if _NAME.search(namespace):
            offered += _VERSION.findall(namespace)
    if not offered:
        raise bad_answer("this is not a vSphere API (it offers no API version)", source=source)
    for version, sdk_name in _KNOWN.items():
        if version in offered:
            return sdk_name
    raise bad_answer(
        f"speaks none of the API versions {FLOOR} and later (it offers {quoted(offered[0])})",
        source=source,
    )
