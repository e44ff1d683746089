"""Prints what ``interp similarity`` found."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pandas as pd

from interp.cli.tables import console, print_frame

if TYPE_CHECKING:
    from interp.study import Study


def print_similarity(study: Study, run_id: str) -> None:
    """Print similarity by layer, over all pairs and between English and each language."""
    from interp.similarity.summary import summarise

    found = summarise(study, run_id)
    totals = dict(found["totals"].itertuples(index=False, name=None))
    chance = 100 * totals["retrieval by chance"]
    print_frame(
        _shown(found["layers"], ("layer",)),
        f"Similarity of translations, mean over pairs, centre {totals['centre']}: {run_id}",
        caption="layer 0 is the embeddings; cosine_other: with texts that are no translations; "
        f"retrieval by chance: {chance:.2g} %; brackets: 95 % over {totals['blocks']} blocks of "
        f"{totals['units']} units",
    )
    console().print(
        f"highest retrieval at layer {totals['layer of the highest retrieval']}, "
        f"largest cosine_gap at layer {totals['layer of the largest cosine gap']}\n"
    )
    if not found["languages"].empty:
        print_frame(
            _shown(found["languages"], ("lang", "layer")),
            "English and each language, at the layer where they are closest",
            caption="retrieval: English asks; back: the other language asks; the layer is chosen "
            "on the same texts, so its figures are optimistic",
        )


def _shown(frame: pd.DataFrame, fixed: tuple[str, ...]) -> pd.DataFrame:
    """Put intervals into brackets behind their estimate, and show shares as percent."""
    shown = frame[[*fixed, "cosine", "cosine_other"]].round(3)
    for name in ("cosine_gap", "retrieval", "retrieval_back"):
        if name in frame:
            share = name != "cosine_gap"
            ends = frame[[name, f"{name}_low", f"{name}_high"]].to_numpy() * (100 if share else 1)
            shown[f"{name} %" if share else name] = [
                _bracketed(*row, digits=1 if share else 3) for row in ends
            ]
    return shown


def _bracketed(value: float, low: float, high: float, *, digits: int) -> str:
    if low != low:  # one block has no interval
        return f"{value:.{digits}f}"
    return f"{value:.{digits}f} [{low:.{digits}f}, {high:.{digits}f}]"
