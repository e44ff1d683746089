"""Prints what ``interp similarity`` found."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pandas as pd

from interp.cli.against import other_run
from interp.cli.tables import console, print_frame, with_interval

if TYPE_CHECKING:
    from interp.study import Study


def print_similarity(study: Study, run_id: str, *, against: str | None = None) -> None:
    """Print similarity by layer, over all pairs and between English and each language.

    Args:
        study: the study.
        run_id: a finished similarity run.
        against: label of the checkpoint to compare with; see `interp.cli.against.other_run`.
    """
    from interp.similarity.summary import paired, summarise

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
    other = other_run(study, run_id, against)
    if other is not None:
        print_frame(
            _changed(paired(study, other, run_id)["layers"]),
            f"Change against {other}, mean over pairs",
            caption="paired: the same texts for both; brackets: 95 % over blocks",
        )


def _changed(layers: pd.DataFrame) -> pd.DataFrame:
    """Differences by layer with their intervals."""
    return pd.DataFrame(
        {
            "layer": layers["layer"],
            "cosine_gap": with_interval(
                layers["cosine_gap"], layers["cosine_gap_low"], layers["cosine_gap_high"],
                scale=1, signed=True, digits=4,
            ),
            "retrieval, points": with_interval(
                layers["retrieval"], layers["retrieval_low"], layers["retrieval_high"],
                signed=True, digits=2,
            ),
        }
    )  # fmt: skip


def _shown(frame: pd.DataFrame, fixed: tuple[str, ...]) -> pd.DataFrame:
    """Put intervals into brackets behind their estimate, and show shares as percent."""
    shown = frame[[*fixed, "cosine", "cosine_other"]].round(3)
    for name in ("cosine_gap", "retrieval", "retrieval_back"):
        if name in frame:
            share = name != "cosine_gap"
            shown[f"{name} %" if share else name] = with_interval(
                frame[name], frame[f"{name}_low"], frame[f"{name}_high"],
                scale=100 if share else 1, digits=1 if share else 3, absent="",
            )  # fmt: skip
    return shown
