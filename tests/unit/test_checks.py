"""What `manage.py check` says of VMWARE_PANEL."""

import sys
from pathlib import Path
from typing import Any

import pytest
from django.core.checks import ERROR, WARNING, CheckMessage
from django.test import modify_settings, override_settings

from vmware_panel.checks import check_settings

WHOLE = {"host": "vc", "username": "u", "password": "p"}


def said_of(raw: object) -> list[CheckMessage]:
    with override_settings(VMWARE_PANEL=raw):
        return check_settings()


def prod(**changes: object) -> dict[str, Any]:
    return {"vcenters": {"prod": WHOLE | changes}}


def test_a_good_setting_is_passed_in_silence() -> None:
    assert said_of(prod()) == []


def test_a_fault_is_an_error_with_key_fault_and_remedy() -> None:
    (message,) = said_of(prod(prot=8443))
    assert (message.id, message.level) == ("vmware_panel.E001", ERROR)
    assert message.msg == "VMWARE_PANEL.vcenters.prod.prot is not a known key."
    assert message.hint == "Did you mean 'port'?"


def test_each_fault_is_an_error_of_its_own() -> None:
    messages = said_of({"vcenters": {"prod": {"port": "x"}}})
    assert [m.id for m in messages] == [
        "vmware_panel.E002",
        "vmware_panel.E003",
        "vmware_panel.E002",
        "vmware_panel.E002",
    ]


def test_no_vcenter_at_all_is_a_warning_that_says_what_to_write() -> None:
    nothing: tuple[object, ...] = (None, {}, {"vcenters": {}})
    for raw in nothing:
        (message,) = said_of(raw)
        assert (message.id, message.level) == ("vmware_panel.W002", WARNING)
        assert "VMWARE_PANEL = {'vcenters':" in str(message.hint)


def test_insecure_is_a_warning() -> None:
    (message,) = said_of(prod(insecure=True))
    assert (message.id, message.level) == ("vmware_panel.W001", WARNING)
    assert "VMWARE_PANEL.vcenters.prod.insecure" in message.msg


def test_a_password_file_that_is_not_there_is_a_warning(tmp_path: Path) -> None:
    path = tmp_path / "none"
    (message,) = said_of(
        {"vcenters": {"prod": {"host": "vc", "username": "u", "password_file": str(path)}}}
    )
    assert (message.id, message.level) == ("vmware_panel.W003", WARNING)
    assert str(path) in message.msg


def test_a_ca_file_that_cannot_serve_is_a_warning(tmp_path: Path) -> None:
    path = tmp_path / "ca.pem"
    (message,) = said_of(prod(ca_file=str(path)))
    assert (message.id, message.level) == ("vmware_panel.W004", WARNING)
    assert "No such file" in message.msg
    path.write_text("not a certificate")
    (message,) = said_of(prod(ca_file=str(path)))
    assert "PEM" in message.msg


MEMCACHED = {
    "BACKEND": "django.core.cache.backends.memcached.PyMemcacheCache",
    "LOCATION": "cache.invalid:11211",
    "OPTIONS": {"connect_timeout": 1, "timeout": 3, "retry_attempts": 0, "dead_timeout": 1},
}
REDIS = {
    "BACKEND": "django.core.cache.backends.redis.RedisCache",
    "LOCATION": "redis://cache.invalid:6379/1",
    "OPTIONS": {"socket_connect_timeout": 1, "socket_timeout": 3},
}


def said_of_cache(cache: dict[str, Any], mode: str = "external") -> list[CheckMessage]:
    with override_settings(CACHES={"default": cache, "vmware": cache}):
        return said_of(prod() | {"collector": {"mode": mode}, "store": {"cache": "vmware"}})


@pytest.mark.parametrize("mode", ["external", "embedded"])
@pytest.mark.parametrize("cache", [MEMCACHED, REDIS], ids=["memcached", "redis"])
def test_a_cache_that_serves_is_passed_in_silence(cache: dict[str, Any], mode: str) -> None:
    assert said_of_cache(cache, mode) == []


@pytest.mark.parametrize("mode", ["external", "embedded"])
@pytest.mark.parametrize(
    ("kind", "reason"),
    [
        ("locmem.LocMemCache", "memory of one process"),
        ("dummy.DummyCache", "keeps nothing"),
        ("filebased.FileBasedCache", "cannot keep two collectors apart"),
        ("db.DatabaseCache", "cannot keep two collectors apart"),
    ],
)
def test_a_cache_that_cannot_serve_is_an_error(
    kind: str, reason: str, mode: str, tmp_path: Path
) -> None:
    backend = {"BACKEND": f"django.core.cache.backends.{kind}", "LOCATION": str(tmp_path)}
    (message,) = said_of_cache(backend, mode)
    assert (message.id, message.level) == ("vmware_panel.E005", ERROR)
    assert reason in message.msg and "store.cache: the alias 'vmware'" in message.msg
    assert "memcached, Redis or Valkey" in str(message.hint)
    assert ("leave store.cache out" in str(message.hint)) is (mode == "embedded")
    assert said_of_cache(backend, "off") == []


@pytest.mark.parametrize(
    ("cache", "location"),
    [
        (MEMCACHED, ["a.invalid:11211", "b.invalid:11211"]),
        (MEMCACHED, "a.invalid:11211;b.invalid:11211"),
        (REDIS, ["redis://a.invalid", "redis://b.invalid"]),
        (REDIS, "redis://a.invalid,redis://b.invalid"),
    ],
)
def test_several_servers_are_a_warning(cache: dict[str, Any], location: object) -> None:
    (message,) = said_of_cache(cache | {"LOCATION": location})
    assert (message.id, message.level) == ("vmware_panel.W005", WARNING)


@pytest.mark.parametrize("cache", [MEMCACHED, REDIS], ids=["memcached", "redis"])
def test_each_deadline_that_is_missing_is_named(cache: dict[str, Any]) -> None:
    for missing in cache["OPTIONS"]:
        options = {name: value for name, value in cache["OPTIONS"].items() if name != missing}
        (message,) = said_of_cache(cache | {"OPTIONS": options})
        assert (message.id, message.level) == ("vmware_panel.W006", WARNING)
        assert str(message.hint).startswith(f"Add to its OPTIONS: '{missing}': ")
    (message,) = said_of_cache({key: cache[key] for key in ("BACKEND", "LOCATION")})
    assert all(f"'{name}'" in str(message.hint) for name in cache["OPTIONS"])


def test_a_cache_whose_client_is_not_there_is_a_warning() -> None:
    (message,) = said_of_cache({"BACKEND": "no_such_client.Cache"})
    assert (message.id, message.level) == ("vmware_panel.W007", WARNING)
    assert "no_such_client" in message.msg


def test_each_process_for_itself_needs_no_word() -> None:
    assert said_of(prod() | {"collector": {"mode": "embedded"}}) == []


REDIS = {"BACKEND": "django.core.cache.backends.redis.RedisCache", "LOCATION": "redis://vc"}


def with_jobs(jobs: dict[str, Any], backend: str = "", **others: Any) -> list[CheckMessage]:
    other = {"BACKEND": f"django.core.cache.backends.{backend}", "LOCATION": "127.0.0.1:9"}
    cache = other if backend else REDIS
    with override_settings(CACHES={"default": cache, "jobs": cache}, **others):
        return said_of({**prod(), "jobs": jobs})


def test_jobs_in_redis_are_passed_in_silence() -> None:
    assert with_jobs({"cache": "jobs"}) == []


@pytest.mark.parametrize(
    "backend", ["locmem.LocMemCache", "memcached.PyMemcacheCache", "dummy.DummyCache"]
)
def test_a_cache_that_forgets_jobs_is_an_error(backend: str) -> None:
    (message,) = with_jobs({"cache": "jobs"}, backend)
    assert (message.id, message.level) == ("vmware_panel.E006", ERROR)
    assert "VMWARE_PANEL.jobs.cache: the alias 'jobs'" in message.msg
    assert "noeviction" in str(message.hint)


def test_a_folder_of_jobs_that_others_may_write_is_a_warning(tmp_path: Path) -> None:
    assert with_jobs({"folder": str(tmp_path / "none")}) == []
    tmp_path.chmod(0o777)
    (message,) = with_jobs({"folder": str(tmp_path)})
    assert (message.id, message.level) == ("vmware_panel.W008", WARNING)
    assert "can be written by others: chmod go-w" in message.msg


@pytest.mark.parametrize(("timeout_s", "ids"), [(-1, []), (None, ["vmware_panel.W009"])])
def test_an_rq_that_would_end_long_jobs_is_a_warning(
    timeout_s: int | None, ids: list[str]
) -> None:
    queue = RQ_QUEUE | ({"DEFAULT_TIMEOUT": timeout_s} if timeout_s else {})
    with modify_settings(INSTALLED_APPS={"append": "django_rq"}):
        messages = with_jobs(
            {"cache": "jobs", "backend": "rq"},
            TASKS={"rq": {"BACKEND": RQ, "QUEUES": ["vmware_panel"]}},
            RQ_QUEUES={"default": RQ_QUEUE, "vmware_panel": queue},
        )
    assert [message.id for message in messages] == ids


RQ = "django_tasks_rq.RQBackend"
RQ_QUEUE = {"HOST": "127.0.0.1", "PORT": 9, "REDIS_CLIENT_KWARGS": {"socket_connect_timeout": 1}}
CELERY = "vmware_panel.jobs.celery_backend.CeleryBackend"


@pytest.mark.parametrize(
    ("task", "others", "statement", "hint"),
    [
        ({}, {}, "has no BACKEND", "dotted path"),
        (
            {"BACKEND": "django_tasks.backends.immediate.ImmediateBackend"},
            {},
            "within the page that begins it",
            "leave jobs.backend out",
        ),
        ({"BACKEND": "django_tasks_none.Backend"}, {}, "No module named", "install what it needs"),
        ({"BACKEND": "django_tasks_rq.None"}, {}, "cannot be loaded", "vmware-panel[jobs-rq]"),
        ({"BACKEND": CELERY}, {}, "has no queue 'vmware_panel'", "'QUEUES': ['vmware_panel']"),
        ({"BACKEND": RQ}, {"RQ_QUEUES": {}}, "django_rq app not installed", "INSTALLED_APPS"),
        ({"BACKEND": RQ}, {"RQ_QUEUES": {}}, "not configured for django-rq", "RQ_QUEUES"),
        ({"BACKEND": RQ}, {}, "You have to define RQ_QUEUES", "settings of its queue"),
        (
            {"BACKEND": "django_tasks_db.DatabaseBackend"},
            {},
            "database app not installed",
            "Insert 'django_tasks_db' in INSTALLED_APPS",
        ),
        (
            {"BACKEND": CELERY, "QUEUES": ["vmware_panel"], "OPTIONS": {"app": "celery.Celery"}},
            {},
            "OPTIONS['app'] is 'celery.Celery', which is no Celery",
            "dotted path of the application",
        ),
    ],
)
def test_a_backend_that_cannot_work_at_jobs_is_an_error_with_its_remedy(
    task: dict[str, Any], others: dict[str, Any], statement: str, hint: str
) -> None:
    messages = with_jobs({"cache": "jobs", "backend": "its"}, TASKS={"its": task}, **others)
    said = [(message.msg, str(message.hint)) for message in messages]
    assert {message.id for message in messages} >= {"vmware_panel.E007"}
    assert all("VMWARE_PANEL.jobs.backend: 'its' of TASKS" in msg for msg, _ in said[:1])
    assert any(statement in msg and hint in advice for msg, advice in said), said


def test_celery_without_a_broker_and_a_database_backend_without_a_database_are_errors() -> None:
    tasks = {"its": {"BACKEND": CELERY, "QUEUES": ["vmware_panel"]}}
    (message,) = with_jobs({"cache": "jobs", "backend": "its"}, TASKS=tasks)
    assert "has no broker" in message.msg and "CELERY_BROKER_URL" in str(message.hint)


def test_a_backend_whose_package_is_missing_is_an_error_with_its_remedy(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    for name in [name for name in sys.modules if name.startswith("vmware_panel.jobs.celery_")]:
        monkeypatch.delitem(sys.modules, name)
    monkeypatch.setitem(sys.modules, "celery", None)  # as Python marks one that is not there
    tasks = {"its": {"BACKEND": CELERY, "QUEUES": ["vmware_panel"]}}
    (message,) = with_jobs({"cache": "jobs", "backend": "its"}, TASKS=tasks)
    assert (message.id, message.level) == ("vmware_panel.E007", ERROR)
    assert "cannot be loaded" in message.msg and "celery" in message.msg
    assert "pip install 'vmware-panel[jobs-celery]'" in str(message.hint)
