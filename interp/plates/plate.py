"""One figure or table of a study, with everything that belongs to it."""

from __future__ import annotations

from dataclasses import dataclass

import pandas as pd
import plotly.graph_objects as go

from interp.errors import InterpError
from interp.figures.captions import provenance


class Lacking(InterpError):
    """The study does not hold what a plate needs; the line says what, and the command that adds it."""


@dataclass(frozen=True)
class Plate:
    """A figure or a table of a study.

    Attributes:
        name: of the file it is written to, e.g. ``head-overlap``.
        title: what is shown, from metadata.
        figure: the chart; None for a table.
        frame: exactly the numbers that are shown, tidy.
        reading: one paragraph that says what the numbers are; plain text, true of this study.
        runs: rows of the table ``runs`` behind it.
        paper: the figure or table of arXiv 2606.06586 whose form it has, e.g. ``Figure 7``; empty where
            the form is our own.
        table: the frame as it is read, cells as text; of a table only.
    """

    name: str
    title: str
    figure: go.Figure | None
    frame: pd.DataFrame
    reading: str
    runs: pd.DataFrame
    paper: str = ""
    table: pd.DataFrame | None = None

    @property
    def caption(self) -> str:
        """Where the numbers come from: checkpoints, analyses, presets, data, dates."""
        return provenance(self.runs)

    def _ipython_display_(self) -> None:
        """Show itself in a notebook: the figure, then the paragraph and where the numbers come from."""
        from interp.plates.display import display_plate

        display_plate(self)
