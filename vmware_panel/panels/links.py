"""Addresses that several panels lead to."""

from django.urls import reverse
from django.utils.http import urlencode

VMWARE_TAB = "instance_details__vmware"


def instance_url(server_id: str) -> str:
    """The tab VMware of an instance's own page."""
    path = reverse("horizon:admin:instances:detail", args=[server_id])
    return f"{path}?{urlencode({'tab': VMWARE_TAB})}"


def job_url(job_id: str) -> str:
    return reverse("horizon:admin:vmware_jobs:job", args=[job_id])
