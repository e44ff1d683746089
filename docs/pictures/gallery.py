"""Puts the paper's figures, drawn from studies, into the two pictures that the README shows.

Run ``make gallery`` (Chromium and the fonts of ``make browser``) after a figure or the shipped study has changed,
and look at each: they are for readers and are compared with nothing. ``released.png`` needs the paper's released
results (``--release FOLDER``) and is left as it is without them.
"""

from __future__ import annotations

import argparse
import io
import tempfile
from collections.abc import Callable, Sequence
from functools import partial
from pathlib import Path

from PIL import Image

from interp import plates
from interp.plates import Plate, View
from interp.printing.images import image_bytes

HERE = Path(__file__).parent
WIDTH = 620
"""Pixels of a tile; three stand beside each other."""
COLUMNS = 3
GAP = 12

Draw = Callable[[View], Plate]

DEMO: Sequence[Draw] = (
    plates.transition.two_facts,
    plates.neurons.counts,
    plates.heads.overlap,
    plates.transition.median_ranks,
    plates.neurons.layers,
    plates.heads.lines,
    partial(plates.evaluation.accuracy_change, benchmark="mcq"),
    plates.neurons.ecdf,
    plates.heads.deltas,
    plates.overview.verdicts,
    plates.neurons.final_share_with_intervals,
    plates.heads.stable,
)
RELEASED: Sequence[Draw] = (
    plates.neurons.counts,
    plates.heads.overlap,
    plates.claims.claims_beside,
    partial(plates.neurons.layers, shared=False),
    plates.heads.lines,
    partial(plates.evaluation.language_accuracy, benchmark="klar"),
    plates.neurons.ecdf,
    plates.heads.stable,
    partial(plates.evaluation.gain_by_kind, benchmark="klar"),
    plates.neurons.cumulative,
    plates.heads.raw_deltas,
    plates.heads.scale,
)


def tile(plate: Plate) -> Image.Image:
    """Draw a plate at the width of a tile."""
    assert plate.figure is not None
    drawn = Image.open(io.BytesIO(image_bytes(plate.figure, "png"))).convert("RGB")
    height = round(drawn.height * WIDTH / drawn.width)
    return drawn.resize((WIDTH, height), Image.Resampling.LANCZOS)


def wall(tiles: Sequence[Image.Image]) -> Image.Image:
    """Hang tiles into columns, each below the shortest one so far."""
    heights = [0] * COLUMNS
    places = []
    for one in tiles:
        column = heights.index(min(heights))
        places.append((column * (WIDTH + GAP), heights[column]))
        heights[column] += one.height + GAP
    whole = Image.new("RGB", (COLUMNS * (WIDTH + GAP) - GAP, max(heights) - GAP), "white")
    for one, place in zip(tiles, places, strict=True):
        whole.paste(one, place)
    return whole


def save(view: View, drawings: Sequence[Draw], name: str) -> None:
    """Write one wall of figures."""
    file = HERE / f"{name}.png"
    whole = wall([tile(draw(view)) for draw in drawings])
    whole.save(file, optimize=True)  # a palette would tint the pale colours around 0
    print(file.name, f"{whole.width} x {whole.height},", file.stat().st_size // 1024, "kB")


def main() -> None:
    """Draw both, or the one that can be drawn."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--study", default="artifacts/demo")
    parser.add_argument("--release", default="../shared/data/release")
    given = parser.parse_args()
    save(View.of(given.study), DEMO, "figures")
    if not Path(given.release).exists():
        print(f"released.png is left as it is: {given.release} is not there")
        return
    with tempfile.TemporaryDirectory() as folder:
        save(plates.released(given.release, Path(folder) / "released"), RELEASED, "released")


if __name__ == "__main__":
    main()
