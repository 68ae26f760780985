"""Drives the real browser clients in Chromium, from a page of another origin than the collector's."""

from __future__ import annotations

import contextlib
import functools
import http.server
import os
import shutil
import threading
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from urllib.parse import urlencode

from playwright.sync_api import sync_playwright
from tests.clients.drive import NODE_FOLDER
from tests.clients.story import Sent, browser_story

PAGES = ("segment", "segment-batch", "rudder", "rudder-beacon")
"""Client, and its way of sending if it has several."""


def chromium() -> str | None:
    """The Chromium to drive: the one named in CHROMIUM, else the system's."""
    return os.environ.get("CHROMIUM") or shutil.which("chromium") or shutil.which("chromium-browser")


def browse(client: str, url: str, write_key: str, prefix: str, arrived: Callable[[int], bool]) -> list[Sent]:
    """Opens the shop's page and stays until ``arrived`` says that so many events came in (at most 60 seconds)."""
    page_name, _, mode = client.partition("-")
    query = urlencode({"endpoint": url, "key": write_key, "prefix": prefix, "mode": mode})
    expected = browser_story(prefix)
    with shop() as page_url, sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=chromium(), args=["--no-sandbox"])
        page = browser.new_page()
        complaints: list[str] = []
        page.on("console", lambda message: complaints.append(message.text) if message.type == "error" else None)
        page.on("pageerror", lambda error: complaints.append(str(error)))
        page.goto(f"{page_url}/browser/{page_name}.html?{query}")
        patience = time.monotonic() + 60
        while not arrived(len(expected)) and time.monotonic() < patience:
            page.wait_for_timeout(50)
        browser.close()
    assert arrived(len(expected)), complaints
    return expected


@contextlib.contextmanager
def shop() -> Iterator[str]:
    """A web server for the page and for the clients' files."""
    handler = functools.partial(_Files, directory=str(Path(__file__).parent))
    with http.server.ThreadingHTTPServer(("127.0.0.1", 0), handler) as server:
        thread = threading.Thread(target=server.serve_forever)
        thread.start()
        try:
            yield f"http://127.0.0.1:{server.server_address[1]}"
        finally:
            server.shutdown()
            thread.join()


class _Files(http.server.SimpleHTTPRequestHandler):
    extensions_map = {**http.server.SimpleHTTPRequestHandler.extensions_map, ".mjs": "text/javascript"}  # noqa: RUF012

    def translate_path(self, path: str) -> str:
        if path.startswith("/node_modules/"):
            return str(NODE_FOLDER / path.lstrip("/").partition("?")[0])
        return super().translate_path(path)

    def log_message(self, format: str, *args: object) -> None:
        pass
