"""What the operator of the installed Horizon has written. No cloud and no vCenter answer there."""

import os

SECRET_KEY = "of the packaging test"
ALLOWED_HOSTS = ["testserver"]
OPENSTACK_KEYSTONE_URL = os.environ.get("KEYSTONE_URL", "http://127.0.0.1:9/v3")
CACHES = {"default": {"BACKEND": "django.core.cache.backends.locmem.LocMemCache"}}
AVAILABLE_THEMES = [("default", "Default", "themes/default")]
COMPRESS_OFFLINE = True
STATIC_ROOT = os.environ["HORIZON_STATIC_ROOT"]

VMWARE_PANEL = {
    "vcenters": {
        "prod": {
            "host": "127.0.0.1",
            "port": 9,
            "username": "horizon@vsphere.local",
            "password": "packaging-test-password",
        },
    },
}
