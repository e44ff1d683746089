"""Figures as SVG and PNG, through Kaleido and a Chrome on this machine."""

from __future__ import annotations

import os
import shutil
from functools import cache
from importlib.util import find_spec

import plotly.graph_objects as go

from interp.figures.layout import inked

_BROWSERS = ("chromium", "chromium-browser", "google-chrome", "google-chrome-stable", "chrome")


@cache
def why_no_images() -> str | None:
    """Say what is missing for SVG and PNG; None where nothing is."""
    if find_spec("kaleido") is None:
        return "SVG and PNG need Kaleido: pip install kaleido"
    if not (os.environ.get("BROWSER_PATH") or any(map(shutil.which, _BROWSERS))):
        return "SVG and PNG need Chrome or Chromium: apt-get install chromium, or plotly_get_chrome"
    return None


def image_bytes(figure: go.Figure, form: str) -> bytes:
    """Draw a figure on white, as it would be printed.

    Args:
        figure: as it is shown.
        form: ``svg`` or ``png``.
    """
    printed = inked(go.Figure(figure), "light")
    printed.update_layout(paper_bgcolor="white", plot_bgcolor="white", template="plotly_white")
    made: bytes = printed.to_image(format=form, width=1000, height=figure.layout.height, scale=2)
    return made
