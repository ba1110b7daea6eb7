"""How long a vCenter is left alone after it failed."""

import pytest

from tests.vsphere.rig import Clock
from vmware_panel.domain.outcome import TroubleKind
from vmware_panel.vsphere.backoff import Gate
from vmware_panel.vsphere.errors import VSphereError

TRIAL_S = 5.0


def error(kind: TroubleKind) -> VSphereError:
    return VSphereError(kind, "no", source="west")


def waits_s(kind: TroubleKind, jitter: float = 1.0, failures: int = 9) -> list[float]:
    """How long the gate stays shut after each of so many failures in a row."""
    clock = Clock()
    gate = Gate(clock, lambda: jitter)
    waits = []
    for _ in range(failures):
        gate.shut(error(kind))
        shut_at_s = clock.now_s
        while True:
            try:
                gate.admit(TRIAL_S)
                break
            except VSphereError:
                clock.forward(0.1)
        waits.append(round(clock.now_s - shut_at_s, 1))
    return waits


def test_an_unreachable_vcenter_is_tried_again_within_seconds() -> None:
    assert waits_s(TroubleKind.UNREACHABLE, failures=5) == pytest.approx([1, 2, 4, 5, 5], abs=0.2)


def test_an_overloaded_vcenter_is_left_alone_ever_longer() -> None:
    assert waits_s(TroubleKind.OVERLOADED, failures=8) == pytest.approx(
        [0.8, 1.6, 3.2, 6.4, 12.8, 25.6, 30, 30], abs=0.2
    )


def test_jitter_shortens_a_wait_by_half_at_most() -> None:
    assert waits_s(TroubleKind.UNREACHABLE, jitter=0.0, failures=3) == pytest.approx(
        [0.5, 1, 2], abs=0.2
    )


@pytest.mark.parametrize("jitter", [0.0, 1.0])
def test_a_refused_login_is_never_repeated_within_less_than_its_full_wait(jitter: float) -> None:
    assert waits_s(TroubleKind.LOGIN, jitter, failures=5) == pytest.approx(
        [60, 180, 600, 900, 900], abs=0.2
    )


def test_logins_of_two_processes_stay_below_the_lock_out() -> None:
    """vCenter's SSO locks after five refused logins within 180 seconds."""
    waits = waits_s(TroubleKind.LOGIN, failures=6)
    at_s = [sum(waits[:count]) for count in range(len(waits))]
    for start in at_s:
        assert 2 * sum(start <= moment < start + 180 for moment in at_s) < 5


def test_one_is_let_through_and_the_others_wait_until_it_is_back() -> None:
    clock = Clock()
    gate = Gate(clock, lambda: 1.0)
    gate.shut(error(TroubleKind.UNREACHABLE))
    clock.forward(1.1)
    gate.admit(TRIAL_S)
    with pytest.raises(VSphereError):
        gate.admit(TRIAL_S)
    gate.open()
    gate.admit(TRIAL_S)
    gate.admit(TRIAL_S)


def test_a_caller_that_never_comes_back_does_not_keep_the_gate_shut() -> None:
    clock = Clock()
    gate = Gate(clock, lambda: 1.0)
    gate.shut(error(TroubleKind.UNREACHABLE))
    clock.forward(1.1)
    gate.admit(TRIAL_S)
    clock.forward(TRIAL_S)
    gate.admit(TRIAL_S)


def test_the_error_is_told_to_each_as_its_own() -> None:
    clock = Clock()
    gate = Gate(clock, lambda: 1.0)
    gate.shut(error(TroubleKind.LOGIN))
    told = []
    for _ in range(2):
        with pytest.raises(VSphereError) as raised:
            gate.admit(TRIAL_S)
        told.append(raised.value)
    assert told[0] is not told[1]
    assert told[0].trouble == told[1].trouble == error(TroubleKind.LOGIN).trouble
