"""How OpenStack writes its ids: UUIDs. Names of files and VMs may hold them in either case."""

import re

UUID = r"[0-9a-fA-F]{8}(?:-[0-9a-fA-F]{4}){3}-[0-9a-fA-F]{12}"
"""To be built into patterns; it has no group."""

_UUID = re.compile(UUID)


def is_uuid(text: str) -> bool:
    """In either case, and nothing beside it."""
    return bool(_UUID.fullmatch(text))
