"""Jobs and their items in words."""

from collections.abc import Mapping

from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy, ngettext, pgettext_lazy

from vmware_panel.domain.jobs import ItemState, JobItem, JobKind, JobState, Summary
from vmware_panel.wording.changes import refusal_words
from vmware_panel.wording.troubles import trouble_words
from vmware_panel.wording.values import Text, Tone, filled, foreign

_KINDS: Mapping[JobKind, Text] = {
    JobKind.CACHE_PURGE: gettext_lazy("Delete from the image cache"),
    JobKind.CACHE_MARK: gettext_lazy("Mark for Nova to delete"),
    JobKind.CACHE_SEED: gettext_lazy("Put into the image cache"),
}

_JOB_STATES: Mapping[JobState, tuple[Text, Tone]] = {
    JobState.WAITING: (pgettext_lazy("job", "waits for a worker"), Tone.PLAIN),
    JobState.RUNNING: (pgettext_lazy("job", "under way"), Tone.CARE),
    JobState.CANCELLING: (pgettext_lazy("job", "being cancelled"), Tone.CARE),
    JobState.ENDED: (pgettext_lazy("job", "ended"), Tone.GOOD),
}

_ITEM_STATES: Mapping[ItemState, tuple[Text, Tone]] = {
    ItemState.WAITING: (pgettext_lazy("item of a job", "waiting"), Tone.PLAIN),
    ItemState.RUNNING: (pgettext_lazy("item of a job", "under way"), Tone.CARE),
    ItemState.DONE: (pgettext_lazy("item of a job", "done"), Tone.GOOD),
    ItemState.REFUSED: (pgettext_lazy("item of a job", "refused"), Tone.CARE),
    ItemState.FAILED: (pgettext_lazy("item of a job", "failed"), Tone.BAD),
    ItemState.UNKNOWN: (pgettext_lazy("item of a job", "outcome unknown"), Tone.BAD),
    ItemState.CANCELLED: (pgettext_lazy("item of a job", "cancelled"), Tone.PLAIN),
}

# As the works call them: `api.set_aside`, `api.purging`, `api.seed_work`.
_STEPS: Mapping[str, Text] = {
    "make_room": pgettext_lazy("step", "make a folder for it"),
    "set_aside": pgettext_lazy("step", "set aside"),
    "put_back": pgettext_lazy("step", "put back"),
    "delete": pgettext_lazy("step", "delete"),
    "mark": pgettext_lazy("step", "mark"),
    "stage": pgettext_lazy("step", "make the staging folder"),
    "fetch": pgettext_lazy("step", "copy or upload"),
    "fetch lease": pgettext_lazy("step", "begin the import"),
    "fetch send": pgettext_lazy("step", "send the disk"),
    "fetch complete": pgettext_lazy("step", "end the import"),
    "fetch unregister": pgettext_lazy("step", "unregister the import's VM"),
    "fetch take": pgettext_lazy("step", "take the imported disk"),
    "fetch rest": pgettext_lazy("step", "delete the import's folder"),
    "size": pgettext_lazy("step", "make the sized copy"),
    "root": pgettext_lazy("step", "make the cache's folder"),
    "move": pgettext_lazy("step", "move into place"),
    "clean": pgettext_lazy("step", "clean up"),
}


def job_kind(kind: JobKind, *, dry_run: bool = False) -> str:
    words = str(_KINDS[kind])
    return filled(_("%(kind)s (dry run)"), kind=words) if dry_run else words


def job_state(state: JobState) -> str:
    return str(_JOB_STATES[state][0])


def job_tone(summary: Summary) -> Tone:
    """An ended job is good where every item was done."""
    state = summary.job.state
    if state is not JobState.ENDED:
        return _JOB_STATES[state][1]
    left = {s: n for s, n in summary.counts.items() if n and s is not ItemState.DONE}
    if left.keys() & {ItemState.FAILED, ItemState.UNKNOWN}:
        return Tone.BAD
    return Tone.CARE if left else Tone.GOOD


def job_line(summary: Summary) -> str:
    """One line for a progress bar: "12 of 80 items: 11 done, 1 refused"."""
    counts = summary.counts
    told = [
        filled(_("%(count)s %(state)s"), count=counts[state], state=item_state(state))
        for state in ItemState
        if counts.get(state) and state is not ItemState.WAITING
    ]
    of = filled(
        ngettext("%(done)s of %(count)s item", "%(done)s of %(count)s items", summary.items),
        done=summary.done,
        count=summary.items,
    )
    if not told:
        return of
    return filled(_("%(of)s: %(told)s"), of=of, told=", ".join(told))


def item_state(state: ItemState) -> str:
    return str(_ITEM_STATES[state][0])


def item_tone(state: ItemState) -> Tone:
    return _ITEM_STATES[state][1]


def item_step(item: JobItem) -> str:
    """What was last begun for it; empty before the first."""
    if not item.steps:
        return ""
    name = item.steps[-1].name
    return str(_STEPS[name]) if name in _STEPS else foreign(name.replace("_", " "))


def item_line(item: JobItem) -> str:
    """ "under way: copy, 40 %"."""
    state = item_state(item.state)
    if item.state is not ItemState.RUNNING or not item.steps:
        return state
    if item.progress_percent is None:
        return filled(_("%(state)s: %(step)s"), state=state, step=item_step(item))
    return filled(
        _("%(state)s: %(step)s, %(percent)s %%"),
        state=state,
        step=item_step(item),
        percent=item.progress_percent,
    )


def item_reasons(item: JobItem) -> tuple[str, ...]:
    """Why it was not done, each reason a sentence with its remedy."""
    reasons = [
        f"{words.sentence} {words.remedy}".strip()
        for words in (refusal_words(refusal) for refusal in item.refusals)
    ]
    if item.trouble is not None:
        words = trouble_words(item.trouble)
        detail = f" ({words.detail})" if words.detail else ""
        reasons.append(f"{words.sentence}{detail} {words.remedy}")
    if item.state is ItemState.UNKNOWN:
        reasons.append(
            str(_("It was sent, and is not sent again by itself: look what came of it first."))
        )
    return tuple(reasons)
