"""setup.cfg names every distribution that the source imports, and constraints.txt pins them."""

import ast
import configparser
import importlib.metadata
import re
import sys
from pathlib import Path

import pytest

from tests.rules.arrows import imports

ROOT = Path(__file__).parents[2]
OWN = {"vmware_panel", "lab", "tests", "benchmarks", "tools"}

SETUP = configparser.ConfigParser()
SETUP.read(ROOT / "setup.cfg")


def normal(name: str) -> str:
    """PEP 503: `oslo.policy>=4` and `oslo_policy` are `oslo-policy`."""
    return re.sub(r"[-_.]+", "-", re.split(r"[<>=!~;\[ ]", name.strip(), maxsplit=1)[0]).lower()


def named(*options: tuple[str, str]) -> set[str]:
    lines = [line for option in options for line in SETUP.get(*option).splitlines()]
    return {normal(line) for line in lines if line.strip()}


PRODUCT = ("options", "install_requires")
LAB = ("options.extras_require", "lab")
CELERY = ("options.extras_require", "jobs-celery")
TEST = ("options.extras_require", "test")


def imported(folder: str) -> dict[str, str]:
    """Top-level names of other projects, each with one module that imports it."""
    found: dict[str, str] = {}
    for path in (ROOT / folder).rglob("*.py"):
        module = ".".join(path.relative_to(ROOT).with_suffix("").parts)
        for name, _ in imports(module, ast.parse(path.read_text())):
            top = name.partition(".")[0]
            if top not in sys.stdlib_module_names and top not in OWN:
                found[top] = module
    return found


@pytest.mark.parametrize(
    ("folder", "options"),
    [
        ("vmware_panel", [PRODUCT, CELERY]),
        ("lab", [PRODUCT, LAB]),
        ("tests", [PRODUCT, LAB, TEST]),
        ("benchmarks", [PRODUCT, LAB]),
        ("tools", [PRODUCT, TEST]),
    ],
)
def test_what_is_imported_is_required(folder: str, options: list[tuple[str, str]]) -> None:
    required = named(*options)
    owners = importlib.metadata.packages_distributions()
    for name, module in imported(folder).items():
        of = {normal(owner) for owner in owners.get(name, [])}
        assert of & required, f"{module} imports {name} (of {of}): name it in setup.cfg"


def test_celery_which_a_deployment_may_not_have_is_imported_by_its_own_modules_alone() -> None:
    its_own = sorted((ROOT / "vmware_panel" / "jobs").glob("celery_*.py"))
    found = [
        path
        for path in sorted((ROOT / "vmware_panel").rglob("*.py"))
        for name, _ in imports("vmware_panel.jobs.x", ast.parse(path.read_text()))
        if name.partition(".")[0] in ("celery", "kombu") or ".celery_" in name
    ]
    assert set(found) == set(its_own)


def test_what_is_required_is_pinned() -> None:
    pinned = {normal(line) for line in (ROOT / "constraints.txt").read_text().splitlines()}
    assert named(PRODUCT, LAB, CELERY, TEST) <= pinned
