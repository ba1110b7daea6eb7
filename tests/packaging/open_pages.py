"""Run by the installed Horizon's Python: opens the plugin's pages, writes what came as JSON.

    open_pages.py JSON_FILE STATIC_NAMES TEMPLATE_NAMES

The session is what Horizon makes of a Keystone token at login, put in place without a login. Of
the cloud only Keystone's version document answers, without which Horizon 27 has no page at all (its
navigation asks for it); so a page that needs more has to say so and still answer.
"""

import json
import os
import sys
import threading
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path


class Keystone(BaseHTTPRequestHandler):
    """Answers like `GET /v3` of Keystone 30, and 503 to all else."""

    def do_GET(self) -> None:
        found = self.path.rstrip("/") == "/v3"
        address = f"http://{self.headers['Host']}/v3/"
        version = {
            "id": "v3.14",
            "status": "stable",
            "updated": "2020-04-07T00:00:00Z",
            "links": [{"rel": "self", "href": address}],
            "media-types": [
                {
                    "base": "application/json",
                    "type": "application/vnd.openstack.identity-v3+json",
                }
            ],
        }
        body = json.dumps({"version": version} if found else {}).encode()
        self.send_response(200 if found else 503)
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *args: object) -> None:
        pass


keystone = ThreadingHTTPServer(("127.0.0.1", 0), Keystone)
threading.Thread(target=keystone.serve_forever, daemon=True).start()
os.environ["KEYSTONE_URL"] = f"http://127.0.0.1:{keystone.server_port}/v3"
os.environ["DJANGO_SETTINGS_MODULE"] = "openstack_dashboard.settings"

import django

django.setup()

import horizon
from django.apps import apps
from django.conf import settings
from django.contrib.auth import BACKEND_SESSION_KEY, SESSION_KEY
from django.contrib.staticfiles import finders
from django.template.loader import get_template
from django.test import Client
from keystoneauth1 import access
from openstack_auth.user import Token

NOWHERE = "http://127.0.0.1:9"
KEYSTONE_TIME = "%Y-%m-%dT%H:%M:%S.%fZ"
ENDPOINTS = {"identity": settings.OPENSTACK_KEYSTONE_URL}
SERVICES = ("compute", "image", "volumev3", "placement", "network", "identity")


def keystone_token() -> dict[str, object]:
    """The body of Keystone's answer to an admin's login (Identity API v3, POST /auth/tokens)."""
    domain = {"id": "default", "name": "Default"}
    now = datetime.now(UTC)
    return {
        "methods": ["password"],
        "issued_at": now.strftime(KEYSTONE_TIME),
        "expires_at": (now + timedelta(hours=1)).strftime(KEYSTONE_TIME),
        "user": {"id": "u1", "name": "admin", "domain": domain},
        "project": {"id": "p1", "name": "admin", "domain": domain},
        "roles": [{"id": "r1", "name": "admin"}],
        "catalog": [
            {
                "type": service,
                "name": service,
                "endpoints": [
                    {"id": service, "interface": "public", "region_id": "RegionOne",
                     "region": "RegionOne", "url": ENDPOINTS.get(service, NOWHERE)}
                ],
            }
            for service in SERVICES
        ],
    }  # fmt: skip


def logged_in() -> Client:
    token = Token(access.create(body={"token": keystone_token()}, auth_token="t1"))
    client = Client()
    session = client.session
    session.update(
        {
            SESSION_KEY: "u1",
            BACKEND_SESSION_KEY: settings.AUTHENTICATION_BACKENDS[0],
            "token": token,
            "unscoped_token": "t1",
            "user_id": "u1",
            "region_endpoint": settings.OPENSTACK_KEYSTONE_URL,
            "services_region": "RegionOne",
        }
    )
    session.save()
    client.cookies[settings.SESSION_COOKIE_NAME] = session.session_key
    return client


def panel_addresses() -> Iterator[str]:
    """The address of each panel that the plugin's enabled files add."""
    for entry in settings.HORIZON_CONFIG["panel_customization"]:
        if entry.get("ADD_PANEL", "").startswith("vmware_panel."):
            dashboard = horizon.get_dashboard(entry["PANEL_DASHBOARD"])
            yield dashboard.get_panel(entry["PANEL"]).get_absolute_url()


def main() -> None:
    anonymous, admin = Client(), logged_in()
    login = anonymous.get("/auth/login/")
    config = apps.get_app_config("vmware_panel")
    Path(sys.argv[1]).write_text(
        json.dumps(
            {
                "app": config.path,
                "login": login.status_code,
                "login_page": login.content.decode(),
                "pages": {
                    address: {
                        "anonymous": anonymous.get(address).status_code,
                        "admin": (answer := admin.get(address)).status_code,
                        "text": answer.content.decode(),
                    }
                    for address in panel_addresses()
                },
                "tabs": {
                    group: [path for _, path in tabs if path.startswith("vmware_panel.")]
                    for group, tabs in settings.HORIZON_CONFIG["extra_tabs"].items()
                },
                "static": {name: finders.find(name) for name in sys.argv[2].split()},
                "templates": {
                    name: get_template(name).origin.name for name in sys.argv[3].split()
                },
            }
        )
    )


main()
