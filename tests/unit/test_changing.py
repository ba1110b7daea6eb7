"""The way of every change: planned anew, compared, sent once, recorded."""

import logging
from collections.abc import Iterator
from types import SimpleNamespace
from typing import Any

import pytest
from django.core.cache import cache
from django.core.cache.backends.dummy import DummyCache
from hypothesis import given
from hypothesis import strategies as st

from tests.unit.changes import SampleChange
from vmware_panel.api import changing
from vmware_panel.api.changing import Made, Refused, Verdict, carry_out, new_nonce, sent_before
from vmware_panel.audit import line
from vmware_panel.domain.inventory import MoRef
from vmware_panel.domain.outcome import TroubleKind
from vmware_panel.domain.plans import Caution, CautionKind, ChangeKind, Plan, Refusal, RefusalKind
from vmware_panel.vsphere.errors import CannotConnect, Unanswered, VSphereError


@pytest.fixture(autouse=True)
def empty_cache() -> Iterator[None]:
    cache.clear()
    yield
    cache.clear()


@pytest.fixture
def request_of_admin() -> Any:
    user = SimpleNamespace(
        username="ada", id="u1", project_id="p1", services_region="R1", is_authenticated=True
    )
    return SimpleNamespace(user=user, META={"REMOTE_ADDR": "192.0.2.7"})


def error_of(kind: type[VSphereError], fault: str = "") -> VSphereError:
    error = kind(TroubleKind.BAD_ANSWER if fault else TroubleKind.TIMEOUT, "said", source="west")
    error.fault = fault
    return error


def confirmed(change: SampleChange) -> str:
    fingerprint = change.plan().fingerprint
    change.planned = 0
    return fingerprint


def test_a_change_that_was_confirmed_is_planned_anew_and_sent_once(request_of_admin):
    change = SampleChange()
    result = carry_out(request_of_admin, change, confirmed(change), new_nonce())
    assert (result.verdict, change.planned, change.sent) == (Verdict.MADE, 1, 1)
    assert result.made == Made(MoRef("task-1"))


def test_what_is_not_as_it_was_shown_is_not_sent(request_of_admin):
    change = SampleChange()
    shown = confirmed(change)
    change.basis = ("host-2",)
    result = carry_out(request_of_admin, change, shown, new_nonce())
    assert (result.verdict, change.sent) == (Verdict.DIFFERS, 0)
    assert result.plan is not None and result.plan.basis == ("host-2",)


def test_what_became_unsafe_is_refused_with_the_reason(request_of_admin):
    change = SampleChange()
    shown = confirmed(change)
    change.refusals = (Refusal(RefusalKind.NO_ROOM, "shop-1"),)
    result = carry_out(request_of_admin, change, shown, new_nonce())
    assert (result.verdict, change.sent) == (Verdict.REFUSED, 0)
    assert result.plan is not None and result.plan.refusals == change.refusals


def test_the_same_form_twice_is_one_change_and_the_second_is_told_what_came_of_it(
    request_of_admin,
):
    change, nonce = SampleChange(), new_nonce()
    shown = confirmed(change)
    carry_out(request_of_admin, change, shown, nonce)
    again = carry_out(request_of_admin, change, shown, nonce)
    assert (again.verdict, change.sent) == (Verdict.REFUSED, 1)
    assert again.plan and again.plan.refusals[0].kind is RefusalKind.SENT_BEFORE
    before = sent_before(nonce)
    assert before is not None and before.made == Made(MoRef("task-1"))


def test_the_same_thing_is_not_changed_twice_at_once(request_of_admin):
    """The second comes while the first is being sent, with a form of its own."""
    first, second = SampleChange(), SampleChange()
    shown = confirmed(first)
    met = []
    first.while_sending = lambda: met.append(
        carry_out(request_of_admin, second, shown, new_nonce())
    )
    assert carry_out(request_of_admin, first, shown, new_nonce()).verdict is Verdict.MADE
    assert met[0].verdict is Verdict.REFUSED and (second.planned, second.sent) == (0, 0)
    assert met[0].plan.refusals[0].kind is RefusalKind.UNDER_WAY
    assert carry_out(request_of_admin, second, shown, new_nonce()).verdict is Verdict.MADE


def test_two_things_are_changed_side_by_side(request_of_admin):
    first, other = SampleChange("vm-7"), SampleChange("vm-8")
    met = []
    shown = confirmed(other)
    first.while_sending = lambda: met.append(
        carry_out(request_of_admin, other, shown, new_nonce())
    )
    carry_out(request_of_admin, first, confirmed(first), new_nonce())
    assert met[0].verdict is Verdict.MADE


def test_a_lost_answer_is_never_sent_again_and_says_whose_tasks_to_look_at(request_of_admin):
    change, nonce = SampleChange(), new_nonce()
    change.answer = error_of(Unanswered)
    shown = confirmed(change)
    result = carry_out(request_of_admin, change, shown, nonce)
    assert (result.verdict, change.sent) == (Verdict.UNANSWERED, 1)
    assert result.made == Made(follow=(MoRef("vm-7"),))
    assert carry_out(request_of_admin, change, shown, nonce).verdict is Verdict.REFUSED
    assert change.sent == 1


@pytest.mark.parametrize(
    ("error", "verdict"),
    [
        (error_of(CannotConnect), Verdict.FAILED),
        (error_of(VSphereError, "InvalidState"), Verdict.REFUSED),
        (Refused(Refusal(RefusalKind.CHANGED_MEANWHILE, "x")), Verdict.REFUSED),
    ],
)
def test_what_was_not_made_may_be_confirmed_again(request_of_admin, error, verdict):
    change, nonce = SampleChange(), new_nonce()
    change.answer = error
    shown = confirmed(change)
    assert carry_out(request_of_admin, change, shown, nonce).verdict is verdict
    change.answer = Made()
    assert carry_out(request_of_admin, change, shown, nonce).verdict is Verdict.MADE


def test_without_a_cache_that_keeps_marks_nothing_is_changed(request_of_admin, monkeypatch):
    """Django's own cache that keeps nothing answers as a memcached that is gone does."""

    class KeepsNothing(DummyCache):
        def add(self, *args: Any, **kwargs: Any) -> bool:
            return False

    monkeypatch.setattr(changing, "_cache", lambda: KeepsNothing("", {}))
    change = SampleChange()
    result = carry_out(request_of_admin, change, confirmed(change), new_nonce())
    assert (result.verdict, change.sent) == (Verdict.REFUSED, 0)
    assert result.plan and result.plan.refusals[0].kind is RefusalKind.SOURCE_DOWN


@pytest.mark.parametrize("nonce", ["", "x", "A" * 32, "0" * 31, "0" * 33])
def test_a_form_without_its_number_is_shown_again(request_of_admin, nonce):
    change = SampleChange()
    result = carry_out(request_of_admin, change, confirmed(change), nonce)
    assert (result.verdict, change.sent) == (Verdict.DIFFERS, 0)


@pytest.mark.parametrize("outcome", ["made", "differs", "refused", "unanswered"])
def test_every_attempt_leaves_one_line(request_of_admin, caplog, outcome):
    change = SampleChange()
    shown = confirmed(change)
    if outcome == "differs":
        shown = "another"
    elif outcome == "refused":
        change.refusals = (Refusal(RefusalKind.NO_ROOM, "shop-1", "of memory"),)
    elif outcome == "unanswered":
        change.answer = error_of(Unanswered)
    with caplog.at_level(logging.INFO, "vmware_panel.audit"):
        carry_out(request_of_admin, change, shown, new_nonce())
    (record,) = [r for r in caplog.records if r.name == "vmware_panel.audit"]
    said = record.getMessage()
    for word in ('change="migrate"', f'outcome="{outcome}"', 'user="ada"', 'address="192.0.2.7"'):
        assert word in said
    assert ('task="task-1"' in said) is (outcome == "made")
    assert ("no_room shop-1 of memory" in said) is (outcome == "refused")


@given(st.dictionaries(st.sampled_from(["a", "b", "c"]), st.text(), min_size=1))
def test_no_value_breaks_the_line_or_passes_for_a_field(fields):
    said = line(fields)
    assert "\n" not in said and "\r" not in said and said.isascii()
    assert said.count('="') >= sum(1 for value in fields.values() if value)


CAUTIONS = st.builds(Caution, st.sampled_from(CautionKind), st.text(max_size=3))
REFUSALS = st.builds(Refusal, st.sampled_from(RefusalKind), st.text(max_size=3))


@given(
    st.lists(st.text(max_size=4), max_size=4),
    st.lists(CAUTIONS, max_size=3),
    st.lists(REFUSALS, max_size=3),
    st.randoms(use_true_random=False),
)
def test_the_fingerprint_is_of_what_is_said_and_not_of_its_order(basis, cautions, refusals, rnd):
    def plan() -> Plan:
        for items in (basis, cautions, refusals):
            rnd.shuffle(items)
        return Plan(
            change=ChangeKind.MIGRATE,
            target="t",
            basis=tuple(basis),
            cautions=tuple(cautions),
            refusals=tuple(refusals),
        )

    one, other = plan(), plan()
    assert one.fingerprint == other.fingerprint
    more = Plan(change=ChangeKind.MIGRATE, target="t", basis=(*one.basis, "more"))
    assert more.fingerprint != one.fingerprint
