"""DRS in words: levels, rules, ratings, moves."""

from collections.abc import Mapping

from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy, pgettext_lazy

from vmware_panel.domain.cluster_detail import DrsLevel, DrsOverride, DrsRule, RuleKind
from vmware_panel.domain.tasks import Move, MoveKind
from vmware_panel.wording.values import UNKNOWN, Text, Tone, filled, foreign

_LEVELS: Mapping[DrsLevel, tuple[Text, Text]] = {
    DrsLevel.MANUAL: (
        pgettext_lazy("DRS", "manual"),
        gettext_lazy(
            "DRS recommends where VMs start and where they move; nothing moves by itself."
        ),
    ),
    DrsLevel.PARTIALLY_AUTOMATED: (
        pgettext_lazy("DRS", "partially automated"),
        gettext_lazy("DRS places VMs when they start, and recommends moves."),
    ),
    DrsLevel.FULLY_AUTOMATED: (
        pgettext_lazy("DRS", "fully automated"),
        gettext_lazy("DRS places VMs when they start, and moves them by itself."),
    ),
}

_RULES: Mapping[RuleKind, Text] = {
    RuleKind.AFFINITY: gettext_lazy("keep VMs together"),
    RuleKind.ANTI_AFFINITY: gettext_lazy("keep VMs apart"),
    RuleKind.VM_HOST: gettext_lazy("VMs and hosts"),
    RuleKind.DEPENDENCY: gettext_lazy("start one group after another"),
    RuleKind.OTHER: gettext_lazy("of another kind"),
}

_VM_HOST: Mapping[tuple[bool, bool], Text] = {
    (True, True): gettext_lazy("VMs must run on hosts of the group"),
    (True, False): gettext_lazy("VMs should run on hosts of the group"),
    (False, True): gettext_lazy("VMs must not run on hosts of the group"),
    (False, False): gettext_lazy("VMs should not run on hosts of the group"),
}

_MOVES: Mapping[MoveKind, Text] = {
    MoveKind.DRS: pgettext_lazy("move", "by DRS"),
    MoveKind.MIGRATED: pgettext_lazy("move", "to another host"),
    MoveKind.RELOCATED: pgettext_lazy("move", "with its disks"),
    MoveKind.POOL: pgettext_lazy("move", "to another resource pool"),
    MoveKind.POWERED_ON: pgettext_lazy("move", "started by DRS"),
}

_RATINGS: Mapping[int, Text] = {
    5: pgettext_lazy("priority", "must"),
    4: pgettext_lazy("priority", "high"),
    3: pgettext_lazy("priority", "medium"),
    2: pgettext_lazy("priority", "low"),
    1: pgettext_lazy("priority", "lowest"),
}


def drs_level(level: DrsLevel | None) -> str:
    return str(UNKNOWN if level is None else _LEVELS[level][0])


def drs_level_sentence(level: DrsLevel) -> str:
    return str(_LEVELS[level][1])


def override_words(own: DrsOverride) -> str:
    """What DRS does with a VM that has a level of its own."""
    if own.enabled is False:
        return str(_("DRS leaves it alone"))
    return drs_level(own.level)


def rule_kind(rule: DrsRule) -> str:
    if rule.kind is RuleKind.VM_HOST and rule.mandatory is not None:
        return str(_VM_HOST[rule.together, rule.mandatory])
    return str(_RULES[rule.kind])


def kept_words(kept: bool | None) -> str:
    """Whether a rule is kept, by one of the books."""
    if kept is None:
        return str(UNKNOWN)
    return str(_("kept") if kept else _("broken"))


def kept_tone(kept: bool | None) -> Tone:
    if kept is None:
        return Tone.PLAIN
    return Tone.GOOD if kept else Tone.BAD


def rating_words(rating: int) -> str:
    """A recommendation's weight: vCenter's own figure of 1 to 5, and what it means."""
    words = _RATINGS.get(rating)
    return filled(_("%(words)s (%(rating)d of 5)"), words=words or UNKNOWN, rating=rating)


def rating_tone(rating: int) -> Tone:
    return {5: Tone.BAD, 4: Tone.CARE}.get(rating, Tone.PLAIN)


def move_kind(kind: MoveKind) -> str:
    return str(_MOVES[kind])


def mover(move: Move) -> str:
    """Who moved it: DRS, a user of vCenter, or nobody that vCenter names."""
    if move.kind in (MoveKind.DRS, MoveKind.POWERED_ON):
        return str(_("DRS"))
    return foreign(move.user) or str(UNKNOWN)
