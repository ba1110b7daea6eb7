"""The head of a streamOptimized VMDK."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.streamed_vmdk import MIB, streamed_vmdk
from vmware_panel.domain.streamed_disk import HEAD_BYTES, NotStreamed, capacity_bytes


@given(sectors=st.integers(1, 4 * MIB // 512))
def test_the_head_tells_how_large_the_disk_is(sectors: int) -> None:
    assert capacity_bytes(streamed_vmdk(sectors * 512)[:HEAD_BYTES]) == sectors * 512


@given(head=st.binary(max_size=HEAD_BYTES))
def test_any_bytes_are_a_disk_or_are_refused(head: bytes) -> None:
    with pytest.raises(NotStreamed):
        capacity_bytes(head)


@pytest.mark.parametrize(
    ("at", "byte", "words"),
    [
        (0, 0, "does not begin as a VMDK"),
        (10, 0, "not a streamOptimized one"),  # flags
        (77, 0, "not a streamOptimized one"),  # compression
        (13, 0, "no size"),
    ],
)
def test_what_is_not_one_is_refused_with_its_reason(at: int, byte: int, words: str) -> None:
    head = bytearray(streamed_vmdk(MIB)[:HEAD_BYTES])  # 2048 sectors: byte 13 is 8
    head[at] = byte
    with pytest.raises(NotStreamed, match=words):
        capacity_bytes(bytes(head))
