"""Every service of the lab: its command, ports, what it comes after, when it is ready."""

from __future__ import annotations

import dataclasses
import sys
from collections.abc import Callable
from pathlib import Path

from lab import mariadb, rabbitmq
from lab.openstack_conf import OpenStackConf
from lab.programs import account, program
from lab.readiness import ComputeReady, VolumeServiceReady
from lab.settings import HOST, PROJECT_ROOT, LabSettings
from lab.simulator import Account, SimulatorOptions, ensure_built, ensure_wsdl
from lab.steps import HttpAnswers, Job, LogSays, PortAnswers, Service, Step
from lab.template import Template


def simulator_options(settings: LabSettings) -> SimulatorOptions:
    """The lab's vCenter."""
    work_dir = settings.run / "vcenter"
    work_dir.mkdir(parents=True, exist_ok=True)
    return SimulatorOptions(
        listen=HOST,
        port=settings.ports["vcenter"],
        user=settings.vcenter_user,
        password=settings.vcenter_password,
        accounts=(
            Account(settings.horizon_vcenter_user, settings.horizon_vcenter_password, "admin"),
        ),
        cert_file=settings.certificates / "vcenter.pem",
        key_file=settings.certificates / "vcenter.key",
        wsdl_dir=ensure_wsdl(settings.build),
        work_dir=work_dir,
        **dataclasses.asdict(settings.size),
    )


class LabSteps:
    """Builds the graph of one lab. Steps are named after what they start."""

    def __init__(self, settings: LabSettings, *, seed: bool = True) -> None:
        self._settings = settings
        self._seed = seed
        self._scripts = Path(sys.executable).parent
        self._python = {
            **settings.to_environment(),
            "PYTHONPATH": str(PROJECT_ROOT),
            "PYTHONWARNINGS": "ignore",
            "TMPDIR": str(settings.tmp),
        }

    def all(self) -> list[Step]:
        """In an order in which they could run one by one."""
        return [
            *self._infrastructure(),
            *self._apis(),
            *self._compute(),
            *self._volume(),
            self._horizon(),
            *self._cloud(),
        ]

    # -- helpers ---------------------------------------------------------------------------

    def _port(self, name: str) -> dict[str, int]:
        return {name: self._settings.ports[name]}

    def _log_says(self, log: str, text: str) -> LogSays:
        return LogSays(self._settings.logs / f"{log}.log", text)

    def _web(
        self,
        name: str,
        module: str,
        *arguments: str,
        path: str = "/",
        after: tuple[str, ...] = (),
        port: str = "",
        **environment: str,
    ) -> Service:
        port = port or name
        return Service(
            name=name,
            command=(
                sys.executable,
                "-m",
                "lab.wsgi",
                str(self._settings.ports[port]),
                module,
                *arguments,
            ),
            ports=self._port(port),
            ready=HttpAnswers(self._settings.url(port, path)),
            after=after,
            environment={**self._python, **environment},
        )

    def _daemon(
        self,
        name: str,
        program: str,
        conf: str,
        ready: Callable[[], bool],
        after: tuple[str, ...],
        poll_s: float = 0.1,
    ) -> Service:
        config_file = self._settings.etc / conf
        return Service(
            name=name,
            command=(str(self._scripts / program), "--config-file", str(config_file)),
            ready=ready,
            after=after,
            poll_s=poll_s,
            environment=self._python,
        )

    def _own_job(
        self, name: str, module: str, *arguments: str, after: tuple[str, ...] = ()
    ) -> Job:
        return Job(
            name,
            commands=((sys.executable, "-m", module, *arguments),),
            after=after,
            environment=self._python,
        )

    # -- the steps -------------------------------------------------------------------------

    def _databases(self) -> Job:
        template = Template(self._settings)
        if template.exists:
            return Job("databases", function=template.restore)
        return self._own_job("databases", "lab.databases", "build")

    def _infrastructure(self) -> list[Step]:
        settings = self._settings
        memcached = settings.ports["memcached"]
        return [
            self._databases(),
            rabbitmq.port_mapper(settings),
            rabbitmq.broker(settings),
            Job("simulator-build", function=lambda: _build_simulator(settings.build)),
            Service(
                "vcenter",
                lambda: simulator_options(settings).argv(ensure_built(settings.build)),
                ready=PortAnswers(settings.ports["vcenter"]),
                ports=self._port("vcenter"),
                after=("simulator-build",),
                environment={"TMPDIR": str(settings.tmp)},
            ),
            Service(
                "memcached",
                (
                    program("memcached"),
                    f"--listen={HOST}",
                    f"--port={memcached}",
                    f"--user={account()}",
                    "--memory-limit=64",
                    "--threads=1",
                ),
                ready=PortAnswers(memcached),
                ports=self._port("memcached"),
            ),
            Service(
                "mariadb",
                mariadb.server_command(settings),
                ready=PortAnswers(settings.ports["mariadb"]),
                ports=self._port("mariadb"),
                after=("databases",),
                stop_last=True,
            ),
        ]

    def _apis(self) -> list[Step]:
        etc = self._settings.etc
        database, messages = ("mariadb",), ("mariadb", "rabbitmq")
        return [
            self._web(
                "keystone",
                "keystone.wsgi.api",
                path="/v3",
                after=database,
                OS_KEYSTONE_CONFIG_FILES=str(etc / "keystone/keystone.conf"),
            ),
            self._daemon(
                "nova-conductor",
                "nova-conductor",
                "nova/conductor.conf",
                self._log_says("nova-conductor", "Starting conductor node"),
                after=messages,
            ),
            self._web(
                "nova-api",
                "nova.wsgi.osapi_compute",
                after=messages,
                port="nova",
                OS_NOVA_CONFIG_DIR=str(etc / "nova"),
            ),
            self._web(
                "placement",
                "placement.wsgi.api",
                after=database,
                OS_PLACEMENT_CONFIG_DIR=str(etc / "placement"),
            ),
            self._web("neutron", "lab.neutron", "DC0_DVPG0"),
            self._web(
                "glance",
                "glance.wsgi.api",
                path="/healthcheck",
                after=database,
                OS_GLANCE_CONFIG_DIR=str(etc / "glance"),
            ),
            self._daemon(
                "nova-scheduler",
                "nova-scheduler",
                "nova/scheduler.conf",
                self._log_says("nova-scheduler", "Starting scheduler node"),
                # Without these it starts all the same, but with errors in its log.
                after=(*messages, "keystone", "placement"),
            ),
        ]

    def _compute(self) -> list[Step]:
        hosts = list(self._settings.compute_hosts())
        after = ("rabbitmq", "keystone", "placement", "nova-conductor")
        vmware = (*after, "vcenter")
        steps: list[Step] = []
        if self._settings.size.nova_vms:
            steps.append(
                self._own_job(
                    "compute-services", "lab.databases", "compute-services", after=("mariadb",)
                )
            )
            vmware = (*vmware, "compute-services")
        steps += [self._nova_compute(host, f"nova/{host}.conf", vmware) for host in hosts]
        if self._settings.other_compute:
            steps.append(self._nova_compute("kvm-1", "nova/other.conf", after))
        return steps

    def _nova_compute(self, host: str, conf: str, after: tuple[str, ...]) -> Service:
        return self._daemon(
            f"nova-compute-{host}",
            "nova-compute",
            conf,
            ComputeReady(self._settings, host),
            after=after,
            poll_s=0.5,
        )

    def _volume(self) -> list[Step]:
        conf = str(self._settings.etc / "cinder/cinder.conf")
        messages = ("mariadb", "rabbitmq")
        return [
            self._web(
                "cinder-api",
                "cinder.wsgi.api",
                "--config-file",
                conf,
                after=messages,
                port="cinder",
            ),
            self._daemon(
                "cinder-volume",
                "cinder-volume",
                conf,
                VolumeServiceReady(self._settings),
                after=(*messages, "keystone", "vcenter"),
                poll_s=0.5,
            ),
            self._daemon(
                "cinder-scheduler",
                "cinder-scheduler",
                conf,
                self._log_says("cinder-scheduler", "Starting cinder-scheduler node"),
                after=messages,
            ),
        ]

    def _horizon(self) -> Service:
        return self._web(
            "horizon",
            "lab.horizon.wsgi",
            path="/auth/login/",
            after=("memcached",),
            DJANGO_SETTINGS_MODULE="lab.horizon_settings",
        )

    def _cloud(self) -> list[Step]:
        if not self._seed:
            return []
        computes = tuple(step.name for step in self._compute() if isinstance(step, Service))
        return [
            self._own_job("images", "lab.seed", "images", after=("keystone", "glance")),
            self._own_job(
                "cloud",
                "lab.seed",
                "all",
                after=(
                    "images",
                    "neutron",
                    "nova-api",
                    "nova-scheduler",
                    "cinder-scheduler",
                    "cinder-volume",
                    *computes,
                ),
            ),
        ]


def prepare(settings: LabSettings) -> None:
    """Write all that the services read at their start. ``run`` must be empty."""
    settings.tmp.mkdir(parents=True, exist_ok=True)
    OpenStackConf(settings).write_all()
    rabbitmq.write_configuration(settings)


def _build_simulator(folder: Path) -> None:
    ensure_built(folder)
    ensure_wsdl(folder)
