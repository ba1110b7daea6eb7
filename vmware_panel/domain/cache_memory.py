"""What a ledger of the image cache makes of single searches and VMs, kept for the next ledger."""

from collections import defaultdict

from vmware_panel.domain.cache_folders import CacheFolders
from vmware_panel.domain.cache_users import Stands
from vmware_panel.domain.datastore_files import Scan
from vmware_panel.domain.inventory import MoRef, VirtualMachine
from vmware_panel.domain.kept import OfEach

Held = tuple[tuple[MoRef, str], ...]
"""The datastores and top folders in which one VM has files."""


class CacheMemory:
    """By vCenter, but for the searches. To be given to one ledger after the other."""

    def __init__(self) -> None:
        self.folders: OfEach[Scan, CacheFolders] = OfEach()
        self.stands: defaultdict[str, OfEach[VirtualMachine, Stands]] = defaultdict(OfEach)
        self.held: defaultdict[str, OfEach[VirtualMachine, Held]] = defaultdict(OfEach)
