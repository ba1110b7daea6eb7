"""What the account lacks, as the simulator's own book of rights has it."""

from collections.abc import Callable, Iterator

import pytest
from pyVmomi import vim

from tests.simulator import RunningSimulator
from tests.vsphere.rig import endpoint_of
from vmware_panel.domain.inventory import MoRef
from vmware_panel.domain.outcome import TroubleKind
from vmware_panel.vsphere import Endpoint, VCenterClient, VSphereError, counting

MAINTENANCE, EDIT = "Host.Config.Maintenance", "Host.Inventory.EditCluster"


@pytest.fixture
def short(
    start_simulator: Callable[..., RunningSimulator], new_client: Callable[..., VCenterClient]
) -> Iterator[tuple[RunningSimulator, VCenterClient]]:
    """A simulator whose account lacks the right to edit clusters."""
    running = start_simulator()
    running.control.deny(running.user, EDIT)
    yield running, new_client(endpoint_of(running))


def some(running: RunningSimulator, kind: type) -> list[MoRef]:
    with running.login.connected() as service:
        content = service.RetrieveContent()
        view = content.viewManager.CreateContainerView(content.rootFolder, [kind], True)
        return [MoRef(found._moId) for found in view.view]


def test_a_privilege_that_was_taken_is_named_and_the_others_are_not(short):
    running, client = short
    hosts, clusters = some(running, vim.HostSystem), some(running, vim.ClusterComputeResource)
    assert client.missing_privileges(hosts[:2], [MAINTENANCE, EDIT]) == (EDIT,)
    assert client.missing_privileges(clusters[:1], [MAINTENANCE]) == ()


def test_it_takes_two_calls_however_many_things_there_are(short):
    running, client = short
    client.about()
    with counting() as calls:
        client.missing_privileges(some(running, vim.HostSystem), [MAINTENANCE, EDIT])
    assert calls.total == 2, calls


def test_a_call_that_needs_it_is_refused_by_its_name(short):
    running, client = short
    (cluster, *_) = some(running, vim.ClusterComputeResource)

    def edit(connected):
        spec = vim.cluster.ConfigSpecEx()
        its = vim.ClusterComputeResource(cluster, connected.service._stub)
        return its.ReconfigureComputeResource_Task(spec, True)

    with pytest.raises(VSphereError) as caught:
        client._session.change(edit, 5.0)
    assert caught.value.trouble.kind is TroubleKind.FORBIDDEN
    assert caught.value.trouble.missing_privilege == EDIT


def test_an_id_of_another_kind_is_a_mistake_of_the_program(
    simulator: RunningSimulator, new_client: Callable[[Endpoint], VCenterClient]
):
    with pytest.raises(ValueError, match="group-d1"):
        new_client(endpoint_of(simulator)).missing_privileges([MoRef("group-d1")], [EDIT])
