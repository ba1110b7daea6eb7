"""The lease, with a clock that the test moves; tests/store has it on real caches."""

import pytest

from tests.vsphere.rig import Clock
from vmware_panel.store.channel import Channel
from vmware_panel.store.lease import CacheLease

TTL_S = 5.0


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
def lease(cache, clock):
    return lambda holder: CacheLease(Channel("vmware"), "lease", holder, TTL_S, clock)


def test_one_has_it_and_the_other_gets_it_after_a_release(lease) -> None:
    first, second = lease("a"), lease("b")
    assert first.acquire() and first.held
    assert not second.acquire() and not second.held
    assert first.acquire(), "it could not be renewed"
    first.release()
    assert not first.held and second.acquire()


def test_two_of_the_same_name_are_two(lease) -> None:
    assert lease("a").acquire() and not lease("a").acquire()


def test_a_release_leaves_anothers_lease_alone(lease, cache) -> None:
    first = lease("a")
    assert first.acquire()
    cache.set("lease", b"another's")
    first.release()
    assert cache.get("lease") == b"another's"


def test_a_lapsed_holder_knows_it_without_asking(lease, clock) -> None:
    first = lease("a")
    assert first.acquire()
    clock.forward(TTL_S)
    assert not first.held


def test_a_lapsed_holder_does_not_renew_what_it_must_take_anew(lease, clock, cache) -> None:
    first = lease("a")
    assert first.acquire()
    clock.forward(TTL_S + 0.1)
    assert not first.acquire(), "its own old item still stands, and it counted on it"
    cache.delete("lease")
    assert first.acquire()


def test_a_holder_whose_item_was_lost_takes_it_anew(lease, cache) -> None:
    first, second = lease("a"), lease("b")
    assert first.acquire()
    cache.clear()
    assert first.acquire() and not second.acquire()


@pytest.mark.parametrize(("before_s", "nap_s"), [(0, TTL_S + 2), (TTL_S - 0.5, 1)])
def test_a_holder_that_slept_between_look_and_touch_does_not_believe_it(
    lease, clock, cache, monkeypatch, before_s, nap_s
) -> None:
    first = lease("a")
    assert first.acquire()
    clock.forward(before_s)
    touch = Channel.touch

    def after_a_nap(channel: Channel, key: str, ttl_s: int) -> bool:
        clock.forward(nap_s)
        cache.set(key, b"another's")  # the old item had lapsed meanwhile
        return touch(channel, key, ttl_s)

    monkeypatch.setattr(Channel, "touch", after_a_nap)
    assert not first.acquire() and not first.held
    assert cache.get("lease") == b"another's"


def test_an_answer_that_came_too_late_is_not_believed(lease, clock, monkeypatch) -> None:
    add = Channel.add

    def slow(channel: Channel, key: str, value: bytes, ttl_s: int) -> bool:
        found = add(channel, key, value, ttl_s)
        clock.forward(TTL_S + 1)
        return found

    monkeypatch.setattr(Channel, "add", slow)
    assert not lease("a").acquire()


def test_a_lease_of_less_than_memcacheds_seconds_is_refused(cache) -> None:
    with pytest.raises(ValueError, match="2.0 s"):
        CacheLease(Channel("vmware"), "lease", "a", 1.0)
