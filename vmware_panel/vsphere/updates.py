"""What `WaitForUpdatesEx` says: how objects differ from what was said before."""

from enum import StrEnum
from typing import NamedTuple

from vmware_panel.vsphere.rows import Row


class UpdateKind(StrEnum):
    """`ObjectUpdate.kind`."""

    ENTER = "enter"
    MODIFY = "modify"
    LEAVE = "leave"


class ObjectUpdate(NamedTuple):
    """One object that is new, different or gone.

    For `enter` the row holds every property that could be read; for `modify` only those that
    changed, with None for what is unset or unreadable now; for `leave` none.
    """

    kind: UpdateKind
    row: Row


class UpdateSet(NamedTuple):
    """`version` asks for what comes after; with `truncated` there is more at once."""

    version: str
    updates: list[ObjectUpdate]
    truncated: bool = False
