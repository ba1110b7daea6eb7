"""The collector that is at work goes, and the standby takes its place."""

import signal
import time
from collections.abc import Callable
from contextlib import ExitStack

import pytest
from django.test import override_settings

from lab.simulator import SessionObjects
from tests.deployment.rig import NAME, Deployment, Process, Web, frozen, until
from tests.store.servers import ALIAS
from vmware_panel.collecting.keeper import LEASE_TTL_S
from vmware_panel.store import CacheStore

NOTHING = SessionObjects(collectors=0, filters=0, views=0, waits=0, pages=0)
SLACK_S = 45  # of a machine that is busy


def test_after_sigkill_the_standby_takes_over_and_pages_show_the_old_book_meanwhile(
    deployment: Deployment, record_property: Callable[[str, object], None]
) -> None:
    first, second = deployment.pair()
    webs = deployment.webs(2)
    vm = deployment.write_note("before")
    for web in webs:
        until(lambda web=web: web.page().notes[vm] == "before", "the change", first)
    first.kill()
    killed_s = time.monotonic()
    for web in webs:
        page = web.page()
        assert page.notes[vm] == "before" and page.read_at is not None
    deployment.write_note("after")
    while not second.said("collecting, watching"):
        for web in webs:
            page = web.page()
            assert page.notes[vm] in ("before", "after") and page.read_at is not None
        assert time.monotonic() - killed_s < LEASE_TTL_S + SLACK_S, second
        time.sleep(0.1)
    record_property("takeover_s", round(time.monotonic() - killed_s, 1))
    for web in webs:
        until(lambda web=web: web.page().notes[vm] == "after", "the new book", second)
        assert not web.page().troubles
    # The dead one could not log out: vCenter ends its session after the idle limit.
    assert deployment.sessions == 2 and deployment.logins == 2 and deployment.lists == 2
    deployment.control.expire_sessions()
    until(lambda: deployment.logins == 3, "the new session", second)
    assert deployment.sessions == 1
    assert second.terminate() == 0
    assert deployment.sessions == 0


def test_sigterm_ends_cleanly_and_the_standby_takes_over_at_once(
    deployment: Deployment, record_property: Callable[[str, object], None]
) -> None:
    first, second = deployment.pair()
    with frozen(second):  # nobody else takes what is given back
        told_s = time.monotonic()
        assert first.terminate() == 0, first
        ended_s = time.monotonic()
        with override_settings(CACHES=deployment.caches):
            free = CacheStore(ALIAS).lease(NAME, "a test", LEASE_TTL_S).free()
        assert free, "the lease was not given back"
    assert first.lines[-1] == f"{NAME}: stopped" and "Traceback" not in str(first), first
    until(lambda: second.said("collecting, watching"), "the takeover", second)
    record_property("end_s", round(ended_s - told_s, 1))
    record_property("takeover_s", round(time.monotonic() - ended_s, 1))
    assert deployment.sessions == 1 and deployment.most_sessions == 1
    assert second.terminate() == 0


def test_after_sigterm_nothing_is_left_at_vcenter_and_pages_say_that_nobody_collects(
    deployment: Deployment,
) -> None:
    collector = deployment.collecting()
    web = deployment.web()
    assert web.page().state == "watching"
    assert collector.terminate() == 0
    assert deployment.sessions == 0
    assert deployment.control.objects() == NOTHING
    page = web.page()
    assert page.state == "stopped" and page.troubles == {(NAME, "no_collector")}
    assert len(page.notes) == 12 and page.read_at is not None


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
def test_a_signal_ends_it_in_the_middle_of_a_list(one_cache: Deployment, number: int) -> None:
    one_cache.control.limit_pages(10)
    one_cache.control.delay(1500, "WaitForUpdatesEx")
    collector = one_cache.collector()
    until(lambda: collector.said("collecting, listing"), "the list", collector)
    collector.tell(number)
    assert collector.wait() == 0, collector
    one_cache.control.delay(0, "WaitForUpdatesEx")
    assert one_cache.sessions == 0 and one_cache.control.objects() == NOTHING


def test_a_standby_has_no_session_and_ends_at_once(one_cache: Deployment) -> None:
    first, second = one_cache.pair()
    assert second.terminate() == 0
    assert not first.said("standby") and one_cache.logins == 1


def test_embedded_web_processes_that_share_a_store_have_one_collector(
    deployment: Deployment, record_property: Callable[[str, object], None]
) -> None:
    deployment.config["collector"]["mode"] = "embedded"
    webs = deployment.webs(3)
    for web in webs:
        until(lambda web=web: len(web.page().notes) == 12, "the book", web.process)
        assert not web.page().troubles
    assert (deployment.sessions, deployment.most_sessions, deployment.lists) == (1, 1, 1)
    processes = [web.process for web in webs]
    until(lambda: any(map(_collects, processes)), "one to say that it collects", *processes)
    collecting = [web for web in webs if _collects(web.process)]
    assert len(collecting) == 1, [str(web.process) for web in webs]
    others = [web for web in webs if web not in collecting]
    with ExitStack() as stack:
        for web in others:  # neither has taken over when the sessions are counted
            stack.enter_context(frozen(web.process))
        assert collecting[0].process.terminate() == 0, collecting[0].process
        assert deployment.sessions == 0, "the web process left its session behind"
    vm = deployment.write_note("after")
    for web in others:
        until(lambda web=web: web.page().notes[vm] == "after", "the takeover", web.process)
    assert (deployment.sessions, deployment.most_sessions, deployment.lists) == (1, 1, 2)
    _kill_the_one_that_collects(deployment, others)


def _kill_the_one_that_collects(deployment: Deployment, webs: list[Web]) -> None:
    processes = [web.process for web in webs]
    until(lambda: any(map(_collects, processes)), "one to say that it collects", *processes)
    (collecting,) = [web for web in webs if _collects(web.process)]
    (last,) = [web for web in webs if web is not collecting]
    collecting.process.kill()
    vm = deployment.write_note("at the end")
    until(lambda: last.page().notes[vm] == "at the end", "the last one's list", last.process)


def _collects(process: Process) -> bool:
    return any("this process collects" in line for line in process.errors)
