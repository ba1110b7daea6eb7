"""Wherever a worker dies, the next one goes on: nothing is lost, and nothing is done twice."""

from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from tests.jobs import samples
from tests.jobs.conftest import Rig
from tests.jobs.effects import POINTS, Effects
from vmware_panel.domain.jobs import ItemState, Job, JobState
from vmware_panel.jobs import sqlite_journal
from vmware_panel.jobs.cache_journal import CacheClaim
from vmware_panel.jobs.journal import LEASE_S
from vmware_panel.jobs.runner import MOST_ATTEMPTS
from vmware_panel.jobs.sqlite_journal import SqliteClaim, SqliteJournal

CLAIMS = {"sqlite": SqliteClaim, "redis": CacheClaim}
PLACES = [*(f"k1:{point}" for point in POINTS), "close"]


def to_the_end(rig: Rig, mortal: samples.Mortal, most: int = 20) -> Job:
    """One worker after the other; each finds the claim of the one before lapsed."""
    for number in range(most):
        if mortal.run(rig.journal, worker=f"w{number}"):
            break
        rig.lapse()
    job = rig.journal.read("job1")
    assert job is not None
    return job


@pytest.mark.parametrize("place", PLACES)
def test_a_work_that_can_find_out_does_everything_once(
    rig: Rig, place: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    mortal = samples.Mortal(monkeypatch, CLAIMS[rig.kind])
    rig.journal.add(samples.job(tmp_path, kill=place), None)
    assert not mortal.run(rig.journal)
    assert rig.journal.claim("job1", "too early") is None
    rig.lapse()
    job = to_the_end(rig, mortal)
    assert job.state is JobState.ENDED
    assert [item.state for item in job.items] == [ItemState.DONE] * 3
    assert Effects(tmp_path / "effects").counts() == {"k0": 1, "k1": 1, "k2": 1}


@pytest.mark.parametrize(
    ("place", "state"),
    [
        ("k1:begin", ItemState.DONE),
        ("k1:before_about_to", ItemState.DONE),
        ("k1:before_send", ItemState.UNKNOWN),
        ("k1:after_send", ItemState.UNKNOWN),
        ("k1:after_sent", ItemState.DONE),
        ("k1:end", ItemState.DONE),
    ],
)
def test_what_nobody_can_find_out_is_unknown_and_not_sent_again(
    rig: Rig, place: str, state: ItemState, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    mortal = samples.Mortal(monkeypatch, CLAIMS[rig.kind])
    rig.journal.add(samples.job(tmp_path, kill=place, blind="yes"), None)
    mortal.run(rig.journal)
    rig.lapse()
    job = to_the_end(rig, mortal)
    assert [item.state for item in job.items] == [ItemState.DONE, state, ItemState.DONE]
    done = Effects(tmp_path / "effects").counts()
    assert max(done.values()) == 1
    assert done["k1"] == (0 if place == "k1:before_send" else 1)


@given(
    deaths=st.lists(
        st.tuples(st.sampled_from(["k0", "k1", "k2"]), st.sampled_from(POINTS)), max_size=8
    ).map(lambda found: sorted(found, key=lambda place: place[0])),
    blind=st.booleans(),
)
@settings(
    max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
def test_any_number_of_deaths(
    deaths: list[tuple[str, str]], blind: bool, tmp_path_factory: pytest.TempPathFactory
) -> None:
    """Those that do not come to pass, as the item's end came first, keep the later ones away."""
    folder = tmp_path_factory.mktemp("deaths")
    with pytest.MonkeyPatch.context() as patch:
        samples.register(patch)
        ahead_s = [0.0]
        real = sqlite_journal.clock_s
        patch.setattr(sqlite_journal, "clock_s", lambda: real() + ahead_s[0])

        def lapse() -> None:
            ahead_s[0] += LEASE_S + 1

        rig = Rig("sqlite", SqliteJournal(folder / "jobs", samples.DEPLOYMENT), lapse)
        kill = " ".join(f"{key}:{point}" for key, point in deaths)
        rig.journal.add(samples.job(folder, kill=kill, blind="yes" if blind else ""), None)
        job = to_the_end(rig, samples.Mortal(patch, SqliteClaim))
    assert job.state is JobState.ENDED
    done = Effects(folder / "effects").counts()
    assert all(count == 1 for count in done.values())
    for item in job.items:
        if item.state is ItemState.DONE:
            assert done[item.key] == 1
        else:
            assert blind or item.attempts == MOST_ATTEMPTS


def test_an_item_that_breaks_every_worker_is_left_alone(
    rig: Rig, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    mortal = samples.Mortal(monkeypatch, CLAIMS[rig.kind])
    kill = " ".join(["k1:before_about_to"] * 10)
    rig.journal.add(samples.job(tmp_path, kill=kill), None)
    job = to_the_end(rig, mortal)
    assert [item.state for item in job.items] == [
        ItemState.DONE,
        ItemState.FAILED,
        ItemState.DONE,
    ]
    assert job.items[1].attempts == MOST_ATTEMPTS
    assert job.items[1].trouble is not None
