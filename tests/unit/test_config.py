"""VMWARE_PANEL: what is read, and that every fault names its key and a remedy."""

import dataclasses
import re
import traceback
from pathlib import Path
from typing import Any

import pytest
from django.test import override_settings
from hypothesis import given
from hypothesis import strategies as st

from vmware_panel import config
from vmware_panel.config import (
    CollectorMode,
    ConfigError,
    ConfigFault,
    JobsConfig,
    get_config,
    read,
)
from vmware_panel.settings_reader import FaultKind

PASSWORD = "pa55-w0rd-nobody-may-see"


def vcenter(**changes: object) -> dict[str, Any]:
    """A whole description of one vCenter; a change to `...` removes the key."""
    whole: dict[str, object] = {
        "host": "vcenter.example.org",
        "username": "horizon@vsphere.local",
        "password": PASSWORD,
    }
    whole.update(changes)
    return {key: value for key, value in whole.items() if value is not ...}


def prod(**changes: object) -> dict[str, Any]:
    return {"vcenters": {"prod": vcenter(**changes)}}


def compute(**keys: object) -> dict[str, Any]:
    return {"computes": {"cpu1": keys}}


def faults_of(raw: object, **kwargs: Any) -> tuple[config.ConfigFault, ...]:
    with pytest.raises(ConfigError) as caught:
        read(raw, **kwargs)
    return caught.value.faults


def test_defaults() -> None:
    (found,) = read(prod()).vcenters
    assert (found.name, found.host, found.port) == ("prod", "vcenter.example.org", 443)
    assert found.username == "horizon@vsphere.local"
    assert found.password.reveal() == PASSWORD
    assert (found.ca_file, found.insecure, found.region) == (None, False, None)
    assert (found.connect_timeout_s, found.read_timeout_s, found.list_timeout_s) == (5, 20, 60)
    assert found.web_url == "https://vcenter.example.org"


def test_everything_given() -> None:
    found = read(
        {
            "vcenters": {
                "prod": vcenter(
                    port=8443,
                    ca_file="/etc/ssl/vcenter.pem",
                    connect_timeout_s=1,
                    read_timeout_s=2.5,
                    list_timeout_s=90,
                    region="RegionOne",
                    web_url="https://vsphere.example.org/ui/",
                )
            },
            "computes": {"cpu1": {"cache_prefix": "c1", "datastore_regex": "^ssd-"}},
            "collector": {
                "mode": "external",
                "relist_interval_s": 600,
                "stale_after_s": 60,
                "scan_interval_s": 7200,
                "scan_timeout_s": 900,
            },
            "store": {"cache": "shared"},
        },
        cache_aliases={"default", "shared"},
    )
    (only,) = found.vcenters
    assert (only.port, only.ca_file, only.region) == (8443, "/etc/ssl/vcenter.pem", "RegionOne")
    assert (only.connect_timeout_s, only.read_timeout_s, only.list_timeout_s) == (1, 2.5, 90)
    assert only.web_url == "https://vsphere.example.org/ui"
    pattern = found.compute("cpu1").datastore_regex
    assert pattern and pattern.match("ssd-1") and not pattern.match("old-ssd-1")
    assert found.collector.mode is CollectorMode.EXTERNAL
    assert (found.collector.relist_interval_s, found.collector.stale_after_s) == (600, 60)
    assert (found.collector.scan_interval_s, found.collector.scan_timeout_s) == (7200, 900)
    assert found.store.cache == "shared"


@pytest.mark.parametrize(("seconds", "faulty"), [(0, False), (1, True), (299, True), (300, False)])
def test_datastores_are_searched_now_and_then_or_only_when_asked_for(
    seconds: int, faulty: bool
) -> None:
    raw = {"collector": {"scan_interval_s": seconds}}
    if faulty:
        with pytest.raises(ConfigError, match="collector.scan_interval_s is neither 0 nor"):
            read(raw)
    else:
        assert read(raw).collector.scan_interval_s == seconds


@pytest.mark.parametrize("raw", [None, {}, {"vcenters": {}}, {"vcenters": None}])
def test_no_vcenter_is_a_configuration_too(raw: object) -> None:
    assert read(raw).vcenters == ()


@pytest.mark.parametrize(
    ("host", "port", "url"),
    [
        ("vc", 443, "https://vc"),
        ("vc", 8443, "https://vc:8443"),
        ("2001:db8::1", 443, "https://[2001:db8::1]"),
        ("2001:db8::1", 8443, "https://[2001:db8::1]:8443"),
        ("192.0.2.7", 443, "https://192.0.2.7"),
    ],
)
def test_the_web_address_follows_host_and_port(host: str, port: int, url: str) -> None:
    assert read(prod(host=host, port=port)).vcenters[0].web_url == url


def test_vcenters_for_region() -> None:
    found = read(
        {
            "vcenters": {
                "one": vcenter(host="one", region="RegionOne"),
                "two": vcenter(host="two", region="RegionTwo"),
                "all": vcenter(host="all"),
            }
        }
    )
    assert [v.name for v in found.vcenters_for_region("RegionOne")] == ["one", "all"]
    assert [v.name for v in found.vcenters_for_region("RegionThree")] == ["all"]
    assert [v.name for v in found.vcenters_for_region(None)] == ["all"]
    assert found.vcenter("two") is found.vcenters[1]
    assert found.vcenter("three") is None


@pytest.mark.parametrize(
    ("keys", "root"),
    [
        ({"cache_prefix": "c1"}, "c1_base"),
        ({"my_ip": "10.0.0.5"}, "10.0.0.5_base"),
        ({"cache_prefix": "c1", "my_ip": "10.0.0.5"}, "c1_base"),
        ({}, None),
        # Without ageing Nova has one cache for all (`vmops._get_base_folder`).
        ({"my_ip": "10.0.0.5", "remove_unused_base_images": False}, "_base"),
        ({"remove_unused_base_images": False}, "_base"),
        ({"cache_prefix": "c1", "remove_unused_base_images": False}, "c1_base"),
        ({"my_ip": "10.0.0.5", "remove_unused_base_images": True}, "10.0.0.5_base"),
    ],
)
def test_the_cache_root_is_named_as_nova_names_it(
    keys: dict[str, str | bool], root: str | None
) -> None:
    assert read(compute(**keys)).compute("cpu1").cache_root == root


@pytest.mark.parametrize(
    ("keys", "other"),
    [
        ({"my_ip": "10.0.0.5"}, "_base"),
        ({"my_ip": "10.0.0.5", "remove_unused_base_images": True}, None),
        ({"my_ip": "10.0.0.5", "remove_unused_base_images": False}, None),
        ({"cache_prefix": "c1", "my_ip": "10.0.0.5"}, None),
        ({}, None),
    ],
)
def test_what_is_not_told_of_ageing_leaves_open_which_root_it_is(
    keys: dict[str, str | bool], other: str | None
) -> None:
    assert read(compute(**keys)).compute("cpu1").other_cache_root == other


def test_what_a_compute_reserves_is_unknown_unless_told() -> None:
    told = read(compute(reserved_host_memory_mb=0, reserved_host_disk_mb=1024)).compute("cpu1")
    assert (told.reserved_host_memory_mb, told.reserved_host_disk_mb) == (0, 1024)
    assert told.reserved_host_cpus is None


def test_how_a_compute_ages_its_cache_is_unknown_unless_told() -> None:
    told = read(
        compute(
            remove_unused_base_images=False,
            remove_unused_original_minimum_age_seconds=0,
            manager_interval=-1,
        )
    ).compute("cpu1")
    assert told.remove_unused_base_images is False
    assert told.remove_unused_original_minimum_age_seconds == 0
    assert told.manager_interval == -1
    untold = read(compute(cache_prefix="c1")).compute("cpu1")
    assert untold.remove_unused_base_images is None
    assert untold.remove_unused_original_minimum_age_seconds is None
    assert untold.manager_interval is None


def test_a_compute_that_is_not_named_has_what_is_written_for_any() -> None:
    found = read({"computes": {"*": {"datastore_regex": "ds"}, "cpu1": {"cache_prefix": "c1"}}})
    assert found.compute("cpu1").datastore_regex is None
    pattern = found.compute("cpu2").datastore_regex
    assert pattern and pattern.pattern == "ds"
    nothing = read({}).compute("cpu2")
    assert (nothing.host, nothing.cache_root, nothing.datastore_regex) == ("cpu2", None, None)


BAD: list[tuple[object, str, str, FaultKind]] = [
    ("junk", "", "{...}", FaultKind.BAD_VALUE),
    ([], "", "{...}", FaultKind.BAD_VALUE),
    ({"vcenter": {}}, "vcenter", "Did you mean 'vcenters'?", FaultKind.UNKNOWN_KEY),
    ({7: {}}, "", "Known are", FaultKind.UNKNOWN_KEY),
    ({"vcenters": [vcenter()]}, "vcenters", "{'prod'", FaultKind.BAD_VALUE),
    ({"vcenters": {1: vcenter()}}, "vcenters", "{'prod'", FaultKind.BAD_VALUE),
    ({"vcenters": {"": vcenter()}}, "vcenters", "{'prod'", FaultKind.BAD_VALUE),
    ({"vcenters": {"prod": "vc"}}, "vcenters.prod", "{...}", FaultKind.BAD_VALUE),
    ({"vcenters": {"a b": vcenter()}}, "vcenters.a b", "letters", FaultKind.BAD_VALUE),
    ({"vcenters": {"a/b": vcenter()}}, "vcenters.a/b", "letters", FaultKind.BAD_VALUE),
    ({"vcenters": {"nova": vcenter()}}, "vcenters.nova", "another name", FaultKind.CONFLICT),
    (prod(host=...), "vcenters.prod.host", "vcenter.example.org", FaultKind.MISSING),
    (prod(host=""), "vcenters.prod.host", "vcenter.example.org", FaultKind.BAD_VALUE),
    (prod(host=5), "vcenters.prod.host", "vcenter.example.org", FaultKind.BAD_VALUE),
    (prod(host="https://vc"), "vcenters.prod.host", "only the name", FaultKind.BAD_VALUE),
    (prod(host="vc:443"), "vcenters.prod.host", "'port'", FaultKind.BAD_VALUE),
    (prod(host=" vc"), "vcenters.prod.host", "Remove the space", FaultKind.BAD_VALUE),
    (prod(port="443"), "vcenters.prod.port", "without quotes", FaultKind.BAD_VALUE),
    (prod(port=0), "vcenters.prod.port", "443", FaultKind.BAD_VALUE),
    (prod(port=65536), "vcenters.prod.port", "443", FaultKind.BAD_VALUE),
    (prod(port=True), "vcenters.prod.port", "443", FaultKind.BAD_VALUE),
    (prod(username=...), "vcenters.prod.username", "vsphere.local", FaultKind.MISSING),
    (prod(user="x"), "vcenters.prod.user", "Did you mean 'username'?", FaultKind.UNKNOWN_KEY),
    (prod(password=...), "vcenters.prod.password", "password_file", FaultKind.MISSING),
    (prod(password=""), "vcenters.prod.password", "Write the password", FaultKind.BAD_VALUE),
    (prod(password=12345), "vcenters.prod.password", "in quotes", FaultKind.BAD_VALUE),
    (prod(password_env="VC"), "vcenters.prod.password", "exactly one", FaultKind.CONFLICT),
    (
        prod(password=..., password_file="secret.txt"),
        "vcenters.prod.password_file",
        "from / on",
        FaultKind.BAD_VALUE,
    ),
    (
        prod(password=..., password_env=7),
        "vcenters.prod.password_env",
        "environment variable",
        FaultKind.BAD_VALUE,
    ),
    (prod(ca_file="ca.pem"), "vcenters.prod.ca_file", "from / on", FaultKind.BAD_VALUE),
    (prod(insecure="false"), "vcenters.prod.insecure", "True or False", FaultKind.BAD_VALUE),
    (prod(insecure=1), "vcenters.prod.insecure", "True or False", FaultKind.BAD_VALUE),
    (
        prod(insecure=True, ca_file="/ca.pem"),
        "vcenters.prod.insecure",
        "Remove insecure",
        FaultKind.CONFLICT,
    ),
    (prod(verify=False), "vcenters.prod.verify", "Known are", FaultKind.UNKNOWN_KEY),
    (prod(read_timeout_s="20"), "vcenters.prod.read_timeout_s", "quotes", FaultKind.BAD_VALUE),
    (prod(read_timeout_s=0), "vcenters.prod.read_timeout_s", "20", FaultKind.BAD_VALUE),
    (
        prod(read_timeout_s=float("nan")),
        "vcenters.prod.read_timeout_s",
        "20",
        FaultKind.BAD_VALUE,
    ),
    (prod(list_timeout_s=10**400), "vcenters.prod.list_timeout_s", "60", FaultKind.BAD_VALUE),
    (
        prod(read_timeout=3),
        "vcenters.prod.read_timeout",
        "Did you mean 'read_timeout_s'?",
        FaultKind.UNKNOWN_KEY,
    ),
    (prod(region=["RegionOne"]), "vcenters.prod.region", "region's id", FaultKind.BAD_VALUE),
    (prod(web_url="javascript:alert(1)"), "vcenters.prod.web_url", "https", FaultKind.BAD_VALUE),
    (prod(web_url="https://u:p@vc"), "vcenters.prod.web_url", "https", FaultKind.BAD_VALUE),
    (prod(web_url="https://[vc"), "vcenters.prod.web_url", "https", FaultKind.BAD_VALUE),
    (
        {"vcenters": {"a": vcenter(), "b": vcenter(host="VCENTER.example.org.")}},
        "vcenters.b.host",
        "once",
        FaultKind.CONFLICT,
    ),
    (compute(datastore_regex="("), "computes.cpu1.datastore_regex", "nova", FaultKind.BAD_VALUE),
    (compute(cache_prefix="a/b"), "computes.cpu1.cache_prefix", "nova", FaultKind.BAD_VALUE),
    (
        compute(reserved_host_memory_mb="512"),
        "computes.cpu1.reserved_host_memory_mb",
        "without quotes",
        FaultKind.BAD_VALUE,
    ),
    (
        compute(reserved_host_cpus=-1),
        "computes.cpu1.reserved_host_cpus",
        "nova.conf",
        FaultKind.BAD_VALUE,
    ),
    (
        compute(remove_unused_base_images="true"),
        "computes.cpu1.remove_unused_base_images",
        "without quotes",
        FaultKind.BAD_VALUE,
    ),
    (
        compute(manager_interval=-2),
        "computes.cpu1.manager_interval",
        "nova.conf",
        FaultKind.BAD_VALUE,
    ),
    (compute(my_ip=1), "computes.cpu1.my_ip", "nova.conf", FaultKind.BAD_VALUE),
    (compute(regex="x"), "computes.cpu1.regex", "datastore_regex", FaultKind.UNKNOWN_KEY),
    ({"computes": "cpu1"}, "computes", "cache_prefix", FaultKind.BAD_VALUE),
    ({"collector": {"mode": "thread"}}, "collector.mode", "'embedded'", FaultKind.BAD_VALUE),
    ({"collector": {"mode": []}}, "collector.mode", "'embedded'", FaultKind.BAD_VALUE),
    ({"collector": 5}, "collector", "{...}", FaultKind.BAD_VALUE),
    ({"collector": {"mode": "external"}}, "store.cache", "CACHES", FaultKind.MISSING),
    ({"store": {"cache": "none"}}, "store.cache", "default", FaultKind.BAD_VALUE),
]


@pytest.mark.parametrize(
    ("raw", "key", "remedy", "kind"),
    BAD,
    ids=[f"{key}-{n}" for n, (_, key, _, _) in enumerate(BAD)],
)
def test_a_fault_names_its_key_and_a_remedy(
    raw: object, key: str, remedy: str, kind: FaultKind
) -> None:
    (fault,) = faults_of(raw, cache_aliases={"default"})
    assert fault.key == key
    assert fault.kind is kind
    assert remedy in fault.remedy
    assert fault.fault and not fault.fault.endswith(".")
    assert str(fault).startswith(f"VMWARE_PANEL.{key} " if key else "VMWARE_PANEL ")


def test_all_faults_are_told_at_once() -> None:
    faults = faults_of(
        {
            "vcenters": {"a": vcenter(port="x", insecure="no"), "b": {}},
            "computes": {"c": {"datastore_regex": "["}},
            "collectors": {},
        }
    )
    assert [f.key for f in faults] == [
        "vcenters.a.port",
        "vcenters.a.insecure",
        "vcenters.b.host",
        "vcenters.b.username",
        "vcenters.b.password",
        "computes.c.datastore_regex",
        "collectors",
    ]


class TestPassword:
    def test_from_the_environment(self, monkeypatch: pytest.MonkeyPatch) -> None:
        found = read(prod(password=..., password_env="VC_PASSWORD")).vcenters[0].password
        with pytest.raises(config.SecretUnavailableError, match="VC_PASSWORD is not set"):
            found.reveal()
        monkeypatch.setenv("VC_PASSWORD", "")
        with pytest.raises(config.SecretUnavailableError, match="VC_PASSWORD is empty"):
            found.reveal()
        monkeypatch.setenv("VC_PASSWORD", PASSWORD)
        assert found.reveal() == PASSWORD

    @pytest.mark.parametrize("end", ["", "\n", "\r\n"])
    def test_from_a_file_read_at_each_use(self, tmp_path: Path, end: str) -> None:
        file = tmp_path / "password"
        found = read(prod(password=..., password_file=str(file))).vcenters[0].password
        file.write_bytes(f"{PASSWORD}{end}".encode())
        assert found.reveal() == PASSWORD
        file.write_text(" rotated ")
        assert found.reveal() == " rotated "

    @pytest.mark.parametrize(
        "content", [b"", b"\n", b"one\ntwo\n", b"\xff\xfe", b"a" * 4097, b"a\0b"]
    )
    def test_a_file_that_holds_none(self, tmp_path: Path, content: bytes) -> None:
        file = tmp_path / "password"
        file.write_bytes(content)
        found = read(prod(password=..., password_file=str(file))).vcenters[0].password
        with pytest.raises(config.SecretUnavailableError) as caught:
            found.reveal()
        assert str(file) in str(caught.value)
        assert "one line" in str(caught.value)
        assert caught.value.__context__ is None

    def test_a_file_that_is_not_there(self, tmp_path: Path) -> None:
        found = read(prod(password=..., password_file=str(tmp_path / "none"))).vcenters[0].password
        with pytest.raises(config.SecretUnavailableError, match="No such file"):
            found.reveal()


class TestCache:
    def test_one_reading_serves_the_process(self) -> None:
        assert get_config() is get_config()

    def test_an_override_is_read(self) -> None:
        with override_settings(VMWARE_PANEL=prod(host="other")):
            assert get_config().vcenters[0].host == "other"
        assert get_config().vcenters[0].host == "vcenter.invalid"

    def test_without_the_setting(self) -> None:
        with override_settings():
            from django.conf import settings

            del settings.VMWARE_PANEL
            get_config.cache_clear()
            assert get_config().vcenters == ()
        get_config.cache_clear()


junk = st.recursive(
    st.none()
    | st.booleans()
    | st.integers()
    | st.floats()
    | st.text(max_size=8)
    | st.binary(max_size=8)
    | st.sampled_from([PASSWORD, "https://vc", "RegionOne", "/etc/x", "external", "(", "*"]),
    lambda inner: (
        st.lists(inner, max_size=3)
        | st.tuples(inner)
        | st.dictionaries(st.text(max_size=5) | st.integers(), inner, max_size=3)
    ),
    max_leaves=6,
)
vcenter_keys = [field.name for field in dataclasses.fields(config.VCenterConfig)]
junk_vcenter = st.dictionaries(
    st.sampled_from([*vcenter_keys, "password_env", "password_file", "pass_word"]), junk
) | junk.map(lambda value: vcenter(host=value))
junk_settings = junk | st.fixed_dictionaries(
    {},
    optional={
        "vcenters": st.dictionaries(st.text(max_size=5), junk_vcenter | junk, max_size=3) | junk,
        "computes": st.dictionaries(
            st.text(max_size=5),
            st.dictionaries(st.sampled_from(["cache_prefix", "my_ip", "datastore_regex"]), junk),
            max_size=2,
        ),
        "collector": st.dictionaries(st.sampled_from(["mode", "stale_after_s"]), junk) | junk,
        "store": st.dictionaries(st.sampled_from(["cache", "x"]), junk) | junk,
    },
)


@given(junk_settings)
def test_junk_gives_a_configuration_or_its_faults_and_never_the_password(raw: object) -> None:
    try:
        found = read(raw, cache_aliases={"default"})
    except ConfigError as error:
        assert error.faults
        for fault in error.faults:
            assert fault.fault and fault.remedy
        told = "".join(
            traceback.TracebackException.from_exception(error, capture_locals=True).format()
        )
        assert _stands_elsewhere(raw) or PASSWORD not in _without_frame_of_the_test(told)
    else:
        for each in found.vcenters:
            assert type(each.insecure) is bool
            assert each.web_url.startswith(("https://", "http://"))
        shown = repr(dataclasses.replace(found, vcenters=_without_other_text(found.vcenters)))
        assert PASSWORD not in shown


def _stands_elsewhere(raw: object) -> bool:
    """Junk may put the password at another key, which is then no password."""
    if isinstance(raw, dict):
        return any(
            _stands_elsewhere(value)
            for key, value in raw.items()
            if not (key == "password" and isinstance(value, str))
        )
    if isinstance(raw, list | tuple):
        return any(map(_stands_elsewhere, raw))
    return isinstance(raw, str) and PASSWORD in raw


def _without_frame_of_the_test(told: str) -> str:
    """The test's own frame holds the raw settings as a local variable of course."""
    return re.split(r"\n  File ", told, maxsplit=2)[-1]


def _without_other_text(
    vcenters: tuple[config.VCenterConfig, ...],
) -> tuple[config.VCenterConfig, ...]:
    """Junk may put the password at another key, which is then no password."""
    return tuple(
        dataclasses.replace(
            v, name="", host="", username="", region=None, web_url="", ca_file=None
        )
        for v in vcenters
    )


class TestJobs:
    def fault(self, **jobs: object) -> ConfigFault:
        with pytest.raises(ConfigError) as raised:
            read({"jobs": jobs}, cache_aliases={"redis"}, task_aliases={"rq"})
        (fault,) = raised.value.faults
        return fault

    def test_nothing_has_to_be_set(self) -> None:
        assert read({}).jobs == JobsConfig(None, None, None, 30)

    def test_all_that_can_be(self) -> None:
        raw = {"jobs": {"cache": "redis", "backend": "rq", "keep_days": 7}}
        jobs = read(raw, cache_aliases={"redis"}, task_aliases={"rq"}).jobs
        assert jobs == JobsConfig(None, "redis", "rq", 7)

    def test_each_alias_has_to_be_known(self) -> None:
        assert "is not an alias in CACHES" in self.fault(cache="x").statement
        assert "is not an alias in TASKS" in self.fault(backend="x", folder="/srv").statement

    def test_there_is_one_journal(self) -> None:
        assert self.fault(cache="redis", folder="/srv").kind is FaultKind.CONFLICT

    def test_workers_elsewhere_need_to_know_where_it_is(self) -> None:
        fault = self.fault(backend="rq")
        assert (fault.key, fault.kind) == ("jobs.folder", FaultKind.MISSING)

    def test_a_folder_is_an_absolute_path(self) -> None:
        assert "is not an absolute path" in self.fault(folder="jobs").statement
