"""Takes the pictures of the dashboard that stand beside this file: every page, light and dark.

Run ``make tour`` (Chromium and the fonts of ``make browser``) after a page or the shipped study has changed,
and look at each picture: they are for readers and are compared with nothing.
"""

from __future__ import annotations

import contextlib
import io
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path
from shutil import which

from PIL import Image
from playwright.sync_api import Browser, sync_playwright

HERE = Path(__file__).parent
ROOT = HERE.parent.parent
COLOURS = 256
"""Of a picture's palette: a fifth of the size, and the rare colours of thin lines are kept."""

DRAWN = """() => !document.querySelector('[data-testid="stSkeleton"]') &&
  [...document.querySelectorAll('[data-testid="stPlotlyChart"]')].every(c => c.querySelector('.main-svg'))"""
"""Charts are drawn after the script has ended."""

PICTURES = {
    "overview": ("", 1300),
    "lens-arabic": ("lens?lang=ar", 2300),
    "heads": ("heads", 2300),
    "neurons-bengali": ("neurons?lang=bn", 2300),
    "statistics": ("statistics", 2300),
    "training": ("training", 1700),
    "facts": ("facts", 2300),
}
"""Name to the page with its query, and the height shown in pixels."""


@contextlib.contextmanager
def server() -> Iterator[str]:
    """Serve the shipped study; gives the address."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    command = [sys.executable, "-m", "streamlit", "run", "dashboards/app.py"]
    running = subprocess.Popen(
        [*command, "--server.port", str(port)], cwd=ROOT, stdout=subprocess.DEVNULL
    )
    try:
        for _ in range(300):
            with contextlib.suppress(OSError), socket.create_connection(("127.0.0.1", port), 0.2):
                break
            time.sleep(0.1)
        yield f"http://127.0.0.1:{port}"
    finally:
        running.terminate()
        running.wait()


def picture(browser: Browser, address: str, height: int, scheme: str) -> Image.Image:
    """Take one picture once the page has come to rest."""
    context = browser.new_context(
        color_scheme=scheme,  # type: ignore[arg-type]
        viewport={"width": 1400, "height": height},
    )
    page = context.new_page()
    page.goto(address)
    page.wait_for_selector("h1", timeout=60_000)
    page.wait_for_selector('[data-testid="stApp"][data-test-script-state="notRunning"]')
    page.wait_for_function(DRAWN, timeout=60_000)
    page.wait_for_timeout(1_000)  # what is drawn last: fonts, and charts that fit themselves
    taken = Image.open(io.BytesIO(page.screenshot()))
    context.close()
    return taken.convert("RGB").quantize(COLOURS, method=Image.Quantize.MAXCOVERAGE)


def main() -> None:
    """Take them all, or those named on the command line."""
    names = sys.argv[1:] or list(PICTURES)
    with server() as address, sync_playwright() as playwright:
        browser = playwright.chromium.launch(
            executable_path=which("chromium") or which("google-chrome"),
            args=["--no-sandbox", "--disable-dev-shm-usage", "--disable-gpu"],
        )
        for name in names:
            where, height = PICTURES[name]
            for scheme in ("light", "dark"):
                file = HERE / f"{name}-{scheme}.png"
                picture(browser, f"{address}/{where}", height, scheme).save(file, optimize=True)
                print(file.relative_to(ROOT), file.stat().st_size // 1024, "kB")


if __name__ == "__main__":
    main()
