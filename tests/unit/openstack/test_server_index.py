"""The index of servers: equal to a whole list after any changes, at the price of one call."""

import threading
from collections.abc import Callable, Iterator
from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.unit.openstack.conftest import access_to
from tests.unit.openstack.fake_cloud import FakeServer, say, serving
from tests.unit.openstack.fake_nova import FakeNova
from vmware_panel.domain.outcome import TroubleKind
from vmware_panel.openstack import Access, CloudError, counting, gather, server_index
from vmware_panel.openstack.server_index import IndexedServers, ServerIndexes

AT_ONCE = {"min_interval_s": 0.0}


@pytest.fixture
def nova(cloud: FakeServer) -> FakeNova:
    fake = FakeNova()
    cloud.answers.update(fake.answers)
    return fake


@pytest.fixture
def ask(nova: FakeNova, access: Access) -> Callable[..., IndexedServers]:
    """`ask()`: what an index without a minimum interval gives, by Nova's clock."""
    indexes = ServerIndexes(**AT_ONCE)

    def servers(indexes: ServerIndexes = indexes) -> IndexedServers:
        return indexes.servers(access, "admin", now=lambda: nova.now)

    return servers


def names(indexed: IndexedServers) -> dict[str, str]:
    return {server.id: server.name for server in indexed.servers}


def refusal(ask: Callable[[], Any]) -> TroubleKind:
    with pytest.raises(CloudError) as caught:
        ask()
    return caught.value.trouble.kind


def landed(ask: Callable[[], IndexedServers], nova: FakeNova, lists: int) -> IndexedServers:
    """The answer after a list that a page does not wait for has been read."""
    for _ in range(1000):
        found = ask()
        if nova.lists >= lists and found.listed_at == nova.now:
            return found
        threading.Event().wait(0.005)
    raise AssertionError(f"{nova.lists} whole lists, not {lists}")


OVERLAP_S = 300
IDS = st.sampled_from("abcdef")
SECONDS = st.integers(0, 2000)
ACTIONS = st.lists(
    st.tuples(
        st.sampled_from(
            ["boot", "request", "place", "rename", "delete", "soft", "restore", "ask"]
        ),
        IDS,
        SECONDS,
        st.integers(-OVERLAP_S // 2, OVERLAP_S // 2),
    ),
    max_size=25,
)


def act(nova: FakeNova, action: str, server_id: str) -> None:
    row = nova.rows.get(server_id)
    alive = row is not None and not row.deleted
    if action in ("boot", "request") and row is None:
        (nova.boot if action == "boot" else nova.request)(server_id)
    elif action == "place" and row and row.only_requested:
        row.only_requested, row.updated = False, nova.stamp
        row.status, row.host = "ACTIVE", "compute-b"
    elif action == "rename" and alive and not row.only_requested:
        nova.rename(server_id, f"{row.name}+")
    elif action == "delete" and alive:
        nova.delete(server_id)
    elif action in ("soft", "restore") and alive and not row.only_requested:
        row.status = "SOFT_DELETED" if action == "soft" else "ACTIVE"
        row.updated = nova.stamp


@pytest.fixture(scope="module")
def one_server() -> Iterator[FakeServer]:
    with serving() as server:
        yield server


@settings(deadline=None, max_examples=80)
@given(actions=ACTIONS, ours_is_off_s=st.integers(-90_000, 90_000), page_size=st.integers(1, 4))
def test_after_any_changes_it_is_what_a_whole_list_would_be(
    one_server: FakeServer,
    actions: list[tuple[str, str, int, int]],
    ours_is_off_s: int,
    page_size: int,
) -> None:
    """Nova's hosts differ by less than the overlap, and this machine's clock by whatever."""
    nova = FakeNova(page_size=page_size)
    one_server.answers = nova.answers
    indexes, before = ServerIndexes(**AT_ONCE), None
    for action, server_id, seconds, skew_s in [*actions, ("ask", "", 1, 0)]:
        nova.now += timedelta(seconds=seconds)
        nova.skew = timedelta(seconds=skew_s)
        if action != "ask":
            act(nova, action, server_id)
            continue
        clock = nova.now + timedelta(seconds=ours_is_off_s)
        found = indexes.servers(access_to(one_server.url), "admin", now=lambda: clock)
        whole = ServerIndexes().servers(access_to(one_server.url), "other").servers
        assert found.servers == whole
        assert names(found) == nova.names()
        if before is not None:
            assert (found.servers is before.servers) == (found.servers == before.servers)
            assert (found.version == before.version) == (found.servers == before.servers)
        before = found


def test_a_whole_list_once_and_then_one_call_for_what_changed(nova: FakeNova, ask: Any) -> None:
    nova.page_size = 2
    for server_id in "abcde":
        nova.boot(server_id)
    nova.now += timedelta(hours=0.5)
    # The list is no older than the minimum interval here, so that nothing more is asked.
    patient = ServerIndexes()
    with counting() as first:
        assert len(ask(patient).servers) == 5
    nova.now += timedelta(seconds=10)
    nova.rename("a", "renamed")
    nova.delete("b")
    with counting() as second:
        found = names(ask(patient))
    assert (len(first), len(second)) == (3, 2)  # two changes fill a page of two
    assert found == nova.names() and found["a"] == "renamed"
    assert set(nova.since) == {nova.now - timedelta(seconds=10 + OVERLAP_S)}


def test_what_did_not_change_is_the_same_tuple_of_the_same_version(
    nova: FakeNova, ask: Any
) -> None:
    nova.boot("a")
    first = ask()
    nova.now += timedelta(seconds=10)
    again = ask()
    assert nova.changes, "it was asked, and told of the server once more"
    assert again.servers is first.servers and again.version == first.version
    assert again.read_at == nova.now
    nova.rename("a", "b")
    assert ask().version > first.version


def test_within_the_minimum_interval_nothing_is_asked(nova: FakeNova, ask: Any) -> None:
    indexes = ServerIndexes(min_interval_s=2)
    nova.boot("a")
    ask(indexes)
    nova.now += timedelta(seconds=1.9)
    with counting() as calls:
        ask(indexes)
    assert not calls.made
    nova.now -= timedelta(hours=1)  # a clock that was put back
    with counting() as calls:
        ask(indexes)
    assert calls.made


def test_who_is_refused_gets_nothing_of_the_index(
    nova: FakeNova, ask: Any, cloud: FakeServer
) -> None:
    nova.boot("a")
    kept = ask()
    nova.now += timedelta(seconds=10)
    for status, kind in ((401, TroubleKind.LOGIN), (403, TroubleKind.FORBIDDEN)):
        nova.refuses_changes = say(status, {"forbidden": {"message": "no"}})
        assert refusal(ask) is kind
    nova.refuses_changes = say(503, {})
    assert refusal(ask) is TroubleKind.OVERLOADED
    nova.refuses_changes = None
    assert ask().servers is kept.servers and nova.lists == 1


def test_scopes_share_nothing(nova: FakeNova, access: Access, cloud: FakeServer) -> None:
    indexes = ServerIndexes()
    nova.boot("a")
    indexes.servers(access, "admin")
    cloud.answers["/v2.1/servers/detail"] = say(403, {"forbidden": {"message": "all_tenants"}})
    assert refusal(lambda: indexes.servers(access, "member")) is TroubleKind.FORBIDDEN


def test_a_cloud_that_refuses_changes_is_listed_each_time(nova: FakeNova, ask: Any) -> None:
    nova.refuses_changes = say(400, {"badRequest": {"message": "changes-since"}})
    nova.boot("a")
    ask()
    nova.now += timedelta(seconds=10)
    nova.boot("b")
    assert names(ask()) == nova.names()


def test_what_changes_do_not_tell_is_found_by_the_next_whole_list(
    nova: FakeNova, ask: Any
) -> None:
    for server_id in "abc":
        nova.boot(server_id)
    ask()
    for _ in range(2):  # until the boots are out of what each call looks back on
        nova.now += timedelta(seconds=1000)
        ask()
    nova.rows["a"].volumes = ("v1",)  # an attachment does not touch the row
    del nova.rows["b"]  # archived
    stale = {server.id: server for server in ask().servers}
    assert stale["a"].volume_ids == () and "b" in stale
    nova.now += timedelta(seconds=3600)
    found = {server.id: server for server in landed(ask, nova, lists=2).servers}
    assert found["a"].volume_ids == ("v1",)
    assert found.keys() == {"a", "c"}
    assert nova.shows == 1, "one question, whether the host's cell is down"


def test_a_list_that_is_wanted_is_waited_for(nova: FakeNova, access: Access) -> None:
    indexes = ServerIndexes(**AT_ONCE)
    nova.boot("a")
    indexes.servers(access, "admin", now=lambda: nova.now)
    nova.now += timedelta(seconds=10)
    nova.rows["a"].volumes = ("v1",)
    indexes.relist("admin", now=lambda: nova.now)
    (found,) = indexes.servers(access, "admin", now=lambda: nova.now).servers
    assert found.volume_ids == ("v1",) and nova.lists == 2


@pytest.mark.parametrize("page_size", [1000, 2])
def test_a_cell_that_is_down_takes_no_server_away(
    nova: FakeNova, ask: Any, page_size: int
) -> None:
    """With little room on the page, Nova's list does not even say that they exist."""
    nova.page_size = page_size
    for server_id, cell in (("a", "cell1"), ("b", "cell2"), ("c", "cell1"), ("d", "cell1")):
        nova.boot(server_id, cell=cell, host=f"compute-of-{cell}")
    before = {server.id: server for server in ask().servers}
    nova.cells_down.add("cell2")
    nova.now += timedelta(hours=1)
    found = landed(ask, nova, lists=2)
    assert found.unknown == {"b"}
    after = {server.id: server for server in found.servers}
    assert after["b"] == replace(before["b"], status="UNKNOWN", power=None)
    assert {key: after[key] for key in "acd"} == {key: before[key] for key in "acd"}
    nova.cells_down.clear()
    nova.rows["b"].name = "renamed long ago"
    nova.now += timedelta(seconds=31)
    found = landed(ask, nova, lists=3)
    assert not found.unknown and names(found)["b"] == "renamed long ago"


def test_a_request_that_ended_before_it_had_a_row_leaves(nova: FakeNova, ask: Any) -> None:
    nova.request("a")
    nova.request("b")
    assert names(ask()).keys() == {"a", "b"}
    nova.delete("a")
    nova.rows["b"].only_requested = False  # a row that was never updated
    for _ in range(3):
        nova.now += timedelta(seconds=10)
        assert names(ask()).keys() == {"b"}
    assert nova.shows == 2, "each was asked for once"


def test_a_list_longer_than_a_page_waits_is_not_there_yet_and_goes_on_for_the_next(
    nova: FakeNova, access: Access, cloud: FakeServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(server_index, "WAIT_FOR_FIRST_LIST_S", 0.1)
    indexes, may_end = ServerIndexes(), threading.Event()
    nova.boot("a")

    def slow(handler: Any, request: Any) -> None:
        may_end.wait(10)
        nova.detail(handler, request)

    cloud.answers["/v2.1/servers/detail"] = slow
    page = {"servers": lambda: indexes.servers(access, "admin", now=lambda: nova.now)}
    assert indexes.listing("admin") is None, "nobody has asked"
    trouble = gather(page, timeout_s=5)["servers"].trouble
    assert trouble and (trouble.source, trouble.kind) == ("nova", TroubleKind.NOT_YET)
    assert trouble.detail == "servers_read 0"
    assert indexes.listing("admin") == 0 and indexes.listing("another") is None
    may_end.set()
    monkeypatch.undo()
    assert gather(page, timeout_s=5)["servers"].ok
    assert nova.lists == 1
    assert indexes.listing("admin") is None, "it is through"


def test_those_who_ask_at_once_share_a_call_and_its_failure(
    nova: FakeNova, access: Access, cloud: FakeServer
) -> None:
    indexes, all_here = ServerIndexes(**AT_ONCE), threading.Event()

    def held_back(handler: Any, request: Any) -> None:
        all_here.wait(10)
        say(503, {})(handler, request)

    cloud.answers["/v2.1/servers/detail"] = held_back
    kinds: list[TroubleKind] = []

    def page() -> None:
        kinds.append(refusal(lambda: indexes.servers(access, "admin", now=lambda: nova.now)))

    threads = [threading.Thread(target=page) for _ in range(6)]
    for thread in threads:
        thread.start()
    threading.Event().wait(0.2)
    all_here.set()
    for thread in threads:
        thread.join()
    assert kinds == [TroubleKind.OVERLOADED] * 6
    assert len(cloud.requests) == 1


def test_anothers_refused_token_does_not_speak_for_ones_own(
    nova: FakeNova, cloud: FakeServer, access: Access
) -> None:
    indexes, joined = ServerIndexes(**AT_ONCE), threading.Event()
    nova.boot("a")
    expired = replace(access, token="expired")

    def detail(handler: Any, request: Any) -> None:
        if request.headers["X-Auth-Token"] == "expired":
            joined.wait(10)
            say(401, {})(handler, request)
        else:
            nova.detail(handler, request)

    cloud.answers["/v2.1/servers/detail"] = detail
    refused: list[TroubleKind] = []
    first = threading.Thread(
        target=lambda: refused.append(refusal(lambda: indexes.servers(expired, "admin")))
    )
    first.start()
    while not cloud.requests:
        threading.Event().wait(0.005)
    threading.Timer(0.1, joined.set).start()
    assert len(indexes.servers(access, "admin").servers) == 1
    first.join()
    assert refused == [TroubleKind.LOGIN]


def test_few_scopes_are_kept_the_one_used_last_among_them(nova: FakeNova, access: Access) -> None:
    indexes = ServerIndexes(most_scopes=2)
    for scope in ("a", "b", "a", "c", "a"):
        indexes.servers(access, scope, now=lambda: nova.now)
    assert nova.lists == 3
    indexes.servers(access, "b", now=lambda: nova.now)
    assert nova.lists == 4


def test_without_a_date_from_nova_our_own_clock_counts(
    nova: FakeNova, ask: Any, cloud: FakeServer
) -> None:
    nova.writes_date = False
    nova.boot("a")
    ask()
    first = nova.now
    nova.now += timedelta(seconds=10)
    ask()
    assert nova.since[-1] == first - timedelta(seconds=OVERLAP_S)
