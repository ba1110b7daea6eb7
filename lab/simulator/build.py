"""Build the simulator with ``go build -overlay``: no line of govmomi is copied into the project."""

from __future__ import annotations

import fcntl
import hashlib
import json
import os
import shutil
import subprocess
from pathlib import Path

from lab.simulator.patches import PATCHES
from lab.simulator.patching import PatchError, apply_patches

APT_PACKAGES = ("golang-go", "golang-github-vmware-govmomi-dev")
GOCODE = Path("/usr/share/gocode")
SIMULATOR_PACKAGE = GOCODE / "src/github.com/vmware/govmomi/simulator"
GO_SOURCES = Path(__file__).resolve().parent / "go"
BUILD_TIMEOUT_S = 600


class SimulatorBuildError(RuntimeError):
    """The simulator cannot be built; the message says what is missing or what broke."""


def ensure_built(build_dir: Path) -> Path:
    """Path of the simulator's binary, built below ``build_dir`` unless it is there already.

    The file's name holds a hash of the sources, of the patches and of the Debian package's
    version: a change of any of them builds anew. Safe to call from several processes at once.

    Raises :class:`SimulatorBuildError`.
    """
    go = _go()
    version = _govmomi_version()
    binary = build_dir.resolve() / f"vcentersim-{_fingerprint(version)}"
    if binary.exists():
        return binary
    binary.parent.mkdir(parents=True, exist_ok=True)
    with (binary.parent / "vcentersim.lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        if not binary.exists():
            _build(go, binary, version)
    return binary


def _go() -> str:
    go = shutil.which("go", path=f"{os.environ.get('PATH', '')}:/usr/bin")
    if go is None or not SIMULATOR_PACKAGE.is_dir():
        raise SimulatorBuildError(
            "the vCenter simulator is built from Debian's govmomi sources, which are not here: "
            f"apt-get install --no-install-recommends {' '.join(APT_PACKAGES)}"
        )
    return go


def _govmomi_version() -> str:
    query = ["dpkg-query", "--show", "--showformat=${Version}", APT_PACKAGES[1]]
    try:
        found = subprocess.run(query, check=True, capture_output=True, text=True, timeout=30)
    except (OSError, subprocess.SubprocessError):
        return "unknown"
    return found.stdout.strip()


def _fingerprint(version: str) -> str:
    digest = hashlib.sha256(version.encode())
    for source in sorted(GO_SOURCES.rglob("*.go")):
        digest.update(source.relative_to(GO_SOURCES).as_posix().encode() + b"\0")
        digest.update(source.read_bytes())
    for patch in PATCHES:
        digest.update(repr(patch).encode())
    return digest.hexdigest()[:16]


def _overlay(folder: Path, version: str) -> Path:
    """Write the mended files and the overlay that puts them and the additions in place."""
    shutil.rmtree(folder, ignore_errors=True)
    folder.mkdir(parents=True)
    replace = {
        str(SIMULATOR_PACKAGE / f"lab_{source.name}"): str(source)
        for source in sorted((GO_SOURCES / "additions").glob("*.go"))
    }
    try:
        mended = apply_patches(SIMULATOR_PACKAGE, PATCHES)
    except PatchError as error:
        raise SimulatorBuildError(f"{APT_PACKAGES[1]} {version}: {error}") from error
    for name, text in mended.items():
        (folder / name).parent.mkdir(exist_ok=True)
        (folder / name).write_text(text)
        replace[str(SIMULATOR_PACKAGE / name)] = str(folder / name)
    overlay = folder / "overlay.json"
    overlay.write_text(json.dumps({"Replace": replace}, indent=1))
    return overlay


def _build(go: str, binary: Path, version: str) -> None:
    overlay = _overlay(binary.parent / "vcentersim-overlay", version)
    unfinished = binary.with_suffix(".part")
    command = [go, "build", "-p=2", f"-overlay={overlay}", f"-o={unfinished}"]
    command += [str(source) for source in sorted((GO_SOURCES / "vcentersim").glob("*.go"))]
    environment = {
        **os.environ,
        "GO111MODULE": "off",
        "GOPATH": str(GOCODE),
        "GOFLAGS": "",
        "GOCACHE": os.environ.get("GOCACHE") or str(binary.parent / "gocache"),
    }
    try:
        done = subprocess.run(
            command,
            env=environment,
            capture_output=True,
            text=True,
            timeout=BUILD_TIMEOUT_S,
        )
    except subprocess.TimeoutExpired as error:
        raise SimulatorBuildError(
            f"go build of the vCenter simulator took more than {BUILD_TIMEOUT_S} s"
        ) from error
    if done.returncode != 0:
        raise SimulatorBuildError(
            f"go build of the vCenter simulator failed ({APT_PACKAGES[1]} {version}):\n"
            + done.stderr.strip()
        )
    for old in binary.parent.glob("vcentersim-????????????????"):
        old.unlink(missing_ok=True)
    unfinished.rename(binary)
