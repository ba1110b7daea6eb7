"""``python -m lab.wsgi PORT MODULE [ARGUMENT...]``: serve ``MODULE.application`` on loopback.

The arguments become the application's ``sys.argv``: OpenStack's WSGI modules parse it when they
are imported.
"""

from __future__ import annotations

import importlib
import sys

import waitress

from lab.settings import HOST

THREADS = 8
LARGEST_UPLOAD_BYTES = 2**34


def main() -> None:
    port, module, arguments = int(sys.argv[1]), sys.argv[2], sys.argv[3:]
    sys.argv = [module, *arguments]
    application = importlib.import_module(module).application
    waitress.serve(
        application,
        host=HOST,
        port=port,
        threads=THREADS,
        channel_timeout=300,
        connection_limit=500,
        max_request_body_size=LARGEST_UPLOAD_BYTES,
        ident=None,
    )


if __name__ == "__main__":
    main()
