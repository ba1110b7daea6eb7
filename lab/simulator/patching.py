"""How govmomi's simulator is mended before it is built.

A patch replaces an exact piece of text and must match as often as it says, or the build stops: with
another govmomi the list has to be looked at again. A method that ``go/additions`` writes anew is only
given another name here (``renamed``).
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path


class PatchError(RuntimeError):
    """A patch does not fit the sources."""


@dataclass(frozen=True)
class Patch:
    """Replace ``old``, found ``count`` times in ``file``, by ``new``."""

    file: str
    reason: str
    old: str
    new: str
    count: int = 1


def renamed(file: str, receiver: str, name: str, reason: str) -> Patch:
    """Patch that gives a method another name, so that ``go/additions`` can have its own."""
    other = name[0].lower() + name[1:]
    return Patch(file, reason, f"func {receiver} {name}(", f"func {receiver} {other}(")


def apply_patches(package: Path, patches: tuple[Patch, ...]) -> Mapping[str, str]:
    """Mended text of every file of the Go package ``package`` that a patch names, by file name.

    Raises :class:`PatchError` when a patch does not match as often as it says.
    """
    mended: dict[str, str] = {}
    for patch in patches:
        text = mended.get(patch.file)
        if text is None:
            text = (package / patch.file).read_text()
        found = text.count(patch.old)
        if found != patch.count:
            raise PatchError(
                f"patch for {patch.file} ({patch.reason}) matches {found} times, "
                f"not {patch.count}:\n{patch.old}"
            )
        mended[patch.file] = text.replace(patch.old, patch.new)
    return mended
