"""Lists of any length come whole, each object once, or not at all."""

import math

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from tests.unit.openstack.conftest import access_to
from tests.unit.openstack.fake_cloud import FakeServer, Pages, in_turn, say, serving
from vmware_panel.domain.outcome import TroubleKind
from vmware_panel.openstack import Access, CloudError, cinder, counting, glance, nova

ITEMS = [{"id": f"id-{number}"} for number in range(25)]


@settings(max_examples=25, deadline=None, suppress_health_check=list(HealthCheck))
@given(length=st.integers(0, 25), page_size=st.integers(1, 10))
def test_every_server_once_whatever_the_size_of_the_pages(length: int, page_size: int) -> None:
    with serving() as cloud, counting() as calls:
        cloud.answers["/v2.1/servers/detail"] = Pages("servers", ITEMS[:length], page_size)
        found = nova.list_servers(access_to(cloud.url))
    assert [server.id for server in found] == [item["id"] for item in ITEMS[:length]]
    assert len(calls) == math.floor(length / page_size) + 1


def test_a_list_that_fits_one_page_takes_one_call(cloud: FakeServer, access: Access) -> None:
    cloud.answers["/v2.1/servers/detail"] = Pages("servers", ITEMS)
    with counting() as calls:
        nova.list_servers(access, all_projects=True)
    assert str(calls) == "nova GET /servers/detail"


def test_filters_go_with_every_page_and_the_link_is_not_followed_elsewhere(
    cloud: FakeServer, access: Access
) -> None:
    cloud.answers["/v2.1/servers/detail"] = Pages("servers", ITEMS, page_size=10)
    nova.list_servers(access, all_projects=True)
    assert [dict(request.query) for request in cloud.requests] == [
        {"all_tenants": "1"},
        {"all_tenants": "1", "marker": "id-9"},
        {"all_tenants": "1", "marker": "id-19"},
    ]


def test_glance_and_cinder_have_their_own_links(cloud: FakeServer, access: Access) -> None:
    cloud.answers["/v2/images"] = Pages("images", ITEMS, page_size=10, glance_style=True)
    cloud.answers["/v3/project/volumes/detail"] = Pages("volumes", ITEMS, page_size=10)
    assert len(glance.list_images(access, with_hidden=False)) == 25
    assert len(cinder.list_volumes(access, all_projects=True)) == 25
    assert len(cloud.requests) == 6


@pytest.mark.parametrize("page_size", [1, 10, 25])
def test_a_server_that_ignores_the_marker_is_found_out(
    cloud: FakeServer, access: Access, page_size: int
) -> None:
    pages = Pages("servers", ITEMS, page_size, ignores_marker=True)
    cloud.answers["/v2.1/servers/detail"] = pages
    with pytest.raises(CloudError) as caught:
        nova.list_servers(access)
    assert caught.value.trouble.kind is TroubleKind.BAD_ANSWER
    assert "same page again" in caught.value.trouble.detail
    assert len(cloud.requests) == 2


def test_a_list_that_shifts_between_two_pages_gives_no_doubles(
    cloud: FakeServer, access: Access
) -> None:
    link = [{"rel": "next", "href": "http://x/servers?marker=id-1"}]
    cloud.answers["/v2.1/servers/detail"] = in_turn(
        say(200, {"servers": ITEMS[0:2], "servers_links": link}),
        say(200, {"servers": ITEMS[1:4]}),
    )
    assert [found.id for found in nova.list_servers(access)] == ["id-0", "id-1", "id-2", "id-3"]


def test_a_page_that_fails_takes_the_whole_list(cloud: FakeServer, access: Access) -> None:
    link = [{"rel": "next", "href": "http://x/servers?marker=id-1"}]
    cloud.answers["/v2.1/servers/detail"] = in_turn(
        say(200, {"servers": ITEMS[0:2], "servers_links": link}), say(503, b"", "text/html")
    )
    with pytest.raises(CloudError) as caught:
        nova.list_servers(access)
    assert caught.value.trouble.kind is TroubleKind.OVERLOADED


def test_an_image_deleted_between_two_pages_is_no_missing_list(
    cloud: FakeServer, access: Access
) -> None:
    cloud.answers["/v2/images"] = in_turn(
        say(200, {"images": ITEMS[:2], "next": "/v2/images?marker=id-1"}),
        say(
            400,
            {"message": "No image found with ID id-1<br /><br />\n", "code": "400 Bad Request"},
        ),
    )
    with pytest.raises(CloudError) as caught:
        glance.list_images(access)
    assert caught.value.trouble.kind is TroubleKind.BAD_ANSWER
    assert "the list changed while it was read" in caught.value.trouble.detail


def test_a_list_that_is_not_there_means_a_wrong_address(cloud: FakeServer, access: Access) -> None:
    with pytest.raises(CloudError) as caught:
        nova.list_servers(access)
    assert caught.value.trouble.kind is TroubleKind.BAD_ANSWER
    assert "catalogue" in caught.value.trouble.detail


@pytest.mark.parametrize("body", [{}, {"servers": None}, {"servers": {"id": "1"}}, {"a": []}])
def test_an_answer_without_the_list_is_a_bad_one(
    cloud: FakeServer, access: Access, body: object
) -> None:
    cloud.answers["/v2.1/servers/detail"] = say(200, body)
    with pytest.raises(CloudError) as caught:
        nova.list_servers(access)
    assert caught.value.trouble.kind is TroubleKind.BAD_ANSWER
    assert caught.value.trouble.detail == "the answer holds no list 'servers'"
