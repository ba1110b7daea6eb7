"""The cache goes and comes back, with nothing in it."""

from tests.deployment.rig import NAME, Deployment, until


def test_a_cache_that_lost_everything_is_filled_again_without_another_list(
    deployment: Deployment,
) -> None:
    first, second = deployment.pair()
    warm, cold = deployment.webs(2)
    known = warm.page()
    for _ in range(2):
        deployment.restart_cache()
        page = warm.page()
        assert page.notes == known.notes, "a process forgot what it held"
        until(lambda: len(cold.page().notes) == 12 and not cold.page().troubles, "it", first)
        until(lambda: not warm.page().troubles, "an end of the trouble", first)
        cold = deployment.web()  # another that has read nothing
    vm = deployment.write_note("later")
    until(lambda: cold.page().notes.get(vm) == "later", "a change", first)
    assert not second.said("collecting"), "the standby took the place of one that was at work"
    assert (deployment.lists, deployment.most_sessions) == (1, 1)


def test_while_the_cache_is_down_pages_show_what_they_hold_and_name_the_store(
    deployment: Deployment,
) -> None:
    first, second = deployment.pair()
    web = deployment.web()
    known = web.page()
    deployment.cache.kill()
    for _ in range(10):
        page = web.page()
        assert page.notes == known.notes and page.read_at == known.read_at
        assert page.troubles == {("store", "unreachable")}, page.troubles
    until(lambda: first.said("; store (unreachable"), "the collector's word", first)
    until(lambda: second.said("waiting; store (unreachable"), "the standby's word", second)
    assert deployment.logins == 1, "a process that holds a book asked vCenter"
    vm = deployment.write_note("while it was down")
    deployment.cache.start()
    until(lambda: web.page().notes[vm] == "while it was down", "the change", first)
    until(lambda: not web.page().troubles, "the end of the trouble", first)
    assert (deployment.lists, deployment.most_sessions) == (1, 1)
    assert not second.said("collecting")


def test_while_the_cache_is_down_a_process_that_holds_nothing_reads_vcenter_once(
    deployment: Deployment,
) -> None:
    deployment.cache.kill()
    web = deployment.web()
    pages = [web.page() for _ in range(5)]
    assert all(len(page.notes) == 12 for page in pages)
    assert {frozenset(page.troubles) for page in pages} == {frozenset({("store", "unreachable")})}
    calls = deployment.calls_but_waiting()
    assert calls["CreateContainerView"] == 1 and deployment.sessions == 1, calls


def test_a_collector_that_begins_without_a_cache_waits_for_it(deployment: Deployment) -> None:
    deployment.cache.kill()
    collector = deployment.collector()
    until(lambda: collector.said(f"{NAME}: waiting; store (unreachable"), "its word", collector)
    assert deployment.logins == 0, "nobody knows yet whether another collects"
    deployment.cache.start()
    until(lambda: collector.said("collecting, watching"), "the list", collector)
    assert collector.terminate() == 0
