"""A base in parts comes together as it was cut, or not at all."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from vmware_panel.store.items import PART_BYTES, DamageError, Keys, cut, joined

KEYS = Keys("store", "prod")
BASE = "00112233aabbccdd"
DATA = bytes(range(256)) * (2 * PART_BYTES // 256) + b"the last part"
ITEMS = cut(KEYS, BASE, 3, DATA)


def test_what_was_cut_comes_together_again() -> None:
    assert b"".join(joined(KEYS, BASE, 3, len(ITEMS), ITEMS)) == DATA


@given(st.data())
def test_an_item_whose_bytes_were_changed_is_refused(data: st.DataObject) -> None:
    key = data.draw(st.sampled_from(sorted(ITEMS)))
    changed = bytearray(ITEMS[key])
    changed[data.draw(st.integers(0, len(changed) - 1))] ^= data.draw(st.integers(1, 255))
    with pytest.raises(DamageError):
        joined(KEYS, BASE, 3, len(ITEMS), {**ITEMS, key: bytes(changed)})


@pytest.mark.parametrize("key", sorted(ITEMS))
def test_an_item_that_is_missing_or_cut_off_is_noticed(key: str) -> None:
    for found in ({k: v for k, v in ITEMS.items() if k != key}, {**ITEMS, key: ITEMS[key][:-1]}):
        with pytest.raises(DamageError):
            joined(KEYS, BASE, 3, len(ITEMS), found)
