"""Capacity in words: whose figure it is, why two differ, what fits and why something does not."""

from collections.abc import Mapping

from django.utils.formats import date_format, number_format
from django.utils.timezone import localtime
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from vmware_panel.domain.capacity import Cause, CauseKind, Figure
from vmware_panel.domain.cloud import Flavor
from vmware_panel.domain.driver_sums import DatastoreRejection, Resource
from vmware_panel.domain.fits import Bound, disk_gb_of
from vmware_panel.wording.sizes import gb_of, mb_of
from vmware_panel.wording.values import UNKNOWN, Text, filled, foreign

MOST_ALIKE = 5

_RESOURCES: Mapping[Resource, Text] = {
    Resource.VCPU: gettext_lazy("VCPU: logical CPUs"),
    Resource.MEMORY_MB: gettext_lazy("MEMORY_MB: memory in MiB"),
    Resource.DISK_GB: gettext_lazy("DISK_GB: disk in GiB"),
}

_FIGURES: Mapping[Figure, Text] = {
    Figure.DRIVER_TOTAL: gettext_lazy("what the driver sums up"),
    Figure.DRIVER_RESERVED: gettext_lazy("what nova.conf reserves, by the settings here"),
    Figure.DRIVER_MAX_UNIT: gettext_lazy("the driver's largest unit"),
    Figure.DRIVER_MIN_UNIT: gettext_lazy("the driver's smallest unit"),
    Figure.DRIVER_STEP_SIZE: gettext_lazy("the driver's step"),
    Figure.PLACEMENT_TOTAL: gettext_lazy("Placement's total"),
    Figure.PLACEMENT_RESERVED: gettext_lazy("what Placement has reserved"),
    Figure.PLACEMENT_MAX_UNIT: gettext_lazy("Placement's largest unit"),
    Figure.PLACEMENT_MIN_UNIT: gettext_lazy("Placement's smallest unit"),
    Figure.PLACEMENT_STEP_SIZE: gettext_lazy("Placement's step"),
    Figure.PLACEMENT_CAPACITY: gettext_lazy("what Placement gives out"),
    Figure.PLACEMENT_USED: gettext_lazy("what Placement counts as used"),
    Figure.PLACEMENT_FREE: gettext_lazy("what Placement has left"),
    Figure.ALLOCATED: gettext_lazy("the sum of Placement's allocations"),
    Figure.NOVA_SHOWN: gettext_lazy("what Nova's os-hypervisors shows"),
    Figure.VCENTER_TOTAL: gettext_lazy("all that vCenter has in the cluster"),
    Figure.VCENTER_EFFECTIVE: gettext_lazy("what vCenter leaves to VMs"),
    Figure.VCENTER_AFTER_HA: gettext_lazy("what vCenter has without HA's reserve"),
    Figure.VCENTER_INSTANCES: gettext_lazy("the sizes of Nova's VMs in vCenter"),
    Figure.VCENTER_LARGEST_FREE: gettext_lazy("the largest free space of one datastore"),
    Figure.VCENTER_UNSHARED: gettext_lazy("what no other cluster counts as well"),
}

_CAUSES: Mapping[CauseKind, Text] = {
    CauseKind.HOST_IN_MAINTENANCE: gettext_lazy(
        "ESX host %(subject)s is in maintenance mode; Nova's driver leaves it out."
    ),
    CauseKind.HOST_DISCONNECTED: gettext_lazy(
        "ESX host %(subject)s is not connected; Nova's driver leaves it out."
    ),
    CauseKind.DATASTORE_REGEX: gettext_lazy(
        "Datastore %(subject)s does not match datastore_regex of nova.conf."
    ),
    CauseKind.DATASTORE_UNUSABLE: gettext_lazy(
        "Datastore %(subject)s is not accessible, in maintenance, or of a kind that the driver does "
        "not take."
    ),
    CauseKind.DATASTORE_SHARED: gettext_lazy(
        "Datastore %(subject)s is counted in full by %(detail)s as well, and used by both."
    ),
    CauseKind.HA_RESERVE: gettext_lazy(
        "vSphere HA holds this back for a failover; Nova does not know of it."
    ),
    CauseKind.HYPERVISOR_OVERHEAD: gettext_lazy(
        "The ESX hosts keep this for themselves; Nova's driver counts it in."
    ),
    CauseKind.RESERVED: gettext_lazy("nova.conf reserves it (reserved_host_*)."),
    CauseKind.RATIO: gettext_lazy("The allocation ratio is %(detail)s."),
    CauseKind.STALE: gettext_lazy(
        "Compute service %(subject)s is down since %(since)s and reports nothing: the inventory is "
        "as old as that."
    ),
    CauseKind.NO_DATASTORE: gettext_lazy(
        "No datastore counts, so every update of nova-compute fails and Placement keeps what it had."
    ),
    CauseKind.NOT_YET_REPORTED: gettext_lazy(
        "Placement's figure is from before %(subject)s changed; nova-compute has not reported since."
    ),
    CauseKind.DATASTORE_NOT_REPORTED: gettext_lazy(
        "Placement's figure is without datastore %(subject)s: nova-compute has not reported since it "
        "came, or nova.conf has another datastore_regex than the settings here."
    ),
    CauseKind.FREE_SPACE_MOVED: gettext_lazy(
        "Space was used or freed since nova-compute's last report."
    ),
    CauseKind.REGEX_DIFFERS: gettext_lazy(
        "nova-compute reports as if it had no datastore_regex; the settings here tell one."
    ),
    CauseKind.SETTING_DIFFERS: gettext_lazy(
        "nova.conf has another value than the settings here tell."
    ),
    CauseKind.SET_ELSEWHERE: gettext_lazy(
        "The driver always reports 1; somebody else has written the record."
    ),
    CauseKind.SINGLE_DATASTORE: gettext_lazy(
        "os-hypervisors shows datastore %(subject)s alone, the one with most free space."
    ),
    CauseKind.LARGEST_FREE: gettext_lazy(
        "A disk needs one datastore, and %(subject)s has most free space."
    ),
    CauseKind.READ_APART: gettext_lazy(
        "Both are Placement's, read one after the other; it changed in between."
    ),
    CauseKind.ALLOCATION_GONE: gettext_lazy(
        "Placement keeps an allocation of %(subject)s; Nova has no such instance. It was deleted, "
        "or it is a resize or migration that was not confirmed."
    ),
    CauseKind.ALLOCATION_ELSEWHERE: gettext_lazy(
        "Placement keeps an allocation of %(subject)s here; Nova has the instance on %(detail)s."
    ),
    CauseKind.VM_ELSEWHERE: gettext_lazy(
        "Nova and Placement count %(subject)s here; vCenter has its VM in cluster %(detail)s."
    ),
    CauseKind.VM_GONE: gettext_lazy(
        "Nova and Placement count %(subject)s here; vCenter has no VM of it."
    ),
    CauseKind.VM_FROM_ELSEWHERE: gettext_lazy(
        "vCenter has the VM of %(subject)s here; Nova and Placement count it on %(detail)s."
    ),
    CauseKind.VM_UNKNOWN: gettext_lazy(
        "vCenter has %(subject)s here, made by Nova; Nova does not know it."
    ),
    CauseKind.NO_ALLOCATION: gettext_lazy(
        "Nova has %(subject)s here; Placement has no allocation of it "
        "(nova-manage placement heal_allocations)."
    ),
    CauseKind.SIZE_DIFFERS: gettext_lazy(
        "The VM of %(subject)s is not of the size that Placement counts."
    ),
    CauseKind.UNEXPLAINED: gettext_lazy("Not explained."),
}

_BOUNDS: Mapping[Bound, Text] = {
    Bound.PLACEMENT: gettext_lazy("Placement"),
    Bound.HOSTS: gettext_lazy("ESX hosts"),
    Bound.HA: gettext_lazy("HA reserve"),
    Bound.DATASTORES: gettext_lazy("datastores"),
}

_DATASTORES: Mapping[DatastoreRejection, Text] = {
    DatastoreRejection.NOT_ACCESSIBLE: gettext_lazy("not accessible"),
    DatastoreRejection.IN_MAINTENANCE: gettext_lazy("in maintenance mode"),
    DatastoreRejection.TYPE: gettext_lazy("of a kind that the driver does not take"),
    DatastoreRejection.REGEX: gettext_lazy("its name does not match datastore_regex"),
    DatastoreRejection.REGEX_UNKNOWN: gettext_lazy(
        "unknown: the settings here do not tell datastore_regex"
    ),
    DatastoreRejection.SIZE_UNKNOWN: gettext_lazy("vCenter does not say its size"),
    DatastoreRejection.VSAN_IMAGE: gettext_lazy("vSAN takes streamOptimized images alone"),
    DatastoreRejection.LESS_FREE: gettext_lazy("counts, but another has more free space"),
}


def resource_label(resource: Resource) -> str:
    return str(_RESOURCES[resource])


def figure_label(figure: Figure) -> str:
    return str(_FIGURES[figure])


def cause_sentence(cause: Cause) -> str:
    since = date_format(localtime(cause.since), "DATETIME_FORMAT") if cause.since else str(UNKNOWN)
    subject = foreign(cause.subject) or str(UNKNOWN)
    words = _CAUSES[cause.kind]
    sentence = filled(words, subject=subject, detail=foreign(cause.detail), since=since)
    if not cause.alike:
        return sentence
    others = ", ".join(foreign(name) for name in cause.alike[:MOST_ALIKE])
    return f"{sentence} {filled(_('It may as well be: %(others)s.'), others=others)}"


def bound_label(bound: Bound) -> str:
    return str(_BOUNDS[bound])


def datastore_reason(why: DatastoreRejection) -> str:
    return str(_DATASTORES[why])


def flavor_size(flavor: Flavor) -> str:
    """ "2 vCPU, 4 GiB, disk 20 GiB"."""
    parts = [filled(_("%(vcpus)s vCPU"), vcpus=flavor.vcpus), mb_of(flavor.ram_mb)]
    disk_gb = disk_gb_of(flavor)
    parts.append(filled(_("disk %(size)s"), size=gb_of(disk_gb)) if disk_gb else _("no disk"))
    return ", ".join(parts)


def count_text(count: int | None) -> str:
    """A figure to the unit, in the reader's notation."""
    return str(UNKNOWN) if count is None else number_format(count, force_grouping=True)


def signed_text(amount: int) -> str:
    return f"+{count_text(amount)}" if amount > 0 else count_text(amount).replace("-", "−")
