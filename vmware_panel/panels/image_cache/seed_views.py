"""Putting an image into the cache of chosen clusters: the choice, the plan, and the job."""

from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property
from typing import Any

from django import forms
from django.urls import reverse
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from vmware_panel import policy
from vmware_panel.api.changing import Change
from vmware_panel.api.context import vcenter_named
from vmware_panel.api.seeding import SeedChoices, SeedImage, seed_choices
from vmware_panel.config import ConfigError
from vmware_panel.domain.outcome import SourceError, Trouble, TroubleKind
from vmware_panel.domain.plans import Plan
from vmware_panel.domain.seed_sources import SourceKind
from vmware_panel.domain.seeding import SeedItem, SeedPlan, SeedTarget, told_age
from vmware_panel.panels.changes.views import ChangeView
from vmware_panel.panels.image_cache.seed_form import GLANCE, morefs_of, seed_form, vcenter_of
from vmware_panel.wording import (
    ReasonWords,
    TroubleWords,
    refusal_words,
    settings_trouble,
    trouble_words,
)
from vmware_panel.wording.sizes import bytes_of, gb_of
from vmware_panel.wording.values import filled, foreign


@dataclass(frozen=True, slots=True)
class SeedRow:
    """One target, in words."""

    cluster: str
    compute: str
    path: str
    source: str
    sized: str
    needed: str
    free: str
    stays: str
    reasons: tuple[ReasonWords, ...] = ()


class SeedView(ChangeView):
    rule = policy.Rule.SEED_IMAGE_CACHE
    template_name = "vmware_panel/image_cache/seed_plan.html"
    page_title = gettext_lazy("Put an image into the cache")

    @cached_property
    def offered(self) -> SeedChoices | TroubleWords:
        """What there is to choose from; else why nobody can tell."""
        try:
            return seed_choices(self.request)
        except ConfigError:
            return settings_trouble()

    @cached_property
    def choices_class(self) -> type[forms.Form]:  # type: ignore[override]
        offered = self.offered
        nothing = SeedChoices(None, None, ())
        return seed_form(offered if isinstance(offered, SeedChoices) else nothing)

    def change(self, choices: Mapping[str, Any], details: Mapping[str, Any]) -> Change:
        name = vcenter_of(choices["clusters"][0])
        vcenter = vcenter_named(self.request, name)
        if vcenter is None:
            raise SourceError(Trouble(name, TroubleKind.CONFIGURATION, "not configured"))
        return SeedImage(
            self.request,
            vcenter,
            choices["image"],
            morefs_of(choices["clusters"]),
            datastores=morefs_of(choices["datastores"]),
            root_gb=int(choices["flavor"] or 0),
            from_glance=choices["source"] == GLANCE,
        )

    def describe(self, plan: Plan) -> Mapping[str, Any]:
        if not isinstance(plan, SeedPlan):
            return {}
        return {
            "rows": [row_of(item) for item in plan.items],
            "size": bytes_of(plan.image.image.size_bytes) if plan.image else "",
            "needed": bytes_of(plan.needed_bytes),
            "root": gb_of(plan.root_gb) if plan.root_gb else "",
        }

    def get_context_data(self, **kwargs: Any) -> dict[str, Any]:
        """What could not be asked for the choices is told where nothing else is wrong."""
        context: dict[str, Any] = super().get_context_data(**kwargs)
        if not context.get("trouble") and not context.get("plan"):
            offered = self.offered
            if isinstance(offered, TroubleWords):
                context["trouble"] = offered
            elif offered.troubles and not (offered.images and offered.clusters):
                context["trouble"] = trouble_words(offered.troubles[0])
        return context

    def back_url(self) -> str:
        return reverse("horizon:admin:vmware_image_cache:index")


def row_of(item: SeedItem) -> SeedRow:
    target = item.target
    return SeedRow(
        cluster=target.cluster,
        compute=target.compute,
        path=item.path if target.datastore.name else "–",
        source=_source(item),
        sized=gb_of(item.root_gb) if item.root_gb else "–",
        needed=bytes_of(item.needed_bytes) if item.source else "–",
        free=bytes_of(item.free_bytes),
        stays=_stays(target),
        reasons=tuple(refusal_words(refusal) for refusal in item.refusals),
    )


def _stays(target: SeedTarget) -> str:
    if target.keeps_unused_s is None:
        return _("for good")
    age = told_age(target.keeps_unused_s)
    return filled(_("%(age)s, by Nova's default"), age=age) if target.keeps_by_default else age


def _source(item: SeedItem) -> str:
    source = item.source
    if source is None:
        return "–"
    if item.only_sized:
        return _("the image is there; its sized copy is made of it")
    if source.imported:
        size = bytes_of(source.sent_bytes)
        return filled(_("Glance, %(size)s through this machine, imported as a VM"), size=size)
    if source.kind is SourceKind.GLANCE:
        return filled(_("Glance, %(size)s through this machine"), size=bytes_of(source.sent_bytes))
    return filled(_("%(path)s, copied by vCenter"), path=foreign(source.path))
