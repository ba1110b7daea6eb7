"""Keystone's book: the names of projects."""

from collections.abc import Mapping
from urllib.parse import urlsplit

from vmware_panel.openstack import clients
from vmware_panel.openstack.access import Access, Service
from vmware_panel.openstack.clients import Json
from vmware_panel.openstack.fields import identity, text
from vmware_panel.openstack.pages import read_all


def project_names(access: Access) -> Mapping[str, str]:
    """Names of all projects by id; Keystone's policy leaves them to admins. Raises `CloudError`.

    One call, or one for each `list_limit` projects where Keystone has one set. A Keystone that
    knows no pages (before 2024) cuts the list there: those left out go without a name.
    """
    # The catalogue may name Keystone's root or its v3 API.
    versioned = urlsplit(access.endpoint(Service.KEYSTONE)).path.rstrip("/").endswith("/v3")
    path = "/projects" if versioned else "/v3/projects"
    return dict(read_all(clients.keystone(access), path, "projects", to_name))


def to_name(item: Json) -> tuple[str, str]:
    """Id and name from the JSON of `GET /v3/projects`."""
    return identity(item), text(item, "name")
