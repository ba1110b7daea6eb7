"""The default that needs nothing, with real processes: one is killed in the midst of a job."""

import time
from pathlib import Path

from tests.jobs import samples
from tests.jobs.effects import Effects, Gate
from tests.jobs.rig import deployment, ended, processes, until
from vmware_panel.domain.jobs import ItemState
from vmware_panel.jobs.sqlite_journal import SqliteJournal


def test_another_process_goes_on(tmp_path: Path) -> None:
    journal = SqliteJournal(tmp_path / "jobs", deployment())
    effects = Effects(tmp_path / "effects")
    with processes(tmp_path, {"jobs": {"folder": str(tmp_path / "jobs")}}) as rig:
        both = [rig.web("one"), rig.web("two")]
        gate = Gate(tmp_path, "k3")
        journal.add(samples.job(tmp_path, *samples.items(8), **gate.options), None)
        until(lambda: effects.counts()["k2"], "the third item")
        first = journal.read("job1")
        assert first is not None
        killed_s = rig.kill(rig.process_of(first.worker))
        done = effects.counts().total()
        gate.open()
        until(lambda: effects.counts().total() > done, "the other process to go on")
        took_s = time.monotonic() - killed_s
        job = until(lambda: ended(journal), "the job's end")
        assert [process.poll() for process in both].count(None) == 1
    print(f"embedded: {took_s:.1f} s from SIGKILL to the next effect")
    assert {item.state for item in job.items} == {ItemState.DONE}
    assert set(effects.counts().values()) == {1}
    assert len(effects.counts()) == 8
    assert job.worker != first.worker


def test_one_that_is_asked_to_end_leaves_the_job_at_once(tmp_path: Path) -> None:
    """A restart of the web server, say: nobody waits for the claim to lapse."""
    journal = SqliteJournal(tmp_path / "jobs", deployment())
    effects = Effects(tmp_path / "effects")
    with processes(tmp_path, {"jobs": {"folder": str(tmp_path / "jobs")}}) as rig:
        one = rig.web("one")
        gate = Gate(tmp_path, "k1")
        journal.add(samples.job(tmp_path, *samples.items(4), **gate.options), None)
        until(lambda: effects.counts()["k0"], "the first item")
        one.send_signal(2)
        one.wait(120)
        assert list(journal.idle()) == ["job1"]
        gate.open()
        rig.web("two")
        job = until(lambda: ended(journal), "the job's end")
    assert {item.state for item in job.items} == {ItemState.DONE}
    assert set(effects.counts().values()) == {1}
