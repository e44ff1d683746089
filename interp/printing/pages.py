"""A figure as a page of its own, that can be zoomed and read without the network."""

from __future__ import annotations

import html
from typing import Any

import plotly.graph_objects as go
from plotly.offline import get_plotlyjs

from interp.plates.plate import Plate
from interp.printing.glyphs import needed_families
from interp.printing.paper import as_printed
from interp.printing.subset import Wanted, font_style
from interp.printing.texts import figure_characters

LIBRARY = "plotly.min.js"
"""Beside pages that share it."""

_STYLE = """
body { margin: 0 auto; max-width: 1100px; padding: 1rem; color: #31333F; background: white;
  font: 16px/1.5 FAMILIES; }
h1 { font-size: 1.3rem; line-height: 1.3; }
small { color: #555; }
"""

_PAGE = """<!DOCTYPE html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<title>{title}</title>
<style>{style}</style>
{library}
</head>
<body>
<main>
<h1>{title}</h1>
{drawing}
<p>{form}{reading}</p>
<p><small>{caption}</small></p>
</main>
</body>
</html>
"""


def page(plate: Plate, *, shared: bool, embed: bool = True, japanese_first: bool = False) -> str:
    """Write a plate as a page: title, figure, paragraph, where the numbers come from.

    Args:
        plate: with a figure.
        shared: whether the page looks for `LIBRARY` beside it (4.8 MB once for a folder of figures);
            else it carries it along, and can be sent alone.
        embed: whether it carries the fonts along.
        japanese_first: of studies that show Japanese and no Chinese.
    """
    assert plate.figure is not None
    characters = figure_characters(plate.figure.to_plotly_json(), hover=True)
    characters |= set(plate.title + plate.reading + plate.caption)
    families = needed_families(characters, japanese_first=japanese_first)
    made = as_printed(plate.figure, families)
    made["layout"].pop("title", None)  # it is the page's heading
    made["layout"].get("hoverlabel", {}).get("font", {})["family"] = made["layout"]["font"][
        "family"
    ]
    named = ", ".join(f"'{family}'" for family in families)
    style = _STYLE.replace("FAMILIES", f"{named}, sans-serif" if named else "sans-serif")
    if embed:
        style += font_style({Wanted(families): characters})
    return _PAGE.format(
        title=html.escape(plate.title),
        style=style,
        library=f'<script src="{LIBRARY}"></script>'
        if shared
        else f"<script>{get_plotlyjs()}</script>",
        drawing=_drawing(made, plate.name),
        form=f"<strong>{html.escape(plate.paper)}’s form.</strong> " if plate.paper else "",
        reading=html.escape(plate.reading),
        caption=html.escape(plate.caption),
    )


def _drawing(made: dict[str, Any], name: str) -> str:
    figure = go.Figure(made, skip_invalid=True)
    return str(
        figure.to_html(
            full_html=False,
            include_plotlyjs=False,
            div_id=name,
            config={"displaylogo": False, "responsive": True},
        )
    )
