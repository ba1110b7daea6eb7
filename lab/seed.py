"""``python -m lab.seed images|all``: make the cloud of :mod:`lab.cloud`. What is there is kept."""

from __future__ import annotations

import argparse
import sys
import time
from collections.abc import Callable, Iterable, Sequence
from concurrent import futures
from typing import Any

from lab import cloud, progress, vcenter
from lab.connection import connect
from lab.images import make_image, upload_image
from lab.settings import LabSettings
from lab.supervisor import LabError

_WORKERS = 6
_BOOT_TIMEOUT_S = 300
_POLL_S = 0.5


class SeedError(LabError):
    """The cloud could not be made; the message names the instance or volume."""


class Seed:
    """One run against a lab that is up."""

    def __init__(self, settings: LabSettings) -> None:
        self._settings = settings
        self._admin = connect(settings)
        self._members = {
            project.name: connect(settings, project.member, project.name)
            for project in cloud.PROJECTS
        }

    # -- images ----------------------------------------------------------------------------

    def images(self) -> None:
        """Upload every image that Glance does not have."""
        present = {image.name for image in self._admin.image.images()}
        wanted = [*cloud.IMAGES]
        if self._settings.other_compute:
            wanted.append(cloud.OTHER_IMAGE)
        _each(self._upload, [image for image in wanted if image.name not in present])

    def _upload(self, image: cloud.Image) -> None:
        path = self._settings.build / "images" / f"{image.name}.{image.disk_format}"
        make_image(path, image.kind, image.size_mb)
        upload_image(
            self._admin, image.name, path, disk_format=image.disk_format, **image.properties
        )

    # -- instances and volumes -------------------------------------------------------------

    def everything(self, *, hostile: bool = False) -> None:
        """Boot what is missing, give it its volumes, then let vCenter move it about.

        :raises SeedError: an instance or a volume ended in an error
        """
        wanted = [*cloud.SERVERS]
        if self._settings.other_compute:
            wanted.append(cloud.OTHER_SERVER)
        if hostile:
            wanted.append(cloud.HOSTILE_SERVER)
        self._look()
        servers = [server for server in wanted if server.name not in self._server_ids]
        volumes = [volume for volume in cloud.VOLUMES if volume.name not in self._volume_ids]
        _each(self._boot, servers)
        if volumes:
            self._wait_for_pools()
        _each(self._create_volume, volumes)
        progress.say(f"{len(servers)} instances and {len(volumes)} volumes asked for")
        self._wait_for_servers(servers)
        self._wait_for_volumes(volumes)
        _each(self._attach, volumes)
        _each(self._stop, [server for server in servers if server.stopped])
        self._wait_for_volumes(volumes)
        _each(self._detach, [volume for volume in volumes if volume.was_attached_to])
        self._wait_for_volumes(volumes)
        if servers:
            self._move(servers)
        self._settings.seeded_file.touch()

    def _look(self) -> None:
        """What is there, so that no later step has to ask for an id."""
        admin = self._admin
        self._image_ids = {image.name: image.id for image in admin.image.images()}
        self._network_id = next(iter(admin.network.networks())).id
        servers = admin.compute.servers(details=False, all_projects=True)
        self._server_ids = {server.name: server.id for server in servers}
        volumes = admin.block_storage.volumes(details=False, all_projects=True)
        self._volume_ids = {volume.name: volume.id for volume in volumes}

    def _boot(self, server: cloud.Server) -> None:
        hosts = self._settings.compute_hosts()
        where = {} if server.cluster is None else {"host": hosts[server.cluster % len(hosts)]}
        made = self._members[server.project].compute.create_server(
            **where,
            name=server.name,
            flavor_id=server.flavor,
            image_id=self._image_ids[server.image],
            networks=[{"uuid": self._network_id}],
        )
        self._server_ids[server.name] = made.id

    def _wait_for_servers(self, servers: Sequence[cloud.Server]) -> None:
        compute = self._admin.compute
        before = len(servers)
        for _ in _until(_BOOT_TIMEOUT_S, "the instances to be active"):
            building = compute.servers(details=False, all_projects=True, status="BUILD")
            count = sum(1 for _ in building)
            if count != before:
                progress.say(f"{len(servers) - count} of {len(servers)} instances built")
                before = count
            if count == 0:
                break
        for server in compute.servers(details=True, all_projects=True, status="ERROR"):
            fault = (server.fault or {}).get("message", "no fault given")
            raise SeedError(f"instance {server.name}: {fault}")

    def _stop(self, server: cloud.Server) -> None:
        self._members[server.project].compute.stop_server(self._server_ids[server.name])

    def _create_volume(self, volume: cloud.Volume) -> None:
        made = self._members[volume.project].block_storage.create_volume(
            name=volume.name, size=volume.size_gb
        )
        self._volume_ids[volume.name] = made.id

    def _wait_for_pools(self) -> None:
        """Until Cinder's scheduler was told of a backend: before that, volumes end in an error.

        The service is up some time earlier; with thousands of VMs in vCenter, seconds.
        """
        for _ in _until(_BOOT_TIMEOUT_S, "Cinder's scheduler to know a pool"):
            if next(iter(self._admin.block_storage.backend_pools()), None):
                return

    def _wait_for_volumes(self, volumes: Sequence[cloud.Volume]) -> None:
        names = {volume.name for volume in volumes}
        for _ in _until(_BOOT_TIMEOUT_S, "the volumes to be available"):
            found = self._admin.block_storage.volumes(details=True, all_projects=True)
            states = {volume.name: volume.status for volume in found if volume.name in names}
            for name, state in states.items():
                if state.startswith("error"):
                    raise SeedError(f"volume {name} is in status {state}")
            if all(state in ("available", "in-use") for state in states.values()):
                return

    def _attach(self, volume: cloud.Volume) -> None:
        target = volume.attached_to or volume.was_attached_to
        if target:
            self._members[volume.project].compute.create_volume_attachment(
                self._server_ids[target], volume_id=self._volume_ids[volume.name]
            )

    def _detach(self, volume: cloud.Volume) -> None:
        self._members[volume.project].compute.delete_volume_attachment(
            self._server_ids[str(volume.was_attached_to)], self._volume_ids[volume.name]
        )

    def _move(self, servers: Sequence[cloud.Server]) -> None:
        names = {server.name for server in servers}
        local = {server.name for server in servers if server.on_local_datastore}
        with vcenter.connected(self._settings) as service:
            moved = vcenter.spread(service, names)
            relocated = vcenter.move_to_local_datastores(service, local)
        progress.say(f"{moved} VMs moved to other hosts, {relocated} to other datastores")


def _each(function: Callable[[Any], None], items: Sequence[Any]) -> None:
    with futures.ThreadPoolExecutor(_WORKERS) as pool:
        list(pool.map(function, items))


def _until(timeout_s: float, what: str) -> Iterable[None]:
    end = time.monotonic() + timeout_s
    while time.monotonic() < end:
        yield
        time.sleep(_POLL_S)
    raise SeedError(f"waited {timeout_s:.0f} s for {what}")


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("what", choices=["images", "all"])
    parser.add_argument("--hostile", action="store_true", help="add an instance with a bad name")
    arguments = parser.parse_args()
    given = LabSettings.from_environment()
    seed = Seed(given.recorded() or given)
    try:
        if arguments.what == "images":
            seed.images()
        else:
            seed.everything(hostile=arguments.hostile)
    except SeedError as error:
        sys.exit(f"error: {error}")


if __name__ == "__main__":
    main()
