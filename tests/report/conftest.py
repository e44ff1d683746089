"""Pages of small studies, the shipped one and the released artifacts; a browser that opens them from disk."""

from __future__ import annotations

import os
import shutil
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from filelock import FileLock

from interp.plates import View, released
from interp.report import write_report
from tests.dashboards.studies import HOSTILE, whole

ROOT = Path(__file__).parent.parent.parent
DEMO = ROOT / "artifacts" / "demo"
HOSTILE_WORD = "".join(HOSTILE) + "</script><script>alert(2)</script><!--"

Written = Callable[[str], Path]


def _study(name: str, folder: Path, request: pytest.FixtureRequest) -> Path:
    if name == "demo":
        return DEMO
    if name == "release":
        data: Path = request.getfixturevalue("shared_data")
        released(data / "release", folder, facts=f"klar:{data / 'klar'}")
        return folder
    return {
        "hostile": lambda: whole(folder, word=HOSTILE_WORD, depths={"sft": 6}),
        "one": lambda: whole(folder, stages={"base": "base"}, languages=("en", "ar")),
        "uncompared": lambda: whole(folder, compared=False),
    }[name]()


TITLES = {"hostile": HOSTILE_WORD}


@pytest.fixture(scope="session")
def written(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Written:
    """Write the page of a study, once for all processes: ``demo``, ``hostile``, ``one`` …."""
    base = tmp_path_factory.getbasetemp()
    folder = (base.parent if "PYTEST_XDIST_WORKER" in os.environ else base) / "reports"
    folder.mkdir(exist_ok=True)

    def page(name: str) -> Path:
        file = folder / f"{name}.html"
        with FileLock(folder / f"{name}.lock"):
            if not file.exists():
                view = View.of(_study(name, folder / name, request))
                write_report(view, file, title=TITLES.get(name))
        return file

    return page


class Opened:
    """A page opened from disk, and everything that it complained of or asked for."""

    def __init__(self, browser: Any, file: Path, **context: Any) -> None:
        """Open it in a window of its own."""
        self._context = browser.new_context(
            **{"viewport": {"width": 1300, "height": 900}, **context}
        )
        self.page = self._context.new_page()
        self.page.set_default_timeout(60_000)
        self.complaints: list[str] = []
        self.asked: list[str] = []
        self.dialogs: list[str] = []
        self.page.on(
            "console",
            lambda said: self.complaints.append(said.text) if said.type == "error" else None,
        )
        self.page.on("pageerror", lambda error: self.complaints.append(str(error)))
        self.page.on("request", lambda request: self.asked.append(request.url))
        self.page.on("websocket", lambda socket: self.asked.append(socket.url))
        self.page.on("dialog", lambda one: (self.dialogs.append(one.message), one.dismiss()))
        self.page.goto(file.as_uri())

    def draw_all(self) -> int:
        """Scroll to every chart and wait until it is drawn; how many there are."""
        charts = self.page.locator(".chart")
        for at in range(charts.count()):
            charts.nth(at).scroll_into_view_if_needed()
            self.page.wait_for_function(
                "at => document.querySelectorAll('.chart')[at].querySelector('.main-svg')", arg=at
            )
        return int(charts.count())

    def check_quiet(self, file: Path) -> None:
        """Hold that it asked nobody for anything, complained of nothing and opened no dialog."""
        strayed = [one for one in self.asked if one != file.as_uri()]
        assert [one for one in strayed if not one.startswith(("data:", "blob:"))] == []
        assert self.complaints == []
        assert self.dialogs == []

    def close(self) -> None:
        """Close the window."""
        self._context.close()


@pytest.fixture
def opened(browser: Any, written: Written) -> Iterator[Callable[..., Opened]]:
    """Open the page of a study: ``opened("demo", color_scheme="dark")``; quiet until the end."""
    windows: list[tuple[Opened, Path]] = []

    def go(name: str, **context: Any) -> Opened:
        file = written(name)
        windows.append((Opened(browser, file, **context), file))
        return windows[-1][0]

    yield go
    try:
        for window, file in windows:
            window.check_quiet(file)
    finally:
        for window, _ in windows:
            window.close()


@pytest.fixture(scope="session")
def java() -> str:
    """Where Java is, which the validator needs."""
    found = shutil.which("java")
    if found is None:
        pytest.skip("java is not installed, which the HTML validator needs")
    return found
