"""One flavor on one cluster as a row; `None` is unknown."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from functools import cached_property

from vmware_panel.api.capacity import ClusterFits, FitsReport
from vmware_panel.domain.cloud import Flavor
from vmware_panel.domain.fits import Bound, Fit
from vmware_panel.wording import bound_label

NO, YES, UNSURE = "no", "yes", "unsure"


@dataclass(frozen=True)
class FitRow:
    """How many more of a flavor fit a cluster.

    `fits` is the least of the bounds that are known; `certain` False: it may be fewer.
    """

    flavor_record: Flavor
    column: ClusterFits
    fit: Fit

    @property
    def flavor(self) -> str:
        return self.flavor_record.name

    @property
    def flavor_id(self) -> str:
        return self.flavor_record.id

    @property
    def vcpus(self) -> int:
        return self.flavor_record.vcpus

    @property
    def ram_mb(self) -> int:
        return self.flavor_record.ram_mb

    @property
    def disk_gb(self) -> int:
        return self.flavor_record.disk_gb

    @property
    def vcenter(self) -> str:
        return self.column.books.vcenter

    @property
    def cluster(self) -> str:
        return self.column.books.cluster.name if self.column.books.cluster else ""

    @property
    def cluster_moref(self) -> str:
        return self.column.books.moref

    @property
    def fits(self) -> int | None:
        return self.fit.count

    @property
    def certain(self) -> bool:
        return self.fit.certain

    @property
    def by_placement(self) -> int | None:
        return self.fit.counts[Bound.PLACEMENT]

    @property
    def by_hosts(self) -> int | None:
        return self.fit.counts[Bound.HOSTS]

    @property
    def after_ha(self) -> int | str | None:
        """Empty where HA holds nothing back."""
        return self.fit.counts.get(Bound.HA, "")

    @property
    def by_datastores(self) -> int | str | None:
        """Empty for a flavor without a disk."""
        return self.fit.counts.get(Bound.DATASTORES, "")

    @property
    def bites(self) -> tuple[str, ...]:
        return tuple(bound.value for bound in self.fit.biting)

    @property
    def bite_labels(self) -> tuple[str, ...]:
        return tuple(bound_label(bound) for bound in self.fit.biting)

    @property
    def answer(self) -> str:
        """Whether one more fits."""
        if self.fits == 0:
            return NO
        return YES if self.fits and self.certain else UNSURE

    @cached_property
    def texts(self) -> tuple[str | None, ...]:
        return (self.flavor, self.flavor_id, self.vcenter, self.cluster, *self.bite_labels)


def rows_of(report: FitsReport) -> tuple[FitRow, ...]:
    flavors = report.flavors or ()
    return tuple(
        FitRow(flavor, column, fit)
        for column in report.clusters
        for flavor, fit in zip(flavors, column.fits, strict=False)
    )


@dataclass(frozen=True)
class Matrix:
    """Flavors down, clusters across; a cell is None where its row was filtered out."""

    columns: tuple[ClusterFits, ...]
    lines: tuple[tuple[Flavor, tuple[FitRow | None, ...]], ...]


def matrix_of(rows: Iterable[FitRow]) -> Matrix:
    """The same rows, flavors from small to large."""
    rows = tuple(rows)
    columns = tuple({(r.vcenter, r.cluster_moref): r.column for r in rows}.values())
    flavors = {row.flavor_id: row.flavor_record for row in rows}
    cells = {(row.flavor_id, row.vcenter, row.cluster_moref): row for row in rows}
    keys: Sequence[tuple[str, str]] = [(c.books.vcenter, c.books.moref) for c in columns]
    ordered = sorted(flavors.values(), key=lambda f: (f.ram_mb, f.vcpus, f.disk_gb, f.name))
    return Matrix(
        columns,
        tuple((f, tuple(cells.get((f.id, *key)) for key in keys)) for f in ordered),
    )
