"""How a plate shows itself in a notebook: as an interactive chart, or as a still picture."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pandas as pd
import plotly.graph_objects as go

from interp.errors import unknown
from interp.plates.notebook import notebook_shell, plain, say_what_is_lacking

if TYPE_CHECKING:
    from interp.plates.plate import Plate

MOST_ROWS = 120
"""Of a table that is shown; of a longer one its beginning and its end."""

FORMS = ("interactive", "png")
_form = "interactive"


def show_as(form: str) -> None:
    """Choose how the plates of this notebook show themselves, and figures that a cell ends with.

    From then on a cell whose plate the study lacks the data for says so in one line, and the cells after
    it run all the same.

    Args:
        form: ``interactive``, or ``png``: still pictures, which code hosts and printed notebooks show;
            they need Chrome (`interp.printing`).

    Raises:
        InterpError: for another form.
    """
    global _form
    if form not in FORMS:
        raise unknown("form of pictures", form, FORMS)
    _form = form
    say_what_is_lacking()
    _figures_as(form)


def display_plate(plate: Plate) -> None:
    """Send a plate to the notebook."""
    from IPython.display import display

    if plate.figure is None:
        # whole, and no cell taken for a formula
        with pd.option_context(
            "display.max_colwidth", None, "display.max_rows", MOST_ROWS, "display.html.use_mathjax", False
        ):  # fmt: skip
            display(plate.table if plate.table is not None else plate.frame)
    elif _form == "png":
        _display_still(plate.figure)
    else:
        display(go.Figure(plate.figure))
    display({"text/markdown": _words(plate), "text/plain": plate.reading}, raw=True)


def _display_still(figure: go.Figure) -> None:
    from IPython.display import display

    from interp.printing.images import image_bytes

    display({"image/png": image_bytes(figure, "png")}, raw=True)


def _figures_as(form: str) -> None:
    """Have bare plotly figures shown the same way; outside of a notebook nothing is changed."""
    shell = notebook_shell()
    if shell is None:
        return
    formatter = shell.display_formatter.ipython_display_formatter
    if form == "png":
        formatter.for_type(go.Figure, _display_still)
    else:
        formatter.pop(go.Figure, None)


def _words(plate: Plate) -> str:
    """Write what stands below, as Markdown; names and words of a study are no markup."""
    form = f"**{plate.paper}'s form.** " if plate.paper else ""
    return f"{form}{plain(plate.reading)}\n\n<small>{plain(plate.caption)}</small>"
