"""Narrow sheets: titles are broken, numbers that would lie over one another are left out."""

from __future__ import annotations

import plotly.graph_objects as go
from plotly.subplots import make_subplots

from interp.figures.layout import finish
from interp.printing.paper import as_printed, laid_out
from interp.printing.sheet import Sheet


def _map(columns: int) -> go.Heatmap:
    numbers = [[10 * at for at in range(columns)]]
    return go.Heatmap(z=numbers, text=[[f"{n:.1f}" for n in numbers[0]]], texttemplate="%{text}", textfont={"size": 10})  # fmt: skip


def test_numbers_in_cells_stay_where_they_fit() -> None:
    figure = make_subplots(1, 2, column_widths=[0.8, 0.2])
    figure.add_trace(_map(10), 1, 1)
    figure.add_trace(_map(10), 1, 2)
    finish(figure, title="T", height=300)
    for width, kept in ((175, [True, False]), (400, [True, True]), (60, [False, False])):
        made = as_printed(figure, ())
        laid_out(made, Sheet(width=width))
        assert [bool(trace.get("texttemplate")) for trace in made["data"]] == kept, width
    assert figure.data[1].texttemplate  # left as it was


def test_titles_of_panels_and_axes_are_broken_and_get_room() -> None:
    name = "base: facts stated in the language"
    figure = make_subplots(2, 2, subplot_titles=[name, "b", name, "d"])
    figure.update_xaxes(title="the largest distance between two cumulative shares over all layers", row=2, col=1)  # fmt: skip
    finish(figure, title="T", height=400)
    made = as_printed(figure, ())
    _, high = laid_out(made, Sheet(width=85))
    texts = [note["text"] for note in made["layout"]["annotations"]]
    assert texts[0] == texts[2] and texts[0].replace("<br>", " ") == name and texts[1] == "b"
    gained = texts[0].count("<br>")
    assert gained > 0 and high == 400 + 22 * gained
    assert made["layout"]["margin"]["t"] == figure.layout.margin.t + 22 * gained
    assert "<br>" in made["layout"]["xaxis3"]["title"]["text"]
    made = as_printed(figure, ())
    assert laid_out(made, Sheet(width=350))[1] == 400
    assert not any("<br>" in note["text"] for note in made["layout"]["annotations"])


def test_a_text_at_the_top_of_a_panel_keeps_its_room_without_a_title() -> None:
    figure = finish(go.Figure(go.Bar(y=[1])), title="T", height=300)
    figure.add_annotation(text="chance", xref="x", yref="y domain", x=0, y=1, yanchor="bottom", showarrow=False)  # fmt: skip
    made = as_printed(figure, ())
    laid_out(made, Sheet(titled=False))
    assert made["layout"]["margin"]["t"] == 36
