"""What a list's page and its exports say, out of their answers."""

import json
from typing import Any


def ours(response: Any) -> str:
    """The part of the page that is ours; any white space is one space."""
    assert response.status_code == 200
    text = response.content.decode()
    start = text.index('<div class="vmware-panel"')
    return " ".join(text[start : text.index('id="footer"')].split())


def exported_rows(response: Any) -> list[dict[str, Any]]:
    rows: list[dict[str, Any]] = json.loads(b"".join(response.streaming_content))["rows"]
    return rows
