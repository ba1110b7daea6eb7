"""What happens in a vCenter behind Nova's back, one at a time, and back again where it can be.

The drifts are in one table, :data:`DRIFTS`, for the command line, the docs and the tests. Each is
a vCenter call that an admin, DRS or Storage DRS would make; only ``fill-datastore`` asks the
simulator itself. :func:`apply` makes one, :func:`undo` takes it back; neither keeps anything, so
the command line (:mod:`lab.drift.command`) writes what it changed to a journal.
"""

from __future__ import annotations

import argparse
import dataclasses
from collections.abc import Callable, Mapping
from typing import Literal

from lab.drift import hosts, virtual_machines, volumes
from lab.drift.inventory import Change, DriftError, Options, VCenter
from lab.settings import LabSettings
from lab.simulator.client import VCenterLogin

__all__ = [
    "DRIFTS",
    "Change",
    "Drift",
    "DriftError",
    "Options",
    "VCenter",
    "VCenterLogin",
    "add_arguments",
    "apply",
    "run",
    "undo",
]

Kind = Literal["vm", "host", "datastore"]


@dataclasses.dataclass(frozen=True)
class Drift:
    """One thing that can happen: its name, one line about it, and how."""

    name: str
    words: str
    kind: Kind
    apply: Callable[[VCenter, Options], Change]
    undo: Callable[[VCenter, Change], str] | None


DRIFTS: Mapping[str, Drift] = {
    drift.name: drift
    for drift in (
        Drift(
            "other-cluster",
            "move a VM to the other cluster: Nova and Placement keep it on the old one",
            "vm",
            virtual_machines.to_other_cluster,
            virtual_machines.back_to_cluster,
        ),
        Drift(
            "child-pool",
            "move a VM to a child of the cluster's resource pool, where Nova does not look",
            "vm",
            virtual_machines.to_child_pool,
            virtual_machines.back_to_pool,
        ),
        Drift(
            "power-off",
            "power a VM off",
            "vm",
            virtual_machines.power_off,
            virtual_machines.power_on,
        ),
        Drift(
            "delete",
            "delete a VM with its files; this cannot be undone",
            "vm",
            virtual_machines.delete,
            None,
        ),
        Drift(
            "clone-ids",
            "clone a VM with its ids: two VMs for one instance",
            "vm",
            virtual_machines.clone_with_ids,
            virtual_machines.destroy_clone,
        ),
        Drift(
            "rename", "rename a VM", "vm", virtual_machines.rename, virtual_machines.rename_back
        ),
        Drift(
            "move-disk",
            "move a VM's first disk to another datastore, as Storage DRS would",
            "vm",
            virtual_machines.move_disk,
            virtual_machines.move_disk_back,
        ),
        Drift(
            "volume-moved",
            "move an instance's volume to another datastore, as Storage DRS would; a detach mends it",
            "vm",
            volumes.move_volume,
            None,
        ),
        Drift(
            "volume-ghost",
            "clone a volume's shadow VM to one of a volume that Cinder does not have",
            "vm",
            volumes.copy_shadow,
            virtual_machines.destroy_clone,
        ),
        Drift(
            "host-maintenance",
            "put a host into maintenance mode: its running VMs move to other hosts",
            "host",
            hosts.into_maintenance,
            hosts.out_of_maintenance,
        ),
        Drift(
            "host-disconnect",
            "disconnect a host with its VMs",
            "host",
            hosts.disconnect,
            hosts.reconnect,
        ),
        Drift(
            "fill-datastore",
            f"let a datastore report that it is {hosts.FILLED_PERCENT} % full",
            "datastore",
            hosts.fill,
            hosts.empty,
        ),
    )
}


def apply(vcenter: VCenter, name: str, options: Options = Options()) -> Change:
    """Make the drift ``name`` and say what was changed.

    :raises DriftError: there is nothing to make it with, or vCenter refused
    """
    return DRIFTS[name].apply(vcenter, options)


def undo(vcenter: VCenter, change: Change) -> str:
    """Take a change back; what is so now, in words.

    :raises DriftError: it cannot be taken back, or vCenter refused
    """
    back = DRIFTS[change.drift].undo
    if back is None:
        raise DriftError(f"{change.drift} cannot be undone: {change.words}")
    return back(vcenter, change)


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """The arguments of ``lab drift``."""
    from lab.drift import command

    command.add_arguments(parser)


def run(arguments: argparse.Namespace, settings: LabSettings) -> int:
    """``lab drift``; its exit status."""
    from lab.drift import command

    return command.run(arguments, settings)
