"""The lab as the tests of this folder see it: in this process, with a user's own token."""

from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager
from datetime import UTC, datetime
from types import SimpleNamespace
from typing import Any

import pytest
from django.test import override_settings

from lab.settings import HOST, REGION
from tests.lab_run import RunningLab
from vmware_panel.api import cloud, inventories, usages
from vmware_panel.openstack import memo, server_index
from vmware_panel.vsphere import close_clients

PATIENCE_S = 60.0


@pytest.fixture(autouse=True)
def nothing_known_of_the_cloud() -> None:
    """As in a process that was just started: each test counts its own calls, and has collectors of
    its own.
    """
    cloud.forget_all()
    inventories.forget_all()
    usages.forget_all()


@pytest.fixture(autouse=True)
def patient(monkeypatch: pytest.MonkeyPatch) -> None:
    """A page waits for the first lists as long as they take: a busy machine lists late, and what a
    page shows until then is not what these tests are about.
    """
    monkeypatch.setattr(inventories, "FIRST_LIST_PATIENCE_S", PATIENCE_S)
    monkeypatch.setattr(server_index, "WAIT_FOR_FIRST_LIST_S", PATIENCE_S)


@pytest.fixture
def at_one_moment(monkeypatch: pytest.MonkeyPatch) -> None:
    """What is kept of OpenStack's answers grows no older, however long the pages of a test take."""
    now = datetime.now(UTC)
    for module in (memo, server_index):
        monkeypatch.setattr(module, "_utc_now", lambda: now)


@pytest.fixture
def vcenter_setting(lab: RunningLab) -> dict[str, Any]:
    """How the lab's own Horizon is told of its vCenter."""
    settings = lab.settings
    return {
        "host": HOST,
        "port": settings.ports["vcenter"],
        "username": settings.horizon_vcenter_user,
        "password": settings.horizon_vcenter_password,
        "ca_file": str(settings.ca_file),
    }


@pytest.fixture
def configured(
    vcenter_setting: dict[str, Any],
) -> Iterator[Callable[..., AbstractContextManager[None]]]:
    """`with configured(port=1):` VMWARE_PANEL is as in the lab, but for what is given.

    `mode` is the collector's.
    """

    @contextmanager
    def with_changes(mode: str = "embedded", **changes: Any) -> Iterator[None]:
        vcenter = {**vcenter_setting, **changes}
        setting = {"vcenters": {"lab": vcenter}, "collector": {"mode": mode}}
        with override_settings(VMWARE_PANEL=setting):
            yield

    close_clients()
    yield with_changes
    inventories.forget_all()
    close_clients()


@pytest.fixture
def request_of(lab: RunningLab) -> Callable[..., Any]:
    """A request as Horizon hands it to a view, with a real token and catalogue."""

    def make(user: str = "admin", project: str = "admin") -> Any:
        session = lab.openstack(user, project).session
        login: Any = session.auth
        access = login.get_access(session)
        return SimpleNamespace(
            user=SimpleNamespace(
                token=SimpleNamespace(id=access.auth_token),
                service_catalog=access.service_catalog.catalog,
                services_region=REGION,
                project_id=access.project_id,
                roles=[{"name": name} for name in access.role_names],
                is_superuser="admin" in access.role_names,
            )
        )

    return make
