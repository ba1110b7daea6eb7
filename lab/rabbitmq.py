"""RabbitMQ, and the port mapper that Erlang wants, for this lab alone and on loopback."""

from __future__ import annotations

from pathlib import Path

from lab.programs import RABBITMQ_SERVER, program
from lab.settings import HOST, LabSettings
from lab.steps import PortAnswers, Service

_CONFIGURATION = """\
log.console = true
log.console.level = warning
log.file = false
vm_memory_high_watermark.absolute = 1GB
disk_free_limit.absolute = 50MB
"""


def port_mapper(settings: LabSettings) -> Service:
    """epmd: started by itself, or the broker would start one that outlives it."""
    port = settings.ports["epmd"]
    return Service(
        "epmd",
        (program("epmd"), "-address", HOST, "-port", str(port)),
        ready=PortAnswers(port),
        ports={"epmd": port},
        stop_last=True,
    )


def broker(settings: LabSettings) -> Service:
    folder = _folder(settings)
    port, dist_port = settings.ports["rabbitmq"], settings.ports["rabbitmq_dist"]
    return Service(
        "rabbitmq",
        (RABBITMQ_SERVER,),
        ready=PortAnswers(port),
        ports={"rabbitmq": port, "rabbitmq_dist": dist_port},
        after=("epmd",),
        folder=folder,
        environment={
            "HOME": str(folder),
            "ERL_EPMD_ADDRESS": HOST,
            "ERL_EPMD_PORT": str(settings.ports["epmd"]),
            "RABBITMQ_NODENAME": f"lab{port}@localhost",
            "RABBITMQ_NODE_PORT": str(port),
            "RABBITMQ_NODE_IP_ADDRESS": HOST,
            "RABBITMQ_DIST_PORT": str(dist_port),
            "RABBITMQ_MNESIA_BASE": str(folder / "mnesia"),
            "RABBITMQ_LOG_BASE": str(folder / "log"),
            "RABBITMQ_LOGS": "-",
            "RABBITMQ_CONFIG_FILE": str(folder / "rabbitmq"),
            "RABBITMQ_CONF_ENV_FILE": str(folder / "env.conf"),
            "RABBITMQ_ENABLED_PLUGINS_FILE": str(folder / "enabled_plugins"),
            "RABBITMQ_PID_FILE": str(folder / "pid"),
            # No busy waiting: the processors are needed elsewhere.
            "RABBITMQ_SERVER_ADDITIONAL_ERL_ARGS": (
                "-kernel inet_dist_use_interface {127,0,0,1} "
                "+sbwt none +sbwtdcpu none +sbwtdio none"
            ),
        },
        stop_last=True,
    )


def write_configuration(settings: LabSettings) -> None:
    """Every file that it looks for, so that it takes none of the machine's own."""
    folder = _folder(settings)
    (folder / "log").mkdir(parents=True, exist_ok=True)
    for name, text in (
        ("rabbitmq.conf", _CONFIGURATION),
        ("advanced.config", "[].\n"),
        ("env.conf", ""),
        ("enabled_plugins", "[].\n"),
    ):
        (folder / name).write_text(text)


def _folder(settings: LabSettings) -> Path:
    return settings.run / "rabbitmq"
