"""One datastore live from the simulator, and its space counted anew; by clients of the test's own."""

from collections.abc import Callable, Iterator
from datetime import UTC, datetime
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
from django.core.cache import cache
from pyVmomi import vim

from tests.simulator import RunningSimulator
from vmware_panel.api.changing import Result, Verdict, carry_out, new_nonce
from vmware_panel.api.datastore_changes import RefreshDatastore
from vmware_panel.config import VCenterConfig
from vmware_panel.domain.datastores import DatastoreState, state_of
from vmware_panel.domain.inventory import MoRef
from vmware_panel.domain.outcome import TroubleKind
from vmware_panel.domain.plans import RefusalKind
from vmware_panel.endpoints import client
from vmware_panel.secret import Secret
from vmware_panel.vsphere import close_clients
from vmware_panel.vsphere.errors import ObjectGone

pytestmark = pytest.mark.simulator

MIB = 1 << 20
REQUEST: Any = SimpleNamespace(
    user=SimpleNamespace(username="ada", id="u1", project_id="p1", services_region="R1"),
    META={},
)


class Rig:
    """One shared datastore, by vCenter's administrator and by an account of Horizon's."""

    def __init__(self, simulator: RunningSimulator, service: Any) -> None:
        self.simulator = simulator
        self.its = next(d for d in _all(service, vim.Datastore) if d.name == "shared-ds-1")
        self.moref = MoRef(self.its._moId)

    def config(self, user: str = "", password: str = "") -> VCenterConfig:
        return VCenterConfig(
            name="west",
            host=self.simulator.host,
            port=self.simulator.port,
            username=user or self.simulator.user,
            password=Secret.of(password or self.simulator.password),
            ca_file=str(self.simulator.ca_file),
            read_timeout_s=5.0,
            list_timeout_s=5.0,
        )

    def change(self) -> RefreshDatastore:
        return RefreshDatastore(self.config(), self.moref)

    def make(self, change: RefreshDatastore) -> Result:
        """Planned, shown and confirmed at once."""
        return carry_out(REQUEST, change, change.plan().fingerprint, new_nonce())

    def sent(self) -> int:
        return self.simulator.calls().methods.get("RefreshDatastore", 0)

    def put_into_the_cache(self, size_bytes: int) -> None:
        """Into the datastore's own folder, behind vCenter's back."""
        folder = Path(self.its.summary.url) / "lab_base" / "image"
        folder.mkdir(parents=True, exist_ok=True)
        (folder / "image-flat.vmdk").write_bytes(b"\0" * size_bytes)


def _all(service: Any, kind: type) -> list[Any]:
    view = service.content.viewManager.CreateContainerView(
        service.content.rootFolder, [kind], True
    )
    return list(view.view)


@pytest.fixture
def rig(start_simulator: Callable[..., RunningSimulator]) -> Iterator[Rig]:
    simulator = start_simulator(nova_vms=4)
    cache.clear()
    close_clients()
    with simulator.login.connected() as service:
        yield Rig(simulator, service)
    close_clients()


def test_one_call_reads_what_vcenter_says_of_it_now(rig: Rig) -> None:
    its = client(rig.config())
    its.about()
    rig.simulator.reset_calls()
    detail = its.datastore_detail(rig.moref, datetime.now(UTC))
    asked = dict(rig.simulator.calls().methods)
    summary, read = rig.its.summary, detail.datastore
    assert asked == {"RetrievePropertiesEx": 1}
    assert (read.name, read.type, read.url) == (summary.name, summary.type, summary.url)
    assert (read.capacity_bytes, read.free_bytes) == (summary.capacity, summary.freeSpace)
    assert read.uncommitted_bytes == summary.uncommitted
    assert {m.host for m in detail.mounts} == {m.key._moId for m in rig.its.host}
    assert all(mount.usable for mount in detail.mounts)
    assert state_of(read) is DatastoreState.ACCESSIBLE


def test_one_that_is_not_there_is_said_so(rig: Rig) -> None:
    with pytest.raises(ObjectGone):
        client(rig.config()).datastore_detail(MoRef("datastore-99"), datetime.now(UTC))
    plan = RefreshDatastore(rig.config(), MoRef("datastore-99")).plan()
    assert [r.kind for r in plan.refusals] == [RefusalKind.NOT_THERE]


def test_what_came_behind_vcenters_back_counts_when_it_is_counted_anew(rig: Rig) -> None:
    before = rig.its.summary.freeSpace
    rig.put_into_the_cache(8 * MIB)
    change = rig.change()
    plan = change.plan()
    # Every five seconds the simulator counts by itself.
    assert plan.before and plan.before.datastore.free_bytes in (before, before - 8 * MIB)

    result = carry_out(REQUEST, change, plan.fingerprint, new_nonce())

    assert result.verdict is Verdict.MADE and rig.sent() == 1
    assert rig.its.summary.freeSpace == before - 8 * MIB
    after = change.plan().before
    assert after and after.datastore.free_bytes == before - 8 * MIB
    assert after.counted_at is not None


def test_looking_at_the_plan_sends_nothing_and_other_figures_do_not_make_another_plan(
    rig: Rig,
) -> None:
    change = rig.change()
    first = change.plan().fingerprint
    rig.simulator.control.set_free("shared-ds-1", 5 * MIB)
    assert change.plan().fingerprint == first and rig.sent() == 0
    rig.simulator.control.set_datastore_maintenance("shared-ds-1", "inMaintenance")
    assert change.plan().fingerprint != first


def test_the_same_form_twice_is_sent_once(rig: Rig) -> None:
    change, nonce = rig.change(), new_nonce()
    fingerprint = change.plan().fingerprint
    carry_out(REQUEST, change, fingerprint, nonce)
    again = carry_out(REQUEST, change, fingerprint, nonce)
    assert again.verdict is Verdict.REFUSED and rig.sent() == 1
    assert again.plan and [r.kind for r in again.plan.refusals] == [RefusalKind.SENT_BEFORE]


def test_a_reader_may_have_it_counted_and_who_may_not_even_read_is_refused_by_name(
    rig: Rig,
) -> None:
    reader = rig.simulator.reader
    allowed = RefreshDatastore(rig.config(reader.user, reader.password), rig.moref)
    assert rig.make(allowed).verdict is Verdict.MADE
    close_clients()
    rig.simulator.control.deny(rig.simulator.user, "System.Read")
    plan = rig.change().plan()
    assert [(r.kind, r.detail) for r in plan.refusals] == [
        (RefusalKind.NO_PRIVILEGE, "System.Read")
    ]
    sent = rig.sent()
    result = rig.make(rig.change())
    assert result.verdict is Verdict.REFUSED and rig.sent() == sent


def test_a_fault_is_told_and_the_form_can_be_sent_again(rig: Rig) -> None:
    rig.simulator.control.fault("HostConfigFault", "RefreshDatastore")
    change, nonce = rig.change(), new_nonce()
    fingerprint = change.plan().fingerprint
    refused = carry_out(REQUEST, change, fingerprint, nonce)
    assert refused.verdict is Verdict.REFUSED and refused.trouble is not None
    assert carry_out(REQUEST, change, fingerprint, nonce).verdict is Verdict.MADE


def test_a_lost_answer_is_not_sent_again_and_said_so(rig: Rig) -> None:
    change = rig.change()
    fingerprint = change.plan().fingerprint
    rig.simulator.control.hang("RefreshDatastore")
    result = carry_out(REQUEST, change, fingerprint, new_nonce())
    rig.simulator.control.clear_faults()
    assert result.verdict is Verdict.UNANSWERED and rig.sent() == 1
    assert result.trouble and result.trouble.kind is TroubleKind.TIMEOUT


def test_a_vcenter_that_went_away_gets_nothing(rig: Rig) -> None:
    change = rig.change()
    fingerprint = change.plan().fingerprint
    rig.simulator.stop()
    result = carry_out(REQUEST, change, fingerprint, new_nonce())
    assert result.verdict is Verdict.FAILED and result.trouble is not None


def test_an_inaccessible_one_and_one_in_maintenance_say_so(rig: Rig) -> None:
    its = client(rig.config())
    rig.simulator.control.set_accessible("shared-ds-1", False)
    detail = its.datastore_detail(rig.moref, datetime.now(UTC))
    assert state_of(detail.datastore) is DatastoreState.INACCESSIBLE
    rig.simulator.control.set_accessible("shared-ds-1", True)
    rig.simulator.control.set_datastore_maintenance("shared-ds-1", "enteringMaintenance")
    detail = its.datastore_detail(rig.moref, datetime.now(UTC))
    assert state_of(detail.datastore) is DatastoreState.ENTERING_MAINTENANCE
