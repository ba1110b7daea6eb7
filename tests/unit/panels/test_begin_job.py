"""A change that is made by a job: begun once, written down, and the page leads to it."""

import logging
import sqlite3
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any
from unittest import mock

from django.http import HttpResponse
from django.test import RequestFactory, override_settings

from tests.unit.changes import SampleChange
from tests.unit.panels.job_pages import JobPages, settings
from vmware_panel.api import changing, jobs
from vmware_panel.api.changing import Made, Verdict
from vmware_panel.domain.jobs import Job, JobItem, JobKind, JobState
from vmware_panel.domain.outcome import TroubleKind
from vmware_panel.domain.plans import Plan
from vmware_panel.jobs import sealing
from vmware_panel.jobs.journal import JournalError
from vmware_panel.panels.changes.views import ChangeView
from vmware_panel.policies import Rule

ITEMS = (JobItem("[ds1] a", "a"), JobItem("[ds1] b", "b"))


class JobChange(SampleChange):
    def __init__(self, request: Any) -> None:
        super().__init__()
        self.request = request

    def make(self, plan: Plan) -> Made:
        self.sent += 1
        job = jobs.begin(self.request, JobKind.CACHE_PURGE, "west", "2 images", ITEMS, {"a": "b"})
        return Made(job=job)


class TestBeginning(JobPages):
    def begin(self) -> Job:
        job_id = jobs.begin(
            self.request, JobKind.CACHE_PURGE, "west", "2 images", ITEMS, {"way": "now"}
        )
        job = self.journal.read(job_id)
        assert job is not None
        return job

    def test_it_is_written_down_with_who_asked(self) -> None:
        job = self.begin()
        assert (job.state, job.title, job.items) == (JobState.WAITING, "2 images", ITEMS)
        assert job.options == {"way": "now"}
        assert (job.asker.user_name, job.asker.user_id) == (self.user.name, self.user.id)
        assert self.journal.enqueued_as(job.id) == "result-1"

    def test_a_queue_that_is_away_loses_nothing(self) -> None:
        away = JournalError(TroubleKind.UNREACHABLE, "ConnectionError")
        with mock.patch("vmware_panel.jobs.watcher.enqueue", side_effect=away):
            job = self.begin()
        assert list(self.journal.idle()) == [job.id]

    def test_a_backend_that_cannot_work_at_it_begins_nothing_and_says_what_to_do(self) -> None:
        its = {**settings(self.folder), "jobs": {"folder": str(self.folder), "backend": "q"}}
        tasks = {"q": {"BACKEND": "django_tasks_rq.None", "QUEUES": ["vmware_panel"]}}
        with override_settings(TASKS=tasks, VMWARE_PANEL=its):
            change = JobChange(self.request)
            fingerprint = change.plan().fingerprint
            result = changing.carry_out(self.request, change, fingerprint, changing.new_nonce())
            assert self.journal.summaries() == ()
        assert result.verdict is Verdict.FAILED
        assert result.trouble is not None
        detail = result.trouble.detail
        assert detail.startswith("VMWARE_PANEL.jobs.backend: 'q' of TASKS cannot be loaded")
        assert "pip install 'vmware-panel[jobs-rq]'" in detail

    def test_a_journal_that_is_away_begins_nothing(self) -> None:
        away = JournalError(TroubleKind.UNREACHABLE, "disk I/O error")
        with mock.patch("vmware_panel.jobs.sqlite_journal.SqliteJournal.add", side_effect=away):
            change = JobChange(self.request)
            fingerprint = change.plan().fingerprint
            result = changing.carry_out(self.request, change, fingerprint, changing.new_nonce())
        assert result.verdict is Verdict.FAILED
        assert self.journal.summaries() == ()

    def test_two_items_of_one_name_are_a_fault_of_the_program(self) -> None:
        with self.assertRaisesRegex(ValueError, "same key"):
            jobs.begin(self.request, JobKind.CACHE_PURGE, "west", "x", (ITEMS[0], ITEMS[0]))

    def test_the_change_leads_to_the_job_also_a_second_time(self) -> None:
        change = JobChange(self.request)

        class View(ChangeView):
            rule = Rule.PURGE_IMAGE_CACHE

            def change(self, choices: Any, details: Any) -> Any:
                return change

            def back_url(self) -> str:
                return "/admin/"

        nonce = changing.new_nonce()
        form = {"fingerprint": change.plan().fingerprint, "nonce": nonce}
        answers: list[HttpResponse] = []
        with self.assertLogs("vmware_panel.audit") as lines:
            for _ in range(2):
                request = RequestFactory().post("/x", form)
                request.user, request.session = self.request.user, self.request.session
                request._messages = mock.MagicMock()
                request.horizon = {"async_messages": []}
                change.request = request
                answers.append(View.as_view()(request))
        (summary,) = self.journal.summaries()
        where = f"/admin/vmware_jobs/{summary.job.id}/"
        assert [(a.status_code, a["Location"]) for a in answers] == [(302, where)] * 2
        assert change.sent == 1
        (line,) = lines.output
        assert f'job="{summary.job.id}"' in line


class TestTheToken(JobPages):
    """What the asker's token is kept in shows it to nobody."""

    def begin(self) -> str:
        return jobs.begin(self.request, JobKind.CACHE_SEED, "west", "x", ITEMS)

    @property
    def secret(self) -> str:
        token: str = self.request.user.token.id
        assert len(token) > 8
        return token

    def files(self) -> bytes:
        return b"".join(p.read_bytes() for p in (self.folder / "jobs").iterdir())

    def test_it_comes_back_to_a_worker_and_stands_in_no_file_page_or_log(self) -> None:
        with self.assertLogs(level=logging.DEBUG) as logs:
            logging.getLogger("vmware_panel").debug("begun")
            job_id = self.begin()
        sealed = self.journal.sealed(job_id)
        assert sealed is not None
        access = sealing.unseal(sealed)
        assert access is not None and access.token == self.secret
        assert dict(access.endpoints)
        assert self.secret not in repr(access)
        assert self.secret.encode() not in self.files()
        (path,) = Path(self.folder, "jobs").glob("*.sqlite3")
        with sqlite3.connect(path) as db:
            dump = "\n".join(db.iterdump())
        assert self.secret not in dump and "2 images" not in dump
        assert self.secret.encode().hex().upper() not in dump.upper()
        assert self.secret not in "\n".join(logs.output)
        job = self.journal.read(job_id)
        assert self.secret not in repr(job)
        url = f"/admin/vmware_jobs/{job_id}/"
        for page in (url, f"{url}progress", f"{url}cancel"):
            assert self.secret not in self.client.get(page).content.decode()
        answer = self.client.get(f"{url}export/json")
        assert self.secret.encode() not in b"".join(answer.streaming_content)

    def test_with_the_end_of_the_job_it_is_gone(self) -> None:
        job_id = self.begin()
        sealed = self.journal.sealed(job_id)
        assert sealed is not None and sealed in self.files()
        claim = self.claim(job_id)
        claim.end(datetime.now(UTC))
        claim.release()
        assert self.journal.sealed(job_id) is None
        assert sealed not in self.files()

    def test_an_expired_one_is_none(self) -> None:
        access = jobs.access_of(self.request)
        gone = datetime.now(UTC) - timedelta(seconds=1)
        assert sealing.unseal(sealing.seal(access, gone)) is None
        later = datetime.now(UTC) + timedelta(hours=1)
        assert sealing.unseal(sealing.seal(access, later)) is not None

    def test_the_end_of_the_token_is_known(self) -> None:
        self.request.user.token.expires = datetime.now(UTC) - timedelta(seconds=1)
        sealed = self.journal.sealed(self.begin())
        assert sealed is not None and sealing.unseal(sealed) is None

    def test_another_secret_key_cannot_read_it_and_an_older_one_can(self) -> None:
        sealed = self.journal.sealed(self.begin())
        assert sealed is not None
        with self.settings(SECRET_KEY="another"):
            assert sealing.unseal(sealed) is None
            assert self.journal.summaries() == ()  # nor are another Horizon's jobs its own
        from django.conf import settings

        with self.settings(SECRET_KEY="another", SECRET_KEY_FALLBACKS=[settings.SECRET_KEY]):
            assert sealing.unseal(sealed) is not None
        assert sealing.unseal(b"nothing of ours") is None
