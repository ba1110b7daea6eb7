"""What is mended in govmomi's simulator before it is built, each with its reason."""

from __future__ import annotations

from lab.simulator.patches_drs import DRS_PATCHES
from lab.simulator.patches_files import FILE_PATCHES
from lab.simulator.patches_history import HISTORY_PATCHES
from lab.simulator.patches_inventory import INVENTORY_PATCHES
from lab.simulator.patches_machines import MACHINE_PATCHES
from lab.simulator.patches_performance import PERFORMANCE_PATCHES
from lab.simulator.patches_snapshots import SNAPSHOT_PATCHES
from lab.simulator.patches_updates import UPDATE_PATCHES
from lab.simulator.patches_uploads import UPLOAD_PATCHES
from lab.simulator.patching import Patch

PATCHES: tuple[Patch, ...] = (
    *INVENTORY_PATCHES,
    *UPDATE_PATCHES,
    *MACHINE_PATCHES,
    *SNAPSHOT_PATCHES,
    *FILE_PATCHES,
    *UPLOAD_PATCHES,
    *HISTORY_PATCHES,
    *DRS_PATCHES,
    *PERFORMANCE_PATCHES,
)
