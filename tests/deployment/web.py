"""A process of the web server: Django behind waitress, with one page.

The page is what every list of the plugin begins with, `inventory_source().read`, as JSON. That the
lists themselves ask no more of vCenter is tested with Horizon, in the lab.
"""

import signal
import sys
from typing import Any

import django
import waitress
from django.core.wsgi import get_wsgi_application
from django.http import HttpRequest, JsonResponse
from django.urls import path

THREADS = 4


def inventory(request: HttpRequest) -> JsonResponse:
    from vmware_panel.api.inventories import inventory_source
    from vmware_panel.config import get_config

    reading = inventory_source().read(get_config().vcenters)
    return JsonResponse(
        {
            "vcenters": {book.vcenter.name: _plain(book) for book in reading.inventories},
            "versions": {name: one.version for name, one in reading.snapshots.items()},
            "states": {name: one.status.state for name, one in reading.snapshots.items()},
            "troubles": [[trouble.source, trouble.kind] for trouble in reading.troubles],
        }
    )


def _plain(book: Any) -> dict[str, Any]:
    return {
        "read_at": book.read_at.isoformat(),
        "notes": {vm.name: vm.annotation for vm in book.vms},
    }


urlpatterns = [path("inventory", inventory)]


def main() -> None:
    """Prints the port when it listens; SIGTERM ends it as a web server ends its processes."""
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(0))
    django.setup()
    server: Any = waitress.create_server(
        get_wsgi_application(), host="127.0.0.1", port=0, threads=THREADS
    )
    print(server.effective_port, flush=True)
    server.run()


if __name__ == "__main__":
    main()
