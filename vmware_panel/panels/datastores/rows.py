"""A datastore as a row of the list. As everywhere in a list, `None` is unknown and `""` is nothing."""

from dataclasses import dataclass
from datetime import datetime
from functools import cached_property

from vmware_panel.api.datastores import DatastoreEntry
from vmware_panel.domain.datastore_bytes import FillKind
from vmware_panel.domain.datastores import (
    DatastoreState,
    overcommit,
    provisioned_bytes,
    state_of,
    used_bytes,
)
from vmware_panel.domain.inventory import Datastore
from vmware_panel.panels.drawing.bars import FULL_PERCENT
from vmware_panel.wording import datastore_reason

FULL, OVERCOMMITTED, PARTLY, UNTAKEN, UNSEARCHED = (
    "full",
    "overcommitted",
    "partly_mounted",
    "not_taken",
    "not_searched",
)


@dataclass(frozen=True)
class DatastoreRow:
    """Attributes that no field holds are read from `entry`."""

    entry: DatastoreEntry

    @property
    def datastore(self) -> Datastore:
        return self.entry.datastore

    @property
    def name(self) -> str:
        return self.datastore.name

    @property
    def moref(self) -> str:
        return self.datastore.moref

    @property
    def vcenter(self) -> str:
        return self.entry.vcenter

    @property
    def type(self) -> str | None:
        return self.datastore.type

    @property
    def state_record(self) -> DatastoreState | None:
        return state_of(self.datastore)

    @property
    def state(self) -> str | None:
        return self.state_record.value if self.state_record else None

    @property
    def maintenance_mode(self) -> str | None:
        return self.datastore.maintenance_mode

    @property
    def capacity_bytes(self) -> int | None:
        return self.datastore.capacity_bytes

    @property
    def free_bytes(self) -> int | None:
        return self.datastore.free_bytes

    @property
    def used_bytes(self) -> int | None:
        return used_bytes(self.datastore)

    @property
    def used_percent(self) -> float | None:
        used = self.datastore.used_fraction
        return None if used is None else round(100 * used, 1)

    @property
    def uncommitted_bytes(self) -> int | None:
        return self.datastore.uncommitted_bytes

    @property
    def provisioned_bytes(self) -> int | None:
        return provisioned_bytes(self.datastore)

    @property
    def provisioned_percent(self) -> float | None:
        """Of the capacity; above 100 it is overcommitted."""
        ratio = overcommit(self.datastore)
        return None if ratio is None else round(100 * ratio, 1)

    @property
    def hosts(self) -> int:
        return self.entry.mounts.hosts

    @cached_property
    def clusters(self) -> tuple[str, ...]:
        return tuple(cluster.name for cluster in self.entry.mounts.clusters)

    @cached_property
    def partly_mounted(self) -> tuple[str, ...]:
        """Clusters of which some hosts do not mount it."""
        return tuple(
            one.cluster.name for one in self.entry.mounts.by_cluster if one.cluster and one.partly
        )

    @cached_property
    def taken_by(self) -> tuple[str, ...] | None:
        """None too where one may take it and its regex is not known, and no other does."""
        takers = self.entry.takers
        if takers is None:
            return None
        taking = tuple(taker.driver.compute for taker in takers if taker.takes)
        return None if not taking and any(taker.takes is None for taker in takers) else taking

    @cached_property
    def not_taken(self) -> tuple[str, ...] | None:
        takers = self.entry.takers
        if takers is None:
            return None
        return tuple(
            f"{taker.driver.compute}: {datastore_reason(taker.rejection)}"
            for taker in takers
            if taker.rejection is not None
        )

    @cached_property
    def next_of_nova(self) -> tuple[str, ...] | None:
        clusters = self.entry.next_of_nova
        return None if clusters is None else tuple(cluster.name for cluster in clusters)

    @cached_property
    def next_of_cinder(self) -> tuple[str, ...] | None:
        clusters = self.entry.next_of_cinder
        return None if clusters is None else tuple(cluster.name for cluster in clusters)

    @property
    def instances(self) -> int:
        return self.entry.counts.instances

    @property
    def volumes(self) -> int:
        return self.entry.counts.volumes

    @property
    def other_vms(self) -> int:
        return self.entry.counts.others

    @property
    def searched_at(self) -> datetime | None:
        return self.entry.scan.read_at if self.entry.scan else None

    @property
    def unread_folders(self) -> int | None:
        """Where there are some, the bytes by kind are what there is at least."""
        return len(self.entry.scan.unread) if self.entry.scan else None

    @property
    def searched(self) -> str | None:
        return self.searched_at.isoformat(timespec="seconds") if self.searched_at else None

    def bytes_of(self, kind: FillKind) -> int | None:
        """What is known of them; None: never searched, or not one size is known."""
        return self.entry.fill.of(kind).at_least if self.entry.fill else None

    @property
    def instances_bytes(self) -> int | None:
        return self.bytes_of(FillKind.INSTANCES)

    @property
    def volumes_bytes(self) -> int | None:
        return self.bytes_of(FillKind.VOLUMES)

    @property
    def cache_bytes(self) -> int | None:
        return self.bytes_of(FillKind.CACHE)

    @property
    def leftovers_bytes(self) -> int | None:
        return self.bytes_of(FillKind.LEFTOVERS)

    @property
    def foreign_bytes(self) -> int | None:
        return self.bytes_of(FillKind.FOREIGN)

    @property
    def undecided_bytes(self) -> int | None:
        return self.bytes_of(FillKind.UNDECIDED)

    @property
    def unaccounted_bytes(self) -> int | None:
        return self.entry.fill.unaccounted_bytes if self.entry.fill else None

    @cached_property
    def flags(self) -> tuple[str | None, ...]:
        """What is worth a look; None among them: something that decides it is unknown."""
        used, provisioned = self.used_percent, self.provisioned_percent
        told: tuple[tuple[str, bool | None], ...] = (
            (FULL, None if used is None else used >= FULL_PERCENT),
            (OVERCOMMITTED, None if provisioned is None else provisioned > 100),
            (PARTLY, bool(self.partly_mounted)),
            (UNTAKEN, None if self.taken_by is None else not self.taken_by),
            (UNSEARCHED, self.entry.scan is None),
        )
        flags = [name for name, so in told if so]
        return (*flags, *([None] if any(so is None for _name, so in told) else ()))

    @cached_property
    def texts(self) -> tuple[str | None, ...]:
        """What the free search looks through."""
        return (
            self.name,
            self.moref,
            self.vcenter,
            self.type,
            self.state,
            *self.clusters,
            *(self.taken_by or ()),
        )
