"""docs/configuration.md is true: its example is read, and it names every key and every check."""

import re
from pathlib import Path

from vmware_panel import checks
from vmware_panel.config import read
from vmware_panel.settings_reader import ConfigError, FaultKind

DOCUMENT = (Path(__file__).parents[2] / "docs" / "configuration.md").read_text()
EXAMPLE = re.compile(r"```python\n(.*?)```", re.DOTALL)
NAMED = set(re.findall(r"`([^`]+)`", EXAMPLE.sub("", DOCUMENT)))


def known_keys(raw: object) -> set[str]:
    """The keys that a fault about an unknown one lists."""
    try:
        read(raw)
    except ConfigError as error:
        (known,) = (f.remedy for f in error.faults if f.kind is FaultKind.UNKNOWN_KEY)
        return set(known.removeprefix("Known are: ").split(", "))
    raise AssertionError("an unknown key was read")


def test_the_example_is_read() -> None:
    (example,) = EXAMPLE.findall(DOCUMENT)
    names: dict[str, object] = {}
    exec(example, names)  # noqa: S102
    config = read(names["VMWARE_PANEL"])
    assert [v.name for v in config.vcenters] == ["prod"]
    assert config.compute("compute-vmware-1").cache_root == "c1_base"


def test_every_key_is_described() -> None:
    odd = {"@@@@": 1}
    assert known_keys(odd) <= NAMED
    assert known_keys({"vcenters": {"prod": odd}}) <= NAMED
    assert known_keys({"computes": {"cpu1": odd}}) <= NAMED
    for part in ("collector", "store", "jobs"):
        assert {f"{part}.{key}" for key in known_keys({part: odd})} <= NAMED


def test_every_check_is_described() -> None:
    own = {value for value in vars(checks).values() if is_id(value)}
    assert len(own) == 12
    assert {str(kind) for kind in FaultKind} | own <= NAMED


def is_id(value: object) -> bool:
    return isinstance(value, str) and re.fullmatch(r"vmware_panel\.[EW]\d+", value) is not None
