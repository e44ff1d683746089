"""One server, one browser per worker; every window is held to be quiet when it closes."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

import pytest

pytest.importorskip("playwright", reason="playwright is not installed")

from playwright.sync_api import Browser

from tests.dashboards.browser.driver import Visit, serving

Window = Callable[..., Visit]


@pytest.fixture(scope="session")
def server() -> Iterator[str]:
    """The dashboard on the study that comes with a clone."""
    with serving() as address:
        yield address


@pytest.fixture
def window(browser: Browser, server: str) -> Iterator[Window]:
    """Open windows: ``window(color_scheme="dark")``."""
    opened: list[Visit] = []

    def open_window(address: str = server, **context: Any) -> Visit:
        opened.append(Visit(browser, address, **context))
        return opened[-1]

    yield open_window
    try:
        for visit in opened:
            visit.check()
    finally:
        for visit in opened:
            visit.close()
