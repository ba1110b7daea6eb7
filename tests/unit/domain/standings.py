"""One host of a cluster with the VMs on it, for tests of maintenance mode and vMotion."""

from typing import Any

from tests.unit.domain import builders
from vmware_panel.domain.cluster_detail import DrsGroup, DrsRule, RuleKind
from vmware_panel.domain.inventory import Cluster, Datastore, EsxHost, MoRef, VirtualMachine
from vmware_panel.domain.standing import Standing

HERE = MoRef("host-1")
BLUE = MoRef("domain-c1")
SHARED, LOCAL = MoRef("datastore-1"), MoRef("datastore-2")
GIB = 1 << 30


def host(number: int, **changes: Any) -> EsxHost:
    """Of the cluster blue, with 64 GiB and 32 threads; host 1 alone mounts the local datastore."""
    mounted = (SHARED, LOCAL) if number == 1 else (SHARED,)
    fields = {
        "cluster": BLUE,
        "datastores": mounted,
        "memory_bytes": 64 * GIB,
        "cpu_threads": 32,
        **changes,
    }
    return builders.esx_host(number, **fields)


def vm(number: int, **changes: Any) -> VirtualMachine:
    return builders.vm(number, **{"memory_mb": 4096, **changes})


def cluster(**changes: Any) -> Cluster:
    return Cluster(
        BLUE, "blue", **{"drs_enabled": True, "drs_behavior": "fullyAutomated", **changes}
    )


def standing(
    *vms: VirtualMachine,
    hosts: tuple[EsxHost, ...] = (host(1), host(2), host(3)),
    of: Cluster | None = None,
    **changes: Any,
) -> Standing:
    inventory = builders.inventory(
        *vms,
        hosts=hosts,
        clusters=(of or cluster(),),
        datastores=(
            Datastore(SHARED, "shared-1"),
            Datastore(LOCAL, "local-1"),
        ),
        whole=False,
    )
    return Standing(inventory, HERE, **changes)


def rule(*vms: MoRef, on: tuple[MoRef, ...], mandatory: bool = True, together: bool = True) -> Any:
    """The rule with its two groups, as arguments of `standing`."""
    return {
        "rules": (
            DrsRule(
                1,
                "pair",
                RuleKind.VM_HOST,
                enabled=True,
                mandatory=mandatory,
                vm_group="its vms",
                host_group="its hosts",
                together=together,
            ),
        ),
        "groups": (DrsGroup("its vms", vms=vms), DrsGroup("its hosts", hosts=on)),
    }
