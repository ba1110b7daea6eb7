from typing import Any

from django import forms
from django.http import HttpRequest, HttpResponseBase
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from horizon.views import HorizonTemplateView

from vmware_panel import policy
from vmware_panel.api.capacity import ClusterFits
from vmware_panel.api.landing import LandingReport, landing_report
from vmware_panel.config import ConfigError
from vmware_panel.domain.cloud import Flavor
from vmware_panel.domain.landing import ClusterLanding
from vmware_panel.domain.topology import Concern, TopologyError, cpu_topology
from vmware_panel.panels.capacity.figures import datastore_lines
from vmware_panel.panels.listing.answers import sources_shown
from vmware_panel.wording import (
    concern_sentence,
    datastore_reason,
    flavor_size,
    foreign,
    rejection_sentence,
    trouble_words,
)

FIELDS = ("flavor", "image", "zone")
LABELS = {
    "flavor": gettext_lazy("Flavor"),
    "image": gettext_lazy("Image"),
    "zone": gettext_lazy("Availability zone"),
}


class LandingForm(forms.Form):
    """What is to be placed; the choices are what Nova and Glance offer."""

    flavor = forms.ChoiceField(label=LABELS["flavor"])
    image = forms.ChoiceField(label=LABELS["image"], required=False)
    zone = forms.ChoiceField(label=LABELS["zone"], required=False)

    def __init__(self, chosen: dict[str, str], report: LandingReport) -> None:
        super().__init__(initial=chosen)
        flavors = sorted(report.flavors or (), key=lambda one: one.name)
        images = sorted(report.images or (), key=lambda one: one.name)
        offered = {
            "flavor": [(one.id, _flavor_text(one)) for one in flavors],
            "image": [(one.id, foreign(one.name) or one.id) for one in images],
            "zone": [(zone, foreign(zone)) for zone in report.zones],
        }
        empty = {"flavor": _("Choose a flavor"), "image": _("(any image)"), "zone": _("(any)")}
        for name, field in self.fields.items():
            # A value that is not offered stays chosen: nothing that was entered is lost.
            value = chosen[name]
            lost = [(value, foreign(value))] if value and value not in dict(offered[name]) else []
            field.choices = [("", empty[name]), *lost, *offered[name]]
            field.widget.attrs["class"] = "form-control input-sm"


def _flavor_text(flavor: Flavor) -> str:
    return f"{foreign(flavor.name)} ({flavor_size(flavor)})"


class LandingView(HorizonTemplateView):
    """Where would an instance land? Asks, and changes nothing."""

    template_name = "vmware_panel/capacity/landing.html"
    page_title = gettext_lazy("Where would this land?")
    http_method_names = ["get", "head", "options"]

    def dispatch(self, request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponseBase:
        policy.require(request, policy.Rule.GET_CAPACITY)
        return super().dispatch(request, *args, **kwargs)

    def get_context_data(self, **kwargs: Any) -> dict[str, Any]:
        chosen = {name: self.request.GET.get(name, "")[:255] for name in FIELDS}
        try:
            report = landing_report(
                self.request,
                chosen["flavor"],
                chosen["image"],
                chosen["zone"],
                ask_vcenter=bool(self.request.GET.get("vcenter")),
            )
            sources = sources_shown(self.request, report)
        except ConfigError as error:
            return super().get_context_data(faults=tuple(map(str, error.faults)), **kwargs)
        problems = [
            (LABELS[name], _("“%s” is not there, or no longer. Choose another.") % foreign(value))
            for name, value in report.problems.items()
        ]
        if not chosen["flavor"] and any(chosen.values()):
            problems.append((LABELS["flavor"], _("Choose one: it says what an instance takes.")))
        return super().get_context_data(
            form=LandingForm(chosen, report),
            problems=problems,
            asked=report.wanted is not None and not report.problems,
            topology=_topology(report),
            ask_vcenter=bool(self.request.GET.get("vcenter")),
            landings=[
                {**_shown(fits, landing), **_placed(fits, report)}
                for fits, landing in report.landings
            ],
            **sources,
            **kwargs,
        )


def _topology(report: LandingReport) -> str:
    """How many sockets and cores the driver gives it."""
    wanted = report.wanted
    if wanted is None:
        return ""
    try:
        shape = cpu_topology(wanted.flavor, wanted.image.properties if wanted.image else None)
    except TopologyError:
        return ""
    return _("Nova's driver gives it %(sockets)d × %(cores)d (sockets × cores a socket).") % {
        "sockets": shape.sockets,
        "cores": shape.cores,
    }


def _shown(fits: ClusterFits, landing: ClusterLanding) -> dict[str, Any]:
    picked = landing.picked
    return {
        "name": foreign(landing.room.cluster.name),
        "vcenter": fits.books.vcenter,
        "moref": fits.books.moref,
        "zone": foreign(landing.zone),
        "possible": landing.possible,
        "uncertain": landing.uncertain,
        "rejections": [rejection_sentence(each) for each in landing.rejections],
        "picked": foreign(picked.name) if picked else "",
        "regex_known": landing.datastores.known,
        "not_picked": [
            (foreign(each.datastore.name), datastore_reason(each.why))
            for each in landing.not_picked
        ],
        "datastores": datastore_lines(landing.datastores, fits.books.vcenter),
        "hosts": [
            {
                "name": foreign(host.host.name),
                "rejections": [rejection_sentence(each) for each in host.rejections],
                "unknown": host.unknown and not host.rejections,
            }
            for host in landing.hosts
        ],
        "concerns": [_concern(each) for each in landing.concerns],
    }


def _placed(fits: ClusterFits, report: LandingReport) -> dict[str, Any]:
    """vCenter's own answer: its places, that it found none, or why it did not say."""
    outcome = report.places.get((fits.books.vcenter, fits.books.moref))
    inventory = fits.books.inventory
    if outcome is None or inventory is None:
        return {}
    if outcome.value is None:
        return {
            "asked": True,
            "trouble": trouble_words(outcome.trouble) if outcome.trouble else "",
        }
    places = []
    for place in outcome.value:
        host = inventory.host_by_ref.get(place.host)
        places.append(foreign(host.name) if host else foreign(place.host))
    return {"asked": True, "places": places}


def _concern(concern: Concern) -> dict[str, Any]:
    return {
        "sentence": concern_sentence(concern),
        "certain": concern.certain,
        "mend": [f"{key}={value}" for key, value in concern.mend],
    }
