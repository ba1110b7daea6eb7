"""What can go from the image cache, the plan, and the job: deleting, and marking for Nova."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any, ClassVar

from django import forms
from django.http import Http404
from django.urls import reverse
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from vmware_panel import policy
from vmware_panel.api.changing import Change
from vmware_panel.api.context import vcenter_named, vcenters_of
from vmware_panel.api.purge_plans import PurgeCache, PurgeWish, What
from vmware_panel.config import ConfigError
from vmware_panel.domain.image_cache import LeftoverKind
from vmware_panel.domain.plans import Plan
from vmware_panel.domain.purge import Considered, PurgePlan, TargetKind, Way
from vmware_panel.panels.changes.views import ChangeView
from vmware_panel.wording import ReasonWords, refusal_words
from vmware_panel.wording.sizes import bytes_of
from vmware_panel.wording.values import filled, foreign

KEY, KEYS = "key", "keys"
MOST_KEYS = 1000
MOST_SHOWN = 200
MOST_REASONS = 20
DEFAULT_AGE_H = 24
LONGEST_AGE_H = 10 * 365 * 24

_KINDS = {
    TargetKind.IMAGE: gettext_lazy("cached image"),
    TargetKind.EMPTY_ROOT: gettext_lazy("cache root without an owner, when it is empty"),
    TargetKind.BROKEN_DOWNLOAD: gettext_lazy("image with a broken download, as a whole"),
    TargetKind.TEMP: gettext_lazy("left in vmware_temp"),
    TargetKind.HELPER_VM: gettext_lazy("left by a helper VM of the driver"),
    TargetKind.GONE_INSTANCE: gettext_lazy("folder of an instance that is gone"),
}
_HOW = {
    Way.DELETE: gettext_lazy("set aside, looked at again, deleted"),
    Way.MARK: gettext_lazy("marked; Nova deletes it"),
}
_LEFTOVERS = frozenset(kind.value for kind in LeftoverKind)


class PurgeChoices(forms.Form):
    """`keys` are the selected rows', one a line."""

    vcenter = forms.ChoiceField(
        label=gettext_lazy("vCenter"), widget=forms.Select(attrs={"class": "form-control"})
    )
    what = forms.ChoiceField(
        label=gettext_lazy("Which"), widget=forms.Select(attrs={"class": "form-control"})
    )
    older_than_h = forms.IntegerField(
        label=gettext_lazy("Only what has been as it is for (hours)"),
        min_value=0,
        max_value=LONGEST_AGE_H,
        help_text=gettext_lazy(
            "By the youngest file. Leftovers: at least one hour, as younger ones may be work that "
            "is under way."
        ),
        widget=forms.NumberInput(attrs={"class": "form-control"}),
    )
    keys = forms.CharField(required=False, widget=forms.HiddenInput, strip=False)

    def clean(self) -> dict[str, Any]:
        cleaned: dict[str, Any] = super().clean() or {}
        if len(cleaned.get(KEYS, "").splitlines()) > MOST_KEYS:
            words = _("At most %(n)d can be selected at once.") % {"n": MOST_KEYS}
            raise forms.ValidationError(words)
        return cleaned


class PurgeDetails(forms.Form):
    dry_run = forms.BooleanField(
        label=gettext_lazy("Dry run"),
        required=False,
        initial=False,
        help_text=gettext_lazy("Every check is made as if it were to go, and nothing is changed."),
    )


@dataclass(frozen=True, slots=True)
class Row:
    """One folder in words."""

    title: str
    kind: str
    how: str
    size: str
    age_from: str = ""
    reasons: tuple[ReasonWords, ...] = ()
    more_reasons: int = 0


class _PurgeView(ChangeView):
    rule = policy.Rule.PURGE_IMAGE_CACHE
    template_name = "vmware_panel/image_cache/purge_plan.html"
    details_class = PurgeDetails
    way: ClassVar[Way]
    other: ClassVar[str]
    what: ClassVar[tuple[What, ...]]

    def choices_class(self, *args: Any, **kwargs: Any) -> forms.Form:  # type: ignore[override]
        keys = self._keys()
        try:
            names = [vcenter.name for vcenter in vcenters_of(self.request)]
        except ConfigError:
            names = []
        form = PurgeChoices(*args, **kwargs)
        words = {
            What.SELECTED: _("the %(n)d selected") % {"n": len(keys)},
            What.UNUSED: _("all cached images that nothing uses"),
            What.LEFTOVERS: _("all leftovers"),
        }
        offered = [w for w in self.what if keys or w is not What.SELECTED]
        named = next((v for key in keys if (v := _vcenter_of(key, names))), None)
        young = offered[0] is What.SELECTED and not any(map(_is_leftover, keys))
        fields: Mapping[str, Any] = form.fields
        fields["vcenter"].choices = [(name, name) for name in names]
        fields["vcenter"].initial = named or next(iter(names), None)
        fields["what"].choices = [(w.value, words[w]) for w in offered]
        fields["what"].initial = offered[0].value
        fields["what"].error_messages["invalid_choice"] = (
            _("Choose one of these.")
            if keys
            else _("No row was ticked: go back and tick some, or choose one of these.")
        )
        fields["older_than_h"].initial = 0 if young else DEFAULT_AGE_H
        fields[KEYS].initial = "\n".join(keys)
        return form

    def _keys(self) -> tuple[str, ...]:
        """Those that the list's form sends, or that this page's own carries."""
        given = self.request.POST if self.request.method == "POST" else self.request.GET
        found = given.getlist(KEY) or given.get(KEYS, "").splitlines()
        return tuple(dict.fromkeys(key for key in found if key))

    def choices_by_post(self) -> bool:
        return bool(self._keys())

    def _keys_of(self, vcenter: str) -> tuple[str, ...]:
        return tuple(key for key in self._keys() if _vcenter_of(key, [vcenter]))

    def change(self, choices: Mapping[str, Any], details: Mapping[str, Any]) -> Change:
        vcenter = vcenter_named(self.request, choices["vcenter"])
        if vcenter is None:
            raise Http404
        wish = PurgeWish(
            way=self.way,
            what=What(choices["what"]),
            older_than_h=choices["older_than_h"],
            keys=self._keys_of(vcenter.name),
            dry_run=bool(details.get("dry_run")),
        )
        return PurgeCache(self.request, vcenter, wish)

    def back_url(self) -> str:
        return reverse("horizon:admin:vmware_image_cache:index")

    def describe(self, plan: Plan) -> Mapping[str, Any]:
        if not isinstance(plan, PurgePlan):
            return {}
        taken, kept = plan.taken, plan.kept
        delete = self.way is Way.DELETE
        return {
            "taken": taken,
            "taken_shown": [_row(one, self.way) for one in taken[:MOST_SHOWN]],
            "taken_more": max(0, len(taken) - MOST_SHOWN),
            "taken_words": _("Would be deleted") if delete else _("Would be marked"),
            "taken_caption": _("What would be deleted") if delete else _("What would be marked"),
            "bytes_taken": _told(plan.bytes_taken if taken else 0, plan.sizes_unknown),
            "kept_count": len(kept),
            "kept_shown": [_row(one, self.way) for one in kept[:MOST_SHOWN]],
            "kept_more": max(0, len(kept) - MOST_SHOWN),
            "bytes_kept": bytes_of(plan.bytes_kept if kept else 0),
            "elsewhere": len(self._keys()) - len(self._keys_of(plan.vcenter)),
            "keys": self._keys(),
            "other_url": reverse(f"horizon:admin:vmware_image_cache:{self.other}"),
            "other_words": _("Mark instead, for Nova to delete")
            if delete
            else _("Delete instead, where no compute looks after the root"),
        }


class PurgeView(_PurgeView):
    way = Way.DELETE
    other = "mark"
    what = (What.SELECTED, What.UNUSED, What.LEFTOVERS)
    page_title = gettext_lazy("Delete from the image cache")


class MarkView(_PurgeView):
    way = Way.MARK
    other = "purge"
    what = (What.SELECTED, What.UNUSED)
    page_title = gettext_lazy("Mark cached images for Nova to delete")


def _vcenter_of(key: str, names: Iterable[str]) -> str:
    """Which of these vCenters the key is of: `vcenter/...`, a leftover's `kind/vcenter/...`."""
    first, _slash, rest = key.partition("/")
    its = rest.partition("/")[0] if first in _LEFTOVERS else first
    return its if its in names else ""


def _is_leftover(key: str) -> bool:
    return key.partition("/")[0] in _LEFTOVERS


def _row(one: Considered, way: Way) -> Row:
    target = one.target
    reasons = [refusal_words(refusal) for refusal in one.refusals]
    return Row(
        title=foreign(target.title),
        kind=str(_KINDS[target.kind]),
        how=str(_HOW[way]),
        size=bytes_of(target.size_bytes),
        age_from=f"{one.age_from:%Y-%m-%d %H:%M} UTC" if one.age_from else "",
        reasons=tuple(reasons[:MOST_REASONS]),
        more_reasons=max(0, len(reasons) - MOST_REASONS),
    )


def _told(known: int | None, unknown: int) -> str:
    if not unknown:
        return bytes_of(known)
    words = _("at least %(size)s, and %(n)d of unknown size")
    return filled(words, size=bytes_of(known), n=unknown)
