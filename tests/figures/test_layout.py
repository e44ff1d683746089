"""The look that all charts share, against plotly's own way of setting it property by property."""

from __future__ import annotations

from collections.abc import Callable

import plotly.graph_objects as go
import pytest
from plotly.subplots import make_subplots

from interp.figures.layout import FONT, GRID, INK, finish, inked


def panels() -> go.Figure:
    figure = make_subplots(2, 3, subplot_titles=list("abcdef"), shared_yaxes=True)
    for k in range(6):
        figure.add_trace(go.Scatter(x=[1, 2], y=[3, 4]), row=k // 3 + 1, col=k % 3 + 1)
    figure.update_xaxes(title_text="own", tickvals=[1, 2])
    return figure


def coloured() -> go.Figure:
    figure = go.Figure(go.Heatmap(z=[[1, 2]], coloraxis="coloraxis2"))
    figure.update_layout(coloraxis2={"colorbar": {"title": {"text": "u", "side": "right"}}})
    return figure


FIGURES = [go.Figure, panels, coloured, lambda: go.Figure(go.Bar(y=[1]))]


def plain(figure: go.Figure) -> dict:
    found: dict = figure.to_plotly_json()
    return found


@pytest.mark.parametrize("make", FIGURES)
@pytest.mark.parametrize(("x", "y", "legend"), [(None, None, True), ("head", "layer <b>", False)])
def test_finish_sets_what_plotly_would(
    make: Callable[[], go.Figure], x: str | None, y: str | None, legend: bool
) -> None:
    expected = make()
    expected.update_layout(
        title={
            "text": "T",
            "x": 0,
            "xanchor": "left",
            "yref": "container",
            "automargin": True,
            "pad": {"t": 8},
        },
        font={"family": FONT},
        paper_bgcolor="rgba(0, 0, 0, 0)",
        plot_bgcolor="rgba(0, 0, 0, 0)",
        height=300,
        margin={"l": 60, "r": 20, "t": 60, "b": 60},
        showlegend=legend,
        legend={"orientation": "h", "yanchor": "top", "y": -0.2, "xanchor": "left", "x": 0},
        hoverlabel={"font": {"family": FONT}},
    )
    for update, title in ((expected.update_xaxes, x), (expected.update_yaxes, y)):
        update(gridcolor=GRID, zerolinecolor=GRID, automargin=True)
        if title is not None:
            update(title_text=title)
    figure = make()
    assert finish(figure, title="T", x=x, y=y, height=300, legend=legend) is figure
    assert plain(figure) == plain(expected)
    # what plotly knows of the figure is what was put in
    assert figure.layout.xaxis.gridcolor == GRID and figure.layout.title.text == "T"
    figure.update_xaxes(title_text="later")
    assert figure.to_dict()["layout"]["xaxis"]["title"]["text"] == "later"


@pytest.mark.parametrize("make", FIGURES)
@pytest.mark.parametrize("behind", ["light", "dark"])
def test_ink_is_put_where_something_is_written(make: Callable[[], go.Figure], behind: str) -> None:
    ink = {"color": INK[behind]}
    expected, figure = make(), make()
    expected.update_layout(font=ink)
    for update in (expected.update_xaxes, expected.update_yaxes):
        update(tickfont=ink, title_font=ink)
    if "coloraxis2" in plain(expected)["layout"]:
        expected.layout.coloraxis2.update(colorbar={"tickfont": ink, "title": {"font": ink}})
    assert inked(figure, behind) is figure
    assert plain(figure) == plain(expected)
    assert INK[behind] in figure.to_json()


def test_one_figure_shares_nothing_with_the_next() -> None:
    first, second = finish(panels(), title="1"), finish(panels(), title="2")
    inked(first, "dark")
    first.layout.xaxis.title.font.color = "#000000"
    assert second.layout.xaxis.tickfont.color is None
    assert second.layout.yaxis.title.font.color is None and second.layout.title.text == "2"
