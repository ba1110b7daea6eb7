"""Which cluster which node drives, and what is said where a book is missing."""

from dataclasses import replace

from tests.unit.domain import builders
from vmware_panel.domain.cloud import Hypervisor
from vmware_panel.domain.clusters import Driven, counts_by_node, join_clusters
from vmware_panel.domain.inventory import Inventory
from vmware_panel.domain.placement import Books, join

NODE = Hypervisor("1", builders.node_name(), service_host="compute-1")
OTHER_UUID = "11111111-58a4-4449-beed-6fd205a5726b"


def driven(
    *inventories: Inventory, nodes: tuple[Hypervisor, ...] | None = (NODE,), complete: bool = True
) -> dict[tuple[str, str], Driven]:
    rows = join_clusters(inventories, nodes, {}, complete=complete)
    assert len({(row.vcenter, row.moref) for row in rows}) == len(rows), "a cluster stands once"
    return {(row.vcenter, row.moref): row.driven for row in rows}


def test_a_cluster_is_driven_by_the_node_that_names_it():
    assert driven(builders.inventory()) == {
        ("lab", "domain-c1"): Driven.DRIVEN,
        ("lab", "domain-c2"): Driven.UNDRIVEN,
    }


def test_what_nova_did_not_tell_is_unknown():
    assert set(driven(builders.inventory(), nodes=None).values()) == {Driven.UNKNOWN}


def test_a_node_whose_cluster_is_not_there_is_kept():
    gone = replace(NODE, id="2", node=builders.node_name("domain-c9"))
    assert driven(builders.inventory(), nodes=(NODE, gone))[("lab", "domain-c9")] is Driven.GONE
    part = replace(builders.inventory(), whole=False)
    assert driven(part, nodes=(gone,))[("lab", "domain-c9")] is Driven.UNKNOWN


def test_a_node_of_a_vcenter_that_nobody_configured_or_that_is_away():
    far = replace(NODE, node=builders.node_name("domain-c1", OTHER_UUID))
    assert driven(nodes=(far,)) == {("", "domain-c1"): Driven.UNCONFIGURED}
    assert driven(nodes=(far,), complete=False) == {("", "domain-c1"): Driven.UNKNOWN}


def test_a_node_of_another_driver_is_no_cluster():
    assert driven(nodes=(Hypervisor("3", "kvm-1.example.org"),)) == {}


def test_two_settings_that_lead_to_one_vcenter_show_its_clusters_twice():
    again = replace(builders.inventory(), vcenter=builders.vcenter("again"))
    found = driven(builders.inventory(), again)
    assert found[("lab", "domain-c1")] is found[("again", "domain-c1")] is Driven.DRIVEN
    assert len(found) == 4


def test_instances_are_counted_by_novas_node():
    servers = [builders.server(1), builders.server(2), builders.server(3, node="kvm-1")]
    counts = counts_by_node(join(servers, Books([builders.inventory(builders.vm(1))])))
    assert counts[builders.node_name()].servers == 2
    assert counts[builders.node_name()].disagreeing == 1, "the second has no VM"
    assert counts["kvm-1"].servers == 1
