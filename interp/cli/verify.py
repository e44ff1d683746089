"""``interp verify``: do independent implementations agree on this checkpoint?"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Annotated

import typer

from interp.cli import options as o
from interp.cli.choices import OneDeviceChoice, RecordChoice, with_choices

if TYPE_CHECKING:
    import pandas as pd


@dataclass(frozen=True, kw_only=True)
class _Float32(OneDeviceChoice):
    dtype: o.DtypeOption = "float32"


@with_choices
def command(
    *,
    engine: Annotated[
        str,
        typer.Option(help="all, or names separated by commas; each is held against native."),
    ] = "all",
    weights: _Float32,
) -> None:
    """Run the same text through several engines and print the largest difference per site."""
    from interp.cli.session import checkpoint
    from interp.cli.tables import console, print_frame
    from interp.model.verify import ENGINES, other_engines, verify

    names = ENGINES if engine == "all" else tuple(part.strip() for part in engine.split(","))
    others = other_engines(names)
    spec = checkpoint(weights, RecordChoice(label="verify"))
    frame = verify(spec.load(), engines=others)
    for name, rows in frame.groupby("engine", sort=False):
        if (rows["verdict"] != "refused").any():
            print_frame(
                _shown(rows), f"{weights.model}: largest difference per site, {name} and native"
            )
    for name in others:
        console().print(_verdict(name, frame[frame["engine"] == name]), markup=False)
    if (frame["verdict"] == "differs").any():
        raise typer.Exit(1)


def _shown(rows: pd.DataFrame) -> pd.DataFrame:
    """The columns that differ from row to row; the layer is empty outside the blocks."""
    layers = [None if layer < 0 else str(layer) for layer in rows["layer"]]
    shown = rows[["site", "max_abs_diff", "limit", "shape", "verdict"]].copy()
    shown.insert(1, "worst layer", layers)
    return shown.rename(columns={"max_abs_diff": "largest difference"})


def _verdict(name: str, rows: pd.DataFrame) -> str:
    """One line on one engine."""
    refused = rows[rows["verdict"] == "refused"]
    if len(refused):
        return f"{name}: refused this model: {refused['note'].iloc[0]}"
    apart = rows[rows["verdict"] == "differs"]
    if len(apart):
        return f"{name}: DIFFERS from native at {', '.join(apart['site'])}"
    return (
        f"{name}: agrees with native at all {len(rows)} sites, "
        f"largest difference {rows['max_abs_diff'].max():.2g}"
    )
