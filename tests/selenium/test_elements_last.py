"""What the tests hold of a page that loads itself anew goes on being that of the page shown."""

from collections.abc import Callable, Iterator
from urllib.parse import quote

import pytest
from selenium.common.exceptions import TimeoutException, WebDriverException
from selenium.webdriver.common.by import By

from tests.browser import Browser, chromium
from tests.elements import Element

pytestmark = pytest.mark.selenium


def page(word: str, rows: int = 2) -> str:
    row = f"<tr><th title='{word}'><button onclick='this.append(1)'>{word}</button></th></tr>"
    return "data:text/html," + quote(f"<table>{row * rows}</table>")


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    with chromium("") as browser:
        yield browser


def test_an_element_is_that_of_the_page_which_took_the_place_of_its_own(browser: Browser) -> None:
    browser.open(page("old"))
    held = [
        browser.one("button"),
        browser.all("button")[1],
        browser.one("table").find_element(By.CSS_SELECTOR, "button"),
        browser.all("tr")[1].find_elements(By.CSS_SELECTOR, "button")[0],
    ]
    head = browser.one("th")
    browser.open(page("new"))
    assert [element.text for element in held] == ["new"] * 4
    assert head.get_attribute("title") == "new"
    assert head.is_displayed()


def test_what_is_clicked_on_the_new_page_is_clicked_once(browser: Browser) -> None:
    browser.open(page("old"))
    button = browser.one("button")
    browser.open(page("new"))
    button.centred().click()
    assert browser.text("button") == "new1"


def test_a_page_is_left_when_the_next_one_is_there(browser: Browser) -> None:
    late = "setTimeout(() => location = 'about:blank', 700)"
    browser.open("data:text/html," + quote(f'<button onclick="{late}">on</button>'))
    browser.press("button")
    assert browser.driver.current_url == "about:blank"


def test_what_the_new_page_has_not_is_an_error_that_names_it(browser: Browser) -> None:
    browser.open(page("old"))
    button = browser.one("button", seconds=0.2)
    browser.open("data:text/html,nothing")
    with pytest.raises(TimeoutException, match="button did not appear"):
        _ = button.text


@pytest.mark.parametrize("find", [lambda b: b.one("button"), lambda b: b.all("button")[0]])
def test_a_page_that_goes_while_it_is_searched_is_searched_again(
    browser: Browser, monkeypatch: pytest.MonkeyPatch, find: Callable[[Browser], Element]
) -> None:
    browser.open(page("new"))
    search = browser.driver.find_elements
    said = iter([WebDriverException("Node with given id does not belong to the document")])

    def gone_once(*by: str) -> list[Element]:
        for error in said:
            raise error
        return search(*by)

    monkeypatch.setattr(browser.driver, "find_elements", gone_once)
    assert find(browser).text == "new"
    assert not list(said), "the search did not meet the error"
