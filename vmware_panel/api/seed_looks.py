"""Image folders as vCenter lists them now, and what the settings tell of each compute's cache."""

from vmware_panel.config import ComputeConfig
from vmware_panel.domain.datastore_paths import UnsafePath, below
from vmware_panel.domain.inventory import Datastore, MoRef
from vmware_panel.domain.seed_sources import ImageFolder
from vmware_panel.domain.seeding import NOVA_KEEPS_S
from vmware_panel.vsphere import VCenterClient, VSphereError

MOST_LOOKED_AT = 16
"""Folders that may have the image and are looked at, besides the targets themselves."""


class Looks:
    """Image folders as vCenter lists them, each at most once."""

    def __init__(self, vsphere: VCenterClient, image_id: str) -> None:
        self._client = vsphere
        self._image_id = image_id
        self._seen: dict[tuple[MoRef, str], ImageFolder] = {}
        self._left = MOST_LOOKED_AT

    def at(self, datastore: Datastore, root: str) -> ImageFolder:
        """Raises `VSphereError`."""
        known = self._seen.get((datastore.moref, root))
        if known is None:
            known = self._look(datastore, root)
            self._seen[(datastore.moref, root)] = known
        return known

    def once(self, datastore: Datastore, root: str) -> ImageFolder | None:
        """None where it was looked at before, where too many were, and where vCenter cannot tell."""
        if (datastore.moref, root) in self._seen or not self._left or not datastore.accessible:
            return None
        self._left -= 1
        try:
            return self.at(datastore, root)
        except VSphereError as error:
            if not error.fault:
                raise
            return None

    def _look(self, datastore: Datastore, root: str) -> ImageFolder:
        place = self._client.file_place(datastore.moref)
        listing = self._client.list_folder(place, below(place.name, root, self._image_id))
        return ImageFolder(
            datastore.moref,
            place.name,
            place.datacenter,
            root,
            self._image_id,
            listing.files if listing else None,
        )


def keeps_unused_s(told: ComputeConfig) -> int | None:
    """For how long Nova keeps what nobody uses, once it has marked it; None: for good."""
    if told.remove_unused_base_images is False or (told.manager_interval or 0) < 0:
        return None
    age_s = told.remove_unused_original_minimum_age_seconds
    return NOVA_KEEPS_S if age_s is None else age_s


def is_plain(root: str) -> bool:
    """Whether it is the name of one folder."""
    try:
        return len(below("datastore", root).names) == 1
    except UnsafePath:
        return False
