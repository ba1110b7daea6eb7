"""Two collectors and two web processes: one session at vCenter for all lists."""

from tests.deployment.rig import NAME, Deployment, frozen, until

READS = 20


def test_the_whole_deployment_has_one_session_and_pages_cost_vcenter_nothing(
    deployment: Deployment,
) -> None:
    first, second = deployment.pair()
    webs = deployment.webs(3)
    for web in webs:
        page = web.page()
        assert len(page.notes) == 12 and not page.troubles, page
    assert (deployment.sessions, deployment.most_sessions, deployment.logins) == (1, 1, 1)
    before = deployment.calls_but_waiting()
    for _ in range(READS):
        for web in webs:
            assert not web.page().troubles
    assert deployment.calls_but_waiting() == before, "pages asked vCenter"
    assert deployment.most_sessions == 1 and deployment.lists == 1
    assert not second.said("collecting"), second


def test_a_change_in_vcenter_shows_in_every_web_process(deployment: Deployment) -> None:
    collector = deployment.collecting()
    webs = deployment.webs(2)
    for text in ("first change", "second change"):
        vm = deployment.write_note(text)
        for web in webs:
            until(lambda web=web: web.page().notes[vm] == text, f"the {text}", collector)
    assert deployment.lists == 1, "everything was listed again for a change"


def test_a_web_process_reads_no_more_than_what_is_new(deployment: Deployment) -> None:
    collector = deployment.collecting()
    ahead, behind = deployment.webs(2)
    known = behind.page().version
    with frozen(collector):
        before = deployment.keys_asked()
        for _ in range(READS):
            behind.page()
        # The head and the refresh that may be asked for, in one call.
        assert deployment.keys_asked() - before == 2 * READS
    vm = deployment.write_note("changed")
    until(lambda: ahead.page().notes[vm] == "changed", "the change", collector)
    with frozen(collector):
        before = deployment.keys_asked()
        page = behind.page()
        assert page.notes[vm] == "changed"
        changes = _number(page.version) - _number(known)
        assert changes > 0 and page.version.partition(".")[0] == known.partition(".")[0]
        assert deployment.keys_asked() - before == 2 + changes, "more than the changes was read"


def test_before_anything_was_collected_pages_say_so_and_ask_nobody(deployment: Deployment) -> None:
    page = deployment.web().page()
    assert page.notes == {} and page.troubles == {(NAME, "no_collector")}
    assert deployment.logins == 0


def _number(version: str) -> int:
    return int(version.partition(".")[2])
