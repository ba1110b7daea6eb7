"""The image cache in words: states, owners, ageing, leftovers."""

from collections.abc import Mapping

from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy, ngettext, pgettext_lazy

from vmware_panel.domain.cache_sums import Use
from vmware_panel.domain.image_cache import (
    NOVAS_INTERVAL_S,
    NOVAS_MINIMUM_AGE_S,
    Ageing,
    GlanceState,
    LeftoverKind,
    Ownership,
)
from vmware_panel.domain.leftovers import Doubt
from vmware_panel.wording.values import Text, Tone, filled

GLANCE_STATES: Mapping[GlanceState, Text] = {
    GlanceState.ACTIVE: pgettext_lazy("image", "active"),
    GlanceState.HIDDEN: pgettext_lazy("image", "hidden"),
    GlanceState.DEACTIVATED: pgettext_lazy("image", "deactivated"),
    GlanceState.OTHER: pgettext_lazy("image", "not active"),
    GlanceState.GONE: pgettext_lazy("image", "not in Glance"),
    GlanceState.NO_IMAGE: pgettext_lazy("image", "no image's ID"),
    GlanceState.UNKNOWN: pgettext_lazy("image", "unknown"),
}

_NEVER = gettext_lazy("It removes nothing by itself.")

_GLANCE_TONES = {
    GlanceState.ACTIVE: Tone.GOOD,
    GlanceState.DEACTIVATED: Tone.CARE,
    GlanceState.OTHER: Tone.CARE,
    GlanceState.GONE: Tone.BAD,
    GlanceState.NO_IMAGE: Tone.CARE,
}

USES: Mapping[Use, Text] = {
    Use.USED: pgettext_lazy("cached image", "in use"),
    Use.UNUSED: pgettext_lazy("cached image", "unused"),
    Use.AT_RISK: pgettext_lazy("cached image", "in use, at risk"),
    Use.UNKNOWN: pgettext_lazy("cached image", "unknown"),
}

_USE_TONES = {Use.USED: Tone.GOOD, Use.UNUSED: Tone.PLAIN, Use.AT_RISK: Tone.BAD}

OWNERSHIPS: Mapping[Ownership, Text] = {
    Ownership.OWNED: pgettext_lazy("cache root", "a compute's"),
    Ownership.OWNERLESS: pgettext_lazy("cache root", "no compute's"),
    Ownership.UNKNOWN: pgettext_lazy("cache root", "unknown"),
}

LEFTOVERS: Mapping[LeftoverKind, Text] = {
    LeftoverKind.OWNERLESS_ROOT: gettext_lazy("Cache root of no compute"),
    LeftoverKind.BROKEN_DOWNLOAD: gettext_lazy("Interrupted download"),
    LeftoverKind.TEMP: gettext_lazy("Temporary folder"),
    LeftoverKind.IMAGE_VM: gettext_lazy("VM of an image's import"),
    LeftoverKind.SNAPSHOT_VM: gettext_lazy("VM of a snapshot"),
    LeftoverKind.GONE_INSTANCE: gettext_lazy("Folder of an instance that is gone"),
}

DOUBTS: Mapping[Doubt, Text] = {
    Doubt.ROOT_UNTOLD: gettext_lazy(
        "the settings do not tell the cache root and the datastore_regex of every compute"
    ),
    Doubt.NO_VCENTER: gettext_lazy("a vCenter's book is not there, or not whole"),
    Doubt.OLDER_BOOK: gettext_lazy("a book was read before the search; load the page again"),
    Doubt.NO_NOVA: gettext_lazy(
        "Nova did not tell its servers, or which of them it deleted lately"
    ),
    Doubt.OTHER_CLOUDS: gettext_lazy(
        "the vCenter stands for every region, and only this one's instances are known"
    ),
    Doubt.OTHER_TYPE: gettext_lazy("folders of a datastore of this type do not bear VMs' names"),
}


def glance_tone(state: GlanceState) -> Tone:
    return _GLANCE_TONES.get(state, Tone.PLAIN)


def use_tone(use: Use) -> Tone:
    return _USE_TONES.get(use, Tone.PLAIN)


def seconds_of(seconds: int) -> str:
    """In the largest unit that leaves no fraction."""
    if seconds and seconds % 3600 == 0:
        hours = seconds // 3600
        return filled(ngettext("%(n)d hour", "%(n)d hours", hours), n=hours)
    if seconds and seconds % 60 == 0:
        minutes = seconds // 60
        return filled(ngettext("%(n)d minute", "%(n)d minutes", minutes), n=minutes)
    return filled(ngettext("%(n)d second", "%(n)d seconds", seconds), n=seconds)


def ageing_words(ageing: Ageing) -> str:
    """How a compute ages what is unused, as one sentence; Nova's defaults where it is not told."""
    if ageing.removes is False:
        return str(_NEVER)
    told = ageing.minimum_age_s is not None and ageing.interval_s is not None
    age_s = NOVAS_MINIMUM_AGE_S if ageing.minimum_age_s is None else ageing.minimum_age_s
    interval_s = NOVAS_INTERVAL_S if ageing.interval_s is None else ageing.interval_s
    if told:
        text = _(
            "A pass every %(interval)s marks what is unused, and deletes it %(age)s after its mark."
        )
    else:
        text = _(
            "How it ages is not told. By Nova's defaults a pass every %(interval)s would mark what "
            "is unused, and delete it %(age)s after its mark."
        )
    # 0 stands for a pass a minute
    return filled(text, age=seconds_of(age_s), interval=seconds_of(interval_s or 60))
