"""Sizes in print."""

from __future__ import annotations

import pytest

from interp.errors import InterpError
from interp.printing.sheet import COLUMNS, Sheet, read_millimetres, read_width


@pytest.mark.parametrize("width", [85.0, 175.0, 40.0])
@pytest.mark.parametrize("points", [6.0, 7.0, 9.0])
def test_letters_have_the_points_asked_for_whatever_the_width(width: float, points: float) -> None:
    sheet = Sheet(width=width, points=points)
    printed_points = width / 25.4 * 72  # of the whole width
    letter = 12 / sheet.wide  # plotly's usual letters, as a share of the width
    assert letter * printed_points == pytest.approx(points)


def test_the_smallest_letter_has_the_smallest_points() -> None:
    sheet = Sheet(width=100, points=8, smallest=6)
    assert sheet.smallest_font / sheet.wide * 100 / 25.4 * 72 == pytest.approx(6)


def test_height_is_as_made_or_as_asked() -> None:
    assert Sheet().high(321) == 321
    sheet = Sheet(width=100, height=50)
    assert sheet.high(321) == pytest.approx(sheet.wide / 2)


def test_widths_have_names_and_numbers() -> None:
    assert read_width("single") == 85 and 170 <= read_width("double") <= 180
    assert COLUMNS["single"] < COLUMNS["one-and-a-half"] < COLUMNS["double"]
    assert (
        read_width("120") == 120 and read_width("120mm") == 120 and read_width(" 85.5 mm") == 85.5
    )


@pytest.mark.parametrize("text", ["wide", "", "0", "-85", "nan", "inf", "5000", "85 cm"])
def test_what_is_no_width(text: str) -> None:
    with pytest.raises(InterpError, match=r"single \(85\).*double.*20 to 2000"):
        read_width(text)
    with pytest.raises(InterpError, match=r"^--height .*millimetres"):
        read_millimetres(text, "--height")
