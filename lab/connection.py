"""The lab's cloud through openstacksdk, as any of its users."""

from __future__ import annotations

import openstack
from openstack.connection import Connection

from lab.cloud import DOMAIN
from lab.settings import REGION, LabSettings


def connect(settings: LabSettings, user: str = "admin", project: str = "admin") -> Connection:
    """Logs in with the password that all users of the lab have; reads no variable and no file."""
    return openstack.connect(
        load_envvars=False,
        load_yaml_config=False,
        auth_url=settings.keystone_url,
        username=user,
        password=settings.password,
        project_name=project,
        user_domain_id=DOMAIN,
        project_domain_id=DOMAIN,
        region_name=REGION,
        compute_default_microversion="2.96",
        placement_default_microversion="1.39",
    )
