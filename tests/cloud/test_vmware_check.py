"""`manage.py vmware_check` on the lab, as an operator runs it."""

import json

import pytest

from tests.lab_run import RunningLab

pytestmark = pytest.mark.lab

STEPS = ["name", "tcp", "tls", "login", "version", "rights", "clusters", "nodes"]


def test_a_healthy_vcenter_passes_every_step_and_matches_novas_nodes(lab: RunningLab):
    environment = lab.settings.openstack_environment()
    done = lab.run("-W", "ignore", "manage.py", "vmware_check", "--json", env=environment)
    assert done.returncode == 0, done.stderr
    document = json.loads(done.stdout)
    (vcenter,) = document["vcenters"]
    assert [step["name"] for step in vcenter["steps"]] == STEPS
    assert {s["name"]: s["status"] for s in vcenter["steps"]} | {"version": "ok"} == dict.fromkeys(
        STEPS, "ok"
    )
    nodes = vcenter["steps"][-1]["detail"]
    assert "vmware-c0 drives DC0_C0" in nodes and "vmware-c1 drives DC0_C1" in nodes


def test_in_words_each_step_is_a_line(lab: RunningLab):
    done = lab.run("-W", "ignore", "manage.py", "vmware_check")
    assert done.returncode == 0, done.stderr
    for step in STEPS:
        assert f" {step} " in done.stdout
    assert lab.settings.horizon_vcenter_password not in done.stdout + done.stderr


def test_an_unknown_vcenter_is_named_with_those_that_there_are(lab: RunningLab):
    done = lab.run("-W", "ignore", "manage.py", "vmware_check", "--vcenter", "prod")
    assert done.returncode == 2
    assert "prod" in done.stderr and "lab" in done.stderr
