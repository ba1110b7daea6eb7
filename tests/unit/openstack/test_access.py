"""Where the services are, out of a Keystone catalogue."""

import pytest

from vmware_panel.openstack import Access, Service
from vmware_panel.openstack.access import endpoints_of


def service(kind: str, *urls: tuple[str, str, str]) -> dict[str, object]:
    """An entry as Keystone writes it in a token, and Horizon keeps it in the session."""
    endpoints = [
        {"interface": interface, "region": region, "region_id": region, "url": url, "id": url}
        for interface, region, url in urls
    ]
    return {"type": kind, "name": kind, "id": kind, "endpoints": endpoints}


NORTH = [
    service("compute", ("public", "north", "http://n/nova"), ("public", "south", "http://s/nova")),
    service("image", ("internal", "north", "http://n/glance"), ("public", "south", "http://s/g")),
    service("volumev3", ("public", "north", "http://n/cinder")),
    service("network", ("public", "north", "http://n/neutron")),
]


def test_the_addresses_of_one_region() -> None:
    assert endpoints_of(NORTH, "north") == {
        Service.NOVA: "http://n/nova",
        Service.CINDER: "http://n/cinder",
    }
    assert endpoints_of(NORTH, "south") == {
        Service.NOVA: "http://s/nova",
        Service.GLANCE: "http://s/g",
    }
    assert endpoints_of(NORTH, "east") == {}


def test_the_second_interface_is_taken_where_the_first_is_not_there() -> None:
    found = endpoints_of(NORTH, "north", ("publicURL", "internalURL"))
    assert found[Service.NOVA] == "http://n/nova"
    assert found[Service.GLANCE] == "http://n/glance"


def test_a_secondary_interface_that_is_not_set_is_left_out() -> None:
    assert endpoints_of(NORTH, "north", ("publicURL", "")).keys() == {Service.NOVA, Service.CINDER}


@pytest.mark.parametrize(
    ("kinds", "taken"),
    [
        (["volumev2", "volumev3"], "volumev3"),
        (["volumev3", "block-storage"], "block-storage"),
        (["volume", "volumev3"], "volumev3"),
        (["volumev3"], "volumev3"),
    ],
)
def test_cinder_by_any_of_its_names(kinds: list[str], taken: str) -> None:
    catalog = [service(kind, ("public", "r", f"http://x/{kind}")) for kind in kinds]
    assert endpoints_of(catalog, "r") == {Service.CINDER: f"http://x/{taken}"}


def test_an_empty_catalogue_has_nothing() -> None:
    assert endpoints_of([], "north") == {}


@pytest.mark.parametrize("timeout_s", [0, -1, float("nan")])
def test_a_deadline_must_be_one(timeout_s: float) -> None:
    with pytest.raises(ValueError, match="timeout_s"):
        Access("token", {}, timeout_s=timeout_s)


@pytest.mark.parametrize(
    ("ca_file", "insecure", "verify"),
    [(None, False, True), ("/ca.pem", False, "/ca.pem"), ("/ca.pem", True, False)],
)
def test_what_is_verified(ca_file: str | None, insecure: bool, verify: bool | str) -> None:
    assert Access("token", {}, ca_file=ca_file, insecure=insecure).verify == verify
