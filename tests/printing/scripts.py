"""A figure that shows five scripts; two of them shape their letters by their neighbours."""

from __future__ import annotations

import plotly.graph_objects as go

from interp.figures.layout import finish

SCRIPTS = {
    "Latin": ("Noto Sans", "English fi"),
    "Arabic": ("Noto Sans Arabic", "البحر الواسع"),
    "Bengali": ("Noto Sans Bengali", "সমুদ্র ক্ষত্রিয়"),
    "Chinese": ("Noto Sans CJK SC", "中文直骨"),
    "Japanese": ("Noto Sans CJK JP", "かな直骨"),
}
"""Name to the font that should draw it, and a text."""


def five_scripts() -> go.Figure:
    """Draw a bar per script, its text below."""
    words = [text for _, text in SCRIPTS.values()]
    figure = go.Figure(
        go.Bar(x=words, y=[3, 1, 2, 4, 2], text=words, textangle=0, insidetextanchor="middle")
    )
    return finish(figure, title="Five scripts: " + ", ".join(words), height=300, legend=False)
