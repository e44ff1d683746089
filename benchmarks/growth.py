"""How cost grows: computing time and memory against tokens, layers, languages, facts, blocks and replicates.

Run ``python benchmarks/growth.py`` (about five minutes on a quiet core), or with ``--quick`` (two sizes, seconds).
Each analysis runs as its command does, study included, on a small OLMo-2 with random weights and one thread; one
thing is doubled while the others stay. Time is what the process computed, a median of repeats; memory is the
process's peak beyond that of one which has imported the same libraries, the model and the data included.

An exponent is the slope of a line through the logarithms by least squares, with its standard error: 1 is
proportional growth; below it something does not grow (the model, the start of a run); 2 would be quadratic.
``--record`` also draws ``docs/pictures/growth.png``, ``--picture FILE`` draws it elsewhere.
"""

from __future__ import annotations

import argparse
import multiprocessing
import os
from dataclasses import replace
from multiprocessing.connection import Connection
from pathlib import Path
from typing import Any

import numpy as np
from _growth_jobs import Size, run
from _record import Claim, finish, parse

PICTURE = Path(__file__).resolve().parents[1] / "docs" / "pictures" / "growth.png"
LIMIT = 1.1
"""Exponents up to it are called proportional; the rest is the scatter of timings."""

AXES: dict[str, tuple[int, ...]] = {
    "texts": (8, 16, 32, 64, 128),
    "layers": (1, 2, 4, 8, 16),
    "languages": (2, 4, 8, 16),
    "facts": (32, 64, 128, 256, 512),
    "blocks": (32, 64, 128, 256, 512),
    "replicates": (16, 32, 64, 128, 256),
}
"""What is doubled. A text has 120 tokens per language, so that texts stand for tokens."""

GROWS: dict[str, tuple[str, ...]] = {
    "lape": ("texts", "layers", "languages"),
    "lahis": ("texts", "layers", "languages"),
    "lens": ("facts", "layers", "languages"),
    "mcq": ("facts", "layers", "languages"),
    "compare": ("blocks", "replicates"),
}
PRELOADED = (
    "torch", "transformers.models.olmo2.modeling_olmo2", "interp.lape.run", "interp.lahis.run",
    "interp.lens.run", "interp.evals.run_mcq", "interp.comparison.lape", "_growth_jobs", "_models", "compare",
)  # fmt: skip


def answer(connection: Connection, analysis: str, size: Size, repeats: int) -> None:
    """Run a job and send what it took."""
    connection.send(run(analysis, size, repeats))


def measure(analysis: str, size: Size, repeats: int) -> dict[str, float]:
    """Run a job in a process forked from one that has imported everything.

    Raises:
        SystemExit: where it fails; its traceback has been printed.
    """
    context = multiprocessing.get_context("forkserver")
    here, there = context.Pipe(duplex=False)
    process = context.Process(target=answer, args=(there, analysis, size, repeats))
    process.start()
    there.close()
    try:
        found: dict[str, float] = here.recv()
    except EOFError as error:
        raise SystemExit(f"{analysis} at {size} fails") from error
    process.join()
    return found


def exponent(x: list[float], y: list[float]) -> tuple[float, float | None]:
    """Slope of log y over log x by least squares, and its standard error (None for two points)."""
    a, b = np.log(x), np.log(y)
    slope, level = np.polyfit(a, b, 1)
    if len(x) < 3:
        return float(slope), None
    rest = b - (slope * a + level)
    error = np.sqrt((rest**2).sum() / (len(x) - 2) / ((a - a.mean()) ** 2).sum())
    return float(slope), float(error)


def series(analysis: str, axis: str, quick: bool, repeats: int) -> dict[str, Any]:
    """One analysis against one thing: its points, and the exponents of both costs."""
    values = AXES[axis][:2] if quick else AXES[axis]
    rest = Size(languages=2, facts=8) if quick else Size()
    points = [
        {axis: value, **measure(analysis, replace(rest, **{axis: value}), repeats)}
        for value in values
    ]
    found: dict[str, Any] = {"analysis": analysis, "axis": axis, "points": points}
    for cost in ("seconds", "bytes"):
        found[cost] = exponent(list(map(float, values)), [max(one[cost], 1e-6) for one in points])
    print(line(found), flush=True)
    return found


def line(found: dict[str, Any]) -> str:
    """Say what one series shows."""
    ends = [found["points"][at] for at in (0, -1)]
    seconds = " to ".join(f"{one['seconds']:.2f}" for one in ends)
    memory = " to ".join(f"{one['bytes'] / 2**20:.0f}" for one in ends)
    return (
        f"{found['analysis']:<8} x {found['axis']:<10} time {seconds} s: exponent "
        f"{spelled(*found['seconds'])}; memory {memory} MiB: exponent {spelled(*found['bytes'])}"
    )


def spelled(slope: float, error: float | None) -> str:
    """Write an exponent with its standard error."""
    return f"{slope:z.2f}" if error is None else f"{slope:z.2f} ± {error:.2f}"


def claims(found: list[dict[str, Any]]) -> list[Claim]:
    """The largest exponent of each cost."""
    shape = f"{len(found)} series, OLMo-2 shape of 4 layers and d_model 64, one thread"
    made = []
    for cost, name in (("seconds", "computing time"), ("bytes", "peak memory")):
        worst = max(found, key=lambda one: one[cost][0])
        note = f"{worst['analysis']} against {worst['axis']}: {spelled(*worst[cost])}"
        what = f"largest exponent with which {name} grows / 1"
        made.append(Claim(what, shape, worst[cost][0], limit=LIMIT, note=note))
    return made


def main() -> None:
    """Measure, fit, draw."""
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("--quick", action="store_true", help="two sizes of one series")
    parser.add_argument("--analysis", choices=list(GROWS), help="only this one")
    parser.add_argument("--repeats", type=int, default=3, help="timed runs of every size")
    parser.add_argument(
        "--picture", type=Path, help="draw the figure into this file (.png or .svg)"
    )
    arguments = parse(parser, "analysis")
    os.environ.update(
        OMP_NUM_THREADS="1", HF_HUB_OFFLINE="1", PYTHONPATH=str(Path(__file__).parent)
    )
    multiprocessing.get_context("forkserver").set_forkserver_preload(list(PRELOADED))
    plan = [(name, axis) for name, axes in GROWS.items() for axis in axes]
    if arguments.quick:
        plan = [("mcq", "layers")]
    plan = [one for one in plan if arguments.analysis in (None, one[0])]
    repeats = 1 if arguments.quick else arguments.repeats
    found = [series(name, axis, arguments.quick, repeats) for name, axis in plan]
    for file in [PICTURE] * arguments.record + [arguments.picture] * bool(arguments.picture):
        from _growth_picture import draw

        file.write_bytes(draw(found, file.suffix[1:]))
        print(f"drawn: {file}")
    finish(arguments, __file__, claims(found), {"series": found})


if __name__ == "__main__":
    main()
