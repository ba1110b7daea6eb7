"""`manage.py vmware_collect`: keeps the vCenters' inventories current for all web processes."""

import json
import os
import signal
import sys
import threading
from argparse import ArgumentParser
from pathlib import Path
from typing import Any

from django.core.management.base import BaseCommand, CommandError

from vmware_panel.collecting.external import Collection, Report, document, list_once
from vmware_panel.collecting.process import tell_systemd
from vmware_panel.config import CollectorMode, ConfigError, PanelConfig, get_config
from vmware_panel.store import CacheStore

FAILED = 1
MISCONFIGURED = 2


class Command(BaseCommand):
    help = (
        "Keeps the inventory of every vCenter of VMWARE_PANEL current in the cache that "
        "store.cache names, until it gets SIGTERM. A second one stands by, and takes over when "
        "the first one is gone. Exit status: 0 after SIGTERM, 1 if --once did not come through, "
        "2 if VMWARE_PANEL does not allow it."
    )
    requires_system_checks: list[str] = []  # what concerns this command it says itself

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument(
            "--once", action="store_true", help="list everything once, publish it, and end"
        )
        parser.add_argument(
            "--status-file",
            metavar="PATH",
            help="write there, every second, how each vCenter is doing (JSON; swapped whole)",
        )

    def handle(self, *args: Any, **options: Any) -> None:
        config = self._config()
        store = CacheStore(str(config.store.cache))
        self._said: dict[str, str] = {}
        path = options["status_file"]
        self._status_file = Path(path) if path else None
        if options["once"]:
            reports = [list_once(v, store, self._say) for v in config.vcenters]
            self._write_status(reports)
            failed = [report.vcenter for report in reports if not report.published]
            if failed:
                raise CommandError(f"not published: {', '.join(failed)}", returncode=FAILED)
            return
        stopping = threading.Event()
        for number in (signal.SIGTERM, signal.SIGINT):
            signal.signal(number, lambda *_: stopping.set())
        collection = Collection(config.vcenters, store, config.collector.relist_interval_s)

        def look(reports: list[Report]) -> None:
            for report in reports:
                self._say(report)
            self._write_status(reports)
            # A standby is ready too, or systemd would end it after its start timeout.
            tell_systemd("READY=1")
            if collection.alive:
                tell_systemd("WATCHDOG=1")
            tell_systemd("STATUS=" + "; ".join(self._said.values()))

        collection.run(stopping, look)
        tell_systemd("STOPPING=1")

    def _config(self) -> PanelConfig:
        try:
            config = get_config()
        except ConfigError as error:
            lines = "\n".join(f"{f.statement} {f.advice}" for f in error.faults)
            raise CommandError(lines, returncode=MISCONFIGURED) from None
        if not config.vcenters:
            raise CommandError("VMWARE_PANEL describes no vCenter", returncode=MISCONFIGURED)
        if config.collector.mode is not CollectorMode.EXTERNAL:
            raise CommandError(
                "VMWARE_PANEL.collector.mode is not 'external', so the web processes would not "
                "leave collecting to this one. Set it, and store.cache, for all of them",
                returncode=MISCONFIGURED,
            )
        return config

    def _say(self, report: Report) -> None:
        """One line when something is another than it was."""
        line = _line(report)
        if self._said.get(report.vcenter) != line:
            self._said[report.vcenter] = line
            self.stdout.write(line)
            self.stdout.flush()

    def _write_status(self, reports: list[Report]) -> None:
        if self._status_file is None:
            return
        beside = self._status_file.with_name(f"{self._status_file.name}.{os.getpid()}")
        try:
            beside.write_text(json.dumps(document(reports), indent=1) + "\n")
            beside.replace(self._status_file)
        except OSError as error:
            print(f"--status-file {self._status_file}: {error.strerror}", file=sys.stderr)
            self._status_file = None  # said once


def _line(report: Report) -> str:
    status = report.status
    said = f"{report.vcenter}: {report.keeper.value}"
    if status is None:
        return said
    said += f", {status.state.value}"
    if status.trouble:
        said += f" ({status.trouble.kind.value}: {status.trouble.detail})"
    return said
