"""The dashboard's server, and a browser that says when a page is drawn.

A page counts as drawn at the last change that the browser makes to it: the script's end, or the last
node that is put into its middle or its sidebar, whichever is later. The browser's own clock says when, so
that waiting for nothing more to happen is not counted.
"""

from __future__ import annotations

import os
import random
import shutil
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from playwright.sync_api import Locator, Page

ROOT = Path(__file__).resolve().parent.parent
CHROMIUM = shutil.which("chromium") or shutil.which("chromium-browser")
ARGUMENTS = ("--no-sandbox", "--disable-dev-shm-usage", "--disable-gpu")
_HOST = "127.0.0.1"
_WAIT = 300_000
"""Milliseconds."""
_SHORT = 20_000
"""Milliseconds in which a control can be found and used."""
_STILL = 500
"""Milliseconds without a change after which a page is taken for drawn."""


_SILENT = 3_000
"""Milliseconds after which a choice that changed nothing is given up."""


@dataclass(frozen=True)
class Server:
    """A running dashboard.

    Attributes:
        address: of its first page.
        pid: of its process.
    """

    address: str
    pid: int

    def memory(self, what: str) -> float:
        """Memory in GiB: ``VmHWM`` (the peak so far) or ``VmRSS`` (now)."""
        lines = Path(f"/proc/{self.pid}/status").read_text().splitlines()
        return next(int(line.split()[1]) for line in lines if line.startswith(what)) / 2**20

    def cpu(self) -> float:
        """Seconds of computing so far, all threads together."""
        fields = Path(f"/proc/{self.pid}/stat").read_text().rsplit(")", 1)[1].split()
        return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")


@contextmanager
def serving(study: Path) -> Iterator[Server]:
    """Run the dashboard of a study on a free port until the block ends."""
    with socket.socket() as probe:
        probe.bind((_HOST, 0))
        port = probe.getsockname()[1]
    command = [
        sys.executable, "-m", "streamlit", "run", "dashboards/app.py", "--server.port", str(port),
        "--server.address", _HOST, "--server.headless", "true", "--server.fileWatcherType", "none",
        "--browser.gatherUsageStats", "false", "--", "--study", str(study),
    ]  # fmt: skip
    quiet = subprocess.DEVNULL
    process = subprocess.Popen(command, cwd=ROOT, stdout=quiet, stderr=quiet)
    try:
        end = time.monotonic() + _WAIT / 1000
        while socket.socket().connect_ex((_HOST, port)):
            if process.poll() is not None or time.monotonic() > end:
                raise RuntimeError("the dashboard's server does not start")
            time.sleep(0.05)
        yield Server(f"http://{_HOST}:{port}", process.pid)
    finally:
        process.terminate()
        try:
            process.wait(timeout=10)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()


# Notes when something was last asked (a click, a key) and when the page last changed.
_WATCH = """(() => {
    const seen = window._seen = {asked: 0, changed: 0, ended: 0};
    const ask = () => { seen.asked = performance.now(); };
    for (const kind of ['pointerup', 'keydown']) window.addEventListener(kind, ask, true);
    const inside = node => {
        const one = node.nodeType === 1 ? node : node.parentElement;
        return one && one.closest('[data-testid="stMain"], [data-testid="stSidebarContent"]');
    };
    new MutationObserver(records => {
        const now = performance.now();
        for (const record of records) {
            if (record.type === 'attributes') {
                if (record.target.matches('[data-testid="stApp"]')) seen.ended = now;
            } else if (inside(record.target)) seen.changed = now;
        }
    }).observe(document, {childList: true, characterData: true, subtree: true,
                          attributes: true, attributeFilter: ['data-test-script-state']});
})()"""

_DRAWN = f"""() => {{
    const app = document.querySelector('[data-testid="stApp"]');
    if (!app || app.dataset.testScriptState !== 'notRunning') return false;
    if (!document.querySelector('h1') || document.querySelector('[data-testid="stSkeleton"]')) return false;
    const charts = [...document.querySelectorAll('[data-testid="stPlotlyChart"]')];
    if (!charts.every(chart => chart.querySelector('.main-svg'))) return false;
    const done = Math.max(window._seen.changed, window._seen.ended), asked = window._seen.asked;
    return performance.now() - Math.max(done, asked) > (done > asked ? {_STILL} : {_SILENT});
}}"""

_TAKEN = (
    """() => (Math.max(window._seen.changed, window._seen.ended) - window._seen.asked) / 1000"""
)


class Reader:
    """A window of a browser, and how long everything takes in it."""

    def __init__(self, page: Page) -> None:
        """Watch a page that has not gone anywhere yet."""
        self.page = page
        page.set_default_timeout(_WAIT)
        page.add_init_script(_WATCH)

    def load(self, address: str) -> float:
        """Open an address and return the seconds until it is drawn."""
        self.page.goto(address, wait_until="commit")
        return self._taken()

    def switch(self, page: str) -> float:
        """Follow the sidebar's link to a page (its address; empty for the first)."""
        links = self.page.get_by_test_id("stSidebarNavLink")
        names = [(link.get_attribute("href") or "").rsplit("/", 1)[-1] for link in links.all()]
        links.nth(names.index(page)).click()
        return self._taken()

    def failed(self) -> str | None:
        """Return the first exception that the page shows."""
        shown = self.page.get_by_test_id("stException")
        return shown.first.inner_text().splitlines()[0] if shown.count() else None

    def controls(self) -> list[str]:
        """Return the keys of what can be chosen in the page's middle, from top to bottom."""
        keys: list[str] = self.page.evaluate(_CONTROLS)
        return keys

    def change(self, key: str, rng: random.Random) -> float | None:
        """Choose something else in a control; None where there is nothing else.

        Args:
            key: of ``controls``.
            rng: what draws another value.

        Returns:
            The seconds until the page is drawn again.
        """
        control = self.page.locator(f".st-key-{key}").first
        self.page.set_default_timeout(_SHORT)
        try:
            taken = self._taken() if self._choose(control, rng) else 0.0
        finally:
            self.page.set_default_timeout(_WAIT)
        return taken if taken > 0 else None  # nothing followed: it was chosen already

    def _choose(self, control: Locator, rng: random.Random) -> bool:
        control.scroll_into_view_if_needed()
        for kind, change in _KINDS.items():
            if control.get_by_test_id(kind).count() or control.locator(kind).count():
                return change(self.page, control, rng)
        return False

    def _taken(self) -> float:
        self.page.wait_for_function(_DRAWN, timeout=_WAIT)
        seconds: float = self.page.evaluate(_TAKEN)
        return seconds


def _select(page: Page, control: Locator, rng: random.Random) -> bool:
    field = control.locator("input").first
    field.click()
    options = page.locator('[role="listbox"] [role="option"]')
    options.first.wait_for()
    other = [
        k for k in range(options.count()) if options.nth(k).get_attribute("aria-selected") != "true"
    ]
    if not other:
        page.keyboard.press("Escape")
        return False
    options.nth(rng.choice(other)).click()
    return True


def _press(page: Page, control: Locator, rng: random.Random) -> bool:
    other = control.get_by_role("radio", checked=False).all()
    if not other:
        return False
    rng.choice(other).click()
    return True


def _slide(page: Page, control: Locator, rng: random.Random) -> bool:
    thumb = control.get_by_role("slider").first
    at, end = (float(thumb.get_attribute(name) or 0) for name in ("value", "max"))
    thumb.focus()
    page.keyboard.press("ArrowLeft" if at >= end else "ArrowRight")
    return True


def _tick(page: Page, control: Locator, rng: random.Random) -> bool:
    control.locator("label").first.click()
    return True


_KINDS = {
    "stSelectbox": _select,
    "stButtonGroup": _press,
    "stSlider": _slide,
    "stCheckbox": _tick,
}
"""Streamlit's element to what changes it."""

_CONTROLS = f"""() => {{
    const kinds = {list(_KINDS)!r}.map(kind => `[data-testid="${{kind}}"]`).join();
    const found = [...document.querySelectorAll(`[data-testid="stMain"] [class*="st-key-"]`)]
        .filter(node => node.matches(kinds) || node.querySelector(kinds))
        .filter(node => node.offsetParent && !node.querySelector('[class*="st-key-"]'));
    return [...new Set(found.map(node => node.className.match(/st-key-(\\S+)/)[1]))];
}}"""
