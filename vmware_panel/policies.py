"""The rules of `vmware:*` with their defaults, as every OpenStack service keeps them.

An operator changes them in `vmware_policy.yaml`, beside Horizon's other policy files.
"""

from enum import StrEnum

from oslo_policy import policy

SCOPE = "vmware"
ADMIN = "role:admin"


class Rule(StrEnum):
    LIST_INSTANCES = "vmware:instances:list"
    GET_INSTANCE = "vmware:instances:get"
    GET_INSTANCE_CLUSTER = "vmware:instances:get_cluster"
    REFRESH_INVENTORY = "vmware:inventory:refresh"


DEFAULTS = (
    policy.RuleDefault(
        Rule.LIST_INSTANCES.value,
        ADMIN,
        description="See every instance with its cluster, ESX host and datastores; export them.",
    ),
    policy.RuleDefault(
        Rule.GET_INSTANCE.value,
        ADMIN,
        description="See all that vCenter holds of one instance, ESX host and paths included.",
    ),
    policy.RuleDefault(
        Rule.GET_INSTANCE_CLUSTER.value,
        ADMIN,
        description=(
            "See the cluster and the power state of one instance, without the name of an ESX host "
            "or a datastore. Open it to members with: role:member and project_id:%(project_id)s"
        ),
    ),
    policy.RuleDefault(
        Rule.REFRESH_INVENTORY.value,
        ADMIN,
        description="Have everything of the region's vCenters read afresh, out of turn.",
    ),
)


def list_rules() -> tuple[policy.RuleDefault, ...]:
    """For `oslopolicy-sample-generator` and its kin."""
    return DEFAULTS
