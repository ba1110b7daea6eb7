"""vCenter's tasks in words."""

from collections.abc import Mapping

from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy, pgettext_lazy

from vmware_panel.domain.tasks import TaskRecord, TaskState
from vmware_panel.wording.values import UNKNOWN, Text, Tone, filled, foreign

# The ids are the keys of a vCenter's own TaskManager.description.methodInfo.
_ACTIONS: Mapping[str, Text] = {
    "HostSystem.enterMaintenanceMode": gettext_lazy("Enter maintenance mode"),
    "HostSystem.exitMaintenanceMode": gettext_lazy("Exit maintenance mode"),
    "HostSystem.disconnect": gettext_lazy("Disconnect ESX host"),
    "HostSystem.reconnect": gettext_lazy("Reconnect ESX host"),
    "HostSystem.reboot": gettext_lazy("Reboot ESX host"),
    "HostSystem.shutdown": gettext_lazy("Shut down ESX host"),
    "VirtualMachine.migrate": gettext_lazy("Move VM to another host"),
    "VirtualMachine.relocate": gettext_lazy("Relocate VM"),
    "VirtualMachine.powerOn": gettext_lazy("Power on VM"),
    "VirtualMachine.powerOff": gettext_lazy("Power off VM"),
    "VirtualMachine.suspend": gettext_lazy("Suspend VM"),
    "VirtualMachine.reset": gettext_lazy("Reset VM"),
    "VirtualMachine.reconfigure": gettext_lazy("Reconfigure VM"),
    "VirtualMachine.destroy": gettext_lazy("Delete VM"),
    "VirtualMachine.unregister": gettext_lazy("Unregister VM"),
    "VirtualMachine.clone": gettext_lazy("Clone VM"),
    "VirtualMachine.rename": gettext_lazy("Rename VM"),
    "VirtualMachine.createSnapshot": gettext_lazy("Create snapshot"),
    "VirtualMachine.removeAllSnapshots": gettext_lazy("Remove all snapshots"),
    "Folder.createVm": gettext_lazy("Create VM"),
    "ComputeResource.reconfigureEx": gettext_lazy("Reconfigure cluster"),
    "ClusterComputeResource.reconfigureEx": gettext_lazy("Reconfigure cluster"),
    "Datastore.destroy": gettext_lazy("Remove datastore"),
    "Drm.ExecuteVMotionLRO": gettext_lazy("Move by DRS"),
    "Drm.ExecuteStorageVmotionLro": gettext_lazy("Move disks by Storage DRS"),
    "Drm.ExecuteVmPowerOnLRO": gettext_lazy("Power on by DRS"),
}

_STATES: Mapping[TaskState, tuple[Text, Tone]] = {
    TaskState.QUEUED: (pgettext_lazy("task", "queued"), Tone.PLAIN),
    TaskState.RUNNING: (pgettext_lazy("task", "running"), Tone.CARE),
    TaskState.SUCCESS: (pgettext_lazy("task", "done"), Tone.GOOD),
    TaskState.ERROR: (pgettext_lazy("task", "failed"), Tone.BAD),
}


def task_action(task: TaskRecord) -> str:
    """vCenter's id of what is done, in words where they are known."""
    found = _ACTIONS.get(task.action)
    return str(found) if found else foreign(task.action) or str(_("unknown task"))


def task_state(task: TaskRecord) -> str:
    if task.cancelled:
        return str(_("cancelled"))
    words = str(_STATES[task.state][0])
    if task.state is TaskState.RUNNING and task.progress_percent is not None:
        return filled(_("%(state)s, %(percent)s %%"), state=words, percent=task.progress_percent)
    return words


def task_state_word(state: TaskState) -> str:
    return str(_STATES[state][0])


def task_tone(task: TaskRecord) -> Tone:
    return Tone.CARE if task.cancelled else _STATES[task.state][1]


def task_starter(task: TaskRecord) -> str:
    """Who or what began it."""
    if task.user:
        return foreign(task.user)
    if not task.cause:
        return ""
    return filled(_("vCenter itself (%(cause)s)"), cause=foreign(task.cause))


def task_line(task: TaskRecord) -> str:
    """One line for a progress bar."""
    return filled(
        _("%(action)s, %(entity)s: %(state)s"),
        action=task_action(task),
        entity=foreign(task.entity_name) or UNKNOWN,
        state=task_state(task),
    )
