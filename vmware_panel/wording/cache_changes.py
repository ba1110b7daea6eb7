"""Changes of datastores, the image cache and jobs in words; `wording.changes` joins them in."""

from collections.abc import Mapping

from django.utils.translation import gettext_lazy

from vmware_panel.domain.plans import CautionKind, ChangeKind, RefusalKind
from vmware_panel.wording.values import Text

CHANGES: Mapping[ChangeKind, tuple[Text, Text, Text]] = {
    ChangeKind.DATASTORE_REFRESH: (
        gettext_lazy("Have vCenter count %(target)s anew"),
        gettext_lazy("Count it anew"),
        gettext_lazy("vCenter has counted the space of %(target)s anew."),
    ),
    ChangeKind.DATASTORE_SCAN: (
        gettext_lazy("Search the files of %(target)s afresh"),
        gettext_lazy("Search it afresh"),
        gettext_lazy("The files of %(target)s are searched; that can take minutes."),
    ),
    ChangeKind.CACHE_PURGE: (
        gettext_lazy("Delete from the image cache of %(target)s"),
        gettext_lazy("Delete what is listed"),
        gettext_lazy("The job has begun: each item is looked at again right before."),
    ),
    ChangeKind.CACHE_MARK: (
        gettext_lazy("Mark cached images of %(target)s for Nova to delete"),
        gettext_lazy("Mark them"),
        gettext_lazy("The job has begun: Nova deletes what is marked when it is old enough."),
    ),
    ChangeKind.CACHE_SEED: (
        gettext_lazy("Put %(target)s into the image cache"),
        gettext_lazy("Put it there"),
        gettext_lazy("The job has begun: the page shows how far it is."),
    ),
    ChangeKind.JOB_CANCEL: (
        gettext_lazy("Cancel the job %(target)s"),
        gettext_lazy("Cancel the job"),
        gettext_lazy("The job %(target)s ends after what is under way."),
    ),
}

REFUSALS: Mapping[RefusalKind, tuple[Text, Text]] = {
    RefusalKind.IN_USE: (
        gettext_lazy("A disk of %(detail)s stands on %(subject)s."),
        gettext_lazy("It can go when that VM is deleted, or its disk is a full copy."),
    ),
    RefusalKind.USED_BY_SERVER: (
        gettext_lazy("Nova counts the instance %(detail)s as a user of %(subject)s."),
        gettext_lazy("It can go when no instance of this image is on that compute."),
    ),
    RefusalKind.BEING_BUILT: (
        gettext_lazy("The instance %(detail)s is being made from %(subject)s just now."),
        gettext_lazy("Wait until that is through, then make the plan again."),
    ),
    RefusalKind.USE_UNKNOWN: (
        gettext_lazy("Whether %(subject)s is in use is not known: %(detail)s."),
        gettext_lazy("Try again when all books can be read."),
    ),
    RefusalKind.OTHER_VCENTER_SILENT: (
        gettext_lazy(
            "Whether a VM of another vCenter stands on %(subject)s is not known: %(detail)s."
        ),
        gettext_lazy(
            "Try again when that vCenter answers, or take one that is gone out of the settings."
        ),
    ),
    RefusalKind.OTHER_CLOUD: (
        gettext_lazy(
            "The VM %(detail)s stands on %(subject)s, and this Nova does not have it: a compute of "
            "another cloud or region may look after it."
        ),
        gettext_lazy(
            "If so, name that compute and its root in the setting computes; if that VM is left over, "
            "delete it first."
        ),
    ),
    RefusalKind.OWNER_UNKNOWN: (
        gettext_lazy("Which compute looks after %(subject)s is not known."),
        gettext_lazy("Write cache_prefix or my_ip of every compute into the setting computes."),
    ),
    RefusalKind.OWNED_BY_NOVA: (
        gettext_lazy("%(subject)s is looked after by %(detail)s."),
        gettext_lazy("Mark it, and Nova deletes it under its own lock."),
    ),
    RefusalKind.NO_OWNER: (
        gettext_lazy("No compute looks after %(subject)s: a mark would stay for good."),
        gettext_lazy("Delete it instead."),
    ),
    RefusalKind.MARKED_ALREADY: (
        gettext_lazy("%(subject)s is marked already, since %(detail)s."),
        gettext_lazy("Nova deletes it when it is old enough."),
    ),
    RefusalKind.TOO_YOUNG: (
        gettext_lazy("%(subject)s is too young (%(detail)s): work on it may be under way."),
        gettext_lazy("Wait, or choose a lower age."),
    ),
    RefusalKind.OUTSIDE_ROOTS: (
        gettext_lazy("%(subject)s is not a path that may be deleted from here."),
        gettext_lazy("Only what lies in an image cache, and named leftovers, can be."),
    ),
    RefusalKind.NOT_READ: (
        gettext_lazy("vCenter does not list %(subject)s."),
        gettext_lazy("Have the datastore searched afresh, then make the plan again."),
    ),
    RefusalKind.CHANGED_FILES: (
        gettext_lazy("Other files lie in %(subject)s than were shown: %(detail)s."),
        gettext_lazy("Make the plan again."),
    ),
    RefusalKind.FOREIGN_FILES: (
        gettext_lazy("In %(subject)s lie files that Nova does not make: %(detail)s."),
        gettext_lazy("Somebody else works there: find out who, and take them away by hand."),
    ),
    RefusalKind.NO_SOURCE: (
        gettext_lazy("There is no copy of %(subject)s that could be taken: %(detail)s."),
        gettext_lazy("Choose another source."),
    ),
    RefusalKind.IMAGE_UNFIT: (
        gettext_lazy("Nova's VMware driver would not take %(subject)s: %(detail)s."),
        gettext_lazy("Mend the image in Glance first."),
    ),
    RefusalKind.INACCESSIBLE: (
        gettext_lazy("vCenter cannot reach %(subject)s just now."),
        gettext_lazy("Make the plan again when its hosts see it again."),
    ),
    RefusalKind.NOTHING_TO_DO: (
        gettext_lazy("Nothing of what was chosen can go."),
        gettext_lazy("What was looked at, and why it stays, is listed below."),
    ),
    RefusalKind.NOTHING_FOUND: (
        gettext_lazy("The searches of the datastores found nothing of the kind."),
        gettext_lazy("If something is there by now, search afresh; then make the plan again."),
    ),
    RefusalKind.TOO_LARGE: (
        gettext_lazy("%(subject)s is larger than that root disk (%(detail)s)."),
        gettext_lazy("Choose a larger flavor, or none."),
    ),
    RefusalKind.NOT_WHOLE: (
        gettext_lazy("%(subject)s is there, but not as a whole image: %(detail)s."),
        gettext_lazy("Nova would stumble over it too: purge it, then make the plan again."),
    ),
    RefusalKind.NO_SPACE: (
        gettext_lazy("%(subject)s has too little free space: %(detail)s."),
        gettext_lazy("Choose another datastore, or make room there."),
    ),
    RefusalKind.NOT_ALLOWED: (
        gettext_lazy("Nova would not put this image on %(subject)s: %(detail)s."),
        gettext_lazy("Choose another datastore."),
    ),
    RefusalKind.TOKEN_EXPIRED: (
        gettext_lazy("OpenStack cannot be asked in the name of whoever began the job any more."),
        gettext_lazy("Log in anew and begin a job for what is left."),
    ),
}

CAUTIONS: Mapping[CautionKind, Text] = {
    CautionKind.NOVA_AGES: gettext_lazy(
        "While no instance uses it, Nova marks %(subject)s at its next pass and deletes it "
        "%(detail)s later."
    ),
    CautionKind.NOVA_AGES_BY_DEFAULT: gettext_lazy(
        "While no instance uses it, Nova marks %(subject)s at its next pass and deletes it "
        "%(detail)s later by Nova's defaults: the settings do not tell this compute's."
    ),
    CautionKind.AGEING_OFF: gettext_lazy(
        "The settings say that %(subject)s deletes nothing by itself: a mark stays without effect."
    ),
    CautionKind.NO_LOCK: gettext_lazy(
        "Nova's lock lies on its own host, and nobody else can take it. Each one is looked at again "
        "right before, and again before it is gone for good."
    ),
    CautionKind.OTHERS_UNSEEN: gettext_lazy(
        "Only VMs of the vCenters in the settings are seen. If one that is not mounts the same "
        "datastore, its VMs may stand on what is deleted: no vCenter tells of another."
    ),
    CautionKind.DOWNLOADED_AGAIN: gettext_lazy(
        "The next instance of such an image there has it copied from Glance anew."
    ),
    CautionKind.STREAMED: gettext_lazy(
        "%(subject)s goes from Glance through this machine to %(detail)s. An upload that breaks "
        "off is taken away and has to begin anew."
    ),
    CautionKind.IMPORTED: gettext_lazy(
        "vCenter imports %(subject)s as a VM, as for Nova: until its disk is there, a VM "
        "%(detail)s… is in the datacenter's folder, off, and no instance. The disk goes to the ESX "
        "host that vCenter names."
    ),
    CautionKind.OTHER_PICKED: gettext_lazy(
        "Nova takes the datastore with most free space when it boots: for %(subject)s that would "
        "be %(detail)s, once this is there."
    ),
    CautionKind.STALE_SCAN: gettext_lazy(
        "The files of %(subject)s were searched at %(detail)s; each is read again before anything "
        "is done."
    ),
}
