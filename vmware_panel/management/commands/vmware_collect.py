"""`manage.py vmware_collect`: keeps the vCenters' inventories current for all web processes."""

import json
import os
import signal
import threading
from argparse import ArgumentParser
from pathlib import Path
from typing import Any

from django.core.management.base import BaseCommand, CommandError, SystemCheckError

from vmware_panel.collecting.external import Collection, Report, document, list_once
from vmware_panel.collecting.keeper import KeeperState
from vmware_panel.collecting.process import tell_systemd
from vmware_panel.collecting.scanner import ScanTimes
from vmware_panel.config import CollectorMode, ConfigError, PanelConfig, get_config
from vmware_panel.store import CacheStore

FAILED = 1
MISCONFIGURED = 2


class Command(BaseCommand):
    help = (
        "Keeps the inventory of every vCenter of VMWARE_PANEL current in the cache that "
        "store.cache names, until it gets SIGTERM. A second one stands by, and takes over when "
        "the first one is gone. Exit status: 0 after SIGTERM; 1 if --once did not come through "
        "or the program has a fault; 2 if the settings do not allow it."
    )
    requires_system_checks = ["vmware_panel"]

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument(
            "--once",
            action="store_true",
            help="list everything once, publish it, and end; not while another one collects",
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
        self._status_file_fails = False
        stopping = threading.Event()

        def stop(*_: object) -> None:
            stopping.set()
            tell_systemd("STOPPING=1")

        for number in (signal.SIGTERM, signal.SIGINT):
            signal.signal(number, stop)
        if options["once"]:
            self._list_once(config, store, stopping)
        else:
            self._collect(config, store, stopping)

    def _collect(self, config: PanelConfig, store: CacheStore, stopping: threading.Event) -> None:
        collector = config.collector
        scan_times = ScanTimes(collector.scan_interval_s, collector.scan_timeout_s)
        collection = Collection(config.vcenters, store, collector.relist_interval_s, scan_times)

        def look(reports: list[Report]) -> None:
            for report in reports:
                self._say(report)
            self._write_status(reports)
            if stopping.is_set():
                return
            # A standby is ready too, or systemd would end it after its start timeout.
            tell_systemd("READY=1")
            if collection.alive:
                tell_systemd("WATCHDOG=1")
            tell_systemd("STATUS=" + "; ".join(self._said.values()))

        collection.run(stopping, look)
        if not stopping.is_set():
            raise CommandError("a part of this program ended by itself", returncode=FAILED)

    def _list_once(
        self, config: PanelConfig, store: CacheStore, stopping: threading.Event
    ) -> None:
        reports = [list_once(v, store, stopping, self._say) for v in config.vcenters]
        self._write_status(reports)
        failed = [f"{r.vcenter} ({_why(r)})" for r in reports if not r.published]
        if failed:
            raise CommandError(f"not published: {', '.join(failed)}", returncode=FAILED)

    def check(self, **kwargs: Any) -> None:
        """Django's checks of the settings, with this command's exit status."""
        try:
            super().check(**kwargs)
        except SystemCheckError as error:
            raise CommandError(str(error), returncode=MISCONFIGURED) from None

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
            self._status_file_fails = False
        except OSError as error:
            if not self._status_file_fails:
                self.stderr.write(f"--status-file {self._status_file}: {error.strerror}")
            self._status_file_fails = True


def _line(report: Report) -> str:
    status, store = report.status, report.store_trouble
    said = f"{report.vcenter}: {report.keeper.value}"
    if status is not None:
        said += f", {status.state.value}"
        if status.trouble:
            said += f" ({status.trouble.kind.value}: {status.trouble.detail})"
    if store:
        said += f"; store ({store.kind.value}: {store.detail})"
    return said


def _why(report: Report) -> str:
    """Why a single list came to nothing."""
    if report.keeper is KeeperState.STANDBY:
        return "another collector has the lease, and keeps it current"
    trouble = report.store_trouble or (report.status.trouble if report.status else None)
    return f"{trouble.source}: {trouble.kind.value}: {trouble.detail}" if trouble else "stopped"
