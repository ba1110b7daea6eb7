"""Changes in words: what they are, why one is not made, and what to know before."""

from collections.abc import Mapping
from dataclasses import dataclass

from django.utils.translation import gettext_lazy

from vmware_panel.domain.plans import Caution, CautionKind, ChangeKind, Refusal, RefusalKind
from vmware_panel.wording import cache_changes
from vmware_panel.wording.details import detail_words
from vmware_panel.wording.sources import source_name
from vmware_panel.wording.values import Text, filled, foreign


@dataclass(frozen=True, slots=True)
class ChangeWords:
    """`title` heads the plan's page, `button` makes it, `made` is said when it was sent."""

    title: Text
    button: Text
    made: Text


@dataclass(frozen=True, slots=True)
class ReasonWords:
    """Why not, or what to know; `remedy` may be empty."""

    sentence: str
    remedy: str


_CHANGES: Mapping[ChangeKind, ChangeWords] = {
    ChangeKind.SERVICE_DISABLE: ChangeWords(
        gettext_lazy("Disable the compute service %(target)s"),
        gettext_lazy("Disable the service"),
        gettext_lazy("The compute service %(target)s is disabled: Nova puts nothing new there."),
    ),
    ChangeKind.SERVICE_ENABLE: ChangeWords(
        gettext_lazy("Enable the compute service %(target)s"),
        gettext_lazy("Enable the service"),
        gettext_lazy("The compute service %(target)s is enabled."),
    ),
    ChangeKind.ALLOCATION_RATIO: ChangeWords(
        gettext_lazy("Set an allocation ratio of %(target)s"),
        gettext_lazy("Set the ratio"),
        gettext_lazy("Placement has the new allocation ratio of %(target)s."),
    ),
    ChangeKind.MAINTENANCE_ENTER: ChangeWords(
        gettext_lazy("Put %(target)s into maintenance mode"),
        gettext_lazy("Enter maintenance mode"),
        gettext_lazy("vCenter was asked to put %(target)s into maintenance mode."),
    ),
    ChangeKind.MAINTENANCE_EXIT: ChangeWords(
        gettext_lazy("Take %(target)s out of maintenance mode"),
        gettext_lazy("Exit maintenance mode"),
        gettext_lazy("vCenter was asked to take %(target)s out of maintenance mode."),
    ),
    ChangeKind.DRS_REFRESH: ChangeWords(
        gettext_lazy("Have the DRS recommendations of %(target)s made anew"),
        gettext_lazy("Make them anew"),
        gettext_lazy("vCenter has made the DRS recommendations of %(target)s anew."),
    ),
    ChangeKind.DRS_APPLY: ChangeWords(
        gettext_lazy("Apply DRS recommendations of %(target)s"),
        gettext_lazy("Apply"),
        gettext_lazy("vCenter was asked to apply the recommendations of %(target)s."),
    ),
    ChangeKind.DRS_LEVEL: ChangeWords(
        gettext_lazy("Change the DRS automation level of %(target)s"),
        gettext_lazy("Change the level"),
        gettext_lazy("vCenter was asked to change the DRS automation level of %(target)s."),
    ),
    ChangeKind.MIGRATE: ChangeWords(
        gettext_lazy("Move %(target)s to another ESX host"),
        gettext_lazy("Move it"),
        gettext_lazy("vCenter was asked to move %(target)s."),
    ),
    ChangeKind.TASK_CANCEL: ChangeWords(
        gettext_lazy("Cancel the task %(target)s"),
        gettext_lazy("Cancel the task"),
        gettext_lazy("vCenter was asked to cancel the task %(target)s."),
    ),
    **{kind: ChangeWords(*words) for kind, words in cache_changes.CHANGES.items()},
}

_REFUSALS: Mapping[RefusalKind, tuple[Text, Text]] = {
    RefusalKind.NOT_THERE: (
        gettext_lazy("%(subject)s is not there any more."),
        gettext_lazy("Go back to the list and look for it anew."),
    ),
    RefusalKind.ALREADY_SO: (
        gettext_lazy("%(subject)s is that way already."),
        gettext_lazy("There is nothing to do."),
    ),
    RefusalKind.UNDER_WAY: (
        gettext_lazy("A change of it is under way: %(subject)s."),
        gettext_lazy("Follow that one to its end first; Recent Tasks shows it."),
    ),
    RefusalKind.SENT_BEFORE: (
        gettext_lazy("This form was sent before, and %(subject)s is changed once only."),
        gettext_lazy("Recent Tasks shows what became of it. To change it again, open it anew."),
    ),
    RefusalKind.SOURCE_DOWN: (
        gettext_lazy("%(subject)s does not answer, so it cannot be made sure that this is safe."),
        gettext_lazy("Try again when it does."),
    ),
    RefusalKind.NO_PRIVILEGE: (
        gettext_lazy("The vCenter account lacks the privilege %(detail)s on %(subject)s."),
        gettext_lazy("Give it to the account that Horizon logs in with, or do it in vSphere."),
    ),
    RefusalKind.NOT_CONNECTED: (
        gettext_lazy("%(subject)s is not connected to vCenter."),
        gettext_lazy("Connect it first; what vCenter shows of it is from before."),
    ),
    RefusalKind.NOT_AUTOMATED: (
        gettext_lazy("DRS does not move the running VMs of %(subject)s by itself (%(detail)s)."),
        gettext_lazy("Set DRS to fully automated, or move the VMs by hand first."),
    ),
    RefusalKind.LOCAL_DATASTORE: (
        gettext_lazy("%(subject)s has a disk on %(detail)s, which no other usable host mounts."),
        gettext_lazy("Move its disks to a shared datastore, or shut the instance down first."),
    ),
    RefusalKind.MOUNTED_DEVICE: (
        gettext_lazy("%(subject)s uses something of this host alone: %(detail)s."),
        gettext_lazy("Disconnect it in the VM's settings, then make the plan again."),
    ),
    RefusalKind.MUST_RULE: (
        gettext_lazy("The DRS rule %(detail)s leaves %(subject)s no other host."),
        gettext_lazy("Switch the rule off for the time, or add a host to its group."),
    ),
    RefusalKind.NO_OTHER_HOST: (
        gettext_lazy("%(subject)s has no other usable host: what runs has nowhere to go."),
        gettext_lazy("Bring another host of the cluster back first, or stop what runs here."),
    ),
    RefusalKind.NO_ROOM: (
        gettext_lazy("The other hosts do not hold %(subject)s: %(detail)s."),
        gettext_lazy("Free memory in the cluster, or move instances to another cluster first."),
    ),
    RefusalKind.PINNED: (
        gettext_lazy("DRS leaves %(subject)s alone by an override of that VM (%(detail)s)."),
        gettext_lazy("Move it by hand first, or take the override away."),
    ),
    RefusalKind.INCOMPATIBLE: (
        gettext_lazy("vCenter's own check says no to %(subject)s: %(detail)s"),
        gettext_lazy("Choose another host, or mend what it names."),
    ),
    RefusalKind.OTHER_CLUSTER: (
        gettext_lazy(
            "%(subject)s is in another cluster (%(detail)s): Nova's book would be wrong."
        ),
        gettext_lazy("Use Nova's own migration to change the cluster."),
    ),
    RefusalKind.NOT_USABLE: (
        gettext_lazy("%(subject)s takes no VM now: it is in maintenance mode or not connected."),
        gettext_lazy("Choose another host."),
    ),
    RefusalKind.SAME_PLACE: (
        gettext_lazy("It is on %(subject)s already."),
        gettext_lazy("Choose another host."),
    ),
    RefusalKind.AT_WORK: (
        gettext_lazy("Nova is at work on %(subject)s (%(detail)s)."),
        gettext_lazy("Wait until that is through."),
    ),
    RefusalKind.NOT_OURS: (
        gettext_lazy("It is not certain which VM %(subject)s is: %(detail)s."),
        gettext_lazy("Clear that up on the instance's page first."),
    ),
    RefusalKind.GONE_STALE: (
        gettext_lazy("vCenter does not make the recommendation %(subject)s any more."),
        gettext_lazy("Go back to the present ones."),
    ),
    RefusalKind.OUT_OF_BOUNDS: (
        gettext_lazy("%(subject)s cannot be set so: %(detail)s."),
        gettext_lazy("Choose another value."),
    ),
    RefusalKind.NOT_CANCELABLE: (
        gettext_lazy("vCenter cannot cancel what runs on %(subject)s at this point."),
        gettext_lazy("Wait for its end."),
    ),
    RefusalKind.DRS_OFF: (
        gettext_lazy("DRS is off in %(subject)s: it recommends and moves nothing."),
        gettext_lazy("Switch it on in vSphere first."),
    ),
    RefusalKind.LEFT_OUT: (
        gettext_lazy("%(subject)s was left out, since one before it failed: %(detail)s"),
        gettext_lazy("Look at what is left, and make a plan of that."),
    ),
    RefusalKind.CHANGED_MEANWHILE: (
        gettext_lazy("Placement's record of %(subject)s was changed by another at the same time."),
        gettext_lazy("Nothing was written. Make the plan again."),
    ),
    **cache_changes.REFUSALS,
}

_CAUTIONS: Mapping[CautionKind, Text] = {
    CautionKind.STAYS_RUNNING: gettext_lazy(
        "What runs there goes on running (instances: %(detail)s). Only new ones stay away."
    ),
    CautionKind.CONFIG_MAY_WIN: gettext_lazy(
        "If nova.conf of %(subject)s sets this ratio itself, nova-compute writes its own again at "
        "its next update, within a minute. What it is set to there, no API tells."
    ),
    CautionKind.BELOW_USED: gettext_lazy(
        "%(subject)s: more is used than there would be (%(detail)s). What runs goes on; nothing "
        "new is placed there."
    ),
    CautionKind.POWERED_OFF_STAY: gettext_lazy(
        "Powered-off VMs stay on the host and cannot be started while it is out: %(detail)s."
    ),
    CautionKind.FOREIGN_VMS: gettext_lazy("VMs that are not OpenStack's move too: %(detail)s."),
    CautionKind.FLAVOR_STOPS_FITTING: gettext_lazy(
        "While the host is out, no host of the cluster holds an instance of %(subject)s."
    ),
    CautionKind.NO_PLAN: gettext_lazy("vCenter gives no plan of the moves: %(detail)s."),
    CautionKind.HA_RESERVE_BROKEN: gettext_lazy(
        "What is left of %(subject)s is less than HA holds back for a failover (%(detail)s)."
    ),
    CautionKind.LAST_HOST: gettext_lazy(
        "It is the last usable host of %(subject)s: nothing can run or start there meanwhile."
    ),
    CautionKind.BOOKS_INCOMPLETE: gettext_lazy(
        "%(subject)s does not answer: what it knows of these VMs is not shown here."
    ),
    CautionKind.NOVA_AT_WORK: gettext_lazy("Nova is at work on %(subject)s (%(detail)s)."),
    CautionKind.CHECK_WARNS: gettext_lazy("vCenter's own check warns of %(subject)s: %(detail)s"),
    CautionKind.SHOULD_RULE: gettext_lazy(
        "The DRS rule %(subject)s, which is a wish and no must, would be broken."
    ),
    CautionKind.MOVES_BY_ITSELF: gettext_lazy(
        "Fully automated, DRS moves running VMs of %(subject)s by itself, at once and whenever it "
        "finds them better placed elsewhere."
    ),
    CautionKind.NOTHING_MOVES: gettext_lazy(
        "DRS moves no running VM of %(subject)s any more unless somebody applies what it "
        "recommends. An ESX host that enters maintenance mode waits until its VMs are moved by hand."
    ),
    CautionKind.OVERRIDES_STAY: gettext_lazy(
        "VMs of %(subject)s with a DRS level of their own keep it: %(detail)s."
    ),
    CautionKind.SET_BY_DRIVER: gettext_lazy(
        "Nova's driver itself disabled %(subject)s because it could not reach vCenter; it enables "
        "it again by itself."
    ),
    **cache_changes.CAUTIONS,
}


def change_words(kind: ChangeKind, target: str) -> ChangeWords:
    words = _CHANGES[kind]
    return ChangeWords(
        *(filled(text, target=foreign(target)) for text in (words.title, words.button, words.made))
    )


def refusal_words(refusal: Refusal) -> ReasonWords:
    sentence, remedy = _REFUSALS[refusal.kind]
    by_source = refusal.kind is RefusalKind.SOURCE_DOWN
    subject = source_name(refusal.subject) if by_source else foreign(refusal.subject)
    return ReasonWords(
        filled(sentence, subject=subject, detail=detail_words(refusal.detail)),
        str(remedy),
    )


def caution_words(caution: Caution) -> str:
    by_source = caution.kind is CautionKind.BOOKS_INCOMPLETE
    subject = source_name(caution.subject) if by_source else foreign(caution.subject)
    return filled(_CAUTIONS[caution.kind], subject=subject, detail=foreign(caution.detail))
