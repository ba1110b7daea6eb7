"""The programs from Debian's packages that the lab runs."""

from __future__ import annotations

import getpass
import shutil

_SERVER_PATH = "/usr/local/sbin:/usr/sbin:/sbin:/usr/local/bin:/usr/bin:/bin"

RABBITMQ_SERVER = "/usr/lib/rabbitmq/bin/rabbitmq-server"

APT_PACKAGES = {
    "mariadbd": "mariadb-server-core",
    "mariadb-install-db": "mariadb-server-core",
    RABBITMQ_SERVER: "rabbitmq-server",
    "epmd": "erlang-base",
    "memcached": "memcached",
    "qemu-img": "qemu-utils",
    "go": "golang-go",
}
"""Program by name (or path), and the package that brings it."""


def program(name: str) -> str:
    """The full path of a program, which may be outside an ordinary user's PATH."""
    return shutil.which(name, path=_SERVER_PATH) or name


def account() -> str:
    """The user the lab runs as: servers that refuse root must be told that it is meant."""
    return getpass.getuser()


def missing_packages() -> list[str]:
    """The packages to install before the lab can start."""
    absent = {
        package
        for name, package in APT_PACKAGES.items()
        if shutil.which(name, path=_SERVER_PATH) is None
    }
    return sorted(absent)
