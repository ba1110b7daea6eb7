"""The pages of jobs, on a real journal."""

import json
import re
from datetime import UTC, datetime
from unittest import mock

from django.test import override_settings
from openstack_dashboard.test import helpers

from tests.unit.panels.job_pages import HOSTILE, JobPages, settings, under_way, with_every_end
from vmware_panel.domain.jobs import ItemState, JobItem
from vmware_panel.domain.outcome import TroubleKind
from vmware_panel.jobs.journal import JournalError

URL = "/admin/vmware_jobs/"
JOB = f"{URL}job1/"
WAITED = r"No worker has been at it for \d+ minutes\."


class TestAMember(helpers.TestCase):
    def test_sees_no_job_and_cancels_none(self) -> None:
        with mock.patch("vmware_panel.api.jobs.journal") as asked:
            for url in (
                URL,
                f"{URL}progress",
                f"{URL}export/csv",
                JOB,
                f"{JOB}progress",
                f"{JOB}export/json",
                f"{JOB}cancel",
            ):
                assert self.client.get(url).status_code == 403, url
            assert self.client.post(f"{JOB}cancel").status_code == 403
        asked.assert_not_called()


class TestTheList(JobPages):
    def test_without_a_job_it_says_so_and_makes_no_file(self) -> None:
        assert "There is no job." in self.text(URL)
        assert not (self.folder / "jobs").exists()

    def test_a_job_with_who_what_and_how_far(self) -> None:
        with_every_end(self)
        page = self.text(URL)
        for words in ("4 images of west", "Delete from the image cache", "ada", "under way"):
            assert words in page, words
        assert "5 of 5 items: 1 done, 1 refused, 1 failed, 1 outcome unknown, 1 cancelled" in page
        assert f'href="{JOB}"' in page
        assert f'data-vmware-progress="{URL}progress"' in page

    def test_one_that_has_ended_is_not_asked_for_again(self) -> None:
        with_every_end(self).end(datetime.now(UTC))
        page = self.text(URL)
        assert "data-vmware-progress" not in page
        assert '<span class="label label-danger">ended</span>' in page

    def test_the_script_hears_of_what_is_under_way(self) -> None:
        self.add(JobItem("a", "a"), JobItem("b", "b"))
        under_way(self.claim(), 0, 40)
        said = json.loads(self.client.get(f"{URL}progress").content)
        assert said["under_way"] is True
        (source,) = said["sources"]
        assert (source["name"], source["listed"], source["expected"]) == ("job1", 0, 2)
        assert source["text"] == "0 of 2 items: 1 under way"

    def test_filters_and_exports(self) -> None:
        self.add(job_id="job1", title="first")
        self.add(job_id="job2", title="second", dry_run=True)
        self.claim("job2").end(datetime.now(UTC))
        page = self.text(f"{URL}?state=ended")
        assert "second" in page and "first" not in page
        assert "(dry run)" in page
        answer = self.client.get(f"{URL}export/json?state=waiting")
        (row,) = json.loads(b"".join(answer.streaming_content))["rows"]
        assert (row["id"], row["raw_state"], row["items"], row["done"]) == (
            "job1",
            "waiting",
            1,
            0,
        )
        answer = self.client.get(f"{URL}export/csv")
        assert b"".join(answer.streaming_content).count(b"\r\n") == 3

    def test_jobs_of_another_region_are_not_shown(self) -> None:
        self.add(vcenter="east")
        assert "There is no job." in self.text(URL)
        assert self.client.get(JOB).status_code == 404

    def test_a_journal_that_is_away_is_named(self) -> None:
        away = JournalError(TroubleKind.UNREACHABLE, "disk I/O error")
        with mock.patch("vmware_panel.api.jobs.journal", side_effect=away):
            page = self.text(URL)
            assert "Journal of jobs: it cannot be read or written." in page
            assert "disk I/O error" in page
            assert "cannot be read" in self.text(JOB)
            assert self.client.get(f"{URL}progress").status_code == 503
            assert self.client.get(f"{JOB}progress").status_code == 503
            assert self.client.get(f"{JOB}export/json").status_code == 503


class TestTheJob(JobPages):
    def test_each_item_with_its_state_and_reason(self) -> None:
        with_every_end(self).end(datetime.now(UTC))
        page = self.text(JOB)
        for words in (
            "1 item was done.",
            "1 was refused right before",
            "A disk of shop &lt;1&gt; stands on held.",
            "the account may log in, but not read this. (NoPermission)",
            "It was sent, and is not sent again by itself",
            "1 was cancelled",
            "4 KiB",
        ):
            assert words in page, words
        assert "data-vmware-progress" not in page and "vmware-cancel" not in page
        assert '<progress class="vmware-long" max="5" value="5"' in page
        assert "/admin/vmware_tasks/west/follow?" in page and "task=task-1" in page

    def test_one_under_way_shows_step_and_percent_and_renews_itself(self) -> None:
        self.add(JobItem("a", "a"), JobItem("b", "b"))
        under_way(self.claim(), 0, 40)
        page = self.text(JOB)
        assert "under way: delete, 40 %" in page
        assert f'data-vmware-progress="{JOB}progress"' in page
        assert 'value="40"' in page
        said = json.loads(self.client.get(f"{JOB}progress").content)
        assert said["under_way"] is True
        job, item = said["sources"]
        assert job["text"] == "0 of 2 items: 1 under way"
        assert item["name"] == "item 1" and item["listed"] == 40
        assert 'data-vmware-source="item 1"' in page

    def test_one_at_which_nobody_works_says_so(self) -> None:
        self.add(created_at=datetime.now(UTC))
        assert "No worker is at it just now." in self.text(JOB)

    def test_one_that_waits_for_long_says_so_and_who_works_here(self) -> None:
        self.add()
        page = self.text(JOB)
        assert re.search(WAITED, page)
        assert "Threads of the web processes work at jobs here" in page

    def test_one_that_waits_for_a_worker_names_queue_trouble_and_command(self) -> None:
        tasks = {"rq": {"BACKEND": "django_tasks_rq.RQBackend", "QUEUES": ["vmware_panel"]}}
        its = {**settings(self.folder), "jobs": {"folder": str(self.folder), "backend": "rq"}}
        self.enterContext(override_settings(TASKS=tasks, VMWARE_PANEL=its))
        self.add()
        page = self.text(JOB)
        assert "Journal of jobs: its settings do not allow to use it." in page
        assert "&#x27;rq&#x27; of TASKS: You have to define RQ_QUEUES" in page
        with mock.patch("vmware_panel.api.jobs.see_to_backend"):
            for answer, words in (
                (True, "It lies in the queue, and no worker has fetched it"),
                (False, "The queue does not have it."),
                (
                    JournalError(TroubleKind.UNREACHABLE, "ConnectionError"),
                    "ConnectionError</bdi>)",
                ),
            ):
                with mock.patch("vmware_panel.api.jobs.asked_queue", side_effect=[answer]):
                    page = self.text(JOB)
                assert re.search(WAITED, page)
                assert words in page
                assert "<code>manage.py rqworker vmware_panel --job-class" in page

    def test_one_that_is_cancelled_and_has_no_worker_says_so_too(self) -> None:
        self.add()
        self.journal.ask_cancel("job1")
        assert re.search(WAITED, self.text(JOB))
        self.claim()
        assert "No worker" not in self.text(JOB)

    def test_a_dry_run_says_that_nothing_is_sent(self) -> None:
        self.add(dry_run=True)
        assert "A dry run: every check is made, and nothing is sent." in self.text(JOB)

    def test_hostile_names_stay_names(self) -> None:
        self.add(JobItem(HOSTILE, HOSTILE), title=HOSTILE)
        for url in (URL, JOB, f"{JOB}cancel"):
            page = self.text(url)
            assert "<b>[ds1]" not in page and "\u202e" not in page, url
            assert "ng-non-bindable" in page[: page.index(">")], url
        assert "{{ 7 * 7 }} &lt;b&gt;[ds1] x" in self.text(JOB)

    def test_filters_and_exports(self) -> None:
        with_every_end(self)
        page = self.text(f"{JOB}?state=refused")
        assert "held" in page and ">gone<" not in page
        answer = self.client.get(f"{JOB}export/json")
        rows = json.loads(b"".join(answer.streaming_content))["rows"]
        assert [row["raw_state"] for row in rows] == [
            "done",
            "refused",
            "failed",
            "unknown",
            "cancelled",
        ]
        assert rows[0]["tasks"] == ["task-1"] and rows[0]["done_bytes"] == 4096
        assert rows[3]["steps"] == ["delete?"]
        answer = self.client.get(f"{JOB}export/csv?state=failed")
        assert b"NoPermission" in b"".join(answer.streaming_content)

    def test_one_that_is_not_there(self) -> None:
        for url in (JOB, f"{JOB}progress", f"{JOB}cancel", f"{JOB}export/csv"):
            assert self.client.get(url).status_code == 404, url
        assert self.client.get(f"{URL}..%2f..%2fetc/").status_code == 404

    def test_ten_thousand_items_are_shown_a_page_at_a_time(self) -> None:
        self.add(*(JobItem(f"[ds1] {n}", f"item {n}") for n in range(10_000)))
        page = self.text(JOB)
        assert page.count('<th scope="row">') <= 100
        assert "out of 10,000 in all" in page


class TestCancelling(JobPages):
    def form(self) -> dict[str, str]:
        page = self.text(JOB)
        names = ("fingerprint", "nonce")
        return {n: page.split(f'name="{n}" value="', 1)[1].split('"', 1)[0] for n in names}

    def test_the_button_cancels_and_leads_back_to_the_job(self) -> None:
        self.add()
        with self.assertLogs("vmware_panel.audit") as lines:
            answer = self.client.post(f"{JOB}cancel", self.form())
        assert (answer.status_code, answer["Location"]) == (302, JOB)
        assert self.journal.cancel_asked("job1")
        page = self.text(JOB)
        assert "being cancelled" in page and "vmware-cancel" not in page
        (line,) = lines.output
        assert 'change="job_cancel"' in line and 'job="job1"' in line

    def test_to_look_at_it_cancels_nothing(self) -> None:
        self.add()
        assert "Cancel the job" in self.text(f"{JOB}cancel")
        assert not self.journal.cancel_asked("job1")

    def test_one_that_has_ended_cannot_be(self) -> None:
        self.add()
        form = self.form()
        self.claim().end(datetime.now(UTC))
        assert self.client.post(f"{JOB}cancel", form).status_code == 409
        assert not self.journal.cancel_asked("job1")

    def test_the_same_form_again_shows_what_came_of_it(self) -> None:
        self.add()
        form = self.form()
        self.client.post(f"{JOB}cancel", form)
        answer = self.client.post(f"{JOB}cancel", form)
        assert (answer.status_code, answer["Location"]) == (302, JOB)

    def test_who_may_only_look_has_no_button(self) -> None:
        self.add()
        rules = {"vmware:jobs:list"}
        with mock.patch(
            "vmware_panel.policy.allowed", side_effect=lambda _r, rule: str(rule.value) in rules
        ):
            page = self.text(JOB)
        assert "vmware-cancel" not in page


def test_every_state_of_an_item_has_words() -> None:
    from vmware_panel.wording import item_state, item_tone

    assert len({item_state(state) for state in ItemState}) == len(ItemState)
    assert all(item_tone(state) for state in ItemState)
