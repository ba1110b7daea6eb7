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
    LIST_CLUSTERS = "vmware:clusters:list"
    GET_CLUSTER = "vmware:clusters:get"
    LIST_HOSTS = "vmware:hosts:list"
    GET_HOST = "vmware:hosts:get"
    GET_CAPACITY = "vmware:capacity:get"
    LIST_TASKS = "vmware:tasks:list"
    CANCEL_TASK = "vmware:tasks:cancel"
    UPDATE_SERVICE = "vmware:services:update"
    UPDATE_ALLOCATION_RATIO = "vmware:allocation_ratios:update"
    HOST_MAINTENANCE = "vmware:hosts:maintenance"
    APPLY_RECOMMENDATIONS = "vmware:drs:apply"
    CONFIGURE_DRS = "vmware:drs:configure"
    MIGRATE_INSTANCE = "vmware:instances:migrate"
    LIST_DATASTORES = "vmware:datastores:list"
    GET_DATASTORE = "vmware:datastores:get"
    REFRESH_DATASTORE = "vmware:datastores:refresh"
    SCAN_DATASTORES = "vmware:datastores:scan"
    LIST_IMAGE_CACHE = "vmware:image_cache:list"
    PURGE_IMAGE_CACHE = "vmware:image_cache:purge"
    SEED_IMAGE_CACHE = "vmware:image_cache:seed"
    LIST_VOLUMES = "vmware:volumes:list"
    LIST_JOBS = "vmware:jobs:list"
    CANCEL_JOB = "vmware:jobs:cancel"


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
    policy.RuleDefault(
        Rule.LIST_CLUSTERS.value,
        ADMIN,
        description="See every cluster with its compute service, hosts and capacity; export them.",
    ),
    policy.RuleDefault(
        Rule.GET_CLUSTER.value,
        ADMIN,
        description="See one cluster: its hosts, instances, DRS recommendations, rules and moves.",
    ),
    policy.RuleDefault(
        Rule.LIST_HOSTS.value,
        ADMIN,
        description="See every ESX host with its state, capacity and instances; export them.",
    ),
    policy.RuleDefault(
        Rule.GET_HOST.value,
        ADMIN,
        description="See one ESX host: hardware, datastores, and every VM on it, OpenStack's or not.",
    ),
    policy.RuleDefault(
        Rule.GET_CAPACITY.value,
        ADMIN,
        description="See the capacity of clusters by Nova's, Placement's and vCenter's books, and what fits.",
    ),
    policy.RuleDefault(
        Rule.LIST_TASKS.value,
        ADMIN,
        description="See vCenter's recent tasks on what OpenStack owns, and who started them.",
    ),
    policy.RuleDefault(
        Rule.CANCEL_TASK.value,
        ADMIN,
        description="Cancel a task of vCenter that is under way.",
    ),
    policy.RuleDefault(
        Rule.UPDATE_SERVICE.value,
        ADMIN,
        description="Disable a compute service with a reason, and enable it. Nova's own policy applies too.",
    ),
    policy.RuleDefault(
        Rule.UPDATE_ALLOCATION_RATIO.value,
        ADMIN,
        description="Set the allocation ratios of a cluster in Placement. Placement's own policy applies too.",
    ),
    policy.RuleDefault(
        Rule.HOST_MAINTENANCE.value,
        ADMIN,
        description="Put an ESX host into maintenance mode, which moves the VMs on it, and take it out.",
    ),
    policy.RuleDefault(
        Rule.APPLY_RECOMMENDATIONS.value,
        ADMIN,
        description="Have DRS recommendations made anew, and apply them, which moves VMs.",
    ),
    policy.RuleDefault(
        Rule.CONFIGURE_DRS.value,
        ADMIN,
        description="Change the DRS automation level of a cluster.",
    ),
    policy.RuleDefault(
        Rule.MIGRATE_INSTANCE.value,
        ADMIN,
        description="Move an instance to another ESX host of its cluster by vMotion.",
    ),
    policy.RuleDefault(
        Rule.LIST_DATASTORES.value,
        ADMIN,
        description="See every datastore: who mounts it, who may use it, what fills it; export them.",
    ),
    policy.RuleDefault(
        Rule.GET_DATASTORE.value,
        ADMIN,
        description="See one datastore with the instances, volumes and files on it.",
    ),
    policy.RuleDefault(
        Rule.REFRESH_DATASTORE.value,
        ADMIN,
        description="Have vCenter count a datastore's capacity and free space anew.",
    ),
    policy.RuleDefault(
        Rule.SCAN_DATASTORES.value,
        ADMIN,
        description="Have the files of datastores searched afresh, out of turn.",
    ),
    policy.RuleDefault(
        Rule.LIST_IMAGE_CACHE.value,
        ADMIN,
        description="See the image cache: who stands on what, leftovers and parents at risk; export it.",
    ),
    policy.RuleDefault(
        Rule.PURGE_IMAGE_CACHE.value,
        ADMIN,
        description="Delete cached images and leftovers that nothing uses, or mark them for Nova to delete.",
    ),
    policy.RuleDefault(
        Rule.SEED_IMAGE_CACHE.value,
        ADMIN,
        description="Put images into the cache of clusters' datastores. Glance's own policy applies too.",
    ),
    policy.RuleDefault(
        Rule.LIST_VOLUMES.value,
        ADMIN,
        description="See every Cinder volume with its shadow VM and its disk; export them.",
    ),
    policy.RuleDefault(
        Rule.LIST_JOBS.value,
        ADMIN,
        description="See the jobs that make changes in the background, everybody's.",
    ),
    policy.RuleDefault(
        Rule.CANCEL_JOB.value,
        ADMIN,
        description="Cancel a job, whoever began it.",
    ),
)
