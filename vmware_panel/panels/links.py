"""Addresses that several panels lead to."""

from django.urls import NoReverseMatch, reverse
from django.utils.http import urlencode

VMWARE_TAB = "instance_details__vmware"


def instance_url(server_id: str) -> str:
    """The tab VMware of an instance's own page."""
    path = reverse("horizon:admin:instances:detail", args=[server_id])
    return f"{path}?{urlencode({'tab': VMWARE_TAB})}"


def datastore_url(vcenter: str, moref: str) -> str:
    """The page of a datastore; empty where there is no such page or no such address."""
    try:
        return str(reverse("horizon:admin:vmware_datastores:detail", args=[vcenter, moref]))
    except NoReverseMatch:
        return ""


def job_url(job_id: str) -> str:
    return str(reverse("horizon:admin:vmware_jobs:job", args=[job_id]))
