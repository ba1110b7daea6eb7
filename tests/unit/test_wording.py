"""Every state, difference and failure has words, and they say whose book is meant."""

import re
import string

import pytest
from django.utils import translation
from hypothesis import given
from hypothesis import strategies as st

from tests.unit.domain import builders
from vmware_panel import wording
from vmware_panel.domain.cloud import ComputeService, NovaPower, ServiceState
from vmware_panel.domain.inventory import HostConnection, ToolsStatus, VmPower
from vmware_panel.domain.lineage import DiskOrigin
from vmware_panel.domain.outcome import Trouble, TroubleKind
from vmware_panel.domain.placement import Remark, RemarkKind, Severity, Whereabouts

SERVICES = ("nova", "glance", "cinder", "placement", "keystone")
OF_VCENTER_ALONE = {
    RemarkKind.HOST_MAINTENANCE,
    RemarkKind.HOST_NOT_CONNECTED,
    RemarkKind.VM_NOT_CONNECTED,
    RemarkKind.DATASTORE_NOT_ACCESSIBLE,
    RemarkKind.DATASTORE_NEARLY_FULL,
}


@pytest.mark.parametrize("kind", list(RemarkKind))
@pytest.mark.parametrize("names", [("sub-1", "nova-1", "vc-1"), ("", "", "")])
def test_every_remark_has_a_heading_a_sentence_and_a_remedy(kind, names):
    words = wording.remark_words(Remark(kind, *names))
    assert words.heading == wording.remark_heading(kind)
    for text in (words.heading, words.sentence, words.remedy):
        assert text and "%(" not in text and "None" not in text
    assert words.sentence.endswith(".") and words.remedy.endswith(".")


@pytest.mark.parametrize("kind", list(RemarkKind))
def test_a_remark_names_the_book_that_each_word_is_from(kind):
    sentence = wording.remark_words(Remark(kind, "sub-1", "nova-1", "vc-1")).sentence
    assert "vCenter" in sentence
    assert ("Nova" in sentence) is (kind not in OF_VCENTER_ALONE)


@pytest.mark.parametrize("kind", list(RemarkKind))
def test_a_remark_names_what_it_is_about(kind):
    words = wording.remark_words(Remark(kind, "sub-1", "nova-1", "vc-1"))
    assert any(name in words.sentence for name in ("sub-1", "nova-1", "vc-1", "running"))
    assert words.disagrees is (Remark(kind).severity is Severity.DISAGREEMENT)


def test_power_states_are_said_in_words():
    words = wording.remark_words(
        Remark(RemarkKind.POWER_STATE, nova="RUNNING", vcenter="poweredOff")
    )
    assert words.sentence == "Nova says running, vCenter says powered off."


def test_a_vm_without_manager_is_managed_by_nobody():
    assert "managed by nobody" in wording.remark_words(Remark(RemarkKind.NOT_MANAGED)).sentence


def test_a_server_on_no_node_is_said_to_be_on_none():
    words = wording.remark_words(Remark(RemarkKind.UNEXPECTED_VM, nova="", vcenter="prod"))
    assert "on no node" in words.sentence


@pytest.mark.parametrize("kind", list(TroubleKind))
@pytest.mark.parametrize("source", ["prod", *SERVICES])
def test_every_trouble_has_a_sentence_and_a_remedy_that_name_the_source(kind, source):
    words = wording.trouble_words(Trouble(source, kind, "detail"))
    assert wording.source_name(source) in words.sentence
    assert words.remedy.endswith(".") and "%(" not in words.sentence + words.remedy
    assert words.detail == "detail"


def test_a_missing_privilege_is_named_in_the_remedy():
    trouble = Trouble("prod", TroubleKind.FORBIDDEN, missing_privilege="System.View")
    assert "System.View" in wording.trouble_words(trouble).remedy


@pytest.mark.parametrize("kind", list(TroubleKind))
def test_a_member_hears_no_name_of_a_vcenter_and_no_detail(kind):
    text = wording.member_trouble(Trouble("prod-secret", kind, "esx-7 says no"))
    assert "prod-secret" not in text and "esx-7" not in text


@pytest.mark.parametrize(
    ("words", "values"),
    [
        (wording.nova_power, NovaPower),
        (wording.vm_power, VmPower),
        (wording.host_connection, HostConnection),
        (wording.tools, ToolsStatus),
    ],
)
def test_every_state_has_a_word_and_none_is_unknown(words, values):
    assert len({words(value) for value in values}) == len(values)
    assert words(None) == "unknown"


@pytest.mark.parametrize(
    ("words", "values"),
    [
        (wording.disk_origin, DiskOrigin),
        (wording.disk_origin_sentence, DiskOrigin),
        (wording.whereabouts_label, Whereabouts),
        (wording.whereabouts_sentence, Whereabouts),
    ],
)
def test_every_origin_and_whereabouts_has_words_of_its_own(words, values):
    assert len({words(value) for value in values}) == len(values)


def test_states_of_hosts_and_services():
    host = builders.esx_host(1, in_maintenance=True)
    assert wording.host_state(host) == "connected, in maintenance mode"
    assert wording.host_tone(host) is wording.Tone.CARE
    assert wording.host_tone(builders.esx_host(1)) is wording.Tone.GOOD
    assert wording.host_tone(builders.esx_host(1, connection=None)) is wording.Tone.PLAIN
    lost = builders.esx_host(1, connection=HostConnection.NOT_RESPONDING)
    assert wording.host_tone(lost) is wording.Tone.BAD
    service = ComputeService("1", "c", state=ServiceState.UP, enabled=False)
    assert wording.service_state(service) == "up, disabled"
    assert wording.service_tone(service) is wording.Tone.CARE
    down = ComputeService("1", "c", forced_down=True)
    assert wording.service_state(down) == "forced down, enabled"
    assert wording.service_tone(down) is wording.Tone.BAD
    assert wording.service_state(ComputeService("1", "c")) == "unknown, enabled"


def test_vcpus_say_sockets_and_cores_where_vcenter_tells():
    assert wording.vcpus(builders.vm(vcpus=4, cores_per_socket=2)) == "4 (2 sockets × 2 cores)"
    assert wording.vcpus(builders.vm(vcpus=1, cores_per_socket=1)) == "1 (1 socket × 1 core)"
    assert wording.vcpus(builders.vm(vcpus=4)) == "4"
    assert wording.vcpus(builders.vm()) == "unknown"
    assert [wording.thin(value) for value in (True, False, None)] == ["thin", "thick", "unknown"]


@pytest.mark.parametrize(
    ("size", "text"),
    [
        (None, "unknown"),
        (0, "0 B"),
        (1023, "1,023 B"),
        (1024, "1 KiB"),
        (1536, "1.5 KiB"),
        (1024**2 - 1, "1 MiB"),
        (40 * 1024**3, "40 GiB"),
        (1_319_413_953_331, "1.2 TiB"),
        (3 * 1024**6, "3,072 PiB"),
    ],
)
def test_sizes_are_binary_and_unknown_is_not_zero(size, text):
    assert wording.bytes_of(size) == text


def test_sizes_of_openstack_are_gib_and_mib():
    assert (wording.gb_of(40), wording.mb_of(512)) == ("40 GiB", "512 MiB")
    assert (wording.gb_of(None), wording.mb_of(None)) == ("unknown", "unknown")


def test_free_space_never_makes_up_a_number():
    assert wording.free_of(512, 1024) == "512 B free of 1 KiB"
    assert wording.free_of(None, 1024) == "unknown free of 1 KiB"
    assert wording.free_of(None, None) == "unknown"


def test_sizes_follow_the_readers_notation():
    with translation.override("de"):
        assert wording.bytes_of(1536) == "1,5 KiB"


@given(st.integers(0, 2**70))
def test_a_size_never_needs_more_than_four_digits_below_the_largest_unit(size):
    text = wording.bytes_of(size)
    number, unit = text.replace(",", "").split(" ")
    assert float(number) < 1024 or unit == "PiB"


@given(st.text())
def test_a_foreign_name_cannot_steer_the_text_around_it(name):
    shown = wording.foreign(name)
    assert not re.search(
        "[\u202a-\u202e\u2066\u2067\u2069\u0000-\u001f]", shown.strip("\u2068\u2069")
    )
    assert shown.count("\u2068") == shown.count("\u2069")


@given(st.text(string.ascii_letters + string.digits + "[]()-_./ "))
def test_a_plain_name_stays_as_it_is(name):
    assert wording.foreign(name) == name
