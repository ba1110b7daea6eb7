"""What a placement becomes in the list: a value, nothing or unknown, each in its place."""

from tests.unit.domain import builders
from tests.unit.panels import clouds
from vmware_panel.domain.cloud import Server
from vmware_panel.domain.inventory import Inventory, MoRef
from vmware_panel.panels.instances import summary
from vmware_panel.panels.instances.rows import InstanceRow, row_of

VCENTER_HALF = ("vcenter", "cluster", "cluster_moref", "host", "host_moref", "vm", "vm_moref")


def rows(report_of: object = None) -> dict[str, InstanceRow]:
    report = report_of or clouds.sound()
    return {p.server.name: row_of(p, report.project_names) for p in report.placements or ()}  # type: ignore[attr-defined]


def row(server: Server, *inventories: Inventory, complete: bool = True) -> InstanceRow:
    (placement,) = clouds.report([server], *inventories, complete=complete).placements or ()
    return row_of(placement, clouds.PROJECTS)


def test_an_instance_on_vcenter_has_both_halves() -> None:
    its = rows()["web-10"]
    assert (its.project, its.compute, its.compute_state) == ("beta", "compute-1", "up")
    assert (its.vcenter, its.cluster, its.host) == ("lab", "blue", "esx-1")
    assert its.datastores == ("ds1", "ds2")
    assert (its.cluster_moref, its.host_moref, its.vm_moref) == ("domain-c1", "host-1", "vm-10")
    assert its.disagreements == ()


def test_an_instance_on_kvm_has_nothing_on_vcenter_which_is_no_disagreement() -> None:
    its = rows()["on-kvm"]
    assert [getattr(its, name) for name in VCENTER_HALF] == [""] * len(VCENTER_HALF)
    assert its.datastores == () and its.disagreements == ()


def test_an_instance_without_its_vm_keeps_its_vcenter_and_disagrees() -> None:
    its = rows()["web-3"]
    assert (its.vcenter, its.nova_cluster, its.cluster) == ("lab", "blue", "")
    assert [remark.kind for remark in its.disagreements or ()] == ["no_vm"]


def test_what_a_vcenter_that_is_down_would_say_is_unknown() -> None:
    its = row(builders.server(1), complete=False)
    assert [getattr(its, name) for name in VCENTER_HALF] == [None] * len(VCENTER_HALF)
    assert its.datastores is None and its.disagreements is None and its.nova_cluster is None
    assert its.compute == "compute-1", "Nova's half stands"


def test_what_a_vcenter_that_is_not_configured_would_say_is_unknown() -> None:
    assert row(builders.server(1)).cluster is None


def test_a_datastore_that_the_account_may_not_see_is_unknown_among_known_ones() -> None:
    stores = (MoRef("datastore-1"), MoRef("datastore-99"))
    its = row(builders.server(1), builders.inventory(builders.vm(1, datastores=stores)))
    assert its.datastores == ("ds1", None)
    assert its.datastore_morefs == stores


def test_a_host_that_the_account_may_not_see_is_unknown_and_its_id_known() -> None:
    its = row(builders.server(1), builders.inventory(builders.vm(1, host=MoRef("host-9"))))
    assert (its.host, its.host_moref) == (None, "host-9")


def test_a_project_without_a_name_goes_by_its_id() -> None:
    assert row(builders.server(1, project_id="p9")).project == "p9"


def test_a_compute_service_that_nova_did_not_tell_of_has_an_unknown_state() -> None:
    (placement,) = clouds.report([builders.server(1)], services=False).placements or ()
    its = row_of(placement, {})
    assert its.compute_state is None and its.compute_status is None


def test_an_unplaced_instance_has_no_compute_service_whose_state_could_be_unknown() -> None:
    its = row(builders.server(1, compute_host="", node=""))
    assert its.compute_state == "" and its.compute_status == ""


def test_the_bar_counts_every_instance_once() -> None:
    parts = summary.bar(rows().values())
    assert {part.share: part.count for part in parts} == {
        summary.Share.AGREES: 2,
        summary.Share.DISAGREES: 2,
        summary.Share.ELSEWHERE: 1,
    }
    assert [part.start for part in parts] == [0.0, 40.0, 80.0]
    assert sum(part.width for part in parts) == 100
    assert summary.bar([]) == []
