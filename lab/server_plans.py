"""What each row of ``lab servers`` is to say: of a VM in vCenter, or of none."""

from __future__ import annotations

import dataclasses
import itertools
import uuid
from collections.abc import Iterator, Sequence
from typing import Any

from pyVmomi import vim

from lab import vcenter
from lab.settings import LabSettings
from lab.simulator import nova_instance_uuid


@dataclasses.dataclass(frozen=True)
class ServerPlan:
    """What a row says, as Nova's driver noted it on the VM (``vm_util.get_vm_create_spec``)."""

    uuid: str
    name: str
    project_id: str
    project_name: str
    user_id: str
    image_id: str
    flavor: str
    vcpus: int
    memory_mb: int
    root_gb: int
    cluster: str
    """Managed object id: the node's name begins with it."""

    power: str = "poweredOn"


def plans_of_vms(settings: LabSettings) -> list[ServerPlan]:
    """A plan for each VM of Nova's, by name."""
    with vcenter.connected(settings) as service:
        clusters = {
            host: row["parent"]._moId
            for host, row in vcenter.read(service, vim.HostSystem, "parent").items()
        }
        rows = vcenter.read(
            service,
            vim.VirtualMachine,
            "config.instanceUuid",
            "config.managedBy.extensionKey",
            "config.annotation",
            "runtime.host",
            "runtime.powerState",
        )
    plans = [
        _of_vm(row, clusters[row["runtime.host"]])
        for row in rows.values()
        if row.get("config.managedBy.extensionKey") == vcenter.NOVA_EXTENSION
    ]
    return sorted(plans, key=lambda plan: plan.name)


def _of_vm(row: dict[str, Any], cluster: str) -> ServerPlan:
    notes: dict[str, str] = {}
    for line in row["config.annotation"].splitlines():
        key, _, value = line.rpartition(":")
        notes[key] = value
    return ServerPlan(
        uuid=row["config.instanceUuid"],
        name=notes["name"],
        project_id=notes["projectid"],
        project_name=notes["projectname"],
        user_id=notes["userid"],
        image_id=notes["imageid"],
        flavor=notes["flavor:name"],
        vcpus=int(notes["flavor:vcpus"]),
        memory_mb=int(notes["flavor:memory_mb"]),
        root_gb=int(notes["flavor:root_gb"]),
        cluster=cluster,
        power=row["runtime.powerState"],
    )


def plans_without_vms(clusters: Sequence[str]) -> Iterator[ServerPlan]:
    """Servers that vCenter has no VM for, dealt out to the clusters and to four projects."""
    ordered = sorted(clusters)
    for number in itertools.count():
        project = number % 4
        yield ServerPlan(
            uuid=nova_instance_uuid(-1 - number),
            name=f"no-vm-{number:05d}",
            project_id=uuid.uuid5(uuid.NAMESPACE_URL, f"lab-rows/project/{project}").hex,
            project_name=f"no-vm-project-{project}",
            user_id=uuid.uuid5(uuid.NAMESPACE_URL, f"lab-rows/user/{project}").hex,
            image_id=str(uuid.uuid5(uuid.NAMESPACE_URL, "lab-rows/image")),
            flavor="m1.small",
            vcpus=1,
            memory_mb=2048,
            root_gb=20,
            cluster=ordered[number % len(ordered)],
        )
