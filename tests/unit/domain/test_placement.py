"""The join of the two books."""

from datetime import timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.unit.domain.builders import (
    READ_AT,
    VCENTER_UUID,
    disk,
    esx_host,
    inventory,
    node_name,
    server,
    uuid_of,
    vcenter,
    vm,
)
from vmware_panel.domain.cloud import ComputeService, NovaPower, Server, parse_node_name
from vmware_panel.domain.inventory import (
    CINDER_EXTENSION,
    Datastore,
    HostConnection,
    MoRef,
    VirtualMachine,
    VmPower,
)
from vmware_panel.domain.placement import (
    Books,
    Placement,
    RemarkKind,
    Severity,
    Whereabouts,
    join,
    overview,
    place,
)

OTHER_UUID = "11111111-2222-3333-4444-555555555555"


def kinds(placement: Placement) -> set[RemarkKind]:
    return {remark.kind for remark in placement.remarks}


def placed(a_server: Server, *vms: VirtualMachine, **changes: object) -> Placement:
    return place(a_server, Books([inventory(*vms, **changes)]))


def test_an_instance_is_placed_on_its_cluster_host_and_datastores_without_a_remark():
    found = placed(server(), vm())
    assert found.whereabouts is Whereabouts.ON_VCENTER
    assert found.cluster and found.cluster.name == "blue"
    assert found.nova_cluster == found.cluster
    assert found.host and found.host.name == "esx-1"
    assert [d.name for d in found.datastores] == ["ds1"]
    assert found.remarks == ()


def test_the_id_is_compared_without_regard_to_case():
    a_server = server(0xABCDEF)
    assert placed(a_server, vm(0xABCDEF, instance_uuid=a_server.id.upper())).vm


def test_the_service_is_found_by_compute_host():
    service = ComputeService("s1", "compute-1")
    (found,) = join([server()], Books([inventory(vm())]), {"compute-1": service})
    assert found.service is service


def test_no_vm_is_a_disagreement_when_its_vcenter_answered():
    found = placed(server())
    assert found.whereabouts is Whereabouts.MISSING
    assert kinds(found) == {RemarkKind.NO_VM}
    assert found.disagrees


def test_no_vm_is_unknown_when_its_vcenter_did_not_answer():
    found = place(server(), Books([], complete=False))
    assert found.whereabouts is Whereabouts.UNKNOWN
    assert not found.remarks


def test_a_vcenter_that_no_setting_names_is_called_unconfigured():
    a_server = server(node=node_name(vcenter_uuid=OTHER_UUID))
    assert placed(a_server).whereabouts is Whereabouts.UNCONFIGURED


@pytest.mark.parametrize(
    ("changes", "expected"),
    [
        ({"status": "BUILD"}, Whereabouts.BUILDING),
        ({"node": ""}, Whereabouts.NOT_PLACED),
        ({"node": None}, Whereabouts.UNKNOWN),
        ({"node": "kvm-7.example.org"}, Whereabouts.NOT_ON_VCENTER),
    ],
)
def test_an_instance_without_a_vm_says_why_there_is_none(changes, expected):
    found = placed(server(**changes))
    assert found.whereabouts is expected
    assert not found.disagrees


def test_a_vm_in_another_cluster_than_novas_node_names_both():
    found = placed(server(), vm(host=MoRef("host-2"), resource_pool=MoRef("resgroup-2")))
    (remark,) = found.remarks
    assert (remark.kind, remark.nova, remark.vcenter) == (
        RemarkKind.OTHER_CLUSTER,
        "blue",
        "green",
    )


def test_a_vm_of_another_vcenter_than_novas_node_names_both():
    there = inventory(vm(), vcenter=vcenter("other", OTHER_UUID))
    found = place(server(), Books([inventory(), there]))
    assert kinds(found) == {RemarkKind.OTHER_VCENTER}
    assert (found.remarks[0].nova, found.remarks[0].vcenter) == ("lab", "other")


def test_a_vm_in_a_child_pool_is_named_because_nova_does_not_list_it():
    found = placed(server(), vm(resource_pool=MoRef("resgroup-3")))
    assert kinds(found) == {RemarkKind.CHILD_POOL}
    assert found.remarks[0].vcenter == "gold"


def test_a_vm_that_nova_does_not_manage_is_named():
    assert kinds(placed(server(), vm(manager_key=""))) == {RemarkKind.NOT_MANAGED}


def test_of_two_vms_with_one_id_novas_own_is_shown_and_the_other_named():
    clone = vm(moref=MoRef("vm-0"), name=f"clone ({uuid_of(1)})", manager_key="")
    found = placed(server(), clone, vm())
    assert found.vm and found.vm.moref == "vm-1"
    assert kinds(found) == {RemarkKind.DUPLICATE_ID}
    assert found.remarks[0].vcenter == "vm-0"


def test_of_two_vms_with_one_id_the_one_in_novas_cluster_is_shown():
    away = vm(moref=MoRef("vm-0"), host=MoRef("host-2"), resource_pool=MoRef("resgroup-2"))
    found = placed(server(), away, vm())
    assert found.vm and found.vm.moref == "vm-1"
    assert RemarkKind.OTHER_CLUSTER not in kinds(found)


def test_a_clone_that_kept_only_novas_note_is_named():
    clone = vm(2, extra_config={"nvp.vm-uuid": uuid_of(1)})
    assert kinds(placed(server(), vm(), clone)) == {RemarkKind.CLONE_CLAIMS_ID}


def test_a_template_is_no_instance():
    assert placed(server(), vm(is_template=True)).whereabouts is Whereabouts.MISSING


@pytest.mark.parametrize(
    ("nova", "vcenter_says", "agree"),
    [
        (NovaPower.RUNNING, VmPower.ON, True),
        (NovaPower.SHUTDOWN, VmPower.OFF, True),
        (NovaPower.SUSPENDED, VmPower.SUSPENDED, True),
        (NovaPower.RUNNING, VmPower.OFF, False),
        (NovaPower.SHUTDOWN, VmPower.ON, False),
        (NovaPower.NOSTATE, VmPower.ON, True),
        (None, VmPower.OFF, True),
        (NovaPower.RUNNING, None, True),
    ],
)
def test_power_states_are_compared_only_where_both_are_known(nova, vcenter_says, agree):
    found = placed(server(power=nova), vm(power=vcenter_says))
    assert (RemarkKind.POWER_STATE not in kinds(found)) is agree


def test_power_states_are_not_compared_while_nova_is_changing_them():
    found = placed(server(task_state="powering-off"), vm(power=VmPower.OFF))
    assert not found.remarks


def test_a_node_whose_cluster_is_gone_is_named_with_and_without_the_vm():
    lost = server(node=node_name("domain-c9"))
    assert RemarkKind.NODE_WITHOUT_CLUSTER in kinds(placed(lost, vm()))
    assert RemarkKind.NODE_WITHOUT_CLUSTER in kinds(placed(lost))


def test_a_vm_of_an_instance_that_nova_places_nowhere_is_unexpected():
    for node in ("", "kvm-7.example.org"):
        found = placed(server(node=node), vm())
        assert kinds(found) == {RemarkKind.UNEXPECTED_VM}
        assert found.disagrees


def test_a_vm_that_was_renamed_is_a_notice_and_no_disagreement():
    found = placed(server(), vm(name="do not touch"))
    assert kinds(found) == {RemarkKind.RENAMED}
    assert not found.disagrees


def test_a_disk_away_from_the_vms_home_is_named_but_a_volume_is_not():
    away = disk("[ds2] elsewhere/x.vmdk", label="Hard disk 2", datastore=MoRef("datastore-2"))
    apart = placed(server(), vm(disks=(*vm().disks, away)))
    assert kinds(apart) == {RemarkKind.DISK_APART}
    assert (apart.remarks[0].subject, apart.remarks[0].vcenter) == ("Hard disk 2", "ds2")
    shadow = vm(7, disks=(away,), manager_key=CINDER_EXTENSION, name="volume")
    assert not placed(server(), vm(disks=(*vm().disks, away)), shadow).remarks


@pytest.mark.parametrize(
    ("changes", "expected"),
    [
        ({"in_maintenance": True}, RemarkKind.HOST_MAINTENANCE),
        ({"connection": HostConnection.DISCONNECTED}, RemarkKind.HOST_NOT_CONNECTED),
        ({"connection": HostConnection.NOT_RESPONDING}, RemarkKind.HOST_NOT_CONNECTED),
    ],
)
def test_the_state_of_the_host_is_a_notice(changes, expected):
    found = placed(server(), vm(), hosts=(esx_host(1, **changes),))
    assert kinds(found) == {expected}
    assert found.remarks[0].severity is Severity.NOTICE


def test_a_vm_that_only_its_host_disconnects_is_not_named_beside_the_host():
    gone = esx_host(1, connection=HostConnection.DISCONNECTED)
    both = placed(server(), vm(connection="disconnected"), hosts=(gone,))
    assert kinds(both) == {RemarkKind.HOST_NOT_CONNECTED}
    worse = placed(server(), vm(connection="inaccessible"), hosts=(gone,))
    assert kinds(worse) == {RemarkKind.HOST_NOT_CONNECTED, RemarkKind.VM_NOT_CONNECTED}
    assert kinds(placed(server(), vm(connection="orphaned"))) == {RemarkKind.VM_NOT_CONNECTED}


def test_datastores_that_are_full_or_not_accessible_are_notices():
    full = Datastore(MoRef("datastore-1"), "ds1", capacity_bytes=100, free_bytes=2)
    gone = Datastore(MoRef("datastore-1"), "ds1", accessible=False)
    assert kinds(placed(server(), vm(), datastores=(full,))) == {RemarkKind.DATASTORE_NEARLY_FULL}
    assert kinds(placed(server(), vm(), datastores=(gone,))) == {
        RemarkKind.DATASTORE_NOT_ACCESSIBLE
    }


def test_datastores_that_the_account_may_not_see_are_counted_not_dropped():
    found = placed(server(), vm(datastores=(MoRef("datastore-1"), MoRef("datastore-77"))))
    assert found.unnamed_datastores == 1


def test_a_vm_without_a_host_is_placed_by_its_pool():
    found = placed(server(), vm(host=None, resource_pool=MoRef("resgroup-3")))
    assert found.host is None
    assert found.cluster and found.cluster.name == "blue"


@given(st.text())
def test_any_node_name_is_read_or_refused(text):
    name = parse_node_name(text)
    assert name is None or f"{name.cluster}.{name.vcenter_uuid}".lower() == text.lower()


def test_a_node_name_is_split_at_the_first_dot():
    name = parse_node_name(f"domain-26.{VCENTER_UUID.upper()}")
    assert name and (name.cluster, name.vcenter_uuid) == ("domain-26", VCENTER_UUID)


hosts_st = st.sampled_from([None, "host-1", "host-2", "host-404"])
nodes_st = st.sampled_from(
    [None, "", "kvm-1", node_name(), node_name("domain-c2"), node_name("domain-c9")]
    + [node_name(vcenter_uuid=OTHER_UUID)]
)
ids_st = st.integers(min_value=1, max_value=6)


@st.composite
def clouds(draw):
    servers = [
        server(number, node=draw(nodes_st), power=draw(st.sampled_from([None, *NovaPower])))
        for number in draw(st.lists(ids_st, unique=True))
    ]
    vms = [
        vm(
            number,
            moref=MoRef(f"vm-{index}"),
            host=draw(hosts_st),
            power=draw(st.sampled_from([None, *VmPower])),
            manager_key=draw(st.sampled_from(["", "org.openstack.compute"])),
            is_template=draw(st.booleans()),
        )
        for index, number in enumerate(draw(st.lists(ids_st)))
    ]
    return servers, vms, draw(st.booleans())


@given(clouds())
def test_the_join_keeps_every_server_in_order_and_shows_no_foreign_vm(cloud):
    servers, vms, complete = cloud
    result = join(servers, Books([inventory(*vms)], complete))
    assert [p.server for p in result] == servers
    for placement in result:
        if placement.vm:
            assert placement.vm.instance_uuid == placement.server.id
            assert not placement.vm.is_template
            assert placement.whereabouts is Whereabouts.ON_VCENTER
        else:
            assert placement.whereabouts is not Whereabouts.ON_VCENTER
            assert placement.cluster is None and placement.host is None
            assert placement.datastores == ()


@given(clouds(), st.randoms(use_true_random=False))
def test_the_join_does_not_depend_on_the_order_of_vcenters_answer(cloud, random):
    servers, vms, complete = cloud
    shuffled = list(vms)
    random.shuffle(shuffled)

    def seen(of):
        return [
            (p.vm and p.vm.moref, p.whereabouts, sorted(map(str, p.remarks)))
            for p in join(servers, Books([inventory(*of)], complete))
        ]

    assert seen(vms) == seen(shuffled)


@given(clouds())
def test_what_did_not_answer_makes_unknown_never_missing(cloud):
    servers, _vms, _complete = cloud
    for placement in join(servers, Books([], complete=False)):
        assert placement.whereabouts not in {Whereabouts.MISSING, Whereabouts.UNCONFIGURED}
        assert not placement.disagrees


@given(clouds())
def test_the_overview_counts_what_the_rows_show(cloud):
    servers, vms, complete = cloud
    rows = join(servers, Books([inventory(*vms)], complete))
    counts = overview(rows)
    assert counts.instances == len(servers)
    assert counts.disagreeing == len([p for p in rows if p.disagrees])
    assert counts.hosts == len({p.host.moref for p in rows if p.host})


@pytest.mark.parametrize(
    ("later_s", "expected"),
    [
        (-5, Whereabouts.MISSING),
        (0, Whereabouts.UNKNOWN),  # Nova cuts its times to the second
        (5, Whereabouts.UNKNOWN),
    ],
)
def test_a_book_older_than_novas_last_word_does_not_prove_that_a_vm_is_missing(later_s, expected):
    assert placed(server(updated=READ_AT + timedelta(seconds=later_s))).whereabouts is expected


@pytest.mark.parametrize(("later_s", "compared"), [(-60, True), (0, False), (60, False)])
def test_power_states_are_compared_unless_nova_changed_its_own_after_the_read(later_s, compared):
    updated = READ_AT + timedelta(seconds=later_s)
    found = placed(server(updated=updated), vm(power=VmPower.OFF))
    assert (RemarkKind.POWER_STATE in kinds(found)) is compared
