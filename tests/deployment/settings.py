"""Horizon's settings with the plugin, as one machine of a deployment has them.

What differs from test to test is in the file that DEPLOYMENT names: CACHES and VMWARE_PANEL.
"""

import json
import os
from pathlib import Path

from tests.settings import *  # noqa: F403

globals().update(json.loads(Path(os.environ["DEPLOYMENT"]).read_text()))


def _be_patient() -> None:
    """A process that ends waits for its own end longer than it does anywhere else: the tests look at
    what it leaves behind, and the machine may be busy.
    """
    from vmware_panel.collecting import embedded, keeper
    from vmware_panel.vsphere import session

    embedded.END_S = keeper.END_S = session.LOG_OUT_TIMEOUT_S = 60.0


_be_patient()

MIDDLEWARE: list[str] = []  # no login: what Horizon's pages are is tested in the lab
ROOT_URLCONF = "tests.deployment.web"
ALLOWED_HOSTS = ["127.0.0.1"]
LOGGING = {
    "version": 1,
    "handlers": {"errors": {"class": "logging.StreamHandler"}},
    "loggers": {"vmware_panel": {"handlers": ["errors"], "level": "INFO"}},
}
