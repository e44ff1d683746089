"""Figures as JSON that a page draws by itself."""

from __future__ import annotations

import json
from dataclasses import dataclass
from typing import Any

import plotly.graph_objects as go
import plotly.io as pio

_HEIGHT = 450
"""Plotly's own, where a figure names none."""

_ONE_PANEL, _PANEL, _WIDEST = 440, 250, 1100
"""Pixels: the least width of a chart with one column of panels, of each of several, and the most asked for."""

_TEMPLATE = "plotly_white"


@dataclass(frozen=True)
class Chart:
    """A figure as the page holds it.

    Attributes:
        json: data and layout; safe inside ``<script>``.
        height: in pixels.
        min_width: in pixels, below which its panels could not be read; a narrow page scrolls it.
    """

    json: str
    height: int
    min_width: int


def chart_of(figure: go.Figure) -> Chart:
    """Take from a figure what a page without a server needs.

    The title stands above the chart as text, where it can wrap, be found and be printed; what only clicks
    use is left out, and WebGL is drawn as SVG, which prints sharply and needs no code made on the fly.

    Args:
        figure: as a builder of `interp.figures` made it; left as it is.
    """
    found: dict[str, Any] = json.loads(pio.to_json(figure, engine="json", validate=False))
    layout = found.get("layout", {})
    for name in ("template", "title", "width", "meta"):
        layout.pop(name, None)
    margin = layout.setdefault("margin", {})
    # the builders leave 60 px for the title; titles of panels need half of it
    margin["t"] = _above(layout.get("annotations", []))
    layout["paper_bgcolor"] = layout["plot_bgcolor"] = "rgba(0, 0, 0, 0)"
    height = int(layout.setdefault("height", _HEIGHT))
    data = [_trace(trace) for trace in found.get("data", [])]
    return Chart(
        json=script_json({"data": data, "layout": layout}),
        height=height,
        min_width=_min_width(layout),
    )


def _above(annotations: list[dict[str, Any]]) -> int:
    """Pixels above the panels: room for their titles, of one line or two."""
    lines = [str(one.get("text", "")).count("<br") + 1 for one in annotations]
    return 16 if not lines else 16 + 18 * min(3, max(lines))


def template_json() -> str:
    """Return the look that all charts start from, once for a page."""
    template = pio.templates[_TEMPLATE].to_plotly_json()
    return script_json(json.loads(json.dumps(template)))


def script_json(value: Any) -> str:
    """Write JSON that cannot end the ``<script>`` around it or begin a comment in it."""
    text = json.dumps(value, ensure_ascii=False, separators=(",", ":"))
    return text.replace("<", "\\u003c").replace("\u2028", "\\u2028").replace("\u2029", "\\u2029")


def _trace(trace: dict[str, Any]) -> dict[str, Any]:
    trace["type"] = str(trace.get("type", "scatter")).removesuffix("gl")
    if "customdata" not in str(trace.get("hovertemplate", "")) + str(trace.get("texttemplate", "")):
        trace.pop("customdata", None)
    for name in ("uid", "ids", "meta"):
        trace.pop(name, None)
    return trace


def _min_width(layout: dict[str, Any]) -> int:
    starts = {
        round(axis.get("domain", [0.0])[0], 3)
        for name, axis in layout.items()
        if name.startswith("xaxis") and isinstance(axis, dict)
    }
    columns = max(1, len(starts))
    return _ONE_PANEL if columns == 1 else min(_WIDEST, _PANEL * columns)
