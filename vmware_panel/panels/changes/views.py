"""The page of a plan, and making it.

GET shows what would happen and changes nothing; so does a POST that says `show`, for choices that are
too many for an address. Any other POST makes the plan anew and sends it, if it still means what was
shown; then it leads to where one can follow it.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, ClassVar

from django import forms
from django.http import (
    HttpRequest,
    HttpResponse,
    HttpResponseBase,
    HttpResponseRedirect,
    QueryDict,
)
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from horizon import messages
from horizon.views import HorizonTemplateView

from vmware_panel import policy
from vmware_panel.api import changing
from vmware_panel.api.changing import Change, Result, Verdict
from vmware_panel.config import ConfigError
from vmware_panel.domain.outcome import SourceError
from vmware_panel.domain.plans import Plan
from vmware_panel.panels.changes.following import follow_url
from vmware_panel.panels.links import job_url
from vmware_panel.wording import (
    TroubleWords,
    caution_words,
    change_words,
    refusal_words,
    settings_trouble,
    trouble_words,
)

FINGERPRINT, NONCE, SHOW = "fingerprint", "nonce", "show"


@dataclass(frozen=True, slots=True)
class Shown:
    """A plan on its page; without one, why there is none."""

    plan: Plan | None = None
    trouble: TroubleWords | None = None


class ChangeView(HorizonTemplateView):
    """One kind of change of one thing, which the address names.

    `choices_class` are those that the plan depends on: asked for on the page, kept in its query
    string. `details_class` are those that it does not depend on, such as a reason: asked for beside
    the button.
    """

    rule: ClassVar[policy.Rule]
    template_name = "vmware_panel/changes/plan.html"
    page_title = gettext_lazy("The plan of a change")  # until there is one to name it by
    choices_class: ClassVar[type[forms.Form]] = forms.Form
    details_class: ClassVar[type[forms.Form]] = forms.Form
    http_method_names = ["get", "head", "options", "post"]

    def dispatch(self, request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponseBase:
        policy.require(request, self.rule)
        return super().dispatch(request, *args, **kwargs)

    def change(self, choices: Mapping[str, Any], details: Mapping[str, Any]) -> Change:
        """What is asked for. `details` are empty while the plan is only shown.

        Raises `ConfigError`, and `SourceError` where it cannot even be said what it is about.
        """
        raise NotImplementedError

    def back_url(self) -> str:
        raise NotImplementedError

    def choices_by_post(self) -> bool:
        """Whether the choices are more than the address of a page may hold: some servers take 4 KiB."""
        return False

    def describe(self, plan: Plan) -> Mapping[str, Any]:
        """What the template of this kind of change shows of its plan, besides the plan."""
        return {}

    def get(self, request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponse:
        return self._planned(request.GET)

    def _planned(self, given: QueryDict) -> HttpResponse:
        choices = self._choices(given)
        shown = self._shown(choices) if choices.is_bound and choices.is_valid() else Shown()
        return self._page(shown, choices, self.details_class(**self._details_initial(shown.plan)))

    def post(self, request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponseBase:
        if SHOW in request.POST:
            return self._planned(request.POST)
        nonce = request.POST.get(NONCE, "")
        before = changing.sent_before(nonce)
        if before is not None:
            messages.warning(request, _("This form was sent before: here is what came of it."))
            return self._onwards(before)
        choices = self.choices_class(request.POST)
        details = self.details_class(request.POST)
        if not choices.is_valid() or not details.is_valid():
            shown = self._shown(choices) if choices.is_valid() else Shown()
            return self._page(shown, choices, details, status=400)
        try:
            change = self.change(choices.cleaned_data, details.cleaned_data)
            result = changing.carry_out(request, change, request.POST.get(FINGERPRINT, ""), nonce)
        except ConfigError:
            return self._page(Shown(trouble=settings_trouble()), choices, details, status=503)
        except SourceError as error:
            shown = Shown(trouble=trouble_words(error.trouble))
            return self._page(shown, choices, details, status=503)
        if result.verdict is Verdict.MADE and result.plan:
            words = change_words(result.plan.change, result.plan.target)
            messages.success(request, words.made)
            for refusal in result.made.left if result.made else ():
                reason = refusal_words(refusal)
                messages.warning(request, f"{reason.sentence} {reason.remedy}")
            return self._onwards(result)
        if result.verdict is Verdict.UNANSWERED:
            messages.warning(
                request,
                _(
                    "It was sent, and no answer came: whether it was done is not known. It is not "
                    "sent again. What is shown here was read since."
                ),
            )
            return self._onwards(result)
        trouble = trouble_words(result.trouble) if result.trouble else None
        return self._page(
            Shown(result.plan, trouble), choices, details, status=409, verdict=result.verdict
        )

    def _choices(self, given: QueryDict) -> forms.Form:
        """Bound where the query string and the fields' own initial values name all that is needed."""
        unbound = self.choices_class()
        named = {
            name: given.getlist(name)
            if isinstance(field, forms.MultipleChoiceField)
            else given[name]
            for name, field in unbound.fields.items()
            if name in given
        }
        start = {
            name: unbound.get_initial_for_field(field, name)
            for name, field in unbound.fields.items()
            # A box that is not ticked is not in the query string of a form that was sent.
            if not (named and isinstance(field, forms.BooleanField))
        }
        values = {**{name: v for name, v in start.items() if v is not None}, **named}
        if any(field.required and name not in values for name, field in unbound.fields.items()):
            return self.choices_class(initial=named)
        return self.choices_class(values)

    def _details_initial(self, plan: Plan | None) -> dict[str, Any]:
        return {}

    def _shown(self, choices: forms.Form) -> Shown:
        try:
            return Shown(self.change(choices.cleaned_data, {}).plan())
        except ConfigError:
            return Shown(trouble=settings_trouble())
        except SourceError as error:
            return Shown(trouble=trouble_words(error.trouble))

    def _page(
        self,
        shown: Shown,
        choices: forms.Form,
        details: forms.Form,
        *,
        status: int = 200,
        verdict: Verdict | None = None,
    ) -> HttpResponse:
        plan = shown.plan
        refused = verdict is Verdict.REFUSED
        context = self.get_context_data(
            plan=plan,
            trouble=shown.trouble,
            words=change_words(plan.change, plan.target) if plan else None,
            refusals=[refusal_words(r) for r in plan.refusals] if plan else [],
            cautions=[caution_words(c) for c in plan.cautions] if plan else [],
            choices=choices,
            choices_by_post=self.choices_by_post(),
            details=details,
            nonce=changing.new_nonce(),
            differs=verdict is Verdict.DIFFERS,
            turned_down=refused or verdict is Verdict.FAILED,
            may_confirm=plan is not None and not plan.refused,
            back_url=self.back_url(),
            **(self.describe(plan) if plan else {}),
        )
        if plan:
            context["page_title"] = str(context["words"].title)
        response: HttpResponse = self.render_to_response(context)
        response.status_code = status
        return response

    def _onwards(self, result: Result) -> HttpResponseRedirect:
        if result.made and result.made.job:
            return HttpResponseRedirect(job_url(result.made.job))
        vcenter = result.plan.vcenter if result.plan else result.vcenter
        url = follow_url(vcenter, result, self.back_url()) if vcenter else ""
        return HttpResponseRedirect(url or self.back_url())
