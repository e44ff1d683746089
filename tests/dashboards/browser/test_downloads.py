"""What is downloaded is what is drawn."""

from __future__ import annotations

import io
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from interp.printing.images import why_no_images
from tests.dashboards.browser.conftest import Window
from tests.dashboards.browser.driver import Visit


@pytest.fixture
def heads(window: Window) -> Visit:
    """The page of heads with the downloads of its map open."""
    visit = window(accept_downloads=True).open("heads")
    visit.page.locator(".st-key-get_h_map button").first.click()
    return visit


def fetch(visit: Visit, ending: str) -> tuple[str, bytes]:
    """Press a button; the file's name and content."""
    with visit.page.expect_download() as coming:
        visit.page.locator(f".st-key-{ending}_h_map button").click()
    return coming.value.suggested_filename, Path(coming.value.path()).read_bytes()


def test_numbers_are_those_that_are_plotted(heads: Visit):
    drawn = np.array(heads.plotted("h_map")["data"][0]["z"], dtype=float)
    for ending, read in (("csv", pd.read_csv), ("parquet", pd.read_parquet)):
        name, content = fetch(heads, ending)
        assert name == f"h_map.{ending}"
        frame = read(io.BytesIO(content))
        wide = frame.pivot(index="layer", columns="head", values="value")
        np.testing.assert_allclose(wide.to_numpy(), drawn, rtol=1e-6)


def test_figures_stand_alone(heads: Visit, window: Window, tmp_path: Path):
    title = heads.plotted("h_map")["title"]
    name, content = fetch(heads, "html")
    page = tmp_path / name
    page.write_bytes(content)
    alone = window()
    alone.page.goto(page.as_uri())
    alone.page.wait_for_selector(".js-plotly-plot .gtitle")
    assert alone.page.locator(".gtitle").text_content() == title
    if why_no_images() is None:
        _, drawing = fetch(heads, "svg")
        assert drawing.startswith(b"<svg") and title.encode() in drawing
        _, picture = fetch(heads, "png")
        assert picture.startswith(b"\x89PNG")
