"""Recent tasks while a vCenter or Nova does not answer; only their answers are given."""

from datetime import UTC, datetime
from types import SimpleNamespace
from unittest import mock

from openstack_dashboard.test import helpers

from vmware_panel.api import tasks
from vmware_panel.api.reading import Reading
from vmware_panel.config import VCenterConfig
from vmware_panel.domain.inventory import MoRef
from vmware_panel.domain.outcome import SourceError, Trouble, TroubleKind
from vmware_panel.domain.tasks import TaskRecord, TaskState
from vmware_panel.secret import Secret

URL = "/admin/vmware_tasks/"
MISSING = "Its tasks are not among those shown."
DOUBTS = "it is told only in part which tasks are OpenStack"
VCENTERS = [VCenterConfig(name, "vc.example.org", "u", Secret("p")) for name in ("west", "blue")]
TASK = TaskRecord(
    MoRef("task-3"),
    "VirtualMachine.powerOn",
    TaskState.SUCCESS,
    entity=MoRef("vm-1"),
    entity_name="vm-1",
    queued_at=datetime.now(UTC),
)


class TestRecentTasks(helpers.BaseAdminViewTests):
    def page(self, silent: tuple[str, ...], *of_books: Trouble, nova: bool = True) -> str:
        def recent(vcenter: VCenterConfig) -> object:
            def recent_tasks(*_: object) -> tuple[TaskRecord, ...]:
                if vcenter.name in silent:
                    raise SourceError(Trouble(vcenter.name, TroubleKind.TIMEOUT, "live"))
                return (TASK,)

            return SimpleNamespace(recent_tasks=recent_tasks)

        def hypervisors(*_: object) -> tuple[()]:
            if not nova:
                raise SourceError(Trouble("nova", TroubleKind.UNREACHABLE))
            return ()

        books = SimpleNamespace(read=lambda _: Reading(troubles=of_books))
        with (
            mock.patch.object(tasks, "vcenters_of", return_value=VCENTERS),
            mock.patch.object(tasks, "client", side_effect=recent),
            mock.patch.object(tasks, "inventory_source", return_value=books),
            mock.patch.object(tasks.cloud, "hypervisors", side_effect=hypervisors),
        ):
            answer = self.client.get(URL)
            assert answer.status_code == 200
            return answer.content.decode()

    def test_a_silent_vcenter_is_named_once(self) -> None:
        html = self.page(("west",), Trouble("west", TroubleKind.TIMEOUT, "book"))
        assert html.count(MISSING) == 1 and DOUBTS not in html
        assert "vm-1" in html, "the other vCenter's task is not shown"

    def test_none_that_answers_leaves_the_reason_of_each_and_a_way_on(self) -> None:
        html = self.page(("west", "blue"), Trouble("west", TroubleKind.TIMEOUT, "book"))
        assert html.count(MISSING) == 2 and "Try again" in html

    def test_a_book_that_is_not_there_is_not_taken_for_missing_tasks(self) -> None:
        html = self.page((), Trouble("blue", TroubleKind.NOT_YET))
        assert MISSING not in html and html.count(DOUBTS) == 1

    def test_nova_is_not_said_to_have_tasks(self) -> None:
        html = self.page((), nova=False)
        assert MISSING not in html and html.count(DOUBTS) == 1
