"""OpenStack's book, read with the user's own token: Nova, Glance, Cinder and Placement.

The one package that imports novaclient, glanceclient, cinderclient and keystoneauth. Each reader
(`nova`, `glance`, `cinder`, `placement`) takes an `Access`, answers with `domain.cloud` types and
raises `CloudError`, for a change also its kinds `Conflict` and `Unanswered`; `gather` runs several of them side by side, so that one that is down takes
down its own part of a page and nothing else.
"""

from vmware_panel.openstack.access import Access, Service
from vmware_panel.openstack.counting import Call, Calls, counting
from vmware_panel.openstack.errors import CloudError, Conflict, Unanswered
from vmware_panel.openstack.parts import gather

__all__ = [
    "Access",
    "Call",
    "Calls",
    "CloudError",
    "Conflict",
    "Service",
    "Unanswered",
    "counting",
    "gather",
]
