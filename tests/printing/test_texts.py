"""Characters of a figure: all that is drawn, nothing that is not."""

from __future__ import annotations

import numpy as np
import plotly.graph_objects as go

from interp.printing.texts import NUMBERS, figure_characters


def characters(figure: go.Figure, *, hover: bool = False) -> set[str]:
    return figure_characters(figure.to_plotly_json(), hover=hover)


def test_titles_ticks_legends_notes_and_cells_count() -> None:
    figure = go.Figure(
        [
            go.Bar(x=["ক", "খ"], y=[1, 2], name="ع", text=["α", "β"]),
            go.Heatmap(z=[[1]], text=[["直"]], y=np.array(["か"], dtype=object),
                       colorbar={"title": {"text": "№"}, "ticktext": ["♠"], "tickvals": [1]}),
        ]
    )  # fmt: skip
    figure.update_layout(title="Ж", xaxis={"ticktext": ["ל"], "tickvals": [0], "title": "ท"})
    figure.add_annotation(text="✓")
    assert set("কখعαβ直か№♠Жלท✓") | set(NUMBERS) == characters(figure)


def test_markup_is_stripped_and_names_of_signs_are_read() -> None:
    figure = go.Figure(layout={"title": "<b>Ω</b><br>&amp; &#9731; <span style='z: ☂'>Щ</span>"})
    found = characters(figure)
    assert set("ΩЩ&☃") <= found and not set("b<>☂;#") & found


def test_what_is_only_for_the_mouse_counts_only_on_pages() -> None:
    figure = go.Figure(go.Scatter(x=[1], y=[1], hovertext=["☎"], customdata=[["☏"]]))
    assert not {"☎", "☏"} & characters(figure)
    assert {"☎", "☏"} <= characters(figure, hover=True)


def test_names_of_settings_and_templates_do_not_count() -> None:
    figure = go.Figure(
        go.Scatter(x=[1.5], y=[2], mode="markers+text", marker={"symbol": "hexagon"})
    )
    figure.update_layout(font={"family": "Ʒ"}, template={"layout": {"title": {"text": "Ж"}}})
    assert characters(figure) == set(NUMBERS)
