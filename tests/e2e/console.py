"""The console in a real browser: what tests do there in words of the people who use it."""

from __future__ import annotations

import os
import re
import shutil
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import pytest
from playwright.sync_api import Browser, ConsoleMessage, FloatRect, Locator, Page, Playwright, Request, expect

AXE = Path(__file__).parents[2] / "console" / "node_modules" / "axe-core" / "axe.min.js"
STANDARDS = ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa"]
MILLISECONDS = 90_000
"""How long a page may take on a machine that is busy with other things."""

_ARGUMENTS = [
    "--headless",
    "--no-sandbox",
    "--disable-gpu",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
    "--no-first-run",
]
# Toasts go by themselves; what they said stays here.
_TOLD = """
window.told = [];
new MutationObserver((changes) => {
  for (const { addedNodes } of changes) for (const node of addedNodes) {
    const toast = "[class*=-message-notice], [class*=-notification-notice]";
    const within = node instanceof Element && (node.closest(toast) ?? node.querySelector(toast));
    if (within) window.told.push(node.textContent);
  }
}).observe(document, { childList: true, subtree: true });
"""
_SIGNED_OUT = re.compile(r"Failed to load resource: the server responded with a status of 401\b")

expect.set_options(timeout=MILLISECONDS)


def chromium() -> str | None:
    """The Chromium to drive: the one named in CHROMIUM, else the system's."""
    return os.environ.get("CHROMIUM") or shutil.which("chromium") or shutil.which("chromium-browser")


in_browser = [
    pytest.mark.browser,
    pytest.mark.skipif(chromium() is None, reason="no Chromium: install the package chromium, or name one in CHROMIUM"),
]
"""`pytestmark` of a module whose tests drive a browser."""


def launch(playwright: Playwright) -> Browser:
    """A browser without a window."""
    return playwright.chromium.launch(executable_path=chromium(), args=_ARGUMENTS, timeout=MILLISECONDS)


@dataclass
class Watch:
    """What went wrong in a page while nobody looked."""

    url: str
    complaints: list[str] = field(default_factory=list)
    elsewhere: list[str] = field(default_factory=list)

    def on(self, page: Page) -> None:
        page.on("console", self._console)
        page.on("pageerror", lambda error: self.complaints.append(f"uncaught: {error}"))
        page.on("request", self._request)

    def _console(self, message: ConsoleMessage) -> None:
        # Someone who is not signed in (yet) is told so by 401, which Chromium reports as an error of its own.
        session = urlsplit(message.location["url"]).path == "/api/v1/session"
        if message.type in ("error", "warning") and not (session and _SIGNED_OUT.match(message.text)):
            self.complaints.append(f"{message.type}: {message.text} ({message.location['url']})")

    def _request(self, request: Request) -> None:
        asked = urlsplit(request.url)
        if asked.scheme not in ("data", "blob") and asked.netloc != urlsplit(self.url).netloc:
            self.elsewhere.append(request.url)


@dataclass
class Console:
    """One person's browser on the console."""

    page: Page
    url: str

    def go(self, path: str) -> None:
        """Open a place and wait until it shows what it has."""
        self.page.goto(self.url + path)
        self.settled()

    def settled(self) -> None:
        """Wait until the page has its heading and nothing loads any more."""
        self.page.wait_for_function(
            """() => document.querySelector('h1') !== null
                && document.querySelector('[aria-busy=true], .ant-skeleton, .ant-spin-spinning') === null"""
        )

    def sign_in(self, email: str, password: str) -> None:
        self.page.get_by_test_id("login-email").fill(email)
        self.page.get_by_test_id("login-password").fill(password)
        self.page.get_by_test_id("login-submit").click()

    def menu(self, name: str, entry: str) -> None:
        """Choose an entry of one of the menus in the header."""
        self.page.get_by_test_id(name).click()
        self.page.get_by_role("menuitem", name=entry).click()

    def choose(self, box: Locator, title: str) -> None:
        """Choose one of a list by its title."""
        box.click()
        if box.is_editable():
            # Long lists show only what is in view.
            box.fill(title)
        option = self.page.locator(".ant-select-dropdown:not(.ant-select-dropdown-hidden) .ant-select-item-option")
        option.filter(has=self.page.get_by_text(title, exact=True)).first.click()

    def told(self, text: str) -> None:
        """Wait until a toast says (or has said, since the page was loaded) a text."""
        self.page.wait_for_function("text => window.told.some((one) => one.includes(text))", arg=text)

    def still(self, place: Locator) -> FloatRect:
        """Where a thing is, once it moves no more."""
        found: FloatRect = place.evaluate(
            """element => new Promise((done) => {
                let before = "", same = 0;
                const look = () => {
                    const { x, y, width, height } = element.getBoundingClientRect();
                    const now = [x, y, width, height].join();
                    same = now === before ? same + 1 : 0;
                    before = now;
                    if (same >= 10) done({ x, y, width, height });
                    else requestAnimationFrame(look);
                };
                look();
            })"""
        )
        return found

    def dark(self) -> bool:
        """Whether the page is dark: by the colour behind its text."""
        colour: str = self.page.evaluate("() => getComputedStyle(document.body).backgroundColor")
        return sum(int(part) for part in re.findall(r"\d+", colour)[:3]) < 3 * 128

    def faults(self) -> list[str]:
        """What axe finds that keeps people from using this page: serious and critical violations of WCAG 2.1 A, AA."""
        self.page.evaluate(AXE.read_text(encoding="utf-8"))
        found: list[dict[str, Any]] = self.page.evaluate(
            "async (tags) => (await axe.run(document, {runOnly: tags})).violations", STANDARDS
        )
        return [
            f"{violation['id']} ({violation['impact']}): {node['html'][:200]} - {node['failureSummary']}"
            for violation in found
            if violation["impact"] in ("serious", "critical")
            for node in violation["nodes"][:5]
        ]


@contextmanager
def opened(
    browser: Browser, url: str, *, language: str = "zh-CN", state: Any = None, theme: str | None = None
) -> Iterator[Console]:
    """A browser of someone new; at the end nothing may have gone wrong behind the page."""
    context = browser.new_context(
        locale=language,
        timezone_id="Asia/Shanghai",
        viewport={"width": 1366, "height": 768},
        reduced_motion="reduce",
        color_scheme="light",
        storage_state=state,
    )
    context.set_default_timeout(MILLISECONDS)
    context.add_init_script(_TOLD)
    if theme is not None:
        chosen = f'{{"language": "{language}", "theme": "{theme}"}}'
        context.add_init_script(f"localStorage.setItem('onepool.preferences', '{chosen}')")
    watch = Watch(url)
    page = context.new_page()
    watch.on(page)
    try:
        yield Console(page, url)
        assert not watch.complaints, watch.complaints
        assert not watch.elsewhere, watch.elsewhere
    finally:
        context.close()


SignedIn = Callable[..., AbstractContextManager[Console]]
"""`with signed_in(theme="dark") as console`: somebody's own browser, as `opened` makes it."""
