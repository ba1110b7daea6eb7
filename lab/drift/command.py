"""The command line ``lab drift``, with the journal of what is in force."""

from __future__ import annotations

import argparse
import dataclasses
import json
import sys
from pathlib import Path

from pyVmomi import vmodl

from lab.drift import DRIFTS, Change, DriftError, Options, VCenter, apply, undo
from lab.settings import LabSettings
from lab.simulator.client import SimulatorControl, SimulatorControlError
from lab.vcenter import administrator


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """The arguments of ``lab drift``."""
    table = "\n".join(f"  {drift.name:<18}{drift.words}" for drift in DRIFTS.values())
    parser.formatter_class = argparse.RawDescriptionHelpFormatter
    parser.epilog = f"drifts:\n{table}\n  {'list':<18}which there are, and which are in force"
    parser.add_argument("drift", choices=["list", *DRIFTS], metavar="DRIFT", help="see below")
    parser.add_argument("--undo", action="store_true", help="take the last one of it back")
    parser.add_argument("--vm", help="instance uuid, name or vm-NN (default: a VM of Nova's)")
    parser.add_argument("--host", help="name of a host (default: the one with the most VMs)")
    parser.add_argument("--datastore", help="its name (default: the one with the most VMs)")
    parser.add_argument(
        "--unmanaged",
        action="store_true",
        help="clone-ids: the clone does not say that Nova manages it",
    )


def run(arguments: argparse.Namespace, settings: LabSettings) -> int:
    """``lab drift``; its exit status."""
    journal = Journal(settings.run / "drift.json")
    if arguments.drift == "list":
        _list(journal)
        return 0
    login = administrator(settings)
    try:
        with login.connected() as service:
            vcenter = VCenter(service, SimulatorControl(login))
            if arguments.undo:
                change = journal.last(arguments.drift)
                print(undo(vcenter, change))
                journal.remove(change)
            else:
                change = apply(vcenter, arguments.drift, _options(arguments))
                journal.add(change)
                print(change.words)
    except OSError as error:
        print(f"error: no vCenter at {login.host}:{login.port}: {error}", file=sys.stderr)
        return 1
    except vmodl.MethodFault as error:
        reason = getattr(error, "msg", None) or type(error).__name__
        print(f"error: vCenter refused: {reason}", file=sys.stderr)
        return 1
    except (DriftError, SimulatorControlError) as error:
        print(f"error: {error}", file=sys.stderr)
        return 1
    return 0


def _options(arguments: argparse.Namespace) -> Options:
    return Options(
        arguments.vm, arguments.host, arguments.datastore, managed=not arguments.unmanaged
    )


def _list(journal: Journal) -> None:
    for drift in DRIFTS.values():
        once = "" if drift.undo else " (cannot be undone)"
        print(f"{drift.name:<18}{drift.words}{once}")
    for change in journal.changes():
        print(f"in force: {change.drift}: {change.words}")


class Journal:
    """The drifts in force, in a file: the oldest first."""

    def __init__(self, file: Path) -> None:
        self._file = file

    def changes(self) -> list[Change]:
        try:
            return [Change(**change) for change in json.loads(self._file.read_text())]
        except FileNotFoundError:
            return []

    def last(self, drift: str) -> Change:
        """:raises DriftError: that drift is not in force"""
        for change in reversed(self.changes()):
            if change.drift == drift:
                return change
        raise DriftError(f"{drift} is not in force: `lab drift list` shows what is")

    def add(self, change: Change) -> None:
        self._write([*self.changes(), change])

    def remove(self, change: Change) -> None:
        self._write([other for other in self.changes() if other != change])

    def _write(self, changes: list[Change]) -> None:
        self._file.parent.mkdir(parents=True, exist_ok=True)
        self._file.write_text(json.dumps([dataclasses.asdict(c) for c in changes], indent=1))
