"""Which datastore objects are one datastore: in two datacenters of a vCenter, or in two vCenters.

A VMFS volume bears one id wherever it is mounted, and its address is made of it
(`ds:///vmfs/volumes/<id>/`). The address of an NFS share is made of its server and folder as the hosts
were told them: by another name of the server it is another one, so that the folder is compared too.
What cannot be told apart counts as one: that may keep a file, and never loses one.
"""

from collections import defaultdict
from collections.abc import Iterable
from dataclasses import dataclass

from vmware_panel.domain.inventory import Inventory, MoRef


@dataclass(frozen=True, slots=True)
class DatastoreAddress:
    """`url` is `Datastore.summary.url`; `remote_path` an NFS share's folder on its server."""

    url: str = ""
    remote_path: str = ""

    @property
    def told(self) -> bool:
        return bool(self.url or self.remote_path)


def may_be_one(one: DatastoreAddress, other: DatastoreAddress) -> bool:
    """False only where vCenter tells both addresses, and they are two."""
    if not one.told or not other.told:
        return True
    return _plain(one.url) == _plain(other.url) != "" or (
        _plain(one.remote_path) == _plain(other.remote_path) != ""
    )


def _plain(address: str) -> str:
    return address.rstrip("/").casefold()


class SharedDatastores:
    """Of several vCenters' books: the other objects of a datastore, by its address alone."""

    def __init__(self, inventories: Iterable[Inventory]) -> None:
        self._by_url: defaultdict[str, list[tuple[str, MoRef]]] = defaultdict(list)
        self._urls: dict[tuple[str, MoRef], str] = {}
        for inventory in inventories:
            for datastore in inventory.datastores:
                if url := _plain(datastore.url or ""):
                    place = (inventory.vcenter.name, datastore.moref)
                    self._by_url[url].append(place)
                    self._urls[place] = url

    def others(self, vcenter: str, datastore: MoRef) -> tuple[tuple[str, MoRef], ...]:
        """Each by its vCenter's name and its id there."""
        place = (vcenter, datastore)
        url = self._urls.get(place)
        return tuple(each for each in self._by_url[url] if each != place) if url else ()
