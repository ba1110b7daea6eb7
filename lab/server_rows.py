"""``lab servers N``: N servers as rows in Nova's databases, without a boot.

The real nova-api lists them as it lists any other: flavor, host, node, power state. Each is made of
a VM that looks like Nova's in vCenter (``lab up --nova-vms``), so that both books agree; where there
are fewer such VMs, the rest have none. What only a boot or a move needs is not there: no allocation
in Placement, no port, no request specification.
"""

from __future__ import annotations

import datetime
import itertools
import json
import time
from collections.abc import Iterator, Sequence
from typing import Any, TypeVar

import sqlalchemy as sa

from lab import cloud, progress
from lab.databases import configure_nova
from lab.openstack_conf import database_url
from lab.server_plans import ServerPlan, plans_of_vms, plans_without_vms
from lab.settings import LabSettings
from lab.supervisor import LabError

T = TypeVar("T")

#: By it the rows are known again; instances that were booted have a random one.
RESERVATION = "r-labrows"
PROJECT_REMARK = "made by `lab servers`"

_ROWS_AT_ONCE = 1000
_CREATED_APART_S = 60


def put(settings: LabSettings, count: int) -> int:
    """Make it ``count`` rows, no more and no less; how many of them have a VM in vCenter.

    :raises LabError: Nova has no VMware node
    """
    books = _Books(settings)
    began = time.monotonic()
    books.remove()
    if not count:
        progress.say(f"removed in {time.monotonic() - began:.1f} s")
        return 0
    nodes = books.nodes()
    if not nodes:
        raise LabError("Nova has no VMware node: is every nova-compute up?")
    booted = books.uuids()
    on_vms = [
        plan
        for plan in plans_of_vms(settings)
        if plan.uuid not in booted and plan.cluster in nodes
    ]
    progress.say(f"{len(on_vms)} VMs without an instance read in {time.monotonic() - began:.1f} s")
    began = time.monotonic()
    plans = [
        *on_vms[:count],
        *itertools.islice(plans_without_vms(nodes), max(0, count - len(on_vms))),
    ]
    books.add(plans, nodes)
    progress.say(f"{len(plans)} servers put into Nova in {time.monotonic() - began:.1f} s")
    return min(count, len(on_vms))


class _Books:
    """The databases of Nova and Keystone, written to directly."""

    def __init__(self, settings: LabSettings) -> None:
        configure_nova(settings)
        from nova.db.api import models as api
        from nova.db.main import models as main

        self._cell = sa.create_engine(database_url(settings, "nova"))
        self._api = sa.create_engine(database_url(settings, "nova_api"))
        self._keystone = sa.create_engine(database_url(settings, "keystone"))
        tables = main.BASE.metadata.tables
        self._instances = tables["instances"]
        self._extras = tables["instance_extra"]
        self._info_caches = tables["instance_info_caches"]
        self._system_metadata = tables["instance_system_metadata"]
        self._nodes = tables["compute_nodes"]
        self._mappings = api.InstanceMapping.__table__
        self._cells = api.CellMapping.__table__
        self._projects = sa.Table("project", sa.MetaData(), autoload_with=self._keystone)
        self._mine = self._instances.c.reservation_id == RESERVATION

    def uuids(self) -> set[str]:
        with self._cell.connect() as cell:
            return set(cell.scalars(sa.select(self._instances.c.uuid)))

    def nodes(self) -> dict[str, Any]:
        """Nova's VMware nodes (``id``, ``host``, ``hypervisor_hostname``), by the cluster's id."""
        columns = self._nodes.c
        wanted = sa.select(columns.id, columns.host, columns.hypervisor_hostname).where(
            columns.deleted == 0, columns.hypervisor_type == "VMware vCenter Server"
        )
        with self._cell.connect() as cell:
            rows = cell.execute(wanted).all()
        return {row.hypervisor_hostname.partition(".")[0]: row for row in rows}

    def remove(self) -> None:
        """Every row that ``add`` made, as if it had never been: no deletion that Nova would tell of.

        What was made for a row since, by a call to Nova, goes too.
        """
        with self._cell.begin() as cell:
            ours = list(cell.scalars(sa.select(self._instances.c.uuid).where(self._mine)))
            if ours:
                cell.execute(sa.text("SET foreign_key_checks = 0"))
                for table in self._instances.metadata.tables.values():
                    if "instance_uuid" in table.c:
                        mine = sa.select(self._instances.c.uuid).where(self._mine)
                        cell.execute(table.delete().where(table.c.instance_uuid.in_(mine)))
                cell.execute(self._instances.delete().where(self._mine))
        with self._api.begin() as api:
            for _, some in _batches(ours):
                there = self._mappings.c.instance_uuid.in_(some)
                api.execute(self._mappings.delete().where(there))
        with self._keystone.begin() as keystone:
            made = self._projects.c.description == PROJECT_REMARK
            keystone.execute(self._projects.delete().where(made))

    def add(self, plans: Sequence[ServerPlan], nodes: dict[str, Any]) -> None:
        flavors = {plan.flavor: _flavor(plan) for plan in plans}
        start = datetime.datetime.now(datetime.UTC).replace(tzinfo=None, microsecond=0)
        start -= datetime.timedelta(days=1, seconds=_CREATED_APART_S * len(plans))
        with self._cell.begin() as cell:
            for number, some in _batches(plans):
                rows = [
                    _instance(plan, nodes[plan.cluster], number + i, start)
                    for i, plan in enumerate(some)
                ]
                cell.execute(self._instances.insert(), rows)
                cell.execute(
                    self._extras.insert(),
                    [
                        {"instance_uuid": plan.uuid, "deleted": 0, "flavor": flavors[plan.flavor]}
                        for plan in some
                    ],
                )
                cell.execute(
                    self._info_caches.insert(),
                    [
                        {"instance_uuid": plan.uuid, "deleted": 0, "network_info": "[]"}
                        for plan in some
                    ],
                )
                cell.execute(
                    self._system_metadata.insert(),
                    [
                        {"instance_uuid": plan.uuid, "deleted": 0, "key": key, "value": value}
                        for plan in some
                        for key, value in (
                            ("image_base_image_ref", plan.image_id),
                            ("image_min_disk", str(plan.root_gb)),
                        )
                    ],
                )
        with self._api.begin() as api:
            cell_id = api.scalar(sa.select(self._cells.c.id).where(self._cells.c.name == "cell1"))
            for _, some in _batches(plans):
                api.execute(
                    self._mappings.insert(),
                    [
                        {
                            "instance_uuid": plan.uuid,
                            "cell_id": cell_id,
                            "project_id": plan.project_id,
                            "user_id": plan.user_id,
                            "queued_for_delete": False,
                        }
                        for plan in some
                    ],
                )
        with self._keystone.begin() as keystone:
            keystone.execute(self._projects.insert(), _projects(plans))


def _instance(
    plan: ServerPlan, node: Any, number: int, start: datetime.datetime
) -> dict[str, Any]:
    # nova.objects.fields.InstancePowerState and what vmwareapi makes of vCenter's states.
    vm_state, power = {
        "poweredOn": ("active", 1),
        "poweredOff": ("stopped", 4),
        "suspended": ("suspended", 7),
    }[plan.power]
    created = start + datetime.timedelta(seconds=_CREATED_APART_S * number)
    booted = created + datetime.timedelta(seconds=20)
    return {
        "created_at": created,
        "updated_at": booted,
        "launched_at": booted,
        "deleted": 0,
        "uuid": plan.uuid,
        "user_id": plan.user_id,
        "project_id": plan.project_id,
        "image_ref": plan.image_id,
        "display_name": plan.name,
        "hostname": plan.name,
        "reservation_id": RESERVATION,
        "launch_index": 0,
        "power_state": power,
        "vm_state": vm_state,
        "vcpus": plan.vcpus,
        "memory_mb": plan.memory_mb,
        "root_gb": plan.root_gb,
        "ephemeral_gb": 0,
        "instance_type_id": 1,
        "host": node.host,
        "launched_on": node.host,
        "node": node.hypervisor_hostname,
        "compute_id": node.id,
        "root_device_name": "/dev/sda",
        "locked": False,
        "progress": 0,
        "hidden": False,
        "shutdown_terminate": False,
        "disable_terminate": False,
        "cleaned": 0,
    }


def _flavor(plan: ServerPlan) -> str:
    """``instance_extra.flavor`` as ``nova.objects.Instance`` writes it."""
    from nova import objects

    flavor = objects.Flavor(
        id=1,
        flavorid=plan.flavor,
        name=plan.flavor,
        vcpus=plan.vcpus,
        memory_mb=plan.memory_mb,
        root_gb=plan.root_gb,
        ephemeral_gb=0,
        swap=0,
        rxtx_factor=1.0,
        vcpu_weight=0,
        disabled=False,
        is_public=True,
        extra_specs={},
        description=None,
        created_at=None,
        updated_at=None,
        deleted_at=None,
        deleted=False,
    )
    return json.dumps({"cur": flavor.obj_to_primitive(), "old": None, "new": None})


def _projects(plans: Sequence[ServerPlan]) -> list[dict[str, Any]]:
    """Keystone's rows for them: its API gives out ids of its own, and the VMs hold these."""
    names = {plan.project_id: plan.project_name for plan in plans}
    return [
        {
            "id": project_id,
            "name": name,
            "description": PROJECT_REMARK,
            "enabled": True,
            "extra": "{}",
            "domain_id": cloud.DOMAIN,
            "parent_id": cloud.DOMAIN,
            "is_domain": False,
        }
        for project_id, name in names.items()
    ]


def _batches(items: Sequence[T]) -> Iterator[tuple[int, Sequence[T]]]:
    """Each with the number of its first."""
    for number in range(0, len(items), _ROWS_AT_ONCE):
        yield number, items[number : number + _ROWS_AT_ONCE]
