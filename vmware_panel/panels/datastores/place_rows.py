"""Who mounts a datastore, which compute takes it, and where the next disk goes."""

from collections.abc import Mapping
from dataclasses import dataclass

from django.urls import NoReverseMatch, reverse

from vmware_panel.api.datastores import DatastoreEntry, DatastoreReport
from vmware_panel.domain.cinder_sums import CinderPick
from vmware_panel.domain.datastores import ClusterMounts, HostMount, Taker
from vmware_panel.domain.inventory import Datastore, EsxHost, MoRef
from vmware_panel.panels.links import datastore_url
from vmware_panel.wording import (
    Tone,
    datastore_reason,
    foreign,
    free_of,
    host_state,
    host_tone,
)
from vmware_panel.wording.datastores import mount_words


@dataclass(frozen=True, slots=True)
class Named:
    """A name with the page of what it names; `url` may be empty, `note` stands beside it."""

    name: str
    url: str = ""
    note: str = ""
    here: bool = False


@dataclass(frozen=True, slots=True)
class HostRow:
    host: Named
    state: str
    tone: Tone
    mount: str  # what is wrong with the mount; empty: nothing, or it was not asked


@dataclass(frozen=True, slots=True)
class MountRow:
    """A cluster; `cluster` None: hosts that stand alone."""

    cluster: Named | None
    hosts: tuple[HostRow, ...]
    missing: tuple[Named, ...]


@dataclass(frozen=True, slots=True)
class TakerRow:
    """`takes` None: not known."""

    compute: str
    cluster: Named
    takes: bool | None
    reason: str


@dataclass(frozen=True, slots=True)
class NextRow:
    """Where the next disk of a cluster goes. An empty tuple: nowhere; None: not known."""

    cluster: Named
    compute: str
    nova: tuple[Named, ...] | None
    cinder: tuple[Named, ...] | None


def mount_rows(report: DatastoreReport) -> tuple[MountRow, ...]:
    if report.entry is None:
        return ()
    told = {mount.host: mount for mount in report.detail.mounts} if report.detail else {}
    return tuple(
        MountRow(
            cluster=_cluster(report.vcenter, one),
            hosts=tuple(_host(report.vcenter, host, told) for host in one.mounting),
            missing=tuple(
                Named(foreign(h.name), host_url(report.vcenter, h.moref)) for h in one.missing
            ),
        )
        for one in report.entry.mounts.by_cluster
    )


def taker_rows(report: DatastoreReport) -> tuple[TakerRow, ...] | None:
    """None: Nova did not tell who drives which cluster."""
    if report.entry is None or report.entry.takers is None:
        return None
    return tuple(_taker(report.vcenter, taker) for taker in report.entry.takers)


def next_rows(report: DatastoreReport) -> tuple[NextRow, ...]:
    """Each cluster that mounts it."""
    entry = report.entry
    if entry is None:
        return ()
    takers = {taker.driver.cluster.moref: taker for taker in entry.takers or ()}
    return tuple(_next(entry, pick, takers.get(pick.cluster.moref)) for pick in entry.cinder)


def _next(entry: DatastoreEntry, pick: CinderPick, taker: Taker | None) -> NextRow:
    vcenter, mine = entry.vcenter, entry.datastore.moref
    nova: tuple[Named, ...] | None = None
    if taker is not None and taker.known:
        nova = (_pick(vcenter, taker.picked, mine),) if taker.picked else ()
    elif taker is None and entry.takers is not None:
        nova = ()
    return NextRow(
        cluster=Named(foreign(pick.cluster.name), cluster_url(vcenter, pick.cluster.moref)),
        compute=foreign(taker.driver.compute) if taker else "",
        nova=nova,
        cinder=tuple(_pick(vcenter, d, mine) for d in pick.picked) if pick.known else None,
    )


def _pick(vcenter: str, datastore: Datastore, mine: MoRef) -> Named:
    return Named(
        foreign(datastore.name),
        datastore_url(vcenter, datastore.moref),
        free_of(datastore.free_bytes, datastore.capacity_bytes),
        here=datastore.moref == mine,
    )


def _taker(vcenter: str, taker: Taker) -> TakerRow:
    cluster = taker.driver.cluster
    return TakerRow(
        compute=foreign(taker.driver.compute),
        cluster=Named(foreign(cluster.name), cluster_url(vcenter, cluster.moref)),
        takes=taker.takes,
        reason=datastore_reason(taker.rejection) if taker.rejection else "",
    )


def _cluster(vcenter: str, mounts: ClusterMounts) -> Named | None:
    if mounts.cluster is None:
        return None
    return Named(foreign(mounts.cluster.name), cluster_url(vcenter, mounts.cluster.moref))


def _host(vcenter: str, host: EsxHost, told: Mapping[MoRef, HostMount]) -> HostRow:
    mount = told.get(host.moref)
    return HostRow(
        host=Named(foreign(host.name), host_url(vcenter, host.moref)),
        state=host_state(host),
        tone=host_tone(host),
        mount=mount_words(mount) if mount else "",
    )


def host_url(vcenter: str, moref: str) -> str:
    return _url("horizon:admin:vmware_hosts:detail", vcenter, moref)


def cluster_url(vcenter: str, moref: str) -> str:
    return _url("horizon:admin:vmware_clusters:detail", vcenter, moref)


def _url(name: str, vcenter: str, moref: str) -> str:
    try:
        return str(reverse(name, args=[vcenter, moref]))
    except NoReverseMatch:  # the deployer has taken the panel out
        return ""
