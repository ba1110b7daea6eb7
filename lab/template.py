"""The databases as they are after their first filling, kept for every later start.

Filling the databases of five services takes most of a first start. The result depends on the
installed versions, on this package's code and on the ports, so a copy of it is kept under a name
made of these, and a later start begins with the copy.
"""

from __future__ import annotations

import hashlib
import shutil
import sys
from pathlib import Path

from lab.settings import PROJECT_ROOT, LabSettings

KEPT = ("mysql", "keystone")
"""The folders below ``run`` that belong to it: MariaDB's data and Keystone's token keys."""

_SOURCES = ("databases.py", "cloud.py", "openstack_conf.py", "mariadb.py", "template.py")


class Template:
    """The kept copy for one lab's settings."""

    def __init__(self, settings: LabSettings) -> None:
        self._run = settings.run
        self._folder = settings.state / "templates"
        self.path = self._folder / _key(settings)

    @property
    def exists(self) -> bool:
        return self.path.is_dir()

    def restore(self) -> None:
        """Put the copy in place of the databases. They must not be in use."""
        for name in KEPT:
            shutil.copytree(self.path / name, self._run / name)

    def save(self) -> None:
        """Keep the databases as they are now. They must be closed in an orderly way."""
        shutil.rmtree(self._folder, ignore_errors=True)  # whatever older code or versions left
        unfinished = self.path.with_suffix(".part")
        for name in KEPT:
            shutil.copytree(self._run / name, unfinished / name)
        unfinished.rename(self.path)


def _key(settings: LabSettings) -> str:
    digest = hashlib.sha256(sys.version.encode())
    sources = [Path(__file__).parent / name for name in _SOURCES]
    for source in (PROJECT_ROOT / "constraints.txt", *sources):
        digest.update(source.read_bytes())
    digest.update(repr((sorted(settings.ports.items()), str(settings.state))).encode())
    return digest.hexdigest()[:16]
