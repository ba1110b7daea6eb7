"""The structures that stand in properties, taken out of their XML as trees of plain values.

A tree holds an element's children by name, the last of a name where there are several; what stands
under the empty name is the SDK's class of the element, where its `xsi:type` says one. Leaves are
text, or what their own `xsi:type` makes of them.
"""

from collections.abc import Callable, Iterator, Mapping
from types import MappingProxyType
from typing import Any, cast

from pyVmomi import vim, vmodl

from vmware_panel.domain.inventory import VirtualDisk
from vmware_panel.vsphere.rows import Fault, LoggedIn, ManagedBy, Option, Reference, Value

Tree = dict[str, Any]

TYPE = ""
MAX_CHAIN = 256  # vSphere allows 32 snapshots of a VM; anything near this is a loop

_FLAGS = MappingProxyType({"true": True, "1": True, "false": False, "0": False})


def flag(text: str) -> bool:
    """Raises `ValueError` for what is none."""
    found = _FLAGS.get(text.lower())
    if found is None:
        raise ValueError("neither true nor false")
    return found


def structure(tree: Tree) -> Value | None:
    """What the project makes of it; None if it is of no type that is read."""
    kind = tree.get(TYPE, object)
    return next((make(tree) for base, make in _MAKERS.items() if issubclass(kind, base)), None)


def fault(missing: Tree) -> Fault | None:
    """Out of one `missingSet`: the fault within the `LocalizedMethodFault`."""
    inner = _tree(_tree(missing, "fault"), "fault")
    if "fault" not in _tree(missing, "fault"):
        return None
    about = inner.get("obj")
    return Fault(
        inner.get(TYPE, vmodl.MethodFault), about if isinstance(about, Reference) else None
    )


def disk(device: Tree) -> VirtualDisk:
    """A device whose type is `VirtualDisk`; raises `ValueError`."""
    backing = _tree(device, "backing")
    store, thin = backing.get("datastore"), _text(backing, "thinProvisioned")
    capacity_bytes = _number(device, "capacityInBytes") or (_number(device, "capacityInKB") * 1024)
    return VirtualDisk(
        key=_number(device, "key"),
        label=_text(_tree(device, "deviceInfo"), "label") or "",
        path=_path(backing),
        datastore=store.moref if isinstance(store, Reference) else None,
        capacity_bytes=capacity_bytes or None,
        thin=None if thin is None else flag(thin),
        backing_uuid=_text(backing, "uuid"),
        parent_paths=tuple(_path(parent) for parent in _parents(backing)),
    )


def _path(backing: Tree) -> str:
    """`fileName`, which a raw device of a single host has not: that one has a device name."""
    return _text(backing, "fileName") or _text(backing, "deviceName") or ""


def _parents(backing: Tree) -> Iterator[Tree]:
    """The chain below, nearest first; not every kind of backing has a parent."""
    at = backing
    for _ in range(MAX_CHAIN):
        if "parent" not in at:
            return
        at = _tree(at, "parent")
        yield at


def _manager(tree: Tree) -> ManagedBy:
    return ManagedBy(_text(tree, "extensionKey") or "", _text(tree, "type") or "")


def _option(tree: Tree) -> Option | None:
    value = tree.get("value")
    if not isinstance(value, str | int):
        return None
    return Option(_text(tree, "key") or "", str(value))


def _text(tree: Tree, name: str) -> str | None:
    value = tree.get(name)
    return value if isinstance(value, str) else None


def _number(tree: Tree, name: str) -> int:
    """Zero where there is none, as with the SDK."""
    return int(tree.get(name, 0))


def _tree(tree: Tree, name: str) -> Tree:
    value = tree.get(name)
    return value if isinstance(value, dict) else {}


_MAKERS: Mapping[type, Callable[[Tree], Value | None]] = MappingProxyType(
    cast(
        dict[type, Callable[[Tree], Value | None]],
        {
            vim.ext.ManagedByInfo: _manager,
            vim.option.OptionValue: _option,
            vim.UserSession: lambda _: LoggedIn(),
        },
    )
)
