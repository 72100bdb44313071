"""A real browser for tests: opens a page, runs scripts in it, and gives what they make."""

from __future__ import annotations

import json
import shutil
import subprocess
import time
from collections.abc import Iterator
from contextlib import contextmanager
from itertools import count
from pathlib import Path
from typing import Any

import pytest

from tests.serving import awaited

QUIET = (
    "--headless",
    "--no-sandbox",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
    "--disable-gpu",
)


def found_browser() -> str:
    """The browser's command; the test is skipped where there is none."""
    browser = next(filter(None, map(shutil.which, ("chromium", "chromium-browser", "google-chrome"))), None)
    if browser is None:
        pytest.skip("no browser (chromium) is installed")
    return browser


class Page:
    """A page that is open, asked over the browser's DevTools protocol."""

    def __init__(self, socket: Any) -> None:
        self._socket, self._numbers = socket, count(1)

    def run(self, script: str) -> Any:
        """The value of an expression, waited for if it is a promise."""
        asked = {"expression": script, "awaitPromise": True, "returnByValue": True, "userGesture": True}
        answer = self._ask("Runtime.evaluate", asked)
        assert "exceptionDetails" not in answer, answer["exceptionDetails"]
        return answer["result"].get("value")

    def until(self, script: str, seconds: float = 60) -> Any:
        """The value of an expression as soon as it is true; it may fail before, while the page is loaded."""
        script = f"(() => {{ try {{ return {script} }} catch {{ return false }} }})()"
        ends = time.monotonic() + seconds
        while not (value := self.run(script)):
            assert time.monotonic() < ends, f"never so: {script}"
            time.sleep(0.05)
        return value

    def _ask(self, method: str, params: dict[str, Any]) -> Any:
        number = next(self._numbers)
        self._socket.send(json.dumps({"id": number, "method": method, "params": params}))
        while (answer := json.loads(self._socket.recv(timeout=60))).get("id") != number:
            pass  # events
        assert "error" not in answer, answer
        return answer["result"]


@contextmanager
def opened(url: str, profile: Path) -> Iterator[Page]:
    """A page in a browser of its own."""
    connect = pytest.importorskip("websockets.sync.client", reason="a browser is driven over a web socket").connect
    browser = subprocess.Popen(
        [found_browser(), *QUIET, f"--user-data-dir={profile}", "--remote-debugging-port=0", url],
        stdout=subprocess.DEVNULL,
        stderr=subprocess.PIPE,
        text=True,
    )
    try:
        address = awaited(browser, "DevTools listening on").split()[-1]
        with connect(_page_of(address, url), max_size=None, proxy=None) as socket:
            page = Page(socket)
            page.until(f"location.href.startsWith('{url}') && document.readyState === 'complete'")
            yield page
    finally:
        browser.kill()
        browser.wait()
        assert browser.stderr is not None
        browser.stderr.close()


def _page_of(address: str, url: str) -> str:
    """The web socket of the one page that is open."""
    import httpx

    host = address.removeprefix("ws://").partition("/")[0]
    ends = time.monotonic() + 60
    while True:
        pages = httpx.get(f"http://{host}/json/list", timeout=30, trust_env=False).json()
        for page in pages:
            if page["type"] == "page" and page["url"].startswith(url):
                return str(page["webSocketDebuggerUrl"])
        assert time.monotonic() < ends, pages
        time.sleep(0.1)
