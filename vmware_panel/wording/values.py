"""States of both books in words. What a server may say but no list here holds is shown as it is."""

import re
import unicodedata
from enum import StrEnum
from typing import TypeAlias

from django.utils.functional import Promise
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy, ngettext, pgettext_lazy

from vmware_panel.domain.cloud import ComputeService, NovaPower, ServiceState
from vmware_panel.domain.inventory import (
    EsxHost,
    HostConnection,
    ToolsStatus,
    VirtualMachine,
    VmPower,
)
from vmware_panel.domain.lineage import DiskOrigin
from vmware_panel.domain.placement import Whereabouts

UNKNOWN = gettext_lazy("unknown")

Text: TypeAlias = str | Promise


class Tone(StrEnum):
    """How a state is meant; each is the ending of a Bootstrap class `label-…`."""

    GOOD = "success"
    CARE = "warning"
    BAD = "danger"
    PLAIN = "default"


_NOVA_POWER: dict[NovaPower, Text] = {
    NovaPower.NOSTATE: pgettext_lazy("power state", "no state"),
    NovaPower.RUNNING: pgettext_lazy("power state", "running"),
    NovaPower.PAUSED: pgettext_lazy("power state", "paused"),
    NovaPower.SHUTDOWN: pgettext_lazy("power state", "shut down"),
    NovaPower.CRASHED: pgettext_lazy("power state", "crashed"),
    NovaPower.SUSPENDED: pgettext_lazy("power state", "suspended"),
}

_VM_POWER: dict[VmPower, Text] = {
    VmPower.ON: pgettext_lazy("power state", "powered on"),
    VmPower.OFF: pgettext_lazy("power state", "powered off"),
    VmPower.SUSPENDED: pgettext_lazy("power state", "suspended"),
}

_CONNECTION: dict[HostConnection, Text] = {
    HostConnection.CONNECTED: pgettext_lazy("ESX host", "connected"),
    HostConnection.DISCONNECTED: pgettext_lazy("ESX host", "disconnected"),
    HostConnection.NOT_RESPONDING: pgettext_lazy("ESX host", "not responding"),
}

_TOOLS: dict[ToolsStatus, Text] = {
    ToolsStatus.RUNNING: pgettext_lazy("VMware Tools", "running"),
    ToolsStatus.NOT_RUNNING: pgettext_lazy("VMware Tools", "not running"),
    ToolsStatus.EXECUTING_SCRIPTS: pgettext_lazy("VMware Tools", "starting, running scripts"),
}

_SERVICE: dict[ServiceState, Text] = {
    ServiceState.UP: pgettext_lazy("compute service", "up"),
    ServiceState.DOWN: pgettext_lazy("compute service", "down"),
}

_ORIGIN: dict[DiskOrigin, Text] = {
    DiskOrigin.LINKED_CLONE: gettext_lazy("linked clone"),
    DiskOrigin.FULL_CLONE: gettext_lazy("full clone"),
    DiskOrigin.VOLUME: gettext_lazy("Cinder volume"),
    DiskOrigin.EPHEMERAL: gettext_lazy("ephemeral disk"),
    DiskOrigin.SWAP: gettext_lazy("swap disk"),
    DiskOrigin.RESCUE: gettext_lazy("rescue disk"),
    DiskOrigin.UNKNOWN: gettext_lazy("origin unknown"),
}

_ORIGIN_SENTENCE: dict[DiskOrigin, Text] = {
    DiskOrigin.LINKED_CLONE: gettext_lazy(
        "The disk holds only what changed since a file in the image cache, and needs that file."
    ),
    DiskOrigin.FULL_CLONE: gettext_lazy(
        "The disk is a whole copy of the image and needs no other file."
    ),
    DiskOrigin.VOLUME: gettext_lazy("The disk is the file of a Cinder volume."),
    DiskOrigin.EPHEMERAL: gettext_lazy("Nova made the disk empty, as the flavor asks."),
    DiskOrigin.SWAP: gettext_lazy("Nova made the disk for swap, as the flavor asks."),
    DiskOrigin.RESCUE: gettext_lazy("Nova attached the disk to rescue the instance."),
    DiskOrigin.UNKNOWN: gettext_lazy(
        "The file bears no name that Nova or Cinder gives, so what it stands on is unknown."
    ),
}

_WHEREABOUTS: dict[Whereabouts, Text] = {
    Whereabouts.ON_VCENTER: gettext_lazy("on vCenter"),
    Whereabouts.MISSING: gettext_lazy("no VM"),
    Whereabouts.BUILDING: gettext_lazy("being built"),
    Whereabouts.NOT_ON_VCENTER: gettext_lazy("not on vCenter"),
    Whereabouts.NOT_PLACED: gettext_lazy("not placed"),
    Whereabouts.UNCONFIGURED: gettext_lazy("vCenter not configured"),
    Whereabouts.UNKNOWN: UNKNOWN,
}

_WHEREABOUTS_SENTENCE: dict[Whereabouts, Text] = {
    Whereabouts.ON_VCENTER: gettext_lazy("vCenter holds the VM of this instance."),
    Whereabouts.MISSING: gettext_lazy(
        "vCenter answered, and holds no VM with the id of this instance."
    ),
    Whereabouts.BUILDING: gettext_lazy(
        "Nova is still building the instance; vCenter does not hold its VM yet."
    ),
    Whereabouts.NOT_ON_VCENTER: gettext_lazy(
        "Not on vCenter: Nova says that the instance runs on a node of another hypervisor."
    ),
    Whereabouts.NOT_PLACED: gettext_lazy(
        "Nova says that the instance is on no node: it was not scheduled yet, failed to be, or "
        "is shelved. vCenter holds no VM for it."
    ),
    Whereabouts.UNCONFIGURED: gettext_lazy(
        "Nova's node belongs to a vCenter that is not in the settings of this Horizon, so what "
        "it holds of the instance is unknown."
    ),
    Whereabouts.UNKNOWN: gettext_lazy(
        "Where the instance stands is unknown: a source that could tell did not answer."
    ),
}

# U+202A-202E and U+2066-2069 steer the direction of what follows, beyond the name itself.
_STEERING = re.compile("[\u0000-\u001f\u007f-\u009f\u200e\u200f\u061c\u202a-\u202e\u2066-\u2069]")
_RIGHT_TO_LEFT = frozenset({"R", "AL", "AN"})


def foreign(text: str) -> str:
    """A name from a server, made safe to stand within a sentence or an attribute.

    Control characters become U+FFFD, and a name with right-to-left letters is isolated, so that
    it cannot turn the words around it. This is no escaping: HTML is escaped where it is written.
    """
    cleaned = _STEERING.sub("\ufffd", text)
    if any(unicodedata.bidirectional(character) in _RIGHT_TO_LEFT for character in cleaned):
        return f"\u2068{cleaned}\u2069"
    return cleaned


def filled(text: Text, **values: object) -> str:
    """The text with its named places filled in."""
    return str(text) % values


def nova_power(power: NovaPower | None) -> str:
    return str(UNKNOWN if power is None else _NOVA_POWER[power])


def vm_power(power: VmPower | None) -> str:
    return str(UNKNOWN if power is None else _VM_POWER[power])


def host_connection(connection: HostConnection | None) -> str:
    return str(UNKNOWN if connection is None else _CONNECTION[connection])


def host_state(host: EsxHost) -> str:
    """ "connected", "not responding", "connected, in maintenance mode"."""
    connection = host_connection(host.connection)
    if host.in_maintenance:
        return filled(_("%(connection)s, in maintenance mode"), connection=connection)
    return connection


def host_tone(host: EsxHost) -> Tone:
    if host.usable is None:
        return Tone.PLAIN
    if host.connection is not HostConnection.CONNECTED:
        return Tone.BAD
    return Tone.CARE if host.in_maintenance else Tone.GOOD


def service_state(service: ComputeService) -> str:
    """ "up, enabled", "forced down, disabled"; the reason is the service's own text."""
    state: Text = UNKNOWN if service.state is None else _SERVICE[service.state]
    if service.forced_down:
        state = pgettext_lazy("compute service", "forced down")
    enabled: Text = UNKNOWN
    if service.enabled is not None:  # None: in a cell that is down
        enabled = _("enabled") if service.enabled else _("disabled")
    return filled(_("%(state)s, %(enabled)s"), state=state, enabled=enabled)


def service_tone(service: ComputeService) -> Tone:
    if service.forced_down or service.state is ServiceState.DOWN:
        return Tone.BAD
    if service.enabled is False:
        return Tone.CARE
    return Tone.PLAIN if None in (service.state, service.enabled) else Tone.GOOD


def tools(status: ToolsStatus | None) -> str:
    return str(UNKNOWN if status is None else _TOOLS[status])


def thin(is_thin: bool | None) -> str:
    if is_thin is None:
        return str(UNKNOWN)
    return str(_("thin") if is_thin else _("thick"))


def vcpus(vm: VirtualMachine) -> str:
    """ "4 (2 sockets × 2 cores)"; without the brackets where vCenter tells no cores a socket."""
    if vm.vcpus is None:
        return str(UNKNOWN)
    if vm.sockets is None or vm.cores_per_socket is None:
        return str(vm.vcpus)
    sockets = ngettext("%(count)d socket", "%(count)d sockets", vm.sockets)
    cores = ngettext("%(count)d core", "%(count)d cores", vm.cores_per_socket)
    return filled(
        _("%(vcpus)d (%(sockets)s × %(cores)s)"),
        vcpus=vm.vcpus,
        sockets=filled(sockets, count=vm.sockets),
        cores=filled(cores, count=vm.cores_per_socket),
    )


def disk_origin(origin: DiskOrigin) -> str:
    return str(_ORIGIN[origin])


def disk_origin_sentence(origin: DiskOrigin) -> str:
    return str(_ORIGIN_SENTENCE[origin])


def whereabouts_label(whereabouts: Whereabouts) -> str:
    """A word or two for a table's cell."""
    return str(_WHEREABOUTS[whereabouts])


def whereabouts_sentence(whereabouts: Whereabouts) -> str:
    return str(_WHEREABOUTS_SENTENCE[whereabouts])
