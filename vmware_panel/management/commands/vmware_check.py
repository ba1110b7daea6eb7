"""`manage.py vmware_check`: can this Horizon use its vCenters, and if not, where does it fail?"""

import json
from argparse import ArgumentParser
from dataclasses import asdict
from typing import Any

from django.core.management.base import BaseCommand, CommandError

from vmware_panel.api.check import ProbeStep, StepStatus, check_vcenter, nova_nodes
from vmware_panel.config import ConfigError, VCenterConfig, get_config

FAILED = 1
MISCONFIGURED = 2
NAME_WIDTH = 9


class Command(BaseCommand):
    help = (
        "Tests each vCenter of VMWARE_PANEL step by step: name, TCP, TLS, login, version, rights, "
        "clusters, and Nova's nodes if OS_* variables say how to reach Nova. Exit status: 0 if "
        "nothing failed, 1 if a step failed, 2 if VMWARE_PANEL cannot be read."
    )
    requires_system_checks: list[str] = []  # they name the same faults, less the reasons

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("--vcenter", metavar="NAME", help="only this one of VMWARE_PANEL")
        parser.add_argument("--json", action="store_true", help="one JSON document for programs")

    def handle(self, *args: Any, **options: Any) -> None:
        vcenters = self._vcenters(options["vcenter"])
        nodes = nova_nodes()
        as_json: bool = options["json"]
        results: dict[str, list[ProbeStep]] = {}
        for vcenter in vcenters:
            if not as_json:
                self.stdout.write(f"{vcenter.name} ({vcenter.host}:{vcenter.port})")
            steps = results[vcenter.name] = []
            for step in check_vcenter(vcenter, nodes):
                steps.append(step)
                if not as_json:
                    self._say(step)
        failed = [
            name
            for name, steps in results.items()
            if any(step.status is StepStatus.FAILED for step in steps)
        ]
        if as_json:
            self.stdout.write(json.dumps(_document(vcenters, results, not failed), indent=1))
        if failed:
            raise CommandError(f"failed: {', '.join(failed)}", returncode=FAILED)

    def _vcenters(self, only: str | None) -> tuple[VCenterConfig, ...]:
        try:
            vcenters = get_config().vcenters
        except ConfigError as error:
            lines = "\n".join(f"{f.statement} {f.advice}" for f in error.faults)
            raise CommandError(lines, returncode=MISCONFIGURED) from None
        if not vcenters:
            raise CommandError("VMWARE_PANEL describes no vCenter", returncode=MISCONFIGURED)
        chosen = tuple(v for v in vcenters if only in (None, v.name))
        if not chosen:
            known = ", ".join(v.name for v in vcenters)
            raise CommandError(
                f"--vcenter {only}: not in VMWARE_PANEL, which has {known}",
                returncode=MISCONFIGURED,
            )
        return chosen

    def _say(self, step: ProbeStep) -> None:
        style = {
            StepStatus.OK: self.style.SUCCESS,
            StepStatus.WARN: self.style.WARNING,
            StepStatus.FAILED: self.style.ERROR,
        }.get(step.status, str)
        status = style(f"{step.status.value:7}")
        self.stdout.write(f"  {status} {step.name.value:{NAME_WIDTH}} {step.detail}")
        if step.remedy:
            self.stdout.write(f"  {'':7} {'':{NAME_WIDTH}} -> {step.remedy}")
        self.stdout.flush()


def _document(
    vcenters: tuple[VCenterConfig, ...], results: dict[str, list[ProbeStep]], ok: bool
) -> dict[str, Any]:
    return {
        "ok": ok,
        "vcenters": [
            {
                "name": vcenter.name,
                "host": vcenter.host,
                "port": vcenter.port,
                "steps": [_plain(step) for step in results[vcenter.name]],
            }
            for vcenter in vcenters
        ],
    }


def _plain(step: ProbeStep) -> dict[str, Any]:
    return {
        "name": step.name.value,
        "status": step.status.value,
        "detail": step.detail,
        "remedy": step.remedy,
        "vcenter": asdict(step.vcenter) if step.vcenter else None,
        "clusters": [asdict(cluster) for cluster in step.clusters],
        "missing_privileges": list(step.missing_privileges),
    }
