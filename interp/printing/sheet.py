"""How large a figure is printed, and what that makes of its letters."""

from __future__ import annotations

from dataclasses import dataclass

from interp.errors import InterpError

COLUMNS = {"single": 85.0, "one-and-a-half": 130.0, "double": 175.0}
"""Widths in millimetres that most journals take: one column, one and a half, the whole page."""

MM = 72 / 25.4
"""Points in a millimetre."""

_FONT = 12
"""Pixels of plotly's usual letters; what is larger or smaller is so in proportion to them."""

_SMALLEST, _LARGEST = 20.0, 2000.0


@dataclass(frozen=True)
class Sheet:
    """The place a figure has in print.

    A figure is laid out in pixels and scaled to its place. The scale follows from the letters, not from
    the width: a narrow place gets a narrower layout, so that its letters stay as large as on a wide one.

    Attributes:
        width: in millimetres.
        height: in millimetres; as the figure was made where None.
        points: size of ticks and legends in print (journals ask for 5 to 8).
        smallest: points below which no letter falls.
        dpi: of PNG.
        titled: whether the title is drawn; papers have it in the caption.
    """

    width: float = COLUMNS["double"]
    height: float | None = None
    points: float = 7.0
    smallest: float = 6.0
    dpi: int = 300
    titled: bool = True

    @property
    def point(self) -> float:
        """Points that a pixel of the layout becomes."""
        return self.points / _FONT

    @property
    def wide(self) -> float:
        """Width of the layout in pixels."""
        return self.width * MM / self.point

    def high(self, made: float) -> float:
        """Height of the layout in pixels.

        Args:
            made: the height with which the figure was made.
        """
        return made if self.height is None else self.height * MM / self.point

    @property
    def smallest_font(self) -> float:
        """Pixels below which no letter falls."""
        return self.smallest / self.point


def read_width(text: str) -> float:
    """Read a width: the name of a column, or millimetres.

    Args:
        text: e.g. ``double`` or ``120``.

    Raises:
        InterpError: for anything else.
    """
    if text in COLUMNS:
        return COLUMNS[text]
    names = ", ".join(f"{name} ({width:.0f})" for name, width in COLUMNS.items())
    return read_millimetres(text, "--width", f"{names} or millimetres")


def read_millimetres(text: str, option: str, expected: str = "millimetres") -> float:
    """Read millimetres that a figure can have.

    Args:
        text: e.g. ``85`` or ``85mm``.
        option: what is read, for the message.
        expected: what could have stood there.

    Raises:
        InterpError: not a number between 20 and 2000.
    """
    try:
        number = float(text.strip().removesuffix("mm"))
    except ValueError:
        number = float("nan")
    if not _SMALLEST <= number <= _LARGEST:
        raise InterpError(
            f"{option} {text!r}: expected {expected}, from {_SMALLEST:.0f} to {_LARGEST:.0f}"
        )
    return number
