"""Is a port free, and if not, whose is it?"""

from __future__ import annotations

import socket

import psutil

from lab.settings import HOST

REMEDY = (
    "Stop those programs, or give the lab other ports: --port NAME=NUMBER for one, "
    "--port-offset NUMBER for all\n(or the variables VMWARE_LAB_PORTS, VMWARE_LAB_PORT_OFFSET)."
)


def is_busy(port: int) -> bool:
    with socket.socket() as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind((HOST, port))
        except OSError:
            return True
    return False


def describe_busy(port: int, name: str, service: str) -> str:
    """One line for a port that cannot be had."""
    needed = f"Port {port} ({name}, of {service}) is in use"
    owner = _owner(port)
    return f"{needed} by {owner}." if owner else f"{needed}."


def _owner(port: int) -> str:
    try:
        connections = psutil.net_connections(kind="tcp")
    except (psutil.Error, OSError):
        return ""
    for connection in connections:
        if (
            connection.laddr
            and connection.laddr.port == port
            and connection.status == psutil.CONN_LISTEN
            and connection.pid
        ):
            try:
                return f"pid {connection.pid} ({psutil.Process(connection.pid).name()})"
            except psutil.Error:
                return f"pid {connection.pid}"
    return ""
