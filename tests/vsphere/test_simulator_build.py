"""The simulator's build and its options."""

import uuid
from pathlib import Path

import pytest

from lab.simulator import (
    Account,
    SimulatorBuildError,
    SimulatorOptions,
    build,
    ensure_wsdl,
    nova_instance_uuid,
)
from lab.simulator.patches import PATCHES
from lab.simulator.patching import Patch, PatchError, apply_patches
from tests.simulator import build_dir, running_simulator

pytestmark = pytest.mark.simulator


def test_every_patch_has_a_reason_and_fits_the_sources() -> None:
    assert all(patch.reason.endswith(".") for patch in PATCHES)

    assert apply_patches(build.SIMULATOR_PACKAGE, PATCHES).keys() == {
        patch.file for patch in PATCHES
    }


def test_a_patch_that_does_not_fit_is_named(tmp_path: Path) -> None:
    (tmp_path / "a.go").write_text("one one")

    with pytest.raises(PatchError, match=r"a\.go \(For a test\.\) matches 2 times, not 1"):
        apply_patches(tmp_path, (Patch("a.go", "For a test.", "one", "two"),))


def test_missing_sources_name_the_package_to_install(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(build, "SIMULATOR_PACKAGE", tmp_path / "nothing")

    with pytest.raises(
        SimulatorBuildError, match="apt-get install .*golang-github-vmware-govmomi"
    ):
        build.ensure_built(tmp_path)


def test_what_is_built_is_built_once() -> None:
    first = build.ensure_built(build_dir())

    assert build.ensure_built(build_dir()) == first
    assert (ensure_wsdl(build_dir()) / "vimService.wsdl").is_file()
    assert ensure_wsdl(build_dir()) == ensure_wsdl(build_dir())


def test_options_do_not_show_passwords() -> None:
    options = SimulatorOptions(password="hidden-1", accounts=(Account("a", "hidden-2"),))

    assert "hidden" not in repr(options)


@pytest.mark.parametrize(
    "wrong",
    [
        {"cert_file": Path("cert.pem")},
        {"clusters": 0},
        {"hosts_per_cluster": 0},
        {"shared_datastores": 0, "local_datastores_per_cluster": 0},
    ],
)
def test_options_that_cannot_be_are_refused(wrong: dict[str, object]) -> None:
    with pytest.raises(ValueError, match="."):
        SimulatorOptions(**wrong)  # type: ignore[arg-type]


def test_instance_uuids_are_the_same_every_time() -> None:
    assert nova_instance_uuid(0) == "976cd1d0-3dcf-5baa-9977-64782a1f28a6"
    assert uuid.UUID(nova_instance_uuid(1)).version == 5


def test_a_simulator_that_cannot_start_says_why() -> None:
    with (
        running_simulator() as first,
        pytest.raises(RuntimeError, match="did not start.*address already in use"),
        running_simulator(port=first.port),
    ):
        pass
