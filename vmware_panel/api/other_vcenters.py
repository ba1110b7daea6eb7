"""Who stands on a folder from another vCenter: those in the settings that mount the same datastore.

Asked afresh at each look: which datastores each of them has (one call), and where one may be the same,
what all its VMs stand on (whole once for a job, then two calls). One that cannot be asked keeps the
folder: whether it mounts the datastore is not known either. A vCenter that is in no settings is not seen.
"""

from collections.abc import Sequence

from vmware_panel.config import VCenterConfig
from vmware_panel.domain.datastore_paths import DatastorePath, FilePlace
from vmware_panel.domain.details import Detail, DetailKind, detail
from vmware_panel.domain.file_use import FolderUse, UsedDatastore
from vmware_panel.domain.shared_datastores import may_be_one
from vmware_panel.endpoints import client
from vmware_panel.vsphere import VCenterClient, VSphereError
from vmware_panel.vsphere.file_use import LiveUse


class OtherVCenters:
    """Of one job, for one thread. `close` takes the watches away."""

    def __init__(self, others: tuple[VCenterConfig, ...]) -> None:
        self._others = tuple(_Other(client(other)) for other in others)

    def close(self) -> None:
        for other in self._others:
            other.close()

    def use_of(
        self, place: FilePlace, paths: Sequence[DatastorePath]
    ) -> tuple[tuple[FolderUse, ...], tuple[Detail, ...]]:
        """Of each path their VMs, with their vCenter's name; and who of them did not tell, and why."""
        found, silent = [FolderUse()] * len(paths), list[Detail]()
        for other in self._others:
            try:
                its = other.use_of(place, paths)
            except VSphereError as error:
                silent.append(detail(DetailKind.NO_ANSWER, other.name, error))
            else:
                found = [a + b.seen_by(other.name) for a, b in zip(found, its, strict=True)]
        return tuple(found), tuple(silent)


class _Other:
    def __init__(self, its_client: VCenterClient) -> None:
        self.name = its_client.endpoint.name
        self._client = its_client
        self._use: LiveUse | None = None

    def close(self) -> None:
        if self._use is not None:
            self._use.close()

    def use_of(self, place: FilePlace, paths: Sequence[DatastorePath]) -> list[FolderUse]:
        same = self._same_as(place)
        if not same:
            return [FolderUse()] * len(paths)
        if self._use is None:
            self._use = self._client.live_use()
        book = self._use.current()
        return [book.use_elsewhere(path, same) for path in paths]

    def _same_as(self, place: FilePlace) -> tuple[UsedDatastore, ...]:
        return tuple(
            each
            for each in self._client.used_datastores()
            if may_be_one(each.address, place.address)
        )
