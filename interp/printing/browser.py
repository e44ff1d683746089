"""One Chrome for all figures of a process: it starts once, in a second or two, and closes by itself.

Kaleido draws SVG in it; pages made of that become PDF and PNG, so that the three forms never differ.
"""

from __future__ import annotations

import asyncio
import atexit
import base64
import contextlib
import os
import shutil
import threading
import time
from collections.abc import Coroutine, Mapping
from functools import cache
from importlib.util import find_spec
from typing import Any

from interp.errors import InterpError

_SECONDS = 90.0
"""For one figure."""

_IDLE_SECONDS = 60.0
"""Without a figure, after which Chrome closes; the next figure starts it again."""

_GET_CHROME = "apt-get install chromium, or plotly_get_chrome, or set BROWSER_PATH to a Chrome"


class NoPicture(InterpError):
    """Chrome does not start, or did not draw a figure."""


@cache
def why_no_browser() -> str | None:
    """Say what is missing for SVG, PDF and PNG; None where nothing is."""
    if find_spec("kaleido") is None:
        return "SVG, PDF and PNG need Kaleido: pip install kaleido"
    from choreographer.browsers.chromium import Chromium

    path = Chromium.find_browser(skip_local=False)
    if path is None or not os.path.isfile(path):
        named = os.environ.get("BROWSER_PATH")
        where = f" (BROWSER_PATH names {named}, which is not there)" if named else ""
        return f"SVG, PDF and PNG need Chrome or Chromium{where}: {_GET_CHROME}"
    return None


class Browser:
    """A Chrome in a thread of its own; calls from several threads wait for one another."""

    def __init__(self) -> None:
        self._lock = threading.RLock()
        self._loop: asyncio.AbstractEventLoop | None = None
        self._thread: threading.Thread | None = None
        self._kaleido: Any = None
        self._page: Any = None
        self._idle: threading.Timer | None = None
        self._process = 0
        self._profile: os.PathLike[str] | None = None

    def svg(self, figure: Mapping[str, Any], width: float, height: float) -> str:
        """Draw a figure.

        Args:
            figure: as ``to_plotly_json`` gives it.
            width: of the layout in pixels.
            height: likewise.

        Raises:
            NoPicture: no Chrome, or one that does not start or answer.
        """
        options = {"format": "svg", "width": width, "height": height, "scale": 1}
        return self._do(lambda: self._kaleido.calc_fig(figure, options)).decode()

    def pdf(self, drawing: str, width: float, height: float) -> bytes:
        """Print a drawing on one page of its size.

        Args:
            drawing: SVG.
            width: in millimetres.
            height: likewise.
        """
        return self._do(lambda: self._printed(drawing, width, height))

    def png(self, drawing: str, width: float, height: float, scale: float) -> bytes:
        """Photograph a drawing.

        Args:
            drawing: SVG.
            width: in pixels of a screen.
            height: likewise.
            scale: pixels of the picture in one of a screen.
        """
        return self._do(lambda: self._photographed(drawing, width, height, scale))

    def close(self) -> None:
        """Close Chrome, where one is open."""
        with self._lock:
            if self._idle is not None:
                self._idle.cancel()
            loop, thread, kaleido = self._loop, self._thread, self._kaleido
            self._loop = self._thread = self._kaleido = self._page = None
            if loop is None or thread is None or self._process != os.getpid():
                return
            try:
                if kaleido is not None:
                    asyncio.run_coroutine_threadsafe(kaleido.close(), loop).result(10)
            except Exception:  # it is gone already, or does not answer: nothing is lost
                pass
            loop.call_soon_threadsafe(loop.stop)
            thread.join(10)
            if not thread.is_alive():
                loop.close()
            for _ in range(10):  # Chrome writes into its profile until it is gone
                if self._profile is None or not os.path.exists(self._profile):
                    break
                shutil.rmtree(self._profile, ignore_errors=True)
                time.sleep(0.1)
            self._profile = None

    def _do(self, work: Any) -> Any:
        """Run a step in the browser's thread; a browser that died is started once more."""
        with self._lock:
            if self._idle is not None:
                self._idle.cancel()
            for turn in (1, 2):
                try:
                    self._open()
                    found = self._wait(work())
                    break
                except InterpError:
                    raise
                except Exception as error:
                    self.close()
                    if turn == 2:
                        raise NoPicture(
                            f"Chrome did not draw a figure ({type(error).__name__}: {error}): "
                            f"{_GET_CHROME}; HTML needs none"
                        ) from error
            self._idle = threading.Timer(_IDLE_SECONDS, self.close)
            self._idle.daemon = True
            self._idle.start()
            return found

    def _wait(self, work: Coroutine[Any, Any, Any]) -> Any:
        assert self._loop is not None
        return asyncio.run_coroutine_threadsafe(work, self._loop).result(_SECONDS)

    def _open(self) -> None:
        if self._kaleido is not None and self._process == os.getpid():
            return
        why = why_no_browser()
        if why is not None:
            raise NoPicture(why)
        self._process = os.getpid()
        self._loop = asyncio.new_event_loop()
        self._thread = threading.Thread(target=self._loop.run_forever, daemon=True)
        self._thread.start()
        self._wait(self._started())

    async def _started(self) -> None:
        from kaleido import Kaleido  # type: ignore[import-untyped]

        kaleido = Kaleido(mathjax=False, timeout=_SECONDS)  # MathJax would come from the network
        await kaleido.open()
        self._kaleido = kaleido
        with contextlib.suppress(AttributeError):  # else a slow end of Chrome prints a traceback
            profile = kaleido._browser_impl.tmp_dir
            profile.temp_dir._finalizer.detach()
            self._profile = profile.path

    async def _shown(self, drawing: str, size: str) -> Any:
        """Put a drawing on a page of its own and wait for its fonts."""
        if self._page is None:
            self._page = await self._kaleido.create_tab("")
        page = self._page
        frame = (await _sent(page, "Page.getFrameTree"))["frameTree"]["frame"]["id"]
        html = (
            f"<!doctype html><meta charset=utf-8><style>@page {{ size: {size}; margin: 0 }} "
            f"html {{ overflow: hidden }} body {{ margin: 0 }} svg {{ display: block }}</style>{drawing}"
        )
        await _sent(page, "Page.setDocumentContent", frameId=frame, html=html)
        await _sent(
            page, "Runtime.evaluate", awaitPromise=True,
            expression="Promise.all([...document.fonts].map(f => f.load())).then(() => 0)",
        )  # fmt: skip
        return page

    async def _printed(self, drawing: str, width: float, height: float) -> bytes:
        page = await self._shown(drawing, f"{width:.4f}mm {height:.4f}mm")
        made = await _sent(
            page, "Page.printToPDF", printBackground=True, preferCSSPageSize=True, pageRanges="1",
            marginTop=0, marginBottom=0, marginLeft=0, marginRight=0,
        )  # fmt: skip
        return base64.b64decode(made["data"])

    async def _photographed(self, drawing: str, width: float, height: float, scale: float) -> bytes:
        page = await self._shown(drawing, "auto")
        await _sent(
            page, "Emulation.setDeviceMetricsOverride", mobile=False, deviceScaleFactor=scale,
            width=round(width), height=round(height),
        )  # fmt: skip
        made = await _sent(page, "Page.captureScreenshot", format="png")
        return base64.b64decode(made["data"])


async def _sent(page: Any, command: str, **parameters: Any) -> dict[str, Any]:
    answer = await page.send_command(command, params=parameters)
    if "error" in answer:
        raise RuntimeError(f"{command}: {answer['error'].get('message')}")
    found: dict[str, Any] = answer["result"]
    return found


BROWSER = Browser()
"""Of this process."""

atexit.register(BROWSER.close)
