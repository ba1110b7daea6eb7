"""A distribution built from a copy of the tree, and Horizon with it in an environment of its own."""

import shutil
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
NOT_SOURCE = shutil.ignore_patterns(
    ".git", ".venv", ".lab", ".cache", ".*_cache", ".hypothesis", "__pycache__", "build", "dist",
    "*.egg-info",
)  # fmt: skip


@dataclass(frozen=True)
class Distributions:
    wheel: Path
    sdist: Path


@pytest.fixture(scope="session")
def distributions(tmp_path_factory: pytest.TempPathFactory) -> Distributions:
    """Wheel and sdist; the wheel is built from the sdist, which so shows that it is whole."""
    tree = tmp_path_factory.mktemp("source") / "tree"
    shutil.copytree(ROOT, tree, symlinks=True, ignore=NOT_SOURCE)
    run([sys.executable, "-m", "build"], cwd=tree)
    (wheel,) = (tree / "dist").glob("*.whl")
    (sdist,) = (tree / "dist").glob("*.tar.gz")
    return Distributions(wheel, sdist)


@dataclass(frozen=True)
class InstalledHorizon:
    """Stock Horizon and the wheel, and nothing of this checkout."""

    folder: Path

    @property
    def python(self) -> Path:
        return self.folder / "venv" / "bin" / "python"

    @property
    def dashboard(self) -> Path:
        (found,) = (self.folder / "venv" / "lib").glob("python*/site-packages/openstack_dashboard")
        return found

    @property
    def plugin(self) -> Path:
        return self.dashboard.parent / "vmware_panel"

    def manage(self, *arguments: str) -> str:
        """What `manage.py` does in a deployment. Returns stdout and stderr."""
        return self.run(
            "-m", "django", *arguments, "--settings", "openstack_dashboard.settings"
        )  # fmt: skip

    def run(self, *arguments: str) -> str:
        return run([str(self.python), "-W", "ignore", *arguments], cwd=self.folder)


@pytest.fixture(scope="session")
def horizon(
    distributions: Distributions, tmp_path_factory: pytest.TempPathFactory
) -> InstalledHorizon:
    installed = InstalledHorizon(tmp_path_factory.mktemp("horizon"))
    run([sys.executable, "-m", "venv", str(installed.folder / "venv")], cwd=installed.folder)
    installed.run(
        "-m", "pip", "install", "--quiet", "--disable-pip-version-check", "--no-input",
        "--constraint", str(ROOT / "constraints.txt"), str(distributions.wheel),
    )  # fmt: skip
    return installed


def run(command: list[str], cwd: Path) -> str:
    done = subprocess.run(
        command,
        cwd=cwd,
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        timeout=600,
        check=False,
    )
    if done.returncode:
        pytest.fail(f"{' '.join(command)} ended with {done.returncode}:\n{done.stdout[-6000:]}")
    return done.stdout
