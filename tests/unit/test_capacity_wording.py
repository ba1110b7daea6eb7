"""Every cause, rejection and concern of the capacity pages has words, and they name whose book."""

import pytest

from vmware_panel import wording
from vmware_panel.domain.capacity import Cause, CauseKind, Figure
from vmware_panel.domain.driver_sums import DatastoreRejection, Resource
from vmware_panel.domain.fits import Bound
from vmware_panel.domain.landing import Rejection, RejectionKind
from vmware_panel.domain.topology import Concern, ConcernKind, TopologyFault


@pytest.mark.parametrize("kind", list(CauseKind))
@pytest.mark.parametrize("names", [("sub-1", "det-1"), ("", "")])
def test_every_cause_is_a_sentence(kind: CauseKind, names: tuple[str, str]) -> None:
    sentence = wording.cause_sentence(Cause(kind, 5, *names))
    assert sentence.endswith(".")
    assert "%(" not in sentence
    assert "None" not in sentence


def test_what_explains_it_as_well_is_named() -> None:
    alike = Cause(CauseKind.NOT_YET_REPORTED, 5, "esx-1", alike=("esx-2", "esx-3"))
    assert wording.cause_sentence(alike).endswith("It may as well be: esx-2, esx-3.")


@pytest.mark.parametrize("kind", list(RejectionKind))
def test_every_rejection_has_words(kind: RejectionKind) -> None:
    sentence = wording.rejection_sentence(Rejection(kind, "det-1", 2048, 1024))
    assert sentence
    assert "%(" not in sentence


@pytest.mark.parametrize("kind", list(ConcernKind))
def test_every_concern_is_a_sentence(kind: ConcernKind) -> None:
    for fault in (None, *TopologyFault):
        sentence = wording.concern_sentence(Concern(kind, 8, 2, fault=fault, key="hw:cpu_cores"))
        assert sentence.endswith(".")
        assert "%(" not in sentence


@pytest.mark.parametrize("figure", list(Figure))
def test_a_figure_says_whose_it_is(figure: Figure) -> None:
    label = wording.figure_label(figure)
    whose = {
        "driver": ("driver", "nova.conf"),
        "placement": ("Placement",),
        "allocated": ("Placement",),
        "nova": ("Nova",),
        "vcenter": ("vCenter", "datastore", "cluster"),
    }
    assert any(name in label for name in whose[figure.value.partition("_")[0]]), label


def test_every_resource_bound_and_datastore_has_a_label() -> None:
    assert all(wording.resource_label(each) for each in Resource)
    assert all(wording.bound_label(each) for each in Bound)
    assert all(wording.datastore_reason(each) for each in DatastoreRejection)


@pytest.mark.parametrize(("amount", "text"), [(1234, "+1,234"), (-1234, "−1,234"), (0, "0")])
def test_an_amount_has_its_sign(amount: int, text: str) -> None:
    assert wording.signed_text(amount) == text


def test_an_unknown_count_is_not_zero() -> None:
    assert wording.count_text(None) == "unknown"
    assert wording.count_text(0) == "0"
