"""What tests do to files on the disk of a simulated datastore."""

import os
import time
from pathlib import Path


def age(folder: Path, seconds: float) -> None:
    """The folder and all in it are that much older."""
    at = time.time() - seconds
    for path in (folder, *folder.rglob("*")):
        os.utime(path, (at, at))
