"""Mends of what goes to and from datastores by HTTP, each with its reason."""

from __future__ import annotations

from lab.simulator.patching import Patch, renamed

UPLOAD_PATCHES: tuple[Patch, ...] = (
    renamed(
        "simulator.go",
        "(s *Service)",
        "ServeDatastore",
        "It took files from everybody, at any size, and counted nothing (uploads.go).",
    ),
)
