"""Parts of a page side by side: each its own outcome, one deadline, no pile of threads."""

import threading
import time
from collections.abc import Iterator
from contextvars import ContextVar

import pytest

from tests.unit.openstack.conftest import access_to
from tests.unit.openstack.fake_cloud import FakeServer, Pages, drip, hang, say
from vmware_panel.domain.outcome import Outcome, SourceError, Trouble, TroubleKind
from vmware_panel.openstack import Access, cinder, counting, gather, nova, parts
from vmware_panel.openstack.parts import LANE_THREADS

ITEM = {"id": "1"}


@pytest.fixture
def gate() -> Iterator[threading.Event]:
    """Opened at the end, so that no thread outlives its test."""
    event = threading.Event()
    yield event
    event.set()


def test_each_part_answers_by_its_name(cloud: FakeServer, access: Access) -> None:
    cloud.answers["/v2.1/servers/detail"] = Pages("servers", [ITEM])
    cloud.answers["/v3/.*"] = say(503, {})
    outcomes = gather(
        {
            "servers": lambda: nova.list_servers(access),
            "volumes": lambda: cinder.list_volumes(access),
        },
        timeout_s=5,
    )
    assert list(outcomes) == ["servers", "volumes"]
    assert outcomes["servers"].ok
    assert [server.id for server in outcomes["servers"].value or ()] == ["1"]
    trouble = outcomes["volumes"].trouble
    assert trouble and (trouble.source, trouble.kind) == ("cinder", TroubleKind.OVERLOADED)


def test_an_empty_list_is_an_answer(cloud: FakeServer, access: Access) -> None:
    cloud.answers["/v2.1/servers/detail"] = Pages("servers", [])
    assert gather({"servers": lambda: nova.list_servers(access)}, timeout_s=5)["servers"].ok


def test_nothing_to_ask_is_nothing() -> None:
    assert gather({}, timeout_s=1) == {}


@pytest.mark.parametrize("answer", [hang, drip])
def test_a_service_that_hangs_costs_its_own_part_and_no_more_than_the_deadline(
    cloud: FakeServer, answer: object
) -> None:
    cloud.answers["/v2.1/servers/detail"] = Pages("servers", [ITEM])
    cloud.answers["/v3/.*"] = answer  # type: ignore[assignment]
    patient = access_to(cloud.url, timeout_s=600)
    outcomes = gather(
        {
            "servers": lambda: nova.list_servers(patient),
            "volumes": lambda: cinder.list_volumes(patient),
        },
        timeout_s=0.3,
    )
    assert outcomes["servers"].ok
    trouble = outcomes["volumes"].trouble
    assert trouble and (trouble.source, trouble.kind) == ("cinder", TroubleKind.TIMEOUT)


def test_a_long_list_stops_at_the_deadline_between_two_pages(cloud: FakeServer) -> None:
    def slow(handler: object, request: object) -> None:
        time.sleep(0.06)
        Pages("servers", [{"id": str(n)} for n in range(100)], 1)(handler, request)  # type: ignore[arg-type]

    cloud.answers[".*"] = slow
    outcome = gather({"pages": lambda: nova.list_servers(access_to(cloud.url))}, timeout_s=0.3)
    trouble = outcome["pages"].trouble
    assert trouble and trouble.kind is TroubleKind.TIMEOUT
    asked = len(cloud.requests)
    assert asked < 10
    time.sleep(0.2)
    assert len(cloud.requests) == asked


def test_a_part_that_nothing_can_stop_is_left_behind(gate: threading.Event) -> None:
    outcome = gather({"stuck": gate.wait}, timeout_s=0.05)["stuck"]
    assert outcome == Outcome(
        trouble=Trouble("stuck", TroubleKind.TIMEOUT, "not finished within 0.05 s")
    )


def test_hanging_parts_do_not_pile_up_and_leave_the_other_lanes_free(
    gate: threading.Event, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(parts, "GRACE_S", 0.01)
    begun = []

    def stuck() -> None:
        begun.append(1)
        gate.wait()

    for _ in range(LANE_THREADS + 3):
        late = gather({"clogged": stuck, "free": lambda: "an answer"}, timeout_s=0.01)
        assert late["free"].value == "an answer"
    assert len(begun) == LANE_THREADS
    assert late["clogged"].trouble
    assert "earlier reads still hang" in late["clogged"].trouble.detail
    # What gave up waiting never starts.
    gate.set()
    assert gather({"clogged": lambda: len(begun)}, timeout_s=5)["clogged"].value == LANE_THREADS


def test_every_adapters_errors_become_outcomes() -> None:
    trouble = Trouble("vc1", TroubleKind.CERTIFICATE, "expired")

    class VCenterError(SourceError):
        pass

    def read() -> None:
        raise VCenterError(trouble)

    assert gather({"vc1": read}, timeout_s=5) == {"vc1": Outcome(trouble=trouble)}


def test_a_fault_of_the_program_is_no_outcome() -> None:
    def read() -> None:
        raise ZeroDivisionError

    with pytest.raises(ZeroDivisionError):
        gather({"broken": read, "sound": lambda: 1}, timeout_s=5)


def test_the_parts_are_in_the_callers_context_and_leave_it_alone() -> None:
    language: ContextVar[str] = ContextVar("language")
    language.set("cs")

    def read() -> str:
        before = language.get()
        language.set("de")
        return before

    assert gather({"a": read, "b": read}, timeout_s=5) == {"a": Outcome("cs"), "b": Outcome("cs")}
    assert language.get() == "cs"


def test_the_calls_of_all_parts_are_counted_and_only_those(
    cloud: FakeServer, access: Access
) -> None:
    cloud.answers["/v2.1/servers/detail"] = Pages("servers", [ITEM])
    cloud.answers["/v3/.*"] = Pages("volumes", [ITEM])
    with counting() as outer:
        nova.list_servers(access)
        with counting() as page:
            gather(
                {
                    "servers": lambda: nova.list_servers(access),
                    "volumes": lambda: cinder.list_volumes(access),
                },
                timeout_s=5,
            )
    nova.list_servers(access)
    assert (page.of("nova"), page.of("cinder"), len(page)) == (1, 1, 2)
    assert len(outer) == 3
