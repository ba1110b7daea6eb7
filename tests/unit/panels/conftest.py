from collections.abc import Iterator
from typing import Any
from unittest import mock

import pytest
from django.test import Client

from tests.unit import pseudo


@pytest.fixture(autouse=True)
def every_page_is_translated() -> Iterator[None]:
    """Whatever page a test of a panel asks for, all that it says can be said in another language."""
    found: dict[str, None] = {}
    request = Client.request

    def asked(client: Client, **told: Any) -> Any:
        with pseudo.marked_language():
            response = request(client, **told)
            if response.streaming:
                return response
            page = response.content.decode()
        if "html" in response.get("Content-Type", ""):
            where = told.get("PATH_INFO", "")
            found.update({f"{where}: {fault}": None for fault in pseudo.untranslated(page)})
        response.content = pseudo.unmarked(page).encode()
        return response

    with mock.patch.object(Client, "request", asked):
        yield
    assert not found, "not translated:\n" + "\n".join(found)
