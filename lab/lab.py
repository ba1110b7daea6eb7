"""The lab as a whole: up, down, and how it is."""

from __future__ import annotations

import dataclasses
import shutil
import sys
import time
from collections.abc import Mapping
from typing import Any, TextIO

from lab import programs, report
from lab.certificates import ensure_certificates
from lab.openstack_conf import NEVER
from lab.readiness import ComputeReports
from lab.services import LabSteps, prepare
from lab.settings import REGION, LabSettings
from lab.steps import Service
from lab.supervisor import LabError, Supervisor

_REPORT_TIMEOUT_S = 150.0
_REPORT_POLL_S = 0.5


class Lab:
    """One lab in one state folder."""

    def __init__(
        self, settings: LabSettings, *, seed: bool = True, out: TextIO | None = None
    ) -> None:
        self._settings = settings
        self._steps = LabSteps(settings, seed=seed).all()
        self._out = out or sys.stdout
        # The records of processes outlive ``run``, which every start empties.
        self.supervisor = Supervisor(settings.state, settings.logs, self._steps, out)

    @property
    def services(self) -> list[Service]:
        return [step for step in self._steps if isinstance(step, Service)]

    def up(self) -> bool:
        """Bring everything up; False if it was up already.

        :raises LabError: it cannot, and why; nothing is left running then
        """
        missing = programs.missing_packages()
        if missing:
            packages = " ".join(missing)
            raise LabError(
                "programs are missing: apt-get install --no-install-recommends " + packages
            )
        with self.supervisor.locked():
            before = self._settings.recorded()
            # By its own services: with other options there are others.
            if before is not None and all(Lab(before).supervisor.health().values()):
                if before.describe() != self._settings.describe():
                    raise LabError(
                        f"the lab is up with other options: run `{report.command()} down` first"
                    )
                return False
            begin = time.monotonic()
            leftovers = self.supervisor.stop()
            if leftovers:
                self._say(f"stopped {leftovers} processes that an earlier start left")
            self.supervisor.check_ports()
            for folder in (self._settings.run, self._settings.logs):
                shutil.rmtree(folder, ignore_errors=True)
            ensure_certificates(self._settings.certificates)
            prepare(self._settings)
            self._settings.write_record()  # the services and the seed read it
            try:
                self.supervisor.start()
            except BaseException:
                self._settings.record_file.unlink(missing_ok=True)
                raise
            self._say(f"{time.monotonic() - begin:6.1f} s   the lab is up")
        return True

    def down(self) -> int:
        """Stop everything; return the number of processes stopped."""
        with self.supervisor.locked():
            self._settings.record_file.unlink(missing_ok=True)
            count = self.supervisor.stop()
            shutil.rmtree(self._settings.run, ignore_errors=True)
            return count

    def set_datastore_regex(self, host: str, regex: str) -> None:
        """Give one nova-compute another ``[vmware] datastore_regex``, and start it anew with it."""
        self._set_options(host, {"datastore_regex": regex})

    def set_image_cache(self, host: str, minimum_age_s: int, interval_s: int) -> None:
        """Have one nova-compute age its image cache by other figures, and start it anew."""
        self._set_options(
            host,
            {
                "remove_unused_original_minimum_age_seconds": minimum_age_s,
                "manager_interval": interval_s,
            },
        )

    def set_power_sync(self, host: str, interval_s: int) -> None:
        """Have one nova-compute look at its power states by another interval; starts it anew."""
        self._set_options(host, {"sync_power_state_interval": interval_s or NEVER})

    def _set_options(self, host: str, values: Mapping[str, object]) -> None:
        """Options that stand in the file of that nova-compute already.

        :raises LabError: it does not come up again
        """
        with self.supervisor.locked():
            file = self._settings.etc / "nova" / f"{host}.conf"
            lines = []
            for line in file.read_text().splitlines():
                name = line.partition(" = ")[0]
                lines.append(f"{name} = {values[name]}" if name in values else line)
            file.write_text("\n".join([*lines, ""]))
            self.supervisor.restart(f"nova-compute-{host}")
            reports = ComputeReports(self._settings, host)
            until = time.monotonic() + _REPORT_TIMEOUT_S
            while not reports():
                if time.monotonic() > until:
                    raise LabError(f"nova-compute of {host} does not report after its restart")
                time.sleep(_REPORT_POLL_S)

    def status(self) -> dict[str, Any]:
        """Everything a test or a person needs to know of it, as plain values."""
        settings = self._settings
        health = self.supervisor.health()
        records = self.supervisor.book.read()
        services = {
            service.name: {
                "ready": health[service.name],
                "pid": records[service.name].leader.pid if service.name in records else None,
                "ports": dict(service.ports),
                "log": str(self.supervisor.log(service)),
            }
            for service in self.services
        }
        state = "up" if all(health.values()) else "partly up" if any(health.values()) else "down"
        return {
            "state": state,
            "folder": str(settings.state),
            "size": dataclasses.asdict(settings.size),
            "ports": dict(settings.ports),
            "endpoints": {
                "horizon": settings.horizon_url,
                "keystone": settings.keystone_url,
                "vcenter": settings.vcenter_url,
            },
            "region": REGION,
            "vcenter": {
                "user": settings.vcenter_user,
                "password": settings.vcenter_password,
                "ca_file": str(settings.ca_file),
                "clusters": [f"DC0_C{n}" for n in range(settings.size.clusters)],
            },
            "openstack": settings.openstack_environment(),
            "compute_hosts": list(settings.compute_hosts()),
            "services": services,
        }

    def _say(self, text: str) -> None:
        print(text, file=self._out, flush=True)
