"""Following a change to its end; only vCenter's answers are given."""

import json
from datetime import UTC, datetime, timedelta
from unittest import mock
from urllib.parse import urlencode

import pytest
from django.http import QueryDict
from openstack_dashboard.test import helpers

from vmware_panel.config import VCenterConfig
from vmware_panel.domain.inventory import MoRef
from vmware_panel.domain.outcome import TroubleKind
from vmware_panel.domain.tasks import TaskRecord, TaskState
from vmware_panel.panels.changes.following import followed
from vmware_panel.secret import Secret
from vmware_panel.vsphere.errors import CannotConnect

URL = "/admin/vmware_tasks/west/follow"
TASKS = "vmware_panel.api.tasks.followed_tasks"
NAMED = "vmware_panel.panels.tasks.following.vcenter_named"
WEST = VCenterConfig(
    "west", "vc.example.org", "u", Secret.of("p") if hasattr(Secret, "of") else Secret("p")
)
NOW = datetime.now(UTC)


def task(**changes: object) -> TaskRecord:
    its = {"entity": MoRef("host-9"), "entity_name": "esx-<1>", "queued_at": NOW, **changes}
    return TaskRecord(
        MoRef("task-3"),
        "HostSystem.enterMaintenanceMode",
        its.pop("state", TaskState.RUNNING),  # type: ignore[arg-type]
        **its,  # type: ignore[arg-type]
    )


def address(path: str = URL, **query: str) -> str:
    asked = datetime.now(UTC).isoformat()
    return f"{path}?{urlencode({'task': 'task-3', 'since': asked, **query})}"


class TestAMember(helpers.TestCase):
    def test_sees_no_task(self) -> None:
        with mock.patch(TASKS) as asked:
            for url in (address(), address(f"{URL}/progress"), "/admin/vmware_tasks/"):
                assert self.client.get(url).status_code == 403, url
        asked.assert_not_called()


class TestAnAdmin(helpers.BaseAdminViewTests):
    def setUp(self) -> None:
        super().setUp()
        patch = mock.patch(NAMED, side_effect=lambda _r, name: WEST if name == "west" else None)
        patch.start()
        self.addCleanup(patch.stop)

    def page(self, *tasks: TaskRecord, url: str = "", status: int = 200) -> str:
        with mock.patch(TASKS, return_value=tasks):
            answer = self.client.get(url or address())
        assert answer.status_code == status
        return str(answer.content.decode())

    def test_what_runs_shows_how_far_it_is_and_the_script_goes_on(self) -> None:
        page = self.page(task(progress_percent=42))
        assert "Enter maintenance mode, esx-&lt;1&gt;: running, 42 %" in page
        assert 'value="42"' in page and "data-vmware-progress=" in page

    def test_what_is_done_is_said_and_nothing_is_asked_again(self) -> None:
        page = self.page(task(state=TaskState.SUCCESS, completed_at=NOW + timedelta(seconds=3)))
        assert ": done" in page and "data-vmware-progress=" not in page

    def test_a_failure_says_what_vcenter_says_escaped(self) -> None:
        page = self.page(task(state=TaskState.ERROR, error="Timedout: <script>"))
        assert "Timedout: &lt;script&gt;" in page

    def test_only_what_can_be_cancelled_has_a_button(self) -> None:
        button = "vmware-cancel"
        assert button in self.page(task(cancelable=True))
        assert button not in self.page(task(cancelable=False))
        assert button not in self.page(task(cancelable=True, state=TaskState.SUCCESS))

    def test_nothing_yet_is_waited_for_and_nothing_for_long_is_said(self) -> None:
        assert "has not begun yet" in self.page(url=address(task="", entity="vm-1"))
        old = (NOW - timedelta(hours=1)).isoformat()
        assert "shows no task" in self.page(url=address(since=old))

    def test_a_lost_answer_is_said(self) -> None:
        assert "is not sent again" in self.page(task(), url=address(lost="1"))

    def test_a_vcenter_that_is_down_leaves_progress_unknown_not_failed(self) -> None:
        gone = CannotConnect(TroubleKind.UNREACHABLE, "refused", source="west")
        with mock.patch(TASKS, side_effect=gone):
            page = self.client.get(address()).content.decode()
            script = self.client.get(address(f"{URL}/progress"))
        assert "How far it is, is unknown" in page and script.status_code == 503

    def test_a_wrong_address_names_its_parameter_and_asks_nobody(self) -> None:
        with mock.patch(TASKS) as asked:
            for wrong in ({"task": "x' or 1"}, {"since": "yesterday"}, {"task": ""}):
                page = self.client.get(address(**wrong)).content.decode()
                assert f"The parameter {next(iter(wrong))} of this address" in page
                progress = self.client.get(address(f"{URL}/progress", **wrong))
                assert progress.status_code == 400
        asked.assert_not_called()

    def test_a_vcenter_that_is_none_of_ours_is_not_there(self) -> None:
        for path in (URL, f"{URL}/progress"):
            assert self.client.get(address(path.replace("west", "east"))).status_code == 404

    def test_the_way_back_leads_nowhere_else(self) -> None:
        page = self.page(task(), url=address(next="https://evil.example.org/"))
        assert 'href="https://evil' not in page and 'href="/admin/vmware_tasks/"' in page

    def test_the_script_gets_each_task_with_its_words(self) -> None:
        with mock.patch(TASKS, return_value=(task(progress_percent=7),)):
            answer = self.client.get(address(f"{URL}/progress"))
        said = json.loads(answer.content)
        assert said["under_way"] is True and answer["Cache-Control"] == "no-store"
        (source,) = said["sources"]
        assert (source["name"], source["listed"], source["expected"]) == ("task-3", 7, 100)


@pytest.mark.parametrize(
    "query", ["", "task=task-1", "since=2026-01-01", "task=&since=2026-01-01"]
)
def test_an_address_that_lacks_something_is_no_address(query):
    with pytest.raises(ValueError, match="task|since"):
        followed(QueryDict(query))
