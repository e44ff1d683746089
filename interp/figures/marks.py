"""How checkpoints and languages look: colour, marker and dash together, safe for colour-blind readers."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from interp.errors import InterpError

SEQUENTIAL = "Cividis"
DIVERGING = "RdBu"
"""Blue is a rise, red a fall; centre it on 0 (``zmid=0``)."""

NEUTRAL = "rgba(128, 128, 128, 0.7)"
"""Of what belongs to no checkpoint: connecting lines, error bars of bars, guessing."""

BAND_OPACITY = 0.2
FAINT_OPACITY = 0.55


@dataclass(frozen=True)
class Mark:
    """How one series looks.

    Attributes:
        colour: of lines, markers and bars (Paul Tol's "bright", which also differs in lightness).
        symbol: plotly marker symbol.
        dash: plotly line dash.
        pattern: plotly fill pattern of bars.
    """

    colour: str
    symbol: str
    dash: str
    pattern: str

    def band(self) -> str:
        """Return the colour of an interval around the series, as CSS ``rgba``."""
        return self._with(BAND_OPACITY)

    def faint(self) -> str:
        """Return the colour of the series' other half, e.g. of what is lost, as CSS ``rgba``."""
        return self._with(FAINT_OPACITY)

    def _with(self, opacity: float) -> str:
        red, green, blue = (int(self.colour[at : at + 2], 16) for at in (1, 3, 5))
        return f"rgba({red}, {green}, {blue}, {opacity})"


_OF_STAGE = {
    "base": Mark("#8A8A8A", "circle", "solid", ""),
    "sft": Mark("#4477AA", "square", "dash", "/"),
    "grpo": Mark("#EE6677", "diamond", "dot", "x"),
    "cpt": Mark("#228833", "triangle-up", "dashdot", "."),
}
_FURTHER = (
    Mark("#CCBB44", "cross", "longdash", "\\"),
    Mark("#66CCEE", "x", "longdashdot", "-"),
    Mark("#AA3377", "star", "solid", "+"),
)
_SYMBOLS = (
    "circle", "square", "diamond", "triangle-up", "cross", "x", "star", "triangle-down",
    "pentagon", "hexagon", "hourglass", "bowtie",
)  # fmt: skip
_COLOURS = ("#4477AA", "#EE6677", "#228833", "#CCBB44", "#66CCEE", "#AA3377")
_DASHES = ("solid", "dash", "dot", "dashdot", "longdash", "longdashdot")


def checkpoint_marks(stages: Mapping[str, str]) -> dict[str, Mark]:
    """Give every checkpoint its look: the stage's, or a free one where two have the same stage.

    Args:
        stages: label to stage, in the order in which checkpoints are shown.

    Returns:
        Label to mark; two labels never share one.

    Raises:
        InterpError: for more checkpoints than can be told apart (7).
    """
    marks: dict[str, Mark] = {}
    for label, stage in stages.items():
        if stage in _OF_STAGE and _OF_STAGE[stage] not in marks.values():
            marks[label] = _OF_STAGE[stage]
    free = [mark for mark in (*_FURTHER, *_OF_STAGE.values()) if mark not in marks.values()]
    for label in stages:
        if label not in marks:
            if not free:
                most = len(_OF_STAGE) + len(_FURTHER)
                raise InterpError(
                    f"{len(stages)} checkpoints cannot be told apart in one chart: expected at "
                    f"most {most}, choose fewer labels"
                )
            marks[label] = free.pop(0)
    return {label: marks[label] for label in stages}


def series_marks(names: Sequence[str]) -> dict[str, Mark]:
    """Give each of many series (languages, metrics) a marker, dash and colour of its own.

    Colours repeat after six, dashes shift then and symbols do not repeat before twelve: a pair of
    series differs in at least two of the three. Prefer facets or rows where there is room.

    Args:
        names: what is drawn, in order.
    """
    marks = {}
    for place, name in enumerate(names):
        turn = place // len(_COLOURS)
        marks[name] = Mark(
            _COLOURS[place % len(_COLOURS)],
            _SYMBOLS[place % len(_SYMBOLS)],
            _DASHES[(place + turn) % len(_DASHES)],
            "",
        )
    return marks


def hatch(shape: str) -> dict[str, str | int]:
    """Draw a pattern over a bar's colour, so that the bar keeps its weight.

    Args:
        shape: plotly's, e.g. ``Mark.pattern``; empty for none.
    """
    return {
        "shape": shape,
        "fillmode": "overlay",
        "fgcolor": "rgba(255, 255, 255, 0.55)",
        "size": 6,
    }
