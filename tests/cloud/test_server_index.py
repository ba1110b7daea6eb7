"""The index of servers on the lab's own Nova: what its `changes-since` tells, and what it does not.

`tests/unit/openstack/fake_nova.py` answers as seen here.
"""

import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

import pytest

from lab import cloud as lab_cloud
from tests.lab_run import RunningLab
from vmware_panel.api.context import access_of, scope_of
from vmware_panel.domain.cloud import NovaPower, Server
from vmware_panel.domain.outcome import TroubleKind
from vmware_panel.openstack import Access, CloudError, counting, nova
from vmware_panel.openstack.dates import noting_dates
from vmware_panel.openstack.server_changes import in_order
from vmware_panel.openstack.server_index import ServerIndexes

pytestmark = pytest.mark.lab

ROWS = 1200
WAIT_S = 180


@pytest.fixture
def access(request_of: Callable[..., Any]) -> Access:
    return access_of(request_of())


@pytest.fixture
def ask(access: Access) -> Callable[[], dict[str, Server]]:
    """The servers by id, by an index without a minimum interval; each answer is one call."""
    indexes = ServerIndexes(min_interval_s=0)
    once_listed(indexes, access)

    def servers() -> dict[str, Server]:
        with counting() as calls:
            found = indexes.servers(access, "admin").servers
        assert [call.path for call in calls.made] == ["/servers/detail"]
        return {server.id: server for server in found}

    return servers


@contextmanager
def booted(lab: RunningLab, name: str, **values: Any) -> Iterator[Any]:
    compute = lab.admin.compute
    image = lab.admin.image.find_image("debian-12")
    network = next(iter(lab.admin.network.networks()))
    made = compute.create_server(
        name=name,
        image_id=image.id,
        networks=[{"uuid": network.id}],
        **{"flavor_id": lab_cloud.FLAVORS[0].name, **values},
    )
    try:
        yield made
    finally:
        compute.delete_server(made, ignore_missing=True)
        compute.wait_for_delete(made, wait=WAIT_S)


def once_listed(indexes: ServerIndexes, access: Access) -> tuple[Server, ...]:
    """As a page that renews itself: Nova takes some 5 s for 1,000 servers, and more under load."""
    until = time.monotonic() + WAIT_S
    while True:
        try:
            return indexes.servers(access, "admin").servers
        except CloudError as error:
            if error.trouble.kind is not TroubleKind.NOT_YET or time.monotonic() > until:
                raise


def whole(access: Access) -> tuple[Server, ...]:
    return in_order(nova.list_servers(access, all_projects=True))


def test_a_boot_a_rename_and_a_deletion_are_told_by_one_call_each(
    lab: RunningLab, access: Access, ask: Callable[[], dict[str, Server]]
) -> None:
    before = ask()
    with booted(lab, "index-boots") as made:
        assert ask()[made.id].status == "BUILD", "told of from the first moment on"
        made = lab.admin.compute.wait_for_server(made, wait=WAIT_S)
        found = ask()
        assert (found[made.id].status, found[made.id].name) == ("ACTIVE", "index-boots")
        assert found.keys() - before.keys() == {made.id}
        lab.admin.compute.update_server(made, name="index-renamed")
        found = ask()
        assert found[made.id].name == "index-renamed"
        assert tuple(found.values()) == whole(access)
    found = ask()
    assert found.keys() == before.keys()
    assert tuple(found.values()) == whole(access)


def test_one_that_no_host_took_is_told_of_and_so_is_its_deletion(
    lab: RunningLab, access: Access, ask: Callable[[], dict[str, Server]]
) -> None:
    huge = lab.admin.compute.create_flavor(name="index.huge", vcpus=9999, ram=64, disk=0)
    try:
        _never_placed(lab, ask, huge.id)
    finally:
        lab.admin.compute.delete_flavor(huge)


def _never_placed(lab: RunningLab, ask: Callable[[], dict[str, Server]], flavor_id: str) -> None:
    with booted(lab, "index-homeless", flavor_id=flavor_id) as made:
        end = time.monotonic() + WAIT_S
        while (found := ask()[made.id]).status == "BUILD" and time.monotonic() < end:
            time.sleep(0.5)
        assert (found.status, found.compute_host) == ("ERROR", "")
    assert made.id not in ask()


def test_an_attached_volume_is_not_told_of_and_a_whole_list_shows_it(
    lab: RunningLab, access: Access
) -> None:
    """Nova notes it in another table, so the row of the server is as it was."""
    indexes = ServerIndexes(min_interval_s=0)
    ops = lab.openstack("olga", "ops")
    storage = ops.block_storage
    # Its own: an attachment makes a volume's shadow VM, and others look for one that has none.
    volume = storage.create_volume(name="index-volume", size=1)
    server_id = lab.server_id("bastion")
    try:
        storage.wait_for_status(volume, "available", interval=0.5, wait=WAIT_S)
        updated = nova.get_server(access, server_id).updated
        ops.compute.create_volume_attachment(server_id, volume_id=volume.id)
        storage.wait_for_status(storage.get_volume(volume.id), "in-use", wait=WAIT_S)
        assert nova.get_server(access, server_id).updated == updated
        once_listed(indexes, access)
        found = {server.id: server for server in indexes.servers(access, "admin").servers}
        assert found[server_id].volume_ids == (volume.id,)
    finally:
        ops.compute.delete_volume_attachment(server_id, volume.id)
        storage.wait_for_status(storage.get_volume(volume.id), "available", wait=WAIT_S)
        storage.delete_volume(volume)
        storage.wait_for_delete(volume, interval=0.5, wait=WAIT_S)


def test_a_member_is_refused_and_gets_nothing_of_the_admins_index(
    lab: RunningLab, request_of: Callable[..., Any]
) -> None:
    indexes = ServerIndexes()
    admin, member = request_of(), request_of("wendy", "web")
    assert scope_of(admin) != scope_of(member)
    assert scope_of(admin) == scope_of(request_of())
    assert indexes.servers(access_of(admin), scope_of(admin)).servers
    with pytest.raises(CloudError) as caught:
        indexes.servers(access_of(member), scope_of(member))
    assert caught.value.trouble.kind is TroubleKind.FORBIDDEN
    # Even with the admin's scope, which the api never gives to a member.
    at_once = ServerIndexes(min_interval_s=0)
    at_once.servers(access_of(admin), "admin")
    with pytest.raises(CloudError) as caught:
        at_once.servers(access_of(member), "admin")
    assert caught.value.trouble.kind is TroubleKind.FORBIDDEN


def test_novas_answers_tell_the_time(access: Access) -> None:
    with noting_dates() as dates:
        nova.list_servers(access)
    assert len(dates) == 1 and dates[0].tzinfo


def test_rows_are_servers_like_any_other_and_their_loss_is_noticed(
    lab: RunningLab, access: Access
) -> None:
    """Rows that are taken out of the database are as archived ones: no change tells of them."""
    before = whole(access)
    nodes = {node.node: node.service_host for node in nova.list_hypervisors(access)}
    indexes = ServerIndexes(min_interval_s=0)
    put = lab.run("-m", "lab", "servers", str(ROWS))
    try:
        assert put.returncode == 0, put.stderr
        with counting() as calls:
            found = once_listed(indexes, access)
        assert len(calls) == 2 + 1  # two pages, and what changed meanwhile
        rows = [server for server in found if server.name.startswith("no-vm-")]
        assert len(rows) == ROWS == len(found) - len(before)
        assert len({row.project_id for row in rows}) > 1
        for row in rows:
            assert nodes[row.node or ""] == row.compute_host
            assert (row.status, row.vm_state, row.task_state) == ("ACTIVE", "active", None)
            assert row.image_id and row.created and row.updated
            # Nova's, if it was asked to look at them meanwhile: none of these has a VM
            assert row.power in (NovaPower.RUNNING, NovaPower.NOSTATE)
            assert (row.flavor_name, row.flavor_vcpus) == ("m1.small", 1)
            assert (row.flavor_ram_mb, row.flavor_disk_gb) == (2048, 20)
        assert {row.node for row in rows} == {node for node in nodes if node.startswith("domain-")}
    finally:
        removed = lab.run("-m", "lab", "servers", "0")
    assert removed.returncode == 0, removed.stderr
    assert whole(access) == before
    with counting() as calls:
        assert len(indexes.servers(access, "admin").servers) == ROWS + len(before)
    assert len(calls) == 1
    indexes.relist("admin")
    until = time.monotonic() + WAIT_S
    while indexes.servers(access, "admin").servers != before:
        assert time.monotonic() < until, "the list that was asked for never came"
        time.sleep(0.5)
