"""What the settings tell of a compute's cache, for the plan of a seed."""

import pytest

from vmware_panel.api.seed_looks import keeps_unused_s
from vmware_panel.config_types import ComputeConfig


@pytest.mark.parametrize(
    ("told", "age_s"),
    [
        ({}, 86_400),
        ({"remove_unused_original_minimum_age_seconds": 0}, 0),
        ({"remove_unused_original_minimum_age_seconds": 600}, 600),
        ({"remove_unused_base_images": False}, None),
        ({"manager_interval": -1}, None),
        ({"manager_interval": -7}, None),
        ({"manager_interval": 0}, 86_400),
    ],
)
def test_for_how_long_nova_keeps_what_nobody_uses(told: dict[str, int], age_s: int | None) -> None:
    assert keeps_unused_s(ComputeConfig("c1", **told)) == age_s  # type: ignore[arg-type]
