"""What to put into the image cache, and where: asked for on the page of the plan."""

from collections.abc import Iterable
from typing import Any

from django import forms
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from vmware_panel.api.seeding import SeedChoices
from vmware_panel.domain.cloud import Image
from vmware_panel.domain.driver_image import ISO, VMDK
from vmware_panel.domain.inventory import MoRef
from vmware_panel.panels.listing.ordering import natural_key
from vmware_panel.wording.sizes import bytes_of, gb_of
from vmware_panel.wording.values import filled, foreign

AUTO, GLANCE = "auto", "glance"
_SELECT = {"class": "form-control"}


class SeedForm(forms.Form):
    """Made for one request by `seed_form`. Places are `vcenter/id`."""

    image = forms.ChoiceField(label=gettext_lazy("Image"), widget=forms.Select(attrs=_SELECT))
    clusters = forms.MultipleChoiceField(
        label=gettext_lazy("Clusters"),
        widget=forms.CheckboxSelectMultiple,
        help_text=gettext_lazy("Those that a nova-compute drives; all of one vCenter."),
    )
    datastores = forms.MultipleChoiceField(
        label=gettext_lazy("Datastores"),
        required=False,
        widget=forms.SelectMultiple(attrs={**_SELECT, "size": 10}),
        help_text=gettext_lazy(
            "None chosen: in each cluster the one that Nova would take next, the one with most "
            "free space among those that it may use."
        ),
    )
    flavor = forms.ChoiceField(
        label=gettext_lazy("Sized copy for"),
        required=False,
        widget=forms.Select(attrs=_SELECT),
        help_text=gettext_lazy(
            "The parent of linked clones with that root disk: without it, Nova makes it at the "
            "first boot."
        ),
    )
    source = forms.ChoiceField(
        label=gettext_lazy("From"),
        required=False,
        initial=AUTO,
        choices=[
            (AUTO, gettext_lazy("a datastore that has it, else Glance")),
            (GLANCE, gettext_lazy("Glance")),
        ],
        widget=forms.Select(attrs=_SELECT),
    )

    def clean(self) -> dict[str, Any]:
        cleaned: dict[str, Any] = super().clean() or {}
        places = [*cleaned.get("clusters", ()), *cleaned.get("datastores", ())]
        if len({vcenter_of(place) for place in places}) > 1:
            self.add_error("clusters", _("Choose clusters and datastores of one vCenter."))
        return cleaned


def seed_form(choices: SeedChoices) -> type[SeedForm]:
    """The form with what there is to choose from."""

    class Form(SeedForm):
        def __init__(self, *args: Any, **kwargs: Any) -> None:
            super().__init__(*args, **kwargs)
            for name, offered in _offered(choices).items():
                field = self.fields[name]
                if isinstance(field, forms.ChoiceField):
                    field.choices = offered

    return Form


def vcenter_of(place: str) -> str:
    return place.rpartition("/")[0]


def morefs_of(places: Iterable[str]) -> tuple[MoRef, ...]:
    return tuple(MoRef(place.rpartition("/")[2]) for place in places)


def _offered(choices: SeedChoices) -> dict[str, list[tuple[str, str]]]:
    images = [
        (image.id, _of_image(image))
        for image in choices.images or ()
        if image.disk_format in (VMDK, ISO)
    ]
    sizes: dict[int, list[str]] = {}
    for flavor in choices.flavors or ():
        if flavor.disk_gb:
            sizes.setdefault(flavor.disk_gb, []).append(flavor.name)
    flavors = [
        (str(size_gb), f"{gb_of(size_gb)}: {', '.join(map(foreign, sorted(names)))}")
        for size_gb, names in sorted(sizes.items())
    ]
    clusters, datastores = [], {}
    for one in choices.clusters:
        if one.room is None or one.books.hypervisor is None:
            continue
        words = _("%(cluster)s of %(vcenter)s, driven by %(compute)s")
        compute = one.books.hypervisor.service_host
        vcenter = foreign(one.books.vcenter)
        cluster = foreign(one.room.cluster.name)
        told = {"cluster": cluster, "vcenter": vcenter, "compute": foreign(compute)}
        clusters.append((f"{one.books.vcenter}/{one.books.moref}", filled(words, **told)))
        for datastore in one.room.datastores.counted:
            free = filled(_("%(free)s free"), free=bytes_of(datastore.free_bytes))
            place = f"{one.books.vcenter}/{datastore.moref}"
            datastores[place] = f"{foreign(datastore.name)} ({vcenter}, {free})"
    return {
        "image": sorted(images, key=_by_name),
        "clusters": sorted(clusters, key=_by_name),
        "datastores": sorted(datastores.items(), key=_by_name),
        "flavor": [("", _("no sized copy")), *flavors],
    }


def _of_image(image: Image) -> str:
    name, kind = foreign(image.name or image.id), foreign(image.disk_format)
    return f"{name} ({kind}, {bytes_of(image.size_bytes)})"


def _by_name(choice: tuple[str, str]) -> tuple[Any, ...]:
    return natural_key(choice[1])
