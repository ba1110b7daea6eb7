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
    # --- imports by a lease
    renamed(
        "resource_pool.go",
        "(p *ResourcePool)",
        "ImportVApp",
        "A lease was ready at once, for ever, and named no host (nfc_import.go).",
    ),
    Patch(
        "http_nfc_lease.go",
        "What was sent was thrown away (nfc_upload.go).",
        "func ServeNFC(",
        "func serveNFC(",
    ),
    *(
        renamed(
            "http_nfc_lease.go",
            "(l *HttpNfcLease)",
            name,
            "A lease had no states and no time, and left what was aborted (nfc_import.go).",
        )
        for name in ("HttpNfcLeaseComplete", "HttpNfcLeaseAbort", "HttpNfcLeaseProgress")
    ),
    *(
        renamed(
            "virtual_machine.go",
            "(vm *VirtualMachine)",
            name,
            "A VM under a lease could be taken away (nfc_import.go).",
        )
        for name in ("UnregisterVM", "DestroyTask")
    ),
)
