"""The command line: ``python -m lab up|down|status|seed|servers|drift|env|logs|simulator``."""

from __future__ import annotations

import argparse
import dataclasses
import importlib
import json
import os
import shlex
import signal
import subprocess
import sys
import warnings
from types import FrameType
from typing import Any

from lab import ports, report
from lab.certificates import ensure_certificates
from lab.lab import Lab
from lab.settings import HOST, LabSettings, SettingsError, Size, parse_ports
from lab.simulator import SimulatorBuildError, SimulatorOptions, ensure_built, ensure_wsdl
from lab.supervisor import LabError


def main(argv: list[str] | None = None) -> int:
    """Run one command; its exit status."""
    parser = _parser(argv)
    arguments = parser.parse_args(argv)
    # A terminated start must clean up like an interrupted one.
    signal.signal(signal.SIGTERM, _interrupt)
    try:
        return int(arguments.run(arguments))
    except (LabError, SettingsError, SimulatorBuildError) as error:
        print(f"error: {error}", file=sys.stderr)
        return 1
    except KeyboardInterrupt:
        return 130
    except BrokenPipeError:
        return 141


def _interrupt(number: int, frame: FrameType | None) -> None:
    raise KeyboardInterrupt


# -- the commands --------------------------------------------------------------------------


def _up(arguments: argparse.Namespace) -> int:
    settings = _settings(arguments)
    lab = Lab(settings, seed=not arguments.no_seed)
    if lab.up():
        print(report.welcome(settings))
    else:
        print(f"The lab is already up: {settings.horizon_url}")
        if not (arguments.no_seed or settings.seeded_file.exists()):
            return _seed(arguments)
    return 0


def _down(arguments: argparse.Namespace) -> int:
    count = Lab(_recorded(arguments)).down()
    print(f"stopped {count} processes" if count else "nothing was running")
    return 0


def _status(arguments: argparse.Namespace) -> int:
    status = Lab(_recorded(arguments)).status()
    print(json.dumps(status, indent=1) if arguments.json else report.table(status))
    return 0 if status["state"] == "up" else 3


def _seed(arguments: argparse.Namespace) -> int:
    from lab.seed import Seed

    seed = Seed(_running(arguments))
    seed.images()
    seed.everything(hostile=getattr(arguments, "hostile", False))
    return 0


def _servers(arguments: argparse.Namespace) -> int:
    settings = _running(arguments)
    warnings.simplefilter("ignore")  # Nova's own, about eventlet
    from lab import server_rows

    with_vm = server_rows.put(settings, arguments.count)
    if with_vm < arguments.count:
        print(f"{arguments.count - with_vm} of them have no VM in vCenter: see `up --nova-vms`")
    return 0


def _drift(arguments: argparse.Namespace) -> int:
    drift = importlib.import_module("lab.drift")
    return int(drift.run(arguments, _running(arguments)))


def _simulator(arguments: argparse.Namespace) -> int:
    settings = _settings(arguments)
    certificates = ensure_certificates(settings.certificates)
    values = {name: getattr(arguments, name) for name in _SIMULATOR_OPTIONS}
    options = SimulatorOptions(
        listen=HOST,
        port=settings.ports["vcenter"],
        user=settings.vcenter_user,
        password=settings.vcenter_password,
        cert_file=certificates.cert_file,
        key_file=certificates.key_file,
        wsdl_dir=ensure_wsdl(settings.build),
        **values,
    )
    argv = options.argv(ensure_built(settings.build))
    if ports.is_busy(options.port):
        busy = ports.describe_busy(options.port, "vcenter", "vcenter")
        raise LabError(f"{busy}\n{ports.REMEDY}")
    print(f"{settings.vcenter_url}  {options.user}  {options.password}  CA: {settings.ca_file}")
    print("Ctrl-C ends it", flush=True)
    # In its place: a signal to this process reaches the simulator itself.
    os.execv(argv[0], argv)  # noqa: S606


def _env(arguments: argparse.Namespace) -> int:
    for name, value in _recorded(arguments).openstack_environment().items():
        print(f"export {name}={shlex.quote(value)}")
    return 0


def _logs(arguments: argparse.Namespace) -> int:
    folder = _recorded(arguments).logs
    files = sorted(folder.glob(f"{arguments.service or ''}*"))
    if not files:
        names = ", ".join(sorted({path.stem for path in folder.glob("*")})) or "none"
        raise LabError(f"no log of {arguments.service!r} in {folder}; there are: {names}")
    command = ["tail", f"--lines={arguments.lines}"]
    if arguments.follow:
        command.append("--follow=name")
    return subprocess.run([*command, *map(str, files)], check=False).returncode


# -- settings from the command line --------------------------------------------------------


def _settings(arguments: argparse.Namespace) -> LabSettings:
    return LabSettings.from_environment(
        state=arguments.state,
        port_offset=arguments.port_offset,
        ports=parse_ports(",".join(arguments.port), "--port"),
        **_size(arguments),
    )


def _size(arguments: argparse.Namespace) -> dict[str, Any]:
    if not hasattr(arguments, "other_compute"):
        return {}
    names = [field.name for field in dataclasses.fields(Size)]
    return {
        "size": Size(**{name: getattr(arguments, name) for name in names}),
        "other_compute": arguments.other_compute,
    }


def _recorded(arguments: argparse.Namespace) -> LabSettings:
    """The settings of the lab that is up in the state folder, else those given."""
    settings = _settings(arguments)
    return settings.recorded() or settings


def _running(arguments: argparse.Namespace) -> LabSettings:
    settings = _settings(arguments).recorded()
    if settings is None:
        raise LabError(f"the lab is not up: run `{report.command()} up` first")
    return settings


def _parser(argv: list[str] | None) -> argparse.ArgumentParser:
    common = argparse.ArgumentParser(add_help=False)
    common.add_argument(
        "--state",
        metavar="FOLDER",
        help="everything built or run (default: .lab, or the variable VMWARE_LAB_STATE)",
    )
    common.add_argument(
        "--port-offset",
        type=int,
        metavar="NUMBER",
        help="add NUMBER to every port (VMWARE_LAB_PORT_OFFSET)",
    )
    common.add_argument(
        "--port",
        action="append",
        default=[],
        metavar="NAME=NUMBER",
        help="one port, such as horizon=8000 (VMWARE_LAB_PORTS)",
    )
    parser = argparse.ArgumentParser(
        prog="python -m lab",
        description="An OpenStack on VMware, a vCenter simulator and Horizon on this machine.",
    )
    commands = parser.add_subparsers(metavar="COMMAND", required=True)

    def command(name: str, run: object, text: str, *aliases: str) -> argparse.ArgumentParser:
        added = commands.add_parser(
            name, aliases=aliases, parents=[common], help=text, description=text
        )
        added.set_defaults(run=run)
        return added

    up = command("up", _up, "bring everything up and fill it; returns when it is ready")
    _add_size(up)
    up.add_argument("--no-seed", action="store_true", help="no images, instances or volumes")
    command("down", _down, "stop everything", "stop")
    status = command("status", _status, "what runs, where; status 0 if all of it does")
    status.add_argument("--json", action="store_true", help="for programs")
    seed = command("seed", _seed, "make the images, instances and volumes that are missing")
    seed.add_argument("--hostile", action="store_true", help="add an instance with a bad name")
    servers = command("servers", _servers, "N servers as rows in Nova's databases; 0 removes them")
    servers.add_argument("count", type=_count, metavar="N")
    command("env", _env, "the admin's OS_* variables, for a shell to evaluate")
    logs = command("logs", _logs, "the last lines of the services' logs")
    logs.add_argument("service", nargs="?", help="one service (default: all)")
    logs.add_argument("-n", "--lines", type=int, default=20)
    logs.add_argument("-f", "--follow", action="store_true")
    # Their options belong to rooms of their own, which only these two commands import.
    drift = command("drift", _drift, "change something in vCenter behind Nova's back")
    simulator = command("simulator", _simulator, "the vCenter simulator alone, until Ctrl-C")
    wanted = sys.argv[1:2] if argv is None else argv[:1]
    if wanted == ["drift"]:
        importlib.import_module("lab.drift").add_arguments(drift)
    if wanted == ["simulator"]:
        _add_simulator(simulator)
    return parser


def _count(text: str) -> int:
    count = int(text)
    if count < 0:
        raise ValueError(text)
    return count


_SIMULATOR_OPTIONS = {
    "clusters": "vCenter clusters",
    "hosts_per_cluster": "ESX hosts in each cluster",
    "shared_datastores": "datastores that all clusters mount",
    "local_datastores_per_cluster": "datastores of one cluster alone",
    "outside_vms": "VMs that OpenStack does not know",
    "nova_vms": "VMs as Nova's driver makes them",
}


def _add_simulator(parser: argparse.ArgumentParser) -> None:
    defaults = SimulatorOptions()
    for name, text in _SIMULATOR_OPTIONS.items():
        parser.add_argument(
            "--" + name.replace("_", "-"),
            type=int,
            default=getattr(defaults, name),
            metavar="N",
            help=f"{text} (default %(default)s)",
        )


def _add_size(parser: argparse.ArgumentParser) -> None:
    size = Size()
    for name, text in (
        ("clusters", "vCenter clusters, each with its nova-compute"),
        ("hosts_per_cluster", "ESX hosts in each cluster"),
        ("shared_datastores", "datastores that all clusters mount"),
        ("local_datastores_per_cluster", "datastores of one cluster alone"),
        ("outside_vms", "VMs in vCenter that OpenStack does not know"),
        ("nova_vms", "VMs as Nova's driver makes them, without an instance: see `servers`"),
    ):
        parser.add_argument(
            "--" + name.replace("_", "-"),
            type=int,
            default=getattr(size, name),
            metavar="N",
            help=f"{text} (default %(default)s)",
        )
    parser.add_argument(
        "--other-compute",
        action=argparse.BooleanOptionalAction,
        default=True,
        help="also a nova-compute that is not on vCenter",
    )
