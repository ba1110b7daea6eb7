"""The line above the list of clusters: what they come to."""

from collections.abc import Iterable
from dataclasses import dataclass

from vmware_panel.domain.clusters import Driven
from vmware_panel.panels.clusters.rows import ClusterRow


@dataclass(frozen=True, slots=True)
class Overview:
    """`disagreeing` are instances, None where one of the clusters does not tell."""

    clusters: int
    undriven: int
    gone: int
    hosts_usable: int
    hosts: int
    disagreeing: int | None


def overview(rows: Iterable[ClusterRow]) -> Overview:
    all_of_them = tuple(rows)
    disagreeing = [row.disagreeing for row in all_of_them if row.disagreeing != ""]
    counts = [row.host_counts for row in all_of_them if row.host_counts]
    return Overview(
        clusters=len(all_of_them),
        undriven=sum(row.driven is Driven.UNDRIVEN for row in all_of_them),
        gone=sum(row.driven is Driven.GONE for row in all_of_them),
        hosts_usable=sum(its.usable for its in counts),
        hosts=sum(its.all for its in counts),
        disagreeing=None if None in disagreeing else sum(disagreeing),
    )
