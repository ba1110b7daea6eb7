"""The pages under docs/ are true where a test can tell: links, pictures, and tables of the code."""

import re
import sys
from pathlib import Path

import pytest

from lab.cli import main as lab_main
from lab.drift import DRIFTS
from lab.settings import DEFAULT_PORTS
from vmware_panel.domain.plans import CautionKind, RefusalKind
from vmware_panel.domain.remarks import RemarkKind
from vmware_panel.domain.volumes import FindingKind
from vmware_panel.policies import DEFAULTS
from vmware_panel.wording import remark_heading, troubles
from vmware_panel.wording.volumes import finding_heading

ROOT = Path(__file__).parents[2]
DOCS = ROOT / "docs"
PAGES = [ROOT / "README.md", ROOT / "CONTRIBUTING.md", *sorted(DOCS.glob("*.md"))]
PICTURES = DOCS / "pictures"
LARGEST_PICTURE_BYTES = 200 * 1024

LINK = re.compile(r"!?\[[^\]]*\]\(([^)\s]+)\)")
PICTURE = re.compile(r"!\[([^\]]*)\]\(([^)\s]+)\)")
HEADING = re.compile(r"^#+ (.+)$", re.MULTILINE)
CODE = re.compile(r"^```.*?^```", re.MULTILINE | re.DOTALL)
REGISTRY = re.compile(r"pypi\.org|registry\.npmjs|deb\.debian", re.IGNORECASE)


def name(page: Path) -> str:
    return str(page.relative_to(ROOT))


def read(page: str) -> str:
    return (ROOT / page).read_text()


def anchors(page: Path) -> set[str]:
    """The anchors that GitHub and its kin give to a page's headings."""
    headings = HEADING.findall(CODE.sub("", page.read_text()))
    return {re.sub(r"[^\w\- ]", "", heading.lower()).replace(" ", "-") for heading in headings}


@pytest.mark.parametrize("page", PAGES, ids=name)
def test_every_link_leads_somewhere(page: Path) -> None:
    for target in LINK.findall(page.read_text()):
        if "://" in target:
            continue
        path, _, anchor = target.partition("#")
        file = (page.parent / path).resolve() if path else page
        assert file.exists(), f"{name(page)} links to {target}, which is not there"
        assert not anchor or anchor in anchors(file), f"{name(page)}: no heading for {target}"


def test_every_page_is_in_the_index() -> None:
    linked = {(DOCS / target).resolve() for target in LINK.findall(read("docs/index.md"))}
    assert set(PAGES) - {DOCS / "index.md"} <= linked


def test_every_picture_is_shown_described_and_of_a_fair_size() -> None:
    shown = set()
    for page in PAGES:
        for description, target in PICTURE.findall(page.read_text()):
            assert description, f"{name(page)}: {target} has no description"
            shown.add((page.parent / target).resolve())
    assert shown == set(PICTURES.glob("*.png"))
    for picture in sorted(shown):
        size = picture.stat().st_size
        assert size <= LARGEST_PICTURE_BYTES, f"{picture.name} has {size} bytes"


@pytest.mark.parametrize("page", PAGES, ids=name)
def test_no_page_names_a_machine_or_a_registry(page: Path) -> None:
    text = page.read_text()
    assert not REGISTRY.findall(text)
    assert str(ROOT) not in text and str(Path.home()) not in text and sys.prefix not in text


@pytest.mark.parametrize("page", PAGES, ids=name)
def test_every_target_of_make_exists(page: Path) -> None:
    targets = set(re.findall(r"^([a-z-]+):", read("Makefile"), re.MULTILINE))
    # as code: `make demo`, or indented
    named = re.findall(
        r"(?:`|^ {4,})make (?:[A-Z]+=\S+ )?([a-z-]+)", page.read_text(), re.MULTILINE
    )
    assert set(named) <= targets


def rows(page: str) -> list[list[str]]:
    """The cells of every row of the page's tables."""
    lines = [line for line in read(page).splitlines() if line.startswith("| ")]
    return [[cell.strip() for cell in line.strip("|").split(" | ")] for line in lines]


def test_the_table_of_drifts_is_complete() -> None:
    drifts = {row[0].strip("`"): row for row in rows("docs/lab.md") if len(row) == 5}
    described = {key: row for key, row in drifts.items() if key in DRIFTS}
    assert list(described) == list(DRIFTS)
    headings = {str(remark_heading(kind)) for kind in RemarkKind}
    headings |= {finding_heading(kind) for kind in FindingKind}
    for key, (_name, kind, _words, shows_as, undo) in described.items():
        drift = DRIFTS[key]
        assert kind.lower() == drift.kind
        assert (undo.strip(" |") == "yes") is (drift.undo is not None), key
        assert shows_as.partition(",")[0] in headings, key


def test_every_command_of_the_lab_is_described(capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit):
        lab_main(["--help"])
    commands = re.findall(r"^    ([a-z]+)\b", capsys.readouterr().out, re.MULTILINE)
    assert commands
    first_cells = " ".join(row[0] for row in rows("docs/lab.md"))
    assert not [command for command in commands if f"`{command}`" not in first_cells]


def test_every_port_of_the_lab_is_named() -> None:
    page = read("docs/lab.md")
    for port, number in DEFAULT_PORTS.items():
        assert f"| `{port}` | {number} |" in page


@pytest.mark.parametrize("kind", RemarkKind)
def test_every_remark_is_explained(kind: RemarkKind) -> None:
    wanted = f"**{remark_heading(kind)}** `{kind.value}`"
    (row,) = [row for row in rows("docs/admin.md") if row[0] == wanted]
    assert len(row) == 4 and all(row)


@pytest.mark.parametrize(
    "phrase",
    [
        *troubles._OF_VCENTER.values(),
        *troubles._OF_SERVICE.values(),
        *troubles._OF_STORE.values(),
        *troubles._OF_JOBS.values(),
    ],
)
def test_every_trouble_has_its_row(phrase) -> None:
    said = str(phrase.sentence).partition(": ")[2]
    assert said in [row[0] for row in rows("docs/operator.md")]


def test_every_policy_rule_is_described_with_its_default() -> None:
    described = {row[0]: row[1] for row in rows("docs/operator.md") if len(row) == 3}
    for rule in DEFAULTS:
        assert described[f"`{rule.name}`"] == f"`{rule.check_str}`"


@pytest.mark.parametrize("kind", RefusalKind)
def test_every_refusal_is_explained(kind: RefusalKind) -> None:
    (row,) = [row for row in rows("docs/changes.md") if row[0] == f"`{kind.value}`"]
    assert len(row) == 3 and all(row)


@pytest.mark.parametrize("kind", CautionKind)
def test_every_caution_is_told(kind: CautionKind) -> None:
    (row,) = [row for row in rows("docs/changes.md") if row[0] == f"`{kind.value}`"]
    assert len(row) == 2 and all(row)
