"""vCenter's tasks in words."""

from collections.abc import Mapping

from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy, pgettext_lazy

from vmware_panel.domain.tasks import TaskRecord, TaskState
from vmware_panel.wording.values import UNKNOWN, Text, Tone, filled, foreign

_ACTIONS: Mapping[str, Text] = {
    "host.enterMaintenanceMode": gettext_lazy("Enter maintenance mode"),
    "host.exitMaintenanceMode": gettext_lazy("Exit maintenance mode"),
    "host.disconnect": gettext_lazy("Disconnect host"),
    "host.reconnect": gettext_lazy("Reconnect host"),
    "virtualmachine.migrate": gettext_lazy("Migrate VM"),
    "virtualmachine.relocate": gettext_lazy("Relocate VM"),
    "virtualmachine.poweron": gettext_lazy("Power on VM"),
    "virtualmachine.poweroff": gettext_lazy("Power off VM"),
    "virtualmachine.suspend": gettext_lazy("Suspend VM"),
    "virtualmachine.reset": gettext_lazy("Reset VM"),
    "virtualmachine.reconfigure": gettext_lazy("Reconfigure VM"),
    "virtualmachine.destroy": gettext_lazy("Delete VM"),
    "virtualmachine.clone": gettext_lazy("Clone VM"),
    "virtualmachine.rename": gettext_lazy("Rename VM"),
    "virtualmachine.createsnapshot": gettext_lazy("Create snapshot"),
    "folder.createvm": gettext_lazy("Create VM"),
    "computeresource.reconfigureex": gettext_lazy("Reconfigure cluster"),
    "drm.executevmotionlro": gettext_lazy("Move by DRS"),
}

_STATES: Mapping[TaskState, tuple[Text, Tone]] = {
    TaskState.QUEUED: (pgettext_lazy("task", "queued"), Tone.PLAIN),
    TaskState.RUNNING: (pgettext_lazy("task", "running"), Tone.CARE),
    TaskState.SUCCESS: (pgettext_lazy("task", "done"), Tone.GOOD),
    TaskState.ERROR: (pgettext_lazy("task", "failed"), Tone.BAD),
}

_BY_LOWER_CASE = {name.lower(): text for name, text in _ACTIONS.items()}


def task_action(task: TaskRecord) -> str:
    """vCenter's id of what is done, in words where they are known."""
    found = _BY_LOWER_CASE.get(task.action.lower())
    return str(found) if found else foreign(task.action) or str(_("unknown task"))


def task_state(task: TaskRecord) -> str:
    if task.cancelled:
        return str(_("cancelled"))
    words = str(_STATES[task.state][0])
    if task.state is TaskState.RUNNING and task.progress_percent is not None:
        return filled(_("%(state)s, %(percent)s %%"), state=words, percent=task.progress_percent)
    return words


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
