"""The dashboard's server and a browser that looks at it, as a reader would."""

from __future__ import annotations

import re
import shutil
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any
from urllib.parse import parse_qs, urlencode, urlsplit

from playwright.sync_api import Browser, ConsoleMessage, Locator, Page

from tests.dashboards.app import APP, DEMO, ROOT

CHROMIUM = shutil.which("chromium") or shutil.which("chromium-browser")
ARGUMENTS = (
    "--no-sandbox", "--disable-dev-shm-usage", "--disable-gpu", "--no-first-run",
    "--disable-background-networking", "--disable-component-update", "--disable-sync",
)  # fmt: skip
HOST = "127.0.0.1"
PAGES = ("", "lens", "heads", "neurons", "statistics", "training", "facts")
"""Addresses; the first page's is empty."""

WAIT = 60_000
"""Milliseconds; two busy cores read a study slowly."""

_PROBE = re.compile(f"/(?:{'|'.join(PAGES[1:])})/_stcore/(?:health|host-config)$")
"""Below a page's own address Streamlit asks first whether the server answers there; it never does."""

_IDLE = '[data-testid="stApp"][data-test-script-state="notRunning"]'


@contextmanager
def serving(study: Path = DEMO) -> Iterator[str]:
    """Run a server on a free port until the block ends; its address."""
    with socket.socket() as probe:
        probe.bind((HOST, 0))
        port = probe.getsockname()[1]
    command = [
        sys.executable, "-m", "streamlit", "run", str(APP), "--server.port", str(port),
        "--server.fileWatcherType", "none", "--", "--study", str(study),
    ]  # fmt: skip
    server = subprocess.Popen(
        command, cwd=ROOT, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL
    )
    try:
        end = time.monotonic() + WAIT / 1000
        while socket.socket().connect_ex((HOST, port)):
            assert server.poll() is None, "the server died"
            assert time.monotonic() < end, "the server does not answer"
            time.sleep(0.05)
        yield f"http://{HOST}:{port}"
    finally:
        server.terminate()
        try:
            server.wait(timeout=10)
        except subprocess.TimeoutExpired:
            server.kill()
            server.wait()


class Visit:
    """One reader's window: what it shows, what it asked for and what it complained of.

    Attributes:
        page: Playwright's page.
        complaints: console errors and uncaught exceptions.
        strayed: addresses asked for that are not the server's, websockets among them.
        dialogs: texts of dialogs that a script opened.
    """

    def __init__(self, browser: Browser, server: str, **context: Any) -> None:
        """Open a window of its own, with no state of another's."""
        self._server = server
        self._context = browser.new_context(
            **{"viewport": {"width": 1400, "height": 1000}, **context}
        )
        self.page: Page = self._context.new_page()
        self.page.set_default_timeout(WAIT)
        self.complaints: list[str] = []
        self.strayed: list[str] = []
        self.dialogs: list[str] = []
        self.page.on("console", self._hear)
        self.page.on("pageerror", lambda error: self.complaints.append(str(error)))
        self.page.on("request", lambda request: self._follow(request.url))
        self.page.on("websocket", lambda socket: self._follow(socket.url))
        self.page.on(
            "dialog", lambda dialog: (self.dialogs.append(dialog.message), dialog.dismiss())
        )

    def _hear(self, message: ConsoleMessage) -> None:
        address = message.location["url"]
        if message.type == "error" and not _PROBE.search(address):
            self.complaints.append(f"{message.text} ({address})")

    def _follow(self, address: str) -> None:
        parts = urlsplit(address)
        if parts.scheme not in ("data", "blob", "about", "file") and parts.hostname != HOST:
            self.strayed.append(address)

    def open(self, path: str = "", **query: Any) -> Visit:
        """Open one of the dashboard's pages and wait until all of it is drawn."""
        asked = f"?{urlencode(query, doseq=True)}" if query else ""
        return self.go(f"{self._server}/{path}{asked}")

    def go(self, address: str) -> Visit:
        """Open an address and wait until all of it is drawn."""
        self.page.goto(address)
        self.page.wait_for_selector("h1")
        return self.settle()

    def settle(self) -> Visit:
        """Wait until the script has ended and every chart on the page is drawn."""
        self.page.wait_for_selector(_IDLE)
        self.page.wait_for_function(_DRAWN)
        return self

    def choose(self, key: str, option: str) -> Visit:
        """Choose an option of the selectbox of a key, with the keyboard; wait for the URL to say so."""
        box = self.page.locator(f".st-key-{key} input")
        box.click()
        box.fill(option)
        with self.rerun():
            self.page.keyboard.press("Enter")
        return self.asks(**{key: option})

    @contextmanager
    def rerun(self) -> Iterator[None]:
        """Wait, after what is done in the block, until the script has run again and all is drawn."""
        before = self.page.evaluate(_RUNS)
        yield
        self.page.wait_for_function(f"before => ({_RUNS})() > before", arg=before)
        self.settle()

    def asks(self, **query: Any) -> Visit:
        """Wait until the URL says this."""
        self.page.wait_for_url(lambda address: self._says(address, query))
        return self

    @staticmethod
    def _says(address: str, query: dict[str, Any]) -> bool:
        asked = parse_qs(urlsplit(address).query)
        return all(asked.get(name) == [str(value)] for name, value in query.items())

    def cell(self, key: str, x: float, y: float) -> tuple[float, float]:
        """The pixel of a point of a chart's first plot, by the geometry of its axes."""
        spot: list[float] = self.chart(key).evaluate(_PIXEL, [x, y])
        return spot[0], spot[1]

    def click_cell(self, key: str, x: float, y: float) -> Visit:
        """Click on a point of a chart with the mouse."""
        self.chart(key).scroll_into_view_if_needed()
        self.page.mouse.move(*self.cell(key, x, y))
        with self.rerun():
            self.page.mouse.click(*self.cell(key, x, y))
        return self

    def chart(self, key: str) -> Locator:
        """The chart that a page shows under a key, with its frame on the screen."""
        return self.page.locator(f".st-key-chart_{key}")

    def plotted(self, key: str) -> dict[str, Any]:
        """What the browser draws: ``data`` (numbers decoded) and ``layout`` of a chart."""
        found: dict[str, Any] = self.chart(key).evaluate(_PLOTTED)
        return found

    def charts(self) -> list[str]:
        """The keys of the page's charts, from top to bottom."""
        classes = self.page.locator('[class*="st-key-chart_"]').evaluate_all(
            "nodes => nodes.map(node => node.className)"
        )
        return [re.findall(r"st-key-chart_(\S+)", one)[0] for one in classes]

    def text(self) -> str:
        """What a reader reads in the page's middle."""
        return self.page.locator('[data-testid="stMain"]').inner_text()

    def check(self) -> None:
        """Hold that the page neither failed, complained, strayed nor opened a dialog."""
        failed = self.page.locator('[data-testid="stException"]')
        assert failed.count() == 0, failed.first.inner_text()
        assert self.complaints == []
        assert self.strayed == []
        assert self.dialogs == []

    def close(self) -> None:
        """Close the window and everything of it."""
        self._context.close()


# How often the script began to run since this was first asked.
_RUNS = """() => {
    if (window._runs === undefined) {
        window._runs = 0;
        const app = document.querySelector('[data-testid="stApp"]');
        new MutationObserver(() => {
            if (app.dataset.testScriptState === 'running') window._runs += 1;
        }).observe(app, {attributes: true, attributeFilter: ['data-test-script-state']});
    }
    return window._runs;
}"""

# A chart is drawn in several steps, none of which says that it is the last.
_DRAWN = """() => {
    const charts = [...document.querySelectorAll('[class*="st-key-chart_"]')];
    const seen = charts.map(chart => chart.querySelectorAll('svg *').length).join();
    const same = window._seen === seen ? (window._same ?? 0) + 1 : 0;
    [window._seen, window._same] = [seen, same];
    return same >= 10 && !document.querySelector('[data-stale="true"]') && charts.every(
        chart => chart.querySelector('.js-plotly-plot .main-svg')
            && chart.querySelector('.js-plotly-plot')._fullData);
}"""

_PIXEL = """(node, [x, y]) => {
    const plot = node.querySelector('.js-plotly-plot');
    const box = plot.querySelector('.nsewdrag').getBoundingClientRect();
    const {xaxis, yaxis} = plot._fullLayout;
    return [box.left + xaxis.d2p(x), box.top + yaxis.d2p(y)];
}"""

_PLOTTED = r"""node => {
    const plot = node.querySelector('.js-plotly-plot');
    const plain = value => {
        if (ArrayBuffer.isView(value)) return Array.from(value, plain);
        if (Array.isArray(value)) return value.map(plain);
        if (typeof value === 'number' && !Number.isFinite(value)) return null;
        if (value && typeof value === 'object') {
            if ('bdata' in value) return plain(value._inputArray ?? null);
            return Object.fromEntries(Object.entries(value)
                .filter(([key, one]) => !key.startsWith('_') && typeof one !== 'function')
                .map(([key, one]) => [key, plain(one)]));
        }
        return value;
    };
    return {data: plot._fullData.map(trace => Object.fromEntries(
        ['type', 'name', 'x', 'y', 'z', 'text', 'customdata', 'orientation', 'visible']
            .filter(key => key in trace).map(key => [key, plain(trace[key])]))),
        // Streamlit sets titles in bold
        title: (plot._fullLayout.title?.text ?? '').replace(/<\/?b>/g, '')};
}"""
