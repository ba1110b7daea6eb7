"""What hosts and clusters use lies beside the book: it moves no version, and costs one get."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.unit.store.books import NOON, VCENTER, WATCHING, Collected, at
from vmware_panel.domain.inventory import MoRef
from vmware_panel.domain.outcome import TroubleKind
from vmware_panel.domain.usage import ClusterUsage, HostUsage, Usage
from vmware_panel.store import LeaseLost, MemoryStore, StoreError
from vmware_panel.store.encoding import FormatError
from vmware_panel.store.items import Keys
from vmware_panel.store.usages import decode_usage, encode_usage

KEYS = Keys("vmware_panel", VCENTER)

moref = st.text(st.characters(exclude_categories=["Cs"]), max_size=8).map(MoRef)
number = st.none() | st.integers(-(2**63), 2**63 - 1)
usages = st.builds(
    Usage,
    st.just(VCENTER),
    st.datetimes(timezones=st.just(UTC)),
    st.lists(st.builds(HostUsage, moref, number, number, number), max_size=4).map(tuple),
    st.lists(st.builds(ClusterUsage, moref, *[number] * 11), max_size=4).map(tuple),
)


def sample(hosts: int = 2, memory_mb: int = 4096, read_at: datetime = NOON) -> Usage:
    return Usage(
        VCENTER,
        read_at,
        tuple(HostUsage(MoRef(f"host-{n}"), 700 + n, memory_mb, 86400) for n in range(hosts)),
        (ClusterUsage(MoRef("domain-c1"), hosts, hosts, 9000, 8000, 2**38, 250_000, 91, 88),),
    )


@given(usages)
def test_any_sample_comes_out_as_it_went_in(usage: Usage) -> None:
    assert decode_usage(encode_usage(usage)) == usage


def test_a_sample_whose_indexes_were_used_is_written_all_the_same() -> None:
    usage = sample()
    assert usage.by_host and usage.by_cluster
    assert decode_usage(encode_usage(usage)) == sample()


@given(st.data())
def test_what_is_no_sample_is_refused_and_never_half_read(data: st.DataObject) -> None:
    item = encode_usage(sample())
    with pytest.raises(FormatError):
        decode_usage(item[: data.draw(st.integers(0, len(item) - 1))])
    spoilt = bytearray(item)
    spoilt[data.draw(st.integers(0, 7))] ^= data.draw(st.integers(1, 255))
    with pytest.raises(FormatError):
        decode_usage(bytes(spoilt))


def test_2500_hosts_fit_into_one_item_of_memcached() -> None:
    assert len(encode_usage(sample(2500))) < 100 * 1024


def test_a_sample_is_found_and_the_book_stays_as_it_is(new_store) -> None:
    book, writer, store = Collected(), new_store().writer(VCENTER), new_store()
    assert store.usage(VCENTER) is None
    writer.sample(sample())
    assert store.usage(VCENTER) == sample()
    assert store.read(VCENTER) is None, "a sample is no book"
    writer.replace(book.whole(), WATCHING)
    before = store.read(VCENTER)
    writer.sample(sample(memory_mb=8192))
    assert store.usage(VCENTER) == sample(memory_mb=8192)
    assert store.read(VCENTER).version == before.version
    assert store.read(VCENTER).inventory is before.inventory


def test_a_warm_read_is_one_get_and_decodes_nothing(new_store, asked: list[list[str]]) -> None:
    new_store().writer(VCENTER).sample(sample())
    store = new_store()
    first = store.usage(VCENTER)
    asked.clear()
    assert store.usage(VCENTER) is first
    assert asked == [[KEYS.usage]]


def test_writing_a_sample_is_one_set(new_store, cache, asked: list[list[str]]) -> None:
    writer = new_store().writer(VCENTER)
    writer.replace(Collected().whole(), WATCHING)
    head = cache.get(KEYS.head)
    asked.clear()
    writer.sample(sample())
    assert asked == []
    assert cache.get(KEYS.head) == head


def test_who_has_lost_the_lease_writes_no_sample(new_store) -> None:
    older = new_store().writer(VCENTER)
    older.replace(Collected().whole(), WATCHING)
    newer = new_store().writer(VCENTER)
    newer.replace(Collected().whole(), WATCHING)
    with pytest.raises(LeaseLost):
        older.beat(WATCHING, None, at(1))
    newer.sample(sample())
    with pytest.raises(LeaseLost):
        older.sample(sample(memory_mb=1))
    assert new_store().usage(VCENTER) == sample()


@pytest.mark.parametrize("spoil", [lambda item: b"no", lambda item: item[:4] + b"....", bytes])
def test_what_another_release_wrote_is_named_and_not_read(new_store, cache, spoil) -> None:
    new_store().writer(VCENTER).sample(sample())
    if spoil is bytes:
        other = replace(sample(), vcenter="east")
        cache.set(KEYS.usage, encode_usage(other))
    else:
        cache.set(KEYS.usage, spoil(cache.get(KEYS.usage)))
    with pytest.raises(StoreError) as caught:
        new_store().usage(VCENTER)
    assert caught.value.trouble.kind is TroubleKind.BAD_ANSWER


def test_memory_gives_back_the_sample_itself_until_it_is_too_old() -> None:
    store = MemoryStore()
    assert store.usage(VCENTER) is None
    fresh = sample(read_at=datetime.now(UTC))
    store.writer(VCENTER).sample(fresh)
    assert store.usage(VCENTER) is fresh
    assert store.read(VCENTER) is None
    store.writer(VCENTER).sample(sample(read_at=datetime.now(UTC) - timedelta(hours=1)))
    assert store.usage(VCENTER) is None, "nobody samples any more"
