"""What the command line tells about a lab, in words."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Any

from lab import cloud
from lab.settings import LabSettings


def command() -> str:
    """How to call the lab, with the Python that runs it now: to be typed where we are."""
    python = Path(sys.executable)
    if python.is_relative_to(Path.cwd()):
        python = python.relative_to(Path.cwd())
    return f"{python} -m lab"


def welcome(settings: LabSettings) -> str:
    """Where to go, as whom, and what to look at first."""
    lab = command()
    members = "\n".join(
        f"  {project.member:<8} {settings.password:<10} member of {project.name} "
        f"({project.description.lower()})"
        for project in cloud.PROJECTS
    )
    return f"""
Horizon   {settings.horizon_url}
  user     password
  admin    {settings.password:<10} administrator
{members}

vCenter   {settings.vcenter_url}
  {settings.vcenter_user}   {settings.vcenter_password}   (CA: {settings.ca_file})

What to look at first
  1. As admin: Admin > Compute > Instances, an instance, its tab VMware: where it runs, on which
     host and datastore, and where its root disk comes from.
  2. Admin > VMware > Instances: every instance with its cluster, ESX host and datastores.
  3. Admin > VMware > Clusters, a cluster, its tab Capacity: Nova's, Placement's and vCenter's figures,
     and why they differ. Admin > VMware > Hosts, a host: put it into maintenance mode.
  4. Let vCenter do something behind Nova's back and reload the page:
     {lab} drift --help

  {lab} status     what runs
  {lab} logs       what it says
  {lab} env        the variables for the openstack command
  {lab} down       stops it all"""


def table(status: dict[str, Any]) -> str:
    """The services of :meth:`lab.lab.Lab.status`, one a line."""
    lines = [f"The lab in {status['folder']} is {status['state']}."]
    for name, service in status["services"].items():
        ports = ", ".join(str(port) for port in service["ports"].values())
        state = "ready" if service["ready"] else "down" if service["pid"] is None else "NOT ready"
        pid = "" if service["pid"] is None else f"pid {service['pid']}"
        lines.append(f"  {name:<26} {state:<10} {pid:<12} {ports}")
    if status["state"] != "down":
        lines.append(f"Horizon: {status['endpoints']['horizon']}")
    return "\n".join(lines)
