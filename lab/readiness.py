"""Ready checks that ask OpenStack itself, as its admin."""

from __future__ import annotations

import functools
from datetime import UTC, datetime
from typing import Any

from keystoneauth1 import exceptions
from keystoneauth1.identity import v3
from keystoneauth1.session import Session

from lab.settings import LabSettings

_TIMEOUT_S = 10


@functools.lru_cache(maxsize=4)
def _session(keystone_url: str, password: str) -> Session:
    admin = v3.Password(
        keystone_url,
        username="admin",
        password=password,
        project_name="admin",
        user_domain_id="default",
        project_domain_id="default",
    )
    return Session(admin, timeout=_TIMEOUT_S)


class _Cloud:
    def __init__(self, settings: LabSettings) -> None:
        self._settings = settings

    def get(self, service: str, path: str, **headers: str) -> dict[str, Any]:
        """One GET as the admin; ``keystoneauth1``'s exceptions when it is not answered well."""
        session = _session(self._settings.keystone_url, self._settings.password)
        answer = session.get(self._settings.url(service, path), headers=headers)
        return dict(answer.json())


class ComputeReady:
    """The scheduler can use this nova-compute: mapped to a cell, up, and known to Placement."""

    def __init__(self, settings: LabSettings, host: str) -> None:
        self._cloud = _Cloud(settings)
        self._host = host

    def __call__(self) -> bool:
        try:
            # Hosts that are not yet mapped to a cell are left out of this list.
            found = self._cloud.get("nova", "/v2.1/os-hypervisors/detail")["hypervisors"]
            mine = [node for node in found if node["service"]["host"] == self._host]
            return any(node["state"] == "up" and self._has_inventory(node) for node in mine)
        except exceptions.ClientException:
            return False

    def _has_inventory(self, node: dict[str, Any]) -> bool:
        name = node["hypervisor_hostname"]
        providers = self._cloud.get("placement", f"/resource_providers?name={name}")
        for provider in providers["resource_providers"]:
            path = f"/resource_providers/{provider['uuid']}/inventories"
            if "VCPU" in self._cloud.get("placement", path)["inventories"]:
                return True
        return False


class ComputeReports:
    """This nova-compute has said that it is up since the check was made: for one started anew.

    Nova takes it for up by what the process before it said, and gives it instances to build. Those
    it takes for interrupted ones and puts into ERROR, if only until it builds them
    (``ComputeManager._error_out_instances_whose_build_was_interrupted``).
    """

    def __init__(self, settings: LabSettings, host: str) -> None:
        self._cloud = _Cloud(settings)
        self._path = f"/v2.1/os-services?binary=nova-compute&host={host}"
        self._since = datetime.now(UTC).replace(tzinfo=None)

    def __call__(self) -> bool:
        try:
            found = self._cloud.get("nova", self._path)["services"]
        except exceptions.ClientException:
            return False
        return any(
            service["state"] == "up" and datetime.fromisoformat(said) > self._since
            for service in found
            if (said := service["updated_at"])
        )


class VolumeServiceReady:
    """A cinder-volume reports itself as up."""

    def __init__(self, settings: LabSettings) -> None:
        self._cloud = _Cloud(settings)

    def __call__(self) -> bool:
        try:
            found = self._cloud.get("cinder", "/v3/os-services?binary=cinder-volume")["services"]
        except exceptions.ClientException:
            return False
        return any(service["state"] == "up" for service in found)
