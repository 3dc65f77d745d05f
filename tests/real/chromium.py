"""Chromium driven by its own driver: one browser for a test, with JavaScript or without."""

from __future__ import annotations

import shutil
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

from selenium.webdriver import Chrome, ChromeOptions
from selenium.webdriver.chrome.service import Service
from selenium.webdriver.common.by import By
from selenium.webdriver.remote.webelement import WebElement
from selenium.webdriver.support.wait import WebDriverWait

from tests.real.packages import debian

_SWITCHES = (
    "--headless", "--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run",
    "--disable-background-networking", "--disable-component-update", "--disable-sync",
)  # fmt: skip
_SECONDS = 20


class Tab:
    """What a person does on a page."""

    def __init__(self, driver: Chrome, origin: str) -> None:
        self.driver, self.origin = driver, origin

    def open(self, path: str) -> None:
        self.driver.get(path if "://" in path else self.origin + path)

    @property
    def path(self) -> str:
        return self.driver.current_url.removeprefix(self.origin)

    @property
    def words(self) -> str:
        return self.driver.find_element(By.TAG_NAME, "body").text

    def fill(self, **fields: str) -> None:
        for name, value in fields.items():
            found = self.driver.find_element(By.CSS_SELECTOR, f"form:not([hidden]) [name={name}]")
            found.clear()
            found.send_keys(value)

    def press(self, label: str) -> None:
        """Press a button and wait until another page is there."""
        self._leave(self.named("button", label))

    def press_at(self, selector: str) -> None:
        """Press what a CSS selector finds and wait until another page is there."""
        self._leave(self.driver.find_element(By.CSS_SELECTOR, selector))

    def follow(self, label: str) -> None:
        self._leave(self.named("a", label))

    def wait(self, told: Callable[[], bool]) -> None:
        """Wait until something is so that no press leads to at once."""
        WebDriverWait(self.driver, _SECONDS).until(lambda _: told())

    def named(self, kind: str, label: str) -> WebElement:
        found = self.driver.find_elements(By.TAG_NAME, kind)
        return next(each for each in found if each.is_displayed() and each.text == label)

    def _leave(self, element: WebElement) -> None:
        old = self.driver.find_element(By.TAG_NAME, "html")
        element.click()
        wait = WebDriverWait(self.driver, _SECONDS)
        wait.until(lambda driver: driver.find_element(By.TAG_NAME, "html") != old)
        wait.until(lambda driver: driver.execute_script("return document.readyState") == "complete"
                   if self.scripted else True)  # fmt: skip

    scripted = True


@contextmanager
def chromium(origin: str, folder: Path, *, javascript: bool = True) -> Iterator[Tab]:
    """Run a browser with a profile of its own in `folder`."""
    debian("chromium", "chromium-driver", commands=["chromium", "chromedriver"])
    options = ChromeOptions()
    options.binary_location = shutil.which("chromium") or ""
    for switch in (*_SWITCHES, f"--user-data-dir={folder / 'profile'}", "--lang=en-GB"):
        options.add_argument(switch)
    if not javascript:
        blocked = {"profile.managed_default_content_settings.javascript": 2}
        options.add_experimental_option("prefs", blocked)
    driver = Chrome(options, Service(shutil.which("chromedriver") or ""))
    driver.set_page_load_timeout(_SECONDS)
    try:
        tab = Tab(driver, origin)
        tab.scripted = javascript
        yield tab
    finally:
        driver.quit()
