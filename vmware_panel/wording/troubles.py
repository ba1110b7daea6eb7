"""Why a source gave no answer, in a sentence, and what to do. Said once, at the view's border."""

from collections.abc import Mapping
from dataclasses import dataclass

from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from vmware_panel.domain.outcome import Trouble, TroubleKind
from vmware_panel.wording.details import detail_words
from vmware_panel.wording.sources import SERVICES, is_vcenter, source_name
from vmware_panel.wording.values import Text, filled, foreign


@dataclass(frozen=True, slots=True)
class TroubleWords:
    """`detail` is for those who may see everything; may be empty. With `logged` it is the remark of
    the log, in English as there.
    """

    sentence: str
    remedy: str
    detail: str
    logged: bool = False


@dataclass(frozen=True, slots=True)
class _Phrases:
    sentence: Text
    remedy: Text


_OF_VCENTER: Mapping[TroubleKind, _Phrases] = {
    TroubleKind.UNREACHABLE: _Phrases(
        gettext_lazy("vCenter %(name)s: it cannot be reached."),
        gettext_lazy(
            "Check that it runs, that host and port in the settings are right, and that this "
            "Horizon may connect to it; manage.py vmware_check tries each step."
        ),
    ),
    TroubleKind.TIMEOUT: _Phrases(
        gettext_lazy("vCenter %(name)s: it did not answer within the time allowed."),
        gettext_lazy(
            "Try again in a moment. If it stays slow, look at vCenter's own load; "
            "read_timeout_s and list_timeout_s in the settings are the times allowed."
        ),
    ),
    TroubleKind.CERTIFICATE: _Phrases(
        gettext_lazy("vCenter %(name)s: its certificate is not one that this Horizon trusts."),
        gettext_lazy(
            "Set ca_file to the CA that signed it, and host to the name that it was issued for; "
            "if it has expired, renew it in vCenter. Nothing was sent to the server."
        ),
    ),
    TroubleKind.LOGIN: _Phrases(
        gettext_lazy("vCenter %(name)s: it refused the user name or the password."),
        gettext_lazy(
            "Correct username and password in the settings. Look also whether vCenter has locked "
            "the account."
        ),
    ),
    TroubleKind.SESSION: _Phrases(
        gettext_lazy("vCenter %(name)s: it ended the session, and logging in again did not help."),
        gettext_lazy("Try again in a moment. If it stays so, look at vCenter's own services."),
    ),
    TroubleKind.FORBIDDEN: _Phrases(
        gettext_lazy("vCenter %(name)s: the account may log in, but not read this."),
        gettext_lazy(
            "Give the account of the settings the role Read-only on the vCenter, with propagation "
            "to what is below."
        ),
    ),
    TroubleKind.NOT_FOUND: _Phrases(
        gettext_lazy("vCenter %(name)s: what was asked for is not there, or no longer."),
        gettext_lazy("Load the page again: it may have been moved or removed in between."),
    ),
    TroubleKind.INACCESSIBLE: _Phrases(
        gettext_lazy("vCenter %(name)s: a datastore cannot be used just now."),
        gettext_lazy(
            "Look at it in vCenter: its hosts may have lost it, or it is in maintenance mode."
        ),
    ),
    TroubleKind.OVERLOADED: _Phrases(
        gettext_lazy("vCenter %(name)s: it has too much to do and refused to answer."),
        gettext_lazy("Try again in a moment. If it stays so, look at its sessions and its load."),
    ),
    TroubleKind.BAD_ANSWER: _Phrases(
        gettext_lazy("vCenter %(name)s: its answer cannot be read."),
        gettext_lazy(
            "Check that host and port in the settings lead to a vCenter and not to something in "
            "front of it; Horizon's log says more."
        ),
    ),
    TroubleKind.CONFIGURATION: _Phrases(
        gettext_lazy("vCenter %(name)s: its settings do not allow to ask it."),
        gettext_lazy("Correct VMWARE_PANEL in Horizon's settings; manage.py check names the key."),
    ),
    TroubleKind.NOT_YET: _Phrases(
        gettext_lazy("vCenter %(name)s: its first list is still being read."),
        gettext_lazy("What it holds shows as soon as the list is through."),
    ),
    TroubleKind.NO_COLLECTOR: _Phrases(
        gettext_lazy("vCenter %(name)s: nobody keeps its inventory current just now."),
        gettext_lazy(
            "Start the collector where it is to run: manage.py vmware_collect, or its service."
        ),
    ),
}

_OF_SERVICE: Mapping[TroubleKind, _Phrases] = {
    TroubleKind.UNREACHABLE: _Phrases(
        gettext_lazy("%(name)s: it cannot be reached."),
        gettext_lazy(
            "Check that the service runs, and that the address in the service catalogue is right."
        ),
    ),
    TroubleKind.TIMEOUT: _Phrases(
        gettext_lazy("%(name)s: it did not answer within the time allowed."),
        gettext_lazy("Try again in a moment. If it stays slow, look at the service's own load."),
    ),
    TroubleKind.CERTIFICATE: _Phrases(
        gettext_lazy("%(name)s: its certificate is not one that this Horizon trusts."),
        gettext_lazy("Set OPENSTACK_SSL_CACERT to the CA that signed it."),
    ),
    TroubleKind.LOGIN: _Phrases(
        gettext_lazy("%(name)s: it did not accept your session."),
        gettext_lazy("Log out and in again."),
    ),
    TroubleKind.SESSION: _Phrases(
        gettext_lazy("%(name)s: it did not accept your session."),
        gettext_lazy("Log out and in again."),
    ),
    TroubleKind.FORBIDDEN: _Phrases(
        gettext_lazy("%(name)s: your roles do not allow to read this."),
        gettext_lazy("Ask for a role that may, or ask someone who has it."),
    ),
    TroubleKind.NOT_FOUND: _Phrases(
        gettext_lazy("%(name)s: what was asked for is not there, or no longer."),
        gettext_lazy("Load the page again: it may have been removed in between."),
    ),
    TroubleKind.OVERLOADED: _Phrases(
        gettext_lazy("%(name)s: it has too much to do and refused to answer."),
        gettext_lazy("Try again in a moment. If it stays so, look at the service's own load."),
    ),
    TroubleKind.BAD_ANSWER: _Phrases(
        gettext_lazy("%(name)s: it failed, or its answer cannot be read."),
        gettext_lazy("Look into the service's own log."),
    ),
    TroubleKind.CONFIGURATION: _Phrases(
        gettext_lazy("%(name)s: the settings or the service catalogue do not allow to ask it."),
        gettext_lazy("Check that the service catalogue of this region holds the service."),
    ),
    TroubleKind.NOT_YET: _Phrases(
        gettext_lazy("%(name)s: its list of all servers is still being read."),
        gettext_lazy(
            "The page shows it as soon as it is through; thousands of servers take up to a minute."
        ),
    ),
}

# The cache in which a collector leaves vCenter's inventory.
_OF_STORE: Mapping[TroubleKind, _Phrases] = {
    **_OF_SERVICE,
    TroubleKind.UNREACHABLE: _Phrases(
        gettext_lazy("%(name)s: it cannot be reached."),
        gettext_lazy("Check that the cache runs, and LOCATION of its alias in CACHES."),
    ),
    TroubleKind.TIMEOUT: _Phrases(
        gettext_lazy("%(name)s: it did not answer within the time allowed."),
        gettext_lazy(
            "Try again in a moment. If it stays slow, look at the cache's own load; OPTIONS of its "
            "alias in CACHES say the time allowed."
        ),
    ),
    TroubleKind.CERTIFICATE: _Phrases(
        gettext_lazy("%(name)s: its certificate is not one that this Horizon trusts."),
        gettext_lazy("Correct the TLS options of its alias in CACHES."),
    ),
    TroubleKind.LOGIN: _Phrases(
        gettext_lazy("%(name)s: it refused the user name or the password."),
        gettext_lazy("Correct LOCATION or OPTIONS of its alias in CACHES."),
    ),
    TroubleKind.SESSION: _Phrases(
        gettext_lazy("%(name)s: another collector writes it now."),
        gettext_lazy("Nothing has to be done; this collector waits as standby."),
    ),
    TroubleKind.FORBIDDEN: _Phrases(
        gettext_lazy("%(name)s: it refused the user name or the password."),
        gettext_lazy("Give the user of its alias in CACHES the right to read and write."),
    ),
    TroubleKind.NOT_FOUND: _Phrases(
        gettext_lazy("%(name)s: what was asked for is not there, or no longer."),
        gettext_lazy("Try again in a moment: the collector writes it anew."),
    ),
    TroubleKind.OVERLOADED: _Phrases(
        gettext_lazy("%(name)s: it has too little memory."),
        gettext_lazy("Give the cache more memory: memcached's -m, or Redis' maxmemory."),
    ),
    TroubleKind.BAD_ANSWER: _Phrases(
        gettext_lazy("%(name)s: what it holds cannot be read."),
        gettext_lazy(
            "Try again in a moment: the collector writes it anew. If it stays so, check that all "
            "machines run the same release of this plugin."
        ),
    ),
    TroubleKind.CONFIGURATION: _Phrases(
        gettext_lazy("%(name)s: its settings do not allow to ask it."),
        gettext_lazy(
            "Check its alias in CACHES, and that the cache's Python client is installed."
        ),
    ),
}


# Where jobs are written down: a file, or a cache.
_OF_JOBS: Mapping[TroubleKind, _Phrases] = {
    **_OF_SERVICE,
    TroubleKind.UNREACHABLE: _Phrases(
        gettext_lazy("%(name)s: it cannot be read or written."),
        gettext_lazy("Check the disk of jobs.folder, or the cache and the queue of the settings."),
    ),
    TroubleKind.TIMEOUT: _Phrases(
        gettext_lazy("%(name)s: it did not answer within the time allowed."),
        gettext_lazy("Try again in a moment. Nothing of a job is lost by it."),
    ),
    TroubleKind.LOGIN: _Phrases(
        gettext_lazy("%(name)s: it refused the user name or the password."),
        gettext_lazy("Correct LOCATION or OPTIONS of its alias in CACHES."),
    ),
    TroubleKind.OVERLOADED: _Phrases(
        gettext_lazy("%(name)s: it has too little memory."),
        gettext_lazy("Give the cache of jobs.cache more memory; it may drop nothing."),
    ),
    TroubleKind.BAD_ANSWER: _Phrases(
        gettext_lazy("%(name)s: the worker broke down, or what was written cannot be read."),
        gettext_lazy("Look into the log of Horizon and of the worker."),
    ),
    TroubleKind.CONFIGURATION: _Phrases(
        gettext_lazy("%(name)s: its settings do not allow to use it."),
        gettext_lazy("Correct jobs in VMWARE_PANEL; the detail says what is wrong."),
    ),
}


def trouble_words(trouble: Trouble) -> TroubleWords:
    of_vcenter = is_vcenter(trouble.source)
    phrases = _phrases_of(trouble)
    name = foreign(trouble.source) if of_vcenter else str(SERVICES[trouble.source])
    remedy = str(phrases.remedy)
    if trouble.missing_privilege:
        remedy = filled(
            _("Give the account the privilege %(privilege)s."),
            privilege=foreign(trouble.missing_privilege),
        )
    sentence = filled(phrases.sentence, name=name)
    if trouble.remarks:
        return TroubleWords(sentence, remedy, "; ".join(map(detail_words, trouble.remarks)))
    return TroubleWords(sentence, remedy, foreign(trouble.detail), logged=True)


def _phrases_of(trouble: Trouble) -> _Phrases:
    if trouble.source == "store":
        return _OF_STORE.get(trouble.kind) or _OF_STORE[TroubleKind.BAD_ANSWER]
    if trouble.source == "jobs":
        return _OF_JOBS.get(trouble.kind) or _OF_JOBS[TroubleKind.BAD_ANSWER]
    if is_vcenter(trouble.source):
        return _OF_VCENTER[trouble.kind]
    # Some kinds are a collector's, which a service has none of.
    return _OF_SERVICE.get(trouble.kind) or _OF_SERVICE[TroubleKind.BAD_ANSWER]


def settings_trouble() -> TroubleWords:
    """The setting itself has faults, so no vCenter can be asked."""
    return TroubleWords(
        str(_("The setting VMWARE_PANEL of this Horizon has faults, so no vCenter was asked.")),
        str(_("manage.py check names each fault and its remedy.")),
        "",
    )


def member_trouble(trouble: Trouble) -> str:
    """For a project's member: names no server, no account and no setting."""
    name = _("vCenter") if is_vcenter(trouble.source) else source_name(trouble.source)
    return filled(_("%(name)s did not answer, so what it knows is unknown just now."), name=name)
