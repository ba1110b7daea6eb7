"""The distributions hold what they should, and serve in a stock Horizon in both documented ways."""

import json
import re
import shutil
import tarfile
import zipfile
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from tests.packaging.conftest import ROOT, Distributions, InstalledHorizon

pytestmark = [pytest.mark.packaging, pytest.mark.timeout(900)]

HERE = Path(__file__).parent
JOBS = "/admin/vmware_jobs/"  # from the journal: it asks no cloud
SNIPPET = "import vmware_panel.enabled as v; local_enabled.__path__.extend(v.__path__)\n"


def files_under(folder: str) -> set[str]:
    """Relative to the folder, without what Python and editors leave."""
    top = ROOT / folder
    return {
        str(path.relative_to(top))
        for path in top.rglob("*")
        if path.is_file() and "__pycache__" not in path.parts and not path.name.endswith("~")
    }


def expected() -> set[str]:
    package = {f"vmware_panel/{name}" for name in files_under("vmware_panel")}
    package -= compiled(package)  # if this checkout has them
    links = {
        f"vmware_panel/{folder}/{name}"
        for folder in ("static", "templates")
        for name in files_under(folder)
    }
    return package | links


def compiled(package: set[str]) -> set[str]:
    return {f"{name.removesuffix('.po')}.mo" for name in package if name.endswith(".po")}


def test_the_wheel_holds_the_package_and_nothing_else(distributions: Distributions) -> None:
    with zipfile.ZipFile(distributions.wheel) as wheel:
        names = {name for name in wheel.namelist() if ".dist-info/" not in name}
    assert names == expected() | compiled(expected())


def test_the_sdist_holds_the_package_and_what_builds_it(distributions: Distributions) -> None:
    with tarfile.open(distributions.sdist) as sdist:
        names = {m.name.partition("/")[2] for m in sdist.getmembers() if m.isfile()}
    assert expected() <= names
    assert {"pyproject.toml", "setup.cfg", "LICENSE", "README.md", "CONTRIBUTING.md"} <= names
    strays = {name.partition("/")[0] for name in names if "/" in name}
    assert strays == {"vmware_panel", "vmware_panel.egg-info"}


def by_copied_files(horizon: InstalledHorizon) -> list[Path]:
    enabled = horizon.dashboard / "local" / "enabled"
    return [
        Path(shutil.copy(path, enabled))
        for path in (horizon.plugin / "enabled").glob("_[0-9]*.py")
    ]


def by_snippet(horizon: InstalledHorizon) -> list[Path]:
    snippet = horizon.dashboard / "local" / "local_settings.d" / "_50_vmware_panel.py"
    snippet.parent.mkdir(exist_ok=True)
    snippet.write_text(SNIPPET)
    return [snippet]


@dataclass(frozen=True)
class Deployment:
    horizon: InstalledHorizon
    static_root: Path
    checked: str  # what `manage.py check` said
    seen: dict[str, Any]  # what open_pages.py printed


@pytest.fixture(
    scope="module", params=[by_copied_files, by_snippet], ids=["copied-files", "snippet"]
)
def deployed(
    request: pytest.FixtureRequest,
    horizon: InstalledHorizon,
    tmp_path_factory: pytest.TempPathFactory,
) -> Iterator[Deployment]:
    """The plugin in stock Horizon as its documentation says, static files built, pages opened."""
    settings = horizon.dashboard / "local" / "local_settings.py"
    shutil.copy(HERE / "local_settings.py", settings)
    placed = request.param(horizon)
    static_root = tmp_path_factory.mktemp("static")
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("HORIZON_STATIC_ROOT", str(static_root))
        checked = horizon.manage("check")
        horizon.manage("collectstatic", "--noinput", "--verbosity", "0")
        horizon.manage("compress", "--force", "--verbosity", "0")
        seen = static_root.parent / f"seen-{static_root.name}.json"
        horizon.run(
            str(HERE / "open_pages.py"),
            str(seen),
            " ".join(files_under("static")),
            " ".join(files_under("templates")),
        )
    yield Deployment(horizon, static_root, checked, json.loads(seen.read_text()))
    for path in [settings, *placed]:
        path.unlink()


def test_the_wheels_own_files_serve(deployed: Deployment) -> None:
    plugin = deployed.horizon.plugin
    assert deployed.seen["app"] == str(plugin)
    for kind in ("static", "templates"):
        names = files_under(kind)
        assert names, f"{kind}/ is empty"
        assert deployed.seen[kind] == {name: str(plugin / kind / name) for name in names}


def test_the_system_checks_find_nothing(deployed: Deployment) -> None:
    assert "vmware_panel." not in deployed.checked
    assert "System check identified no issues" in deployed.checked


def test_the_login_page_has_the_plugins_style(deployed: Deployment) -> None:
    assert deployed.seen["login"] == 200
    sheets = re.findall(r'href="/static/([^"]+\.css)"', deployed.seen["login_page"])
    assert ".vmware-" in "".join((deployed.static_root / name).read_text() for name in sheets)


def test_the_panels_answer_though_no_cloud_does(deployed: Deployment) -> None:
    assert "/admin/vmware_instances/" in deployed.seen["pages"]
    for address, page in deployed.seen["pages"].items():
        assert page["anonymous"] == 302, address
        assert page["admin"] == 200, address
        said = "There is no job." if address == JOBS else "127.0.0.1:9: Connection refused"
        assert said in page["text"], address
        assert "packaging-test-password" not in page["text"], address


def test_the_instance_details_have_the_tab(deployed: Deployment) -> None:
    groups = {group.rpartition(".")[2] for group, tabs in deployed.seen["tabs"].items() if tabs}
    assert groups == {"AdminInstanceDetailTabs", "InstanceDetailTabs"}
