"""Debian's Chromium, as a person at Horizon would use it."""

import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from selenium import webdriver
from selenium.common.exceptions import JavascriptException
from selenium.webdriver.common.by import By
from selenium.webdriver.remote.webelement import WebElement
from selenium.webdriver.support.wait import WebDriverWait

from tests.elements import Element, asked_again

WAIT_S = 60
"""Long enough for what a page does by itself, on a machine that has much else to do."""

LOGIN_S = 1800
"""Half of what Keystone's token lasts; a whole run takes longer where the machine is slow."""

FLAGS = (
    "--headless=new",
    "--no-sandbox",  # the tests run as root in containers
    "--disable-gpu",
    "--disable-quic",
    "--disable-dev-shm-usage",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
    "--force-prefers-reduced-motion",
)


class Browser:
    """A Chromium with a profile of its own, and the few moves that the tests make."""

    def __init__(self, driver: webdriver.Chrome, base_url: str) -> None:
        self.driver = driver
        self.base_url = base_url.rstrip("/")
        self._logged_in_at: float | None = None

    def open(self, path: str) -> None:
        self.driver.get(self.base_url + path)

    def log_in(self, user: str, password: str) -> None:
        self.driver.delete_all_cookies()
        self.open("/auth/login/")
        self.one("#id_username").send_keys(user)
        self.one("#id_password").send_keys(password)
        self.one("#loginBtn").click()
        self.one("#user_info, .topbar .user-menu")
        self._logged_in_at = time.monotonic()

    def stay_logged_in(self, user: str, password: str) -> None:
        """Logs in where that was never done, or long ago."""
        last = self._logged_in_at
        if last is None or time.monotonic() - last > LOGIN_S:
            self.log_in(user, password)

    def wait(self, seconds: float = WAIT_S) -> WebDriverWait:
        return WebDriverWait(self.driver, seconds)

    def one(self, css: str, seconds: float = WAIT_S) -> Element:
        """The first element that the selector finds, waited for."""
        found = self.wait(seconds).until(
            lambda _: self._found(css)[:1],
            f"{css} did not appear on {self.driver.current_url}",
        )
        return found[0].found_by(lambda: self.one(css, seconds))

    def all(self, css: str) -> list[Element]:
        """All that the selector finds now, which may be none."""
        return [
            found.found_by(lambda place=place: self._at(css, place))
            for place, found in enumerate(self._found(css))
        ]

    def _at(self, css: str, place: int) -> Element:
        return self.wait().until(
            lambda _: (self._found(css)[place:] or [None])[0],
            f"number {place + 1} of {css} did not come back on {self.driver.current_url}",
        )

    def _found(self, css: str) -> list[Element]:
        return asked_again(lambda: self.driver.find_elements(By.CSS_SELECTOR, css))

    def text(self, css: str = "body") -> str:
        return self.one(css).text

    def press(self, css: str) -> None:
        """What leads to another page; see `leave`."""
        self.leave(self.one(css).centred())

    def leave(self, by: WebElement) -> None:
        """Clicks what leads to another page, or to the same one anew, and waits until it is there:
        a busy browser tells of the click before it has left the page.
        """
        self.driver.execute_script("window.vmwareIsLeft = true")
        by.click()
        self.wait().until(
            lambda _: self._has_arrived(), f"{self.driver.current_url} was not left by a click"
        )

    def _has_arrived(self) -> bool:
        script = "return !window.vmwareIsLeft && document.readyState === 'complete'"
        try:
            return bool(self.driver.execute_script(script))
        except JavascriptException:  # it leaves in this very moment
            return False

    def wait_for_text(self, css: str, wanted: str, seconds: float = WAIT_S) -> str:
        self.wait(seconds).until(
            lambda _: wanted in self.one(css, seconds).text,
            f"{css} of {self.driver.current_url} never said {wanted!r}",
        )
        return self.text(css)

    def status_of(self, path: str) -> int:
        """The HTTP status of a GET with this browser's session."""
        script = (
            "const done = arguments[1];"
            "fetch(arguments[0], {credentials: 'same-origin', redirect: 'manual'})"
            ".then(answer => done(answer.type === 'opaqueredirect' ? 302 : answer.status));"
        )
        return int(self.driver.execute_async_script(script, self.base_url + path))

    def keep(self, folder: Path, name: str) -> None:
        """Screenshot and page, for a test that failed."""
        folder.mkdir(parents=True, exist_ok=True)
        self.driver.save_screenshot(str(folder / f"{name}.png"))
        (folder / f"{name}.html").write_text(self.driver.page_source)


@contextmanager
def chromium(base_url: str, width: int = 1400, height: int = 1200) -> Iterator[Browser]:
    with tempfile.TemporaryDirectory(prefix="chromium-") as profile:
        options = webdriver.ChromeOptions()
        options.binary_location = "/usr/bin/chromium"
        for flag in (*FLAGS, f"--user-data-dir={profile}", f"--window-size={width},{height}"):
            options.add_argument(flag)
        service = webdriver.ChromeService("/usr/bin/chromedriver")
        driver = webdriver.Chrome(options=options, service=service)
        driver._web_element_cls = Element
        driver.set_page_load_timeout(120)
        driver.set_script_timeout(120)
        try:
            yield Browser(driver, base_url)
        finally:
            driver.quit()
