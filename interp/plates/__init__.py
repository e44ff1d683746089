"""Plates: figures of a study, each with its numbers, where they come from, and a paragraph that reads them.

`interp.figures` draws frames; a plate reads a study, has a frame drawn, and says in words what it shows: what
notebooks, the report and ``interp figures`` are made of. A paragraph states only numbers that were computed
from the study at hand, so that it is true of whatever study is drawn.

    view = plates.View.of("artifacts/demo")
    plates.heads.overlap(view)              # shows itself in a notebook
    plates.heads.overlap(view).figure       # plotly; .frame holds its numbers, .reading the paragraph
"""

from interp.plates import claims, evaluation, heads, neurons, overview, transition
from interp.plates.display import show_as
from interp.plates.plate import Lacking, Plate
from interp.plates.released import released
from interp.plates.view import View

__all__ = [
    "Lacking", "Plate", "View", "claims", "evaluation", "heads", "neurons", "overview", "released",
    "show_as", "transition",
]  # fmt: skip
