"""A part of a page as a picture of the documentation."""

from __future__ import annotations

import base64
from pathlib import Path
from typing import Any

from tests.browser import Browser

ROOT = Path(__file__).resolve().parent.parent
FOLDER = ROOT / "docs" / "pictures"
MARGIN = 14


def save(
    browser: Browser, name: str, *, until: object, since: object = None, whole: bool = False
) -> None:
    """The page from `since` to the end of `until`, as docs/pictures/NAME.png.

    Both are elements or selectors; a heading as `until` is itself left out. `whole`: with Horizon's
    navigation; else from the page's own heading on.
    """
    heading, end = _box(browser, "#content_body .page-header"), _box(browser, until)
    start = heading if since is None else _box(browser, since)
    x = 0 if whole else max(0, heading["left"] - MARGIN)
    y = 0 if whole else max(0, start["top"] - MARGIN)
    bottom = {"H4": end["top"] - 2 * MARGIN, "TR": end["bottom"]}.get(
        end["tag"], end["bottom"] + MARGIN
    )
    width = browser.driver.execute_script("return innerWidth")
    clip = {"x": x, "y": y, "width": width - x, "height": bottom - y, "scale": 1}
    shot = browser.driver.execute_cdp_cmd(
        "Page.captureScreenshot", {"clip": clip, "captureBeyondViewport": True}
    )
    FOLDER.mkdir(exist_ok=True)
    file = FOLDER / f"{name}.png"
    file.write_bytes(base64.b64decode(shot["data"]))
    print(f"{file.relative_to(ROOT)}  {file.stat().st_size // 1024} KiB", flush=True)


def _box(browser: Browser, what: object) -> dict[str, Any]:
    element = browser.one(what) if isinstance(what, str) else what
    script = (
        "const box = arguments[0].getBoundingClientRect();"
        "return {top: box.top + scrollY, bottom: box.bottom + scrollY, left: box.left,"
        " tag: arguments[0].tagName};"
    )
    return dict(browser.driver.execute_script(script, element))
