"""The names of projects, read over real HTTP."""

import pytest

from tests.unit.openstack.conftest import TOKEN
from tests.unit.openstack.fake_cloud import FakeServer, in_turn, say
from vmware_panel.domain.outcome import TroubleKind
from vmware_panel.openstack import Access, CloudError, Service, keystone

# Keystone 30; `next` is a link as soon as there is a `list_limit`.
WHOLE = {
    "projects": [{"id": "p1", "name": "web", "domain_id": "default"}],
    "links": {"next": None},
}
FIRST = {
    "projects": [{"id": "p0", "name": "ops"}],
    "links": {"next": "http://inside.invalid/v3/projects?marker=p0"},
}


def asking(url: str) -> Access:
    return Access(TOKEN, {Service.KEYSTONE: url})


@pytest.mark.parametrize("root", ["", "/", "/v3", "/v3/", "/identity/v3"])
def test_the_names_of_all_projects(cloud: FakeServer, root: str) -> None:
    cloud.answers["(/identity)?/v3/projects"] = in_turn(say(200, FIRST), say(200, WHOLE))
    names = keystone.project_names(asking(cloud.url + root))
    assert names == {"p0": "ops", "p1": "web"}
    assert cloud.requests[1].query == {"marker": "p0"}


def test_a_keystone_that_says_no(cloud: FakeServer) -> None:
    cloud.answers[".*"] = say(403, {"error": {"code": 403, "message": "identity:list_projects"}})
    with pytest.raises(CloudError) as caught:
        keystone.project_names(asking(f"{cloud.url}/v3"))
    assert caught.value.trouble.source == "keystone"
    assert caught.value.trouble.kind is TroubleKind.FORBIDDEN
