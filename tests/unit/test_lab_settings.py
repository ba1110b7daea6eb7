"""The lab's settings, its configuration files and its stand-in for Neutron."""

from __future__ import annotations

import dataclasses
import re
from pathlib import Path

import pytest

from lab import cloud, openstack_conf
from lab.neutron import Neutron
from lab.services import LabSteps
from lab.settings import DEFAULT_PORTS, LabSettings, SettingsError, Size
from lab.steps import Service
from lab.template import Template


def _settings(folder: Path, **more: object) -> LabSettings:
    return LabSettings.from_environment({}, state=str(folder), **more)


def test_ports_come_from_offset_variable_and_option_in_that_order(tmp_path: Path) -> None:
    environment = {
        "VMWARE_LAB_STATE": str(tmp_path),
        "VMWARE_LAB_PORT_OFFSET": "100",
        "VMWARE_LAB_PORTS": "horizon=8000, nova=8774",
    }
    ports = LabSettings.from_environment(environment, ports={"nova": 9774}).ports
    assert ports["keystone"] == DEFAULT_PORTS["keystone"] + 100
    assert ports["horizon"] == 8000
    assert ports["nova"] == 9774


@pytest.mark.parametrize(
    ("environment", "message"),
    [
        ({"VMWARE_LAB_PORT_OFFSET": "many"}, "VMWARE_LAB_PORT_OFFSET is 'many'"),
        ({"VMWARE_LAB_PORTS": "horizon"}, "VMWARE_LAB_PORTS: 'horizon' is not NAME=NUMBER"),
        ({"VMWARE_LAB_PORTS": "horizn=8000"}, "unknown port name horizn"),
        ({"VMWARE_LAB_PORTS": "horizon=80"}, "port 80 of horizon"),
        ({"VMWARE_LAB_PORTS": "horizon=8989"}, "port 8989 is given to both vcenter and horizon"),
        ({"VMWARE_LAB_PORT_OFFSET": "60000"}, "from 1024 to 65535"),
        ({"VMWARE_LAB_POWER_SYNC_S": "soon"}, "VMWARE_LAB_POWER_SYNC_S is 'soon'"),
        ({"VMWARE_LAB_POWER_SYNC_S": "-1"}, "VMWARE_LAB_POWER_SYNC_S is -1: give seconds"),
    ],
)
def test_bad_variables_are_refused_by_name(environment: dict[str, str], message: str) -> None:
    with pytest.raises(SettingsError, match=re.escape(message)):
        LabSettings.from_environment(environment)


def test_a_lab_without_hosts_is_refused_by_option() -> None:
    with pytest.raises(SettingsError, match="--hosts-per-cluster is 0: give 1 or more"):
        Size(hosts_per_cluster=0)


def test_a_child_process_gets_these_very_settings(tmp_path: Path) -> None:
    settings = _settings(tmp_path, port_offset=100, ports={"horizon": 8000}, power_sync_s=7)
    again = LabSettings.from_environment(settings.to_environment())
    assert (again.state, dict(again.ports)) == (settings.state, dict(settings.ports))
    assert (again.build, again.power_sync_s) == (settings.build, 7)


def test_the_record_of_a_start_is_read_back(tmp_path: Path) -> None:
    more = {"size": Size(clusters=1), "other_compute": False, "power_sync_s": 0}
    settings = _settings(tmp_path, port_offset=100, **more)
    assert settings.recorded() is None
    settings.write_record()
    assert _settings(tmp_path).recorded() == dataclasses.replace(
        _settings(tmp_path), ports=settings.ports, **more
    )


def test_novas_look_at_power_states_is_as_set_or_never(tmp_path: Path) -> None:
    for seconds, written in ((600, "600"), (5, "5"), (0, "-1")):
        settings = _settings(tmp_path, power_sync_s=seconds)
        openstack_conf.OpenStackConf(settings).write_all()
        file = settings.etc / "nova" / "vmware-c0.conf"
        assert f"sync_power_state_interval = {written}" in file.read_text().splitlines()


def test_every_port_belongs_to_one_service_and_is_checked(tmp_path: Path) -> None:
    steps = LabSteps(_settings(tmp_path)).all()
    ports = [name for step in steps if isinstance(step, Service) for name in step.ports]
    assert sorted(ports) == sorted(DEFAULT_PORTS)


def test_each_cluster_has_its_nova_compute(tmp_path: Path) -> None:
    names = {step.name for step in LabSteps(_settings(tmp_path, size=Size(clusters=3))).all()}
    assert {f"nova-compute-vmware-c{n}" for n in range(3)} <= names


@pytest.mark.parametrize("change", [{"port_offset": 1}, {"state": "elsewhere"}])
def test_a_template_is_for_one_folder_and_its_ports(
    tmp_path: Path, change: dict[str, object]
) -> None:
    one = LabSettings.from_environment({}, state=str(tmp_path))
    other = LabSettings.from_environment({}, **{"state": str(tmp_path), **change})
    assert Template(one).path.name != Template(other).path.name


def test_a_template_is_restored_as_it_was_saved(tmp_path: Path) -> None:
    settings = _settings(tmp_path)
    for folder in ("mysql", "keystone"):
        (settings.run / folder).mkdir(parents=True)
        (settings.run / folder / "file").write_text(folder)
    template = Template(settings)
    assert not template.exists
    template.save()
    for folder in ("mysql", "keystone"):
        (settings.run / folder / "file").unlink()
        (settings.run / folder).rmdir()
    Template(settings).restore()
    assert (settings.run / "keystone" / "file").read_text() == "keystone"


def test_configuration_files_repeat_an_option_for_each_item_of_a_list() -> None:
    text = openstack_conf.render({"vmware": {"insecure": False, "cluster": ["a", "b"]}})
    assert text == "[vmware]\ninsecure = false\ncluster = a\ncluster = b\n"


def test_each_compute_takes_the_shared_and_its_own_datastores_only() -> None:
    allowed = re.compile(openstack_conf.datastore_regex(1))
    names = ("shared-ds-1", "c0-local-1", "c1-local-1", "c11-local-1")
    assert [name for name in names if allowed.match(name)] == ["shared-ds-1", "c1-local-1"]


def test_the_cloud_holds_together() -> None:
    images = {image.name for image in cloud.IMAGES}
    flavors = {flavor.name for flavor in cloud.FLAVORS}
    projects = {project.name for project in cloud.PROJECTS}
    servers = {server.name: server for server in cloud.SERVERS}
    assert len(servers) == len(cloud.SERVERS)
    for server in cloud.SERVERS:
        assert server.image in images and server.flavor in flavors and server.project in projects
    for volume in cloud.VOLUMES:
        target = volume.attached_to or volume.was_attached_to
        assert target is None or servers[target].project == volume.project
    assert all(flavor.memory_mb % 4 == 0 for flavor in cloud.FLAVORS)


def test_a_port_is_bound_as_dvs_once_it_has_a_host() -> None:
    neutron = Neutron("DC0_DVPG0")
    _, made = neutron.answer("POST", "/v2.0/ports", {}, {"port": {"tenant_id": "web"}})
    assert made is not None and made["port"]["binding:vif_type"] == "unbound"
    path = f"/v2.0/ports/{made['port']['id']}"
    _, bound = neutron.answer("PUT", path, {}, {"port": {"binding:host_id": "vmware-c0"}})
    assert bound is not None
    assert bound["port"]["binding:vif_details"] == {"dvs_port_group_name": "DC0_DVPG0"}
    assert bound["port"]["status"] == "ACTIVE"


def test_ports_are_filtered_and_deleted_ones_not_found() -> None:
    neutron = Neutron("DC0_DVPG0")
    for device in ("a", "b"):
        neutron.answer("POST", "/v2.0/ports", {}, {"port": {"device_id": device}})
    _, found = neutron.answer("GET", "/v2.0/ports", {"device_id": ["b"]}, {})
    assert found is not None and [port["device_id"] for port in found["ports"]] == ["b"]
    path = f"/v2.0/ports/{found['ports'][0]['id']}"
    assert neutron.answer("DELETE", path, {}, {}) == ("204 No Content", None)
    status, error = neutron.answer("GET", path, {}, {})
    assert status == "404 Not Found"
    assert error is not None and error["NeutronError"]["type"] == "PortNotFound"
