"""What a similarity run says, read back from the study without the model.

Every figure is a mean over units, written as a sum over blocks divided by their units, so that
blocks can be resampled. One draw serves all layers, pairs and metrics, and both checkpoints of a
comparison.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from interp.errors import InterpError
from interp.stats.bootstrap import ratio_interval
from interp.study import Study

Floats = NDArray[np.float64]

METRICS = ("cosine", "cosine_other", "cosine_gap", "retrieval")
"""``cosine_gap`` is ``cosine`` minus ``cosine_other``: what translations share beyond what any two
texts of the two languages do."""

PIVOT = "en"


@dataclass(frozen=True)
class Cells:
    """A run's scores as one array, or the difference of two runs'.

    Attributes:
        values: ``[block, layer, language, other language, metric]``, metrics as in ``METRICS``;
            not a number on the diagonal.
        n_units: units ``[block]``.
        blocks: numbers of the blocks.
        languages: names of the language axes.
    """

    values: Floats
    n_units: NDArray[np.int64]
    blocks: NDArray[np.int64]
    languages: tuple[str, ...]


def read_cells(study: Study, run_id: str) -> Cells:
    """Read a finished similarity run.

    Args:
        study: the study.
        run_id: the run.

    Returns:
        Its scores.

    Raises:
        InterpError: for a run that does not exist or is of another analysis.
    """
    languages = tuple(study.spec(run_id, "similarity")["arguments"]["languages"])
    table = study.table("similarity", run_id=run_id)
    blocks, row = np.unique(table["block"], return_inverse=True)
    place = {lang: number for number, lang in enumerate(languages)}
    layers = table["layer"].to_numpy()
    shape = (len(blocks), layers.max() + 1, len(languages), len(languages), len(METRICS))
    values, n_units = np.full(shape, np.nan), np.zeros(len(blocks), np.int64)
    lang, other = table["lang"].map(place), table["other_lang"].map(place)
    table["cosine_gap"] = table["cosine"] - table["cosine_other"]
    values[row, layers, lang, other] = table[list(METRICS)]
    n_units[row] = table["n_units"]
    return Cells(values, n_units, blocks, languages)


def summarise(study: Study, run_id: str) -> dict[str, pd.DataFrame]:
    """Lay out what a run found, with 95 % intervals over blocks of units.

    Args:
        study: the study.
        run_id: a finished similarity run.

    Returns:
        ``layers``: per layer the mean over all ordered pairs of languages of every metric, and its
        interval (``<metric>_low``, ``<metric>_high``). ``english``: the same per layer and other
        language, English asking, plus ``retrieval_back``, the other language asking. ``languages``:
        of those the row of each language's best layer, by retrieval both ways (the first of equal
        ones; chosen on the same units, so its figure is optimistic). ``totals``: centring, units,
        blocks, pairs, the retrieval that chance gives, and the best layers over all pairs.
    """
    cells = read_cells(study, run_id)
    layers, english = layers_frame(cells), english_frame(cells)
    both = english["retrieval"] + english["retrieval_back"]
    best = both.groupby(english["lang"], sort=False).idxmax()
    n_units, n_langs = int(cells.n_units.sum()), len(cells.languages)
    totals = [
        ("centre", study.spec(run_id, "similarity")["arguments"]["centre"]),
        ("units", n_units),
        ("blocks", len(cells.blocks)),
        ("ordered pairs of languages", n_langs * (n_langs - 1)),
        ("retrieval by chance", 1 / n_units),
        ("layer of the highest retrieval", int(layers["retrieval"].to_numpy().argmax())),
        ("layer of the largest cosine gap", int(layers["cosine_gap"].to_numpy().argmax())),
    ]
    return {
        "layers": layers,
        "english": english,
        "languages": english.loc[best].reset_index(drop=True),
        "totals": pd.DataFrame(totals, columns=["what", "value"], dtype=object),
    }


def paired(study: Study, run_a: str, run_b: str) -> dict[str, pd.DataFrame]:
    """Compare two checkpoints on the same units: b minus a, both resampled by the same draws.

    Args:
        study: the study.
        run_a: a finished similarity run.
        run_b: another one, of the same text.

    Returns:
        ``layers`` and ``english`` as in ``summarise``, of the differences.

    Raises:
        InterpError: if the runs differ in text, languages, blocks, centring or number of layers.
    """
    one, two = read_cells(study, run_a), read_cells(study, run_b)
    facts = zip(_compared(study, run_a, one), _compared(study, run_b, two), strict=True)
    for (what, mine), (_, theirs) in facts:
        if mine != theirs:
            raise InterpError(
                f"runs {run_a} and {run_b} cannot be paired: {what} is {mine} and {theirs}, "
                "expected the same; run both on one corpus with the same options"
            )
    cells = Cells(two.values - one.values, one.n_units, one.blocks, one.languages)
    return {"layers": layers_frame(cells), "english": english_frame(cells)}


def layers_frame(cells: Cells) -> pd.DataFrame:
    """Average over all ordered pairs of languages, per layer, with intervals."""
    apart = ~np.eye(len(cells.languages), dtype=bool)
    pairs = cells.values[:, :, apart].mean(2)  # [block, layer, metric]
    frame = pd.DataFrame({"layer": range(pairs.shape[1])})
    return frame.assign(**_columns(pairs, METRICS, cells.n_units))


def english_frame(cells: Cells) -> pd.DataFrame:
    """Compare English with every other language, per layer; no rows in a run without English."""
    columns = (*METRICS, "retrieval_back")
    n_layers = cells.values.shape[1]
    pivot = cells.languages.index(PIVOT) if PIVOT in cells.languages else None
    others = [place for place in range(len(cells.languages)) if pivot not in (None, place)]
    asking = cells.values[:, :, pivot or 0, others]  # [block, layer, language, metric]
    back = cells.values[:, :, others, pivot or 0, METRICS.index("retrieval")]
    both = np.concatenate([asking, back[..., None]], -1)
    frame = pd.DataFrame(
        {
            "layer": np.repeat(np.arange(n_layers), len(others)),
            "lang": [cells.languages[place] for place in others] * n_layers,
        }
    )
    flat = both.reshape(len(both), -1, len(columns))
    return frame.assign(**_columns(flat, columns, cells.n_units))


def _columns(
    values: Floats, names: tuple[str, ...], n_units: NDArray[np.int64]
) -> dict[str, Floats]:
    """Weigh blocks by their units: ``values`` ``[block, row, metric]`` to columns of rows."""
    weights = np.broadcast_to(n_units[:, None, None], values.shape).astype(float)
    found = ratio_interval(values * weights, weights)
    columns = {}
    for place, name in enumerate(names):
        columns[name] = found.estimate[:, place]
        columns[f"{name}_low"] = found.low[:, place]
        columns[f"{name}_high"] = found.high[:, place]
    return columns


def _compared(study: Study, run_id: str, cells: Cells) -> list[tuple[str, Any]]:
    """What two runs must agree in before their blocks can be paired."""
    options = study.spec(run_id, "similarity")["arguments"]
    return [
        ("the corpus", str(study.notes(run_id)["text"]["corpus_hash"])[:12]),
        ("languages", ",".join(cells.languages)),
        ("centre", options["centre"]),
        ("n_blocks", options["n_blocks"]),
        ("the number of layers", cells.values.shape[1]),
        ("the number of units", int(cells.n_units.sum())),
        ("the blocks", dict(zip(cells.blocks.tolist(), cells.n_units.tolist(), strict=True))),
    ]
