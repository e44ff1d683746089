"""From screen to paper: nothing for the mouse, no letter too small, the figure itself untouched."""

from __future__ import annotations

import plotly.graph_objects as go
import pytest

from interp.figures.layout import clickable, finish
from interp.printing.paper import as_printed, laid_out, still
from interp.printing.sheet import Sheet


@pytest.fixture
def figure() -> go.Figure:
    made = go.Figure(go.Heatmap(z=[[1, 2], [3, 4]], colorbar={"tickfont": {"size": 4}}))
    clickable(made, [0, 1], [0, 1], [[0], [1]], hover=["a", "b"])
    made.add_annotation(text="small", font={"size": 5})
    made.add_annotation(text="large", font={"size": 30})
    return finish(made, title="Title", height=400)


def test_white_dark_and_in_the_fonts_given(figure: go.Figure) -> None:
    before = figure.to_json()
    made = as_printed(figure, ("Noto Sans", "Noto Sans Bengali"))
    layout = made["layout"]
    assert layout["paper_bgcolor"] == layout["plot_bgcolor"] == "white"
    assert layout["font"]["family"] == "Noto Sans, Noto Sans Bengali, sans-serif"
    red, green, blue = (int(layout["font"]["color"][at : at + 2], 16) for at in (1, 3, 5))
    assert max(red, green, blue) < 90
    assert [trace["uid"] for trace in made["data"]] == ["t0", "t1"]
    laid_out(still(made), Sheet(titled=False))
    assert figure.to_json() == before


def test_cells_to_be_clicked_go_where_something_is_drawn_below(figure: go.Figure) -> None:
    made = still(as_printed(figure, ()))
    assert [trace["type"] for trace in made["data"]] == ["heatmap"]
    alone = go.Figure(go.Scatter(x=[1], y=[1], mode="markers", marker={"opacity": 0}))
    assert len(still(as_printed(alone, ()))["data"]) == 1
    faint = go.Figure([go.Bar(y=[1]), go.Scatter(y=[1], mode="markers", marker={"opacity": 0.1})])
    assert len(still(as_printed(faint, ()))["data"]) == 2


def test_menus_and_sliders_go(figure: go.Figure) -> None:
    figure.update_layout(updatemenus=[{"buttons": []}], sliders=[{}])
    figure.update_xaxes(rangeslider={"visible": True})
    layout = still(as_printed(figure, ()))["layout"]
    assert "updatemenus" not in layout and "sliders" not in layout
    assert "rangeslider" not in layout["xaxis"]


def test_small_letters_grow_and_large_ones_stay(figure: go.Figure) -> None:
    sheet = Sheet(points=7, smallest=6)
    made = as_printed(figure, ())
    wide, high = laid_out(made, sheet)
    small, large = (note["font"]["size"] for note in made["layout"]["annotations"])
    assert small * sheet.point == pytest.approx(6) and large == 30
    assert made["data"][0]["colorbar"]["tickfont"]["size"] == small
    assert (wide, high) == (made["layout"]["width"], made["layout"]["height"]) and high == 400


def test_without_title_the_panels_keep_their_height(figure: go.Figure) -> None:
    made = as_printed(figure, ())
    _, high = laid_out(made, Sheet(titled=False))
    margin = made["layout"]["margin"]
    assert "title" not in made["layout"]
    assert high - margin["t"] - margin["b"] == 400 - 60 - 60
    made = as_printed(figure, ())
    sheet = Sheet(titled=False, height=60)
    assert laid_out(made, sheet)[1] == pytest.approx(sheet.wide * 60 / sheet.width)


def test_a_title_wider_than_the_figure_is_broken_at_spaces() -> None:
    title = "Share of facts whose target never passes English by language: base, sft and grpo"
    made = as_printed(finish(go.Figure(), title=title, height=400), ())
    sheet = Sheet(width=85)
    _, high = laid_out(made, sheet)
    lines = made["layout"]["title"]["text"].split("<br>")
    assert " ".join(lines) == title and high == 400 + 22 * (len(lines) - 1)
    assert len(lines) > 1 and max(map(len, lines)) * 9.5 <= sheet.wide
    made = as_printed(finish(go.Figure(), title="Short", height=400), ())
    assert laid_out(made, sheet)[1] == 400 and made["layout"]["title"]["text"] == "Short"
