"""Sockets and cores, against the very function of the Nova that is installed."""

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from nova import exception, objects
from nova.virt import hardware

from tests.unit.domain.builders import esx_host
from vmware_panel.domain.cloud import Flavor
from vmware_panel.domain.topology import (
    Concern,
    ConcernKind,
    TopologyError,
    TopologyFault,
    concerns,
    cpu_topology,
    mending_specs,
)

GIB = 1 << 30
objects.register_all()


def flavor(vcpus: int = 8, ram_mb: int = 4096, **specs: str) -> Flavor:
    named = {f"hw:{key}": value for key, value in specs.items()}
    return Flavor("f", "f", vcpus=vcpus, ram_mb=ram_mb, disk_gb=1, extra_specs=named)


def wishes(separator: str) -> st.SearchStrategy[dict[str, str]]:
    keys = [
        f"hw{separator}cpu_{most}{kind}"
        for most in ("", "max_")
        for kind in ("sockets", "cores", "threads")
    ]
    return st.dictionaries(st.sampled_from(keys), st.integers(0, 9).map(str), max_size=4)


@settings(deadline=None)
@given(vcpus=st.integers(1, 48), specs=wishes(":"), properties=wishes("_"))
def test_sockets_and_cores_are_those_of_nova(
    vcpus: int, specs: dict[str, str], properties: dict[str, str]
) -> None:
    theirs = objects.Flavor(vcpus=vcpus, memory_mb=4096, extra_specs=specs)
    image = objects.ImageMeta.from_dict({"properties": properties})
    ours = Flavor("f", "f", vcpus=vcpus, ram_mb=4096, disk_gb=1, extra_specs=specs)
    try:
        best = hardware.get_best_cpu_topology(theirs, image, allow_threads=False)
    except exception.NovaException as refused:
        with pytest.raises(TopologyError):
            cpu_topology(ours, properties)
        assert refused
    else:
        found = cpu_topology(ours, properties)
        assert (found.sockets, found.cores) == (best.sockets, best.cores)


def test_a_spec_that_is_no_number_is_named() -> None:
    with pytest.raises(TopologyError) as caught:
        cpu_topology(flavor(cpu_cores="two"))
    assert (caught.value.fault, caught.value.key) == (TopologyFault.NO_NUMBER, "hw:cpu_cores")


HOSTS = (
    esx_host(1, cpu_packages=2, cpu_cores=16, cpu_threads=32, numa_nodes=2, memory_bytes=64 * GIB),
)


def kinds(found: tuple[Concern, ...]) -> list[ConcernKind]:
    return [each.kind for each in found]


def test_eight_sockets_on_hosts_of_two_and_what_mends_it() -> None:
    (found,) = concerns(flavor(8), HOSTS)
    assert (found.kind, found.wanted, found.at_most) == (ConcernKind.MORE_SOCKETS, 8, 2)
    assert dict(found.mend) == {"hw:cpu_sockets": "1", "hw:cpu_cores": "8"}
    assert concerns(flavor(8, cpu_sockets="1", cpu_cores="8"), HOSTS) == ()


def test_the_mending_specs_mend() -> None:
    for vcpus in range(1, 33):
        mend = mending_specs(vcpus, 2, 8)
        if mend:
            mended = Flavor("f", "f", vcpus, 4096, 1, extra_specs=dict(mend))
            assert concerns(mended, HOSTS) == (), vcpus


@pytest.mark.parametrize(
    ("wanted", "kind"),
    [
        (flavor(1, ram_mb=1023), ConcernKind.MEMORY_STEP),
        (flavor(64, cpu_sockets="2"), ConcernKind.TOO_WIDE),
        (flavor(16, cpu_sockets="1"), ConcernKind.WIDE_SOCKET),
        (flavor(12, cpu_max_sockets="1"), ConcernKind.WIDE_SOCKET),
        (flavor(2, ram_mb=40960), ConcernKind.MEMORY_SPANS_NODES),
        (flavor(7, cpu_max_sockets="2", cpu_max_cores="2"), ConcernKind.REFUSED),
    ],
)
def test_a_shape_that_does_not_suit(wanted: Flavor, kind: ConcernKind) -> None:
    assert kind in kinds(concerns(wanted, HOSTS))


def test_hosts_that_say_nothing_are_no_reason_for_concern() -> None:
    assert concerns(flavor(128), [esx_host(1)]) == ()
