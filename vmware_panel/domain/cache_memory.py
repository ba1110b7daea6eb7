"""What a ledger of the image cache makes of its books, part by part, kept for the next ledger."""

from collections import defaultdict
from collections.abc import Mapping
from typing import NamedTuple

from vmware_panel.domain.cache_folders import CacheFolder, CacheFolders
from vmware_panel.domain.cache_users import KeptStanders, OnDatastore, ServersOfImages
from vmware_panel.domain.cloud import Image, Server
from vmware_panel.domain.datastore_files import Scan
from vmware_panel.domain.folders_held import KeptHolders
from vmware_panel.domain.image_cache import (
    CachedImage,
    CacheRoot,
    GlanceState,
    ParentRisk,
    Stander,
    UserServer,
)
from vmware_panel.domain.inventory import MoRef
from vmware_panel.domain.kept import Latest, Line, OfEach
from vmware_panel.domain.leavings import Leavings

Place = tuple[str, MoRef]
"""A datastore: its vCenter's name, and its id there."""

RisksOfDatastore = tuple[tuple[ParentRisk, ...], tuple[Stander, ...]]
"""Those that are found, and the VMs of which nothing is known."""


class OfDatastore(NamedTuple):
    """All that the cached images of one datastore are made of."""

    place: Place
    folders: CacheFolders
    roots: tuple[CacheRoot, ...]
    standers: tuple[tuple[str, OnDatastore], ...]
    servers: ServersOfImages
    images: Mapping[str, Image] | None
    whole: bool
    unread_vms: tuple[str, ...]
    silent_vcenters: tuple[str, ...]


class OfImage(NamedTuple):
    """All that one cached image is made of."""

    root: CacheRoot
    image_id: str
    folder: CacheFolder
    standers: tuple[Stander, ...] | None
    servers: tuple[UserServer, ...] | None
    state: GlanceState
    image: Image | None
    unread_vms: tuple[str, ...]
    silent_vcenters: tuple[str, ...]


class StoodOn(NamedTuple):
    """The image folders of one datastore on which VMs stand, `images` in the order of `standers`.

    `searched`: whether `images` go by a search of the datastore.
    """

    standers: OnDatastore
    images: tuple[CachedImage, ...]
    searched: bool


class CacheMemory:
    """To be given to one ledger of the same vCenters after the other.

    Whatever a part is made of is compared before it is taken from here: see `OfEach` and `Latest`.
    """

    def __init__(self) -> None:
        self.line = Line()
        self.folders: OfEach[Scan, CacheFolders] = OfEach()
        self.leavings: OfEach[Scan, Leavings] = OfEach()
        self.glance: Latest[Mapping[str, Image] | None] = Latest()
        self.server_by_id: Latest[Mapping[str, Server]] = Latest()
        self.servers_of_images: Latest[ServersOfImages] = Latest()
        self.standers: defaultdict[str, KeptStanders] = defaultdict(KeptStanders)
        self.holders: defaultdict[str, KeptHolders] = defaultdict(KeptHolders)
        self.images: OfEach[OfDatastore, tuple[CachedImage, ...]] = OfEach()
        self.images_on: defaultdict[Place, OfEach[OfImage, CachedImage]] = defaultdict(OfEach)
        self.risks: OfEach[StoodOn, RisksOfDatastore] = OfEach()
        self.risks_in_order: Latest[tuple[ParentRisk, ...]] = Latest()
