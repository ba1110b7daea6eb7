"""What hosts and clusters use, for the lists."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from vmware_panel.config import VCenterConfig
from vmware_panel.domain.outcome import Trouble
from vmware_panel.domain.usage import Usage


@dataclass(frozen=True)
class Usages:
    """The latest sample of each vCenter by its name; a vCenter in neither was not sampled yet."""

    by_vcenter: Mapping[str, Usage] = field(default_factory=dict)
    troubles: tuple[Trouble, ...] = ()


def read_usages(vcenters: Sequence[VCenterConfig]) -> Usages:
    """Nothing is sampled yet: what is used is unknown."""
    return Usages()
