"""Another vCenter than the lab's, of a size that the test chooses."""

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from django.test import override_settings

from tests.simulator import RunningSimulator, running_simulator, setting_of
from vmware_panel.api import inventories, usages
from vmware_panel.vsphere import close_clients


@contextmanager
def sized_vcenter(
    nova_vms: int, mode: str = "embedded", **options: Any
) -> Iterator[RunningSimulator]:
    """The only one of the settings, as `sized`; no node of Nova's drives its clusters. `mode` is the
    collector's.
    """
    with running_simulator(nova_vms=nova_vms, **options) as simulator:
        panel = {"vcenters": {"sized": setting_of(simulator.reader)}, "collector": {"mode": mode}}
        with override_settings(VMWARE_PANEL=panel):
            try:
                yield simulator
            finally:
                usages.forget_all()
                inventories.forget_all()
                close_clients()
