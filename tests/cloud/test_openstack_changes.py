"""Changes of the lab's own Nova and Placement, each read back by openstacksdk."""

from typing import Any

import pytest

from lab.settings import REGION
from tests.lab_run import RunningLab
from vmware_panel.domain.outcome import TroubleKind
from vmware_panel.openstack import Access, CloudError, Conflict, nova, placement
from vmware_panel.openstack.access import endpoints_of

pytestmark = pytest.mark.lab

OTHER = "kvm-1"


@pytest.fixture(scope="module")
def access(lab: RunningLab) -> Access:
    auth: Any = lab.admin.session.auth
    ticket = auth.get_access(lab.admin.session)
    return Access(ticket.auth_token, endpoints_of(ticket.service_catalog.catalog, REGION), REGION)


def service_of(lab: RunningLab, host: str) -> Any:
    (found,) = [
        service for service in lab.admin.compute.services(binary="nova-compute", host=host)
    ]
    return found


def test_a_service_is_disabled_with_its_reason_and_enabled(
    lab: RunningLab, access: Access
) -> None:
    service_id = service_of(lab, OTHER).id
    try:
        told = nova.set_service_enabled(access, service_id, False, "new RAM, ticket 17")
        read = service_of(lab, OTHER)
        assert (read.status, read.disabled_reason) == ("disabled", "new RAM, ticket 17")
        assert (told.enabled, told.disabled_reason, told.host) == (
            False,
            "new RAM, ticket 17",
            OTHER,
        )
    finally:
        told = nova.set_service_enabled(access, service_id, True)
    assert service_of(lab, OTHER).status == "enabled"
    assert told.enabled


def test_a_service_that_is_gone_and_a_reason_that_nova_refuses(
    lab: RunningLab, access: Access
) -> None:
    gone = "11111111-1111-4111-8111-111111111111"
    with pytest.raises(CloudError) as caught:
        nova.set_service_enabled(access, gone, True)
    assert caught.value.trouble.kind is TroubleKind.NOT_FOUND
    with pytest.raises(CloudError) as caught:
        nova.set_service_enabled(access, service_of(lab, OTHER).id, False, "x" * 256)
    assert caught.value.status == 400
    assert service_of(lab, OTHER).status == "enabled"


@pytest.fixture
def provider(lab: RunningLab, access: Access) -> str:
    """The one of the lab's last cluster, with its ratios as they were after the test."""
    host = lab.settings.compute_hosts()[-1]
    (node,) = [n for n in nova.list_hypervisors(access) if n.service_host == host]
    return node.id


def record(lab: RunningLab, provider: str) -> Any:
    return lab.admin.placement.get(f"/resource_providers/{provider}/inventories/VCPU").json()


def test_a_ratio_is_set_against_the_generation_that_was_seen(
    lab: RunningLab, access: Access, provider: str
) -> None:
    before = record(lab, provider)
    generation = before["resource_provider_generation"]
    try:
        after = placement.set_allocation_ratio(access, provider, "VCPU", 7.5, generation)
        changed = record(lab, provider)
        assert changed == before | {
            "allocation_ratio": 7.5,
            "resource_provider_generation": after,
        }
        with pytest.raises(Conflict) as caught:
            placement.set_allocation_ratio(access, provider, "VCPU", 9.0, generation)
        assert caught.value.status == 409
        assert record(lab, provider) == changed
    finally:
        now = record(lab, provider)["resource_provider_generation"]
        placement.set_allocation_ratio(access, provider, "VCPU", before["allocation_ratio"], now)
    assert record(lab, provider)["allocation_ratio"] == before["allocation_ratio"]


def test_a_ratio_of_a_class_that_is_not_there(access: Access, provider: str) -> None:
    with pytest.raises(CloudError) as caught:
        placement.set_allocation_ratio(access, provider, "PCPU", 1.0, 1)
    assert caught.value.trouble.kind is TroubleKind.NOT_FOUND


def test_allocations_as_placement_has_them(lab: RunningLab, access: Access, provider: str) -> None:
    theirs = lab.admin.placement.get(f"/resource_providers/{provider}/allocations").json()
    ours = {
        one.consumer: dict(one.resources) for one in placement.list_allocations(access, provider)
    }
    assert ours
    assert ours == {
        consumer: held["resources"] for consumer, held in theirs["allocations"].items()
    }
    whole = placement.get_resource_provider(access, provider)
    used = {one.resource_class: one.used for one in whole.inventories}
    for name in ("VCPU", "MEMORY_MB", "DISK_GB"):
        assert used[name] == sum(held.get(name, 0) for held in ours.values())


def test_candidates_as_the_scheduler_asks_for_them(
    lab: RunningLab, access: Access, provider: str
) -> None:
    small = {"VCPU": 1, "MEMORY_MB": 512}
    found = placement.list_candidates(access, small)
    headers = {"OpenStack-API-Version": "placement 1.39"}
    query = "/allocation_candidates?resources=VCPU:1,MEMORY_MB:512"
    theirs = lab.admin.placement.get(query, headers=headers).json()
    assert found == set(theirs["provider_summaries"])
    assert provider in found
    assert provider not in placement.list_candidates(access, {"VCPU": 100_000})
    trait = {"COMPUTE_STATUS_DISABLED"}
    assert placement.list_candidates(access, small, required=trait) == frozenset()
    assert placement.list_candidates(access, small, forbidden=trait) == found
