"""The databases of all services, filled for the first time by the services' own code.

``python -m lab.databases build`` does all of it, with a MariaDB server of its own for that time,
and keeps the result as the lab's template. ``... keystone`` and ``... nova`` do the two large ones:
in one process each, what otherwise takes four calls of ``nova-manage``, or three of
``keystone-manage`` and forty of Keystone's API. Most of the time of each goes into imports.
"""

from __future__ import annotations

import argparse
import os
import subprocess
import sys
import time
import uuid
from collections.abc import Sequence
from concurrent import futures
from pathlib import Path
from typing import Any

from lab import cloud, mariadb, progress
from lab.openstack_conf import SERVICE_USERS, database_url
from lab.settings import REGION, LabSettings
from lab.steps import PortAnswers
from lab.template import Template

_SERVER_START_S = 30
_SERVER_STOP_S = 30


def build(settings: LabSettings) -> None:
    """Fill the databases below ``run`` from nothing and keep a copy as the template."""
    _run("empty databases", mariadb.install_command(settings))
    server = subprocess.Popen(mariadb.server_command(settings))
    try:
        _wait_for_server(server, settings.ports["mariadb"])
        with futures.ThreadPoolExecutor() as pool:
            list(pool.map(lambda item: _run(*item), _fillings(settings)))
    finally:
        server.terminate()
        server.wait(_SERVER_STOP_S)
    Template(settings).save()
    progress.say("kept for later starts")


def _fillings(settings: LabSettings) -> list[tuple[str, Sequence[str]]]:
    """Longest first: there may be fewer processors than services."""
    scripts = Path(sys.executable).parent
    etc = settings.etc
    own = (sys.executable, "-m", "lab.databases")
    return [
        ("nova", (*own, "nova")),
        ("keystone", (*own, "keystone")),
        (
            "cinder",
            (f"{scripts}/cinder-manage", f"--config-file={etc}/cinder/cinder.conf", "db", "sync"),
        ),
        (
            "glance",
            (f"{scripts}/glance-manage", f"--config-file={etc}/glance/glance-api.conf", "db_sync"),
        ),
        (
            "placement",
            (f"{scripts}/placement-manage", f"--config-dir={etc}/placement", "db", "sync"),
        ),
    ]


def _run(name: str, command: Sequence[str]) -> None:
    begin = time.monotonic()
    subprocess.run(command, check=True)
    progress.say(f"{name} {time.monotonic() - begin:.1f} s")


def _wait_for_server(server: subprocess.Popen[bytes], port: int) -> None:
    end = time.monotonic() + _SERVER_START_S
    while not PortAnswers(port)():
        if server.poll() is not None or time.monotonic() > end:
            raise SystemExit("MariaDB did not start")
        time.sleep(0.05)


def keystone(settings: LabSettings) -> None:
    """Schema, token keys, the admin, the catalogue, and the cloud's projects and users."""
    import keystone.conf
    from keystone.cmd import bootstrap, cli
    from keystone.common import sql
    from keystone.common.sql import upgrades

    conf = keystone.conf.CONF
    keystone.conf.configure()
    sql.initialize()
    conf(["--config-file", str(settings.etc / "keystone/keystone.conf")], project="keystone")
    upgrades.offline_sync_database_to_version()
    cli.FernetSetup.initialize_fernet_repository(os.getuid(), os.getgid(), "fernet_tokens")

    first = bootstrap.Bootstrapper()
    first.admin_username, first.admin_password = "admin", settings.password
    first.project_name, first.admin_role_name = "admin", "admin"
    first.service_name, first.region_id = "keystone", REGION
    first.admin_url = first.internal_url = first.public_url = settings.keystone_url
    first.bootstrap()
    _Identity(settings, first).fill()


class _Identity:
    """What a deployer adds to a bootstrapped Keystone."""

    def __init__(self, settings: LabSettings, first: Any) -> None:
        from keystone.common import provider_api

        self._settings = settings
        self._providers = provider_api.ProviderAPIs
        self._admin_id = first.admin_user_id
        self._roles = {
            "admin": first.admin_role_id,
            "member": first.member_role_id,
            "service": first.service_role_id,
        }

    def fill(self) -> None:
        service = self._project("service", "OpenStack's own services")
        for name in SERVICE_USERS:
            self._grant(self._user(name, service), service, "admin", "service")
        for project in cloud.PROJECTS:
            project_id = self._project(project.name, project.description)
            self._grant(self._user(project.member, project_id), project_id, "member")
            self._grant(self._admin_id, project_id, "admin")
        settings = self._settings
        volumes = settings.url("cinder", "/v3/%(project_id)s")
        for service_type, name, url in (
            ("compute", "nova", settings.url("nova", "/v2.1")),
            ("image", "glance", settings.url("glance")),
            ("placement", "placement", settings.url("placement")),
            ("network", "neutron", settings.url("neutron")),
            ("volumev3", "cinderv3", volumes),
            ("block-storage", "cinder", volumes),
        ):
            self._service(service_type, name, url)

    def _project(self, name: str, description: str) -> str:
        project_id = uuid.uuid4().hex
        self._providers.resource_api.create_project(
            project_id,
            {
                "id": project_id,
                "name": name,
                "description": description,
                "domain_id": cloud.DOMAIN,
                "enabled": True,
            },
        )
        return project_id

    def _user(self, name: str, project_id: str) -> str:
        user = self._providers.identity_api.create_user(
            {
                "name": name,
                "password": self._settings.password,
                "domain_id": cloud.DOMAIN,
                "default_project_id": project_id,
                "enabled": True,
            }
        )
        return str(user["id"])

    def _grant(self, user_id: str, project_id: str, *roles: str) -> None:
        for role in roles:
            self._providers.assignment_api.create_grant(
                self._roles[role], user_id=user_id, project_id=project_id
            )

    def _service(self, service_type: str, name: str, url: str) -> None:
        catalog = self._providers.catalog_api
        service_id = uuid.uuid4().hex
        catalog.create_service(
            service_id, {"id": service_id, "type": service_type, "name": name, "enabled": True}
        )
        for interface in ("public", "internal", "admin"):
            endpoint_id = uuid.uuid4().hex
            catalog.create_endpoint(
                endpoint_id,
                {
                    "id": endpoint_id,
                    "service_id": service_id,
                    "interface": interface,
                    "url": url,
                    "region_id": REGION,
                    "enabled": True,
                },
            )


def configure_nova(settings: LabSettings) -> None:
    """Nova's own code in this process, with the configuration and the databases of the lab."""
    from nova import config, objects

    config.parse_args(["nova-manage", "--config-file", str(settings.etc / "nova/nova.conf")])
    objects.register_all()


def compute_services(settings: LabSettings) -> None:
    """The VMware computes as Nova knows them after a first start.

    A nova-compute that is new to Nova refuses to start where there are VMs of Nova's already
    (``nova.compute.manager``, ``_sanity_check_new_host``).
    """
    from nova import context, objects

    configure_nova(settings)
    for host in settings.compute_hosts():
        objects.Service(
            context=context.get_admin_context(),
            host=host,
            binary="nova-compute",
            topic="compute",
            report_count=0,
        ).create()


def nova(settings: LabSettings) -> None:
    """Both schemas, the cells, and the cloud's flavors."""
    from nova import context, objects
    from nova.cmd import manage

    configure_nova(settings)
    cells = manage.CellV2Commands()
    for command in (
        manage.ApiDbCommands().sync,
        lambda: cells.map_cell0(database_url(settings, "nova_cell0")),
        manage.DbCommands().sync,
        lambda: cells.create_cell(name="cell1"),
    ):
        status = command()
        if status:
            raise SystemExit(status)
    for flavor in cloud.FLAVORS:
        objects.Flavor(
            context=context.get_admin_context(),
            flavorid=flavor.name,
            name=flavor.name,
            vcpus=flavor.vcpus,
            memory_mb=flavor.memory_mb,
            root_gb=flavor.root_gb,
            ephemeral_gb=0,
            swap=0,
            rxtx_factor=1.0,
            is_public=True,
            disabled=False,
        ).create()


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    actions = {
        "build": build,
        "keystone": keystone,
        "nova": nova,
        "compute-services": compute_services,
    }
    parser.add_argument("action", choices=sorted(actions))
    actions[parser.parse_args().action](LabSettings.from_environment())


if __name__ == "__main__":
    main()
