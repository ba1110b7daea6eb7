"""Elements of a page that loads itself anew when what it follows has ended."""

from collections.abc import Callable
from typing import Any, TypeVar

from selenium.common.exceptions import StaleElementReferenceException, WebDriverException
from selenium.webdriver.common.by import By
from selenium.webdriver.remote.webelement import WebElement

T = TypeVar("T")

TRIES = 5
GONE = "does not belong to the document"
"""What chromedriver calls it when the page goes while it answers: no error of its own class."""


def asked_again(ask: Callable[[], T], again: Callable[[], object] = lambda: None) -> T:
    """What the page answers, or the one that took its place in the moment of the question."""
    for _ in range(TRIES):
        try:
            return ask()
        except WebDriverException as error:
            if not is_stale(error):
                raise
            again()
    return ask()


class Element(WebElement):
    """One that is looked up again, by the way it was found, when its page was replaced meanwhile.

    Nothing is done twice by that: a command to a stale element has not been carried out.
    """

    _again: "Callable[[], Element] | None" = None

    def found_by(self, again: "Callable[[], Element]") -> "Element":
        self._again = again
        return self

    def lasting(self, ask: Callable[[], T]) -> T:
        return asked_again(ask, self._look_up) if self._again else ask()

    def _look_up(self) -> None:
        assert self._again is not None
        self._id = self._again().id

    def _execute(self, command: str, params: dict[str, Any] | None = None) -> Any:
        parent = super()
        return self.lasting(lambda: parent._execute(command, params))

    # These two go by a script of the driver's, to which the element is an argument.
    def get_attribute(self, name: str) -> str | None:
        parent = super()
        return self.lasting(lambda: parent.get_attribute(name))

    def is_displayed(self) -> bool:
        parent = super()
        return self.lasting(parent.is_displayed)

    def centred(self) -> "Element":
        """In the middle of the window: out from under Horizon's fixed bars."""
        script = "arguments[0].scrollIntoView({block: 'center'})"
        self.lasting(lambda: self._parent.execute_script(script, self))
        return self

    def find_element(self, by: Any = By.ID, value: str | None = None) -> WebElement:
        found = super().find_element(by, value)
        return found.found_by(lambda: self.find_element(by, value))

    def find_elements(self, by: Any = By.ID, value: str | None = None) -> list[WebElement]:
        return [
            found.found_by(lambda place=place: self.find_elements(by, value)[place])
            for place, found in enumerate(super().find_elements(by, value))
        ]


def is_stale(error: WebDriverException) -> bool:
    return isinstance(error, StaleElementReferenceException) or GONE in str(error.msg)
