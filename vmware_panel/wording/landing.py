"""Why an instance does not land somewhere, and what its shape costs, in words."""

from collections.abc import Mapping

from django.utils.translation import gettext_lazy

from vmware_panel.domain.landing import Rejection, RejectionKind
from vmware_panel.domain.topology import Concern, ConcernKind, TopologyFault
from vmware_panel.wording.capacity import count_text
from vmware_panel.wording.sizes import gb_of, mb_of
from vmware_panel.wording.values import Text, filled, foreign

_FAULTS: Mapping[TopologyFault, Text] = {
    TopologyFault.NO_NUMBER: gettext_lazy("%(key)s is not a whole number"),
    TopologyFault.IMAGE_ABOVE_FLAVOR: gettext_lazy("%(key)s of the image is above the flavor's"),
    TopologyFault.IMAGE_ABOVE_LIMIT: gettext_lazy("%(key)s of the image is above the limit"),
    TopologyFault.IMPOSSIBLE: gettext_lazy(
        "no sockets and cores within the limits of flavor and image make up its vCPUs"
    ),
}

_REJECTIONS: Mapping[RejectionKind, Text] = {
    RejectionKind.NOT_A_CANDIDATE: gettext_lazy(
        "Placement does not offer it. By its figures there is room, so they may have changed just now."
    ),
    RejectionKind.NO_CAPACITY: gettext_lazy(
        "Placement: %(there)s of %(detail)s are left, %(wanted)s are needed."
    ),
    RejectionKind.ABOVE_MAX_UNIT: gettext_lazy(
        "Placement: one instance may take %(there)s of %(detail)s at most, it needs %(wanted)s."
    ),
    RejectionKind.NO_INVENTORY: gettext_lazy(
        "Placement: there is no %(detail)s, of which it needs %(wanted)s."
    ),
    RejectionKind.TRAITS: gettext_lazy("Placement: the traits do not suit (%(detail)s)."),
    RejectionKind.NO_NODE: gettext_lazy("No nova-compute drives this cluster."),
    RejectionKind.SERVICE_DOWN: gettext_lazy("Nova: compute service %(detail)s is down."),
    RejectionKind.SERVICE_DISABLED: gettext_lazy(
        "Nova: the compute service is disabled. %(detail)s"
    ),
    RejectionKind.OTHER_ZONE: gettext_lazy("Nova: it is in availability zone %(detail)s."),
    RejectionKind.IMAGE_HYPERVISOR: gettext_lazy("The image is for the hypervisor %(detail)s."),
    RejectionKind.IMAGE_ARCHITECTURE: gettext_lazy(
        "The image is for the architecture %(detail)s; the driver knows i686 and x86_64."
    ),
    RejectionKind.IMAGE_FORMAT: gettext_lazy(
        "The image's disk format is %(detail)s; the driver takes vmdk and iso."
    ),
    RejectionKind.IMAGE_STATUS: gettext_lazy("The image is not active, but %(detail)s."),
    RejectionKind.IMAGE_MIN_RAM: gettext_lazy(
        "The image wants %(wanted_mb)s of memory, the flavor has %(there_mb)s."
    ),
    RejectionKind.IMAGE_MIN_DISK: gettext_lazy(
        "The image needs a disk of %(wanted_gb)s, the flavor's has %(there_gb)s."
    ),
    RejectionKind.MEMORY_STEP: gettext_lazy(
        "Nova's driver refuses memory that is not a multiple of 4 MB, and %(wanted)s is none."
    ),
    RejectionKind.TOPOLOGY: gettext_lazy("Nova refuses the CPU topology that is asked for."),
    RejectionKind.NO_DATASTORE: gettext_lazy("No datastore of the cluster counts for Nova."),
    RejectionKind.DATASTORE_FULL: gettext_lazy(
        "Nova would take datastore %(detail)s, which has %(there_gb)s free for a disk of "
        "%(wanted_gb)s. It does not look whether it fits, and it would fail later."
    ),
    RejectionKind.NO_HOST: gettext_lazy("None of its ESX hosts could run it; see each of them."),
    RejectionKind.NOT_CONNECTED: gettext_lazy("not connected"),
    RejectionKind.IN_MAINTENANCE: gettext_lazy("in maintenance mode"),
    RejectionKind.STATE_UNKNOWN: gettext_lazy("its state is unknown"),
    RejectionKind.TOO_FEW_THREADS: gettext_lazy(
        "it has %(there)s logical CPUs, the flavor has %(wanted)s vCPUs"
    ),
    RejectionKind.CPU_USED_UP: gettext_lazy("all of its CPU is used"),
    RejectionKind.TOO_LITTLE_MEMORY: gettext_lazy(
        "%(there_mb)s of its memory are free, %(wanted_mb)s are needed"
    ),
    RejectionKind.NOT_MOUNTED: gettext_lazy("it does not mount datastore %(detail)s"),
}

_CONCERNS: Mapping[ConcernKind, Text] = {
    ConcernKind.MEMORY_STEP: gettext_lazy(
        "Its memory is not a multiple of 4 MB: Nova's driver refuses to boot it."
    ),
    ConcernKind.TOO_WIDE: gettext_lazy(
        "It has %(wanted)s vCPUs, and no host has more than %(at_most)s logical CPUs: vCenter "
        "cannot start it."
    ),
    ConcernKind.MORE_SOCKETS: gettext_lazy(
        "The driver gives it %(wanted)s sockets; no host has more than %(at_most)s. What is licensed "
        "or limited by sockets may not use them all."
    ),
    ConcernKind.WIDE_SOCKET: gettext_lazy(
        "The driver puts %(wanted)s cores into a socket; a NUMA node of the hosts has %(at_most)s. "
        "A socket may then reach over two nodes, which costs speed."
    ),
    ConcernKind.SPANS_NODES: gettext_lazy(
        "Its %(wanted)s vCPUs are more than the %(at_most)s cores of a NUMA node, and its sockets do "
        "not divide evenly among the nodes, which may cost speed."
    ),
    ConcernKind.MEMORY_SPANS_NODES: gettext_lazy(
        "Its memory of %(wanted_mb)s is more than the %(at_most_mb)s of a NUMA node, so that part of "
        "it is far, which costs speed."
    ),
    ConcernKind.REFUSED: gettext_lazy(
        "Nova refuses the CPU topology that is asked for: %(fault)s."
    ),
}


def rejection_sentence(rejection: Rejection) -> str:
    return filled(
        _REJECTIONS[rejection.kind],
        detail=foreign(rejection.detail),
        wanted=count_text(rejection.wanted),
        there=count_text(rejection.there),
        wanted_mb=mb_of(rejection.wanted),
        there_mb=mb_of(rejection.there),
        wanted_gb=gb_of(rejection.wanted),
        there_gb=gb_of(rejection.there),
    )


def concern_sentence(concern: Concern) -> str:
    fault = filled(_FAULTS[concern.fault], key=foreign(concern.key)) if concern.fault else ""
    return filled(
        _CONCERNS[concern.kind],
        wanted=count_text(concern.wanted),
        at_most=count_text(concern.at_most),
        wanted_mb=mb_of(concern.wanted),
        at_most_mb=mb_of(concern.at_most),
        fault=fault,
    )
