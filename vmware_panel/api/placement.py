"""Where instances stand: one of them live, or all of them."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from datetime import datetime

from django.http import HttpRequest

from vmware_panel.domain.cloud import Image, Server, Volume
from vmware_panel.domain.inventory import VmPower
from vmware_panel.domain.outcome import Trouble
from vmware_panel.domain.placement import Overview, Placement


@dataclass(frozen=True)
class InstanceReport:
    """One instance, read at that moment: for the tab of those who may see everything.

    `images` and `volumes` are those that its disks go back to, by id; an id that is missing there
    is gone or was not to be had (then `troubles` says so). `client_url` leads to the VM in the
    vSphere Client. `configured` is False where the region has no vCenter in the settings.
    """

    placement: Placement
    read_at: datetime
    images: Mapping[str, Image] = field(default_factory=dict)
    volumes: Mapping[str, Volume] = field(default_factory=dict)
    client_url: str | None = None
    troubles: tuple[Trouble, ...] = ()
    configured: bool = True


@dataclass(frozen=True, slots=True)
class ClusterFacts:
    """What a project's member may see where the policy lets them: no ESX host, no datastore."""

    vcenter_known: bool
    cluster: str | None = None
    vm_power: VmPower | None = None
    vcpus: int | None = None
    memory_mb: int | None = None
    troubles: tuple[Trouble, ...] = ()


@dataclass(frozen=True)
class InstancesReport:
    """Every instance of the region. `placements` is None where Nova did not answer.

    `read_at` is the age of the oldest of the vCenter books used; None if there is none.
    """

    placements: tuple[Placement, ...] | None
    overview: Overview | None = None
    project_names: Mapping[str, str] = field(default_factory=dict)
    read_at: datetime | None = None
    troubles: tuple[Trouble, ...] = ()
    configured: bool = True


@dataclass(frozen=True)
class ColumnsReport:
    """The placements of the servers on one page of Horizon's own table, by server id."""

    by_server: Mapping[str, Placement] = field(default_factory=dict)
    troubles: tuple[Trouble, ...] = ()


def instance_report(request: HttpRequest, server: Server) -> InstanceReport:
    """One instance, straight from vCenter: at most 3 calls to it on a warm session."""
    raise NotImplementedError


def cluster_facts(request: HttpRequest, server: Server) -> ClusterFacts:
    """The part of `instance_report` that a member may see."""
    raise NotImplementedError


def instances_report(request: HttpRequest) -> InstancesReport:
    """All instances of all projects, joined with every vCenter of the region."""
    raise NotImplementedError


def columns_report(request: HttpRequest, servers: Iterable[Server]) -> ColumnsReport:
    """The servers of one page of Admin > Instances; asks OpenStack nothing more."""
    raise NotImplementedError


def server_of(instance: object) -> Server:
    """The `Server` that Horizon's own instance object (a novaclient resource) stands for."""
    raise NotImplementedError
