"""Statistics of two similarity runs: how alike English and the other languages are represented.

* ``cosine_above_baseline``: mean cosine of translations minus that of any two texts of the two
  languages (``cosine - cosine_other`` of the table);
* ``retrieval``: share of units whose nearest neighbour in the other language is their translation.

Both are means over units and over the pairs of a language with English, in both directions (English
asks, the other asks); without English among the languages, over the pairs with every other language.
A language's own row and the row without language average over the points 0 to L, that is the
embeddings and every block's output. ``<statistic>_by_layer`` has one row per point, averaged over
languages: its layer 0 is the embeddings, l the output of block l, as in the table ``similarity``.

Units of the comparison are blocks of text, weighted by the texts in them. The texts that could be
found stay all texts of the run when blocks are drawn.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence

import numpy as np
from numpy.typing import NDArray

from interp.comparison.family import (
    Built,
    NotComparable,
    RunPair,
    differing_models,
    differing_options,
    shared_languages,
)
from interp.similarity.summary import METRICS, PIVOT, Cells, read_cells
from interp.stats.linear import LinearPair
from interp.stats.pair import Statistic
from interp.study import Study

Floats = NDArray[np.float64]

MEASURES = ("centre", "seq_len", "n_blocks", "bos")
"""Options that decide what is compared with what."""

STATISTICS = {"cosine_above_baseline": "cosine_gap", "retrieval": "retrieval"}
"""Statistic to the metric of `interp.similarity.summary` that it averages."""


def build(study: Study, pair: RunPair) -> Built:
    """Build the statistics of two similarity runs.

    Args:
        study: the study.
        pair: the runs.

    Returns:
        Over the same text a paired comparison over the blocks that both have, else an unpaired one.

    Raises:
        NotComparable: for other options, fewer than two languages in common, or scores that are no
            numbers.
    """
    differing_options(pair, MEASURES)
    notes = differing_models(pair)
    one, two = (_read(study, run_id) for run_id in (pair.base_run, pair.label_run))
    languages, left = shared_languages(list(one.languages), list(two.languages))
    notes += left
    if len(languages) < 2:
        raise NotComparable(f"the runs share one language, {languages[0]}: similarity needs two")
    n_units = [int(cells.n_units.sum()) for cells in (one, two)]
    paired = _corpus(study, pair.base_run) == _corpus(study, pair.label_run)
    if paired:
        one, two = _shared_blocks(one, two, notes)
    else:
        notes.append("different texts: whole blocks are exchanged between the two")
    names = list(STATISTICS)
    if n_units[0] != n_units[1]:
        # a translation is found among all units, so that chance differs
        names.remove("retrieval")
        notes.append(f"without retrieval: it is among {n_units[0]} and {n_units[1]} texts")
    askers = [lang for lang in languages if lang != PIVOT] if PIVOT in languages else languages
    if PIVOT not in languages:
        notes.append("without English: averages over the pairs with every other language")
    sides = [_columns(cells, languages, askers, names) for cells in (one, two)]
    points = [side.shape[2] for side in sides]
    if points[0] != points[1]:
        notes.append(
            f"{points[0] - 1} and {points[1] - 1} layers: only averages over each one's own points"
        )
        sides = [side.mean(2, keepdims=True) for side in sides]
    by_layer = points[0] == points[1]
    statistics = _statistics(names, askers, sides[0].shape[2] if by_layer else 0)
    sums, sizes = zip(
        *(_flat(s, c.n_units) for s, c in zip(sides, (one, two), strict=True)), strict=True
    )
    made = LinearPair(
        base=sums[0], base_size=sizes[0], model=sums[1], model_size=sizes[1],
        derive=_derive(sides[0].shape[1:], by_layer), statistics=statistics,
        behind=np.zeros(len(statistics), np.int64), paired=paired, unit="blocks",
        exchangeable=by_layer,
    )  # fmt: skip
    return Built(made, notes=tuple(notes))


def _read(study: Study, run_id: str) -> Cells:
    cells = read_cells(study, run_id)
    apart = ~np.eye(len(cells.languages), dtype=bool)
    if unknown := int((~np.isfinite(cells.values[:, :, apart])).any(-1).sum()):
        raise NotComparable(
            f"{unknown} rows of run {run_id} hold scores that are no numbers: expected cosines and "
            "shares; run interp similarity again"
        )
    return cells


def _corpus(study: Study, run_id: str) -> str:
    return str(study.notes(run_id)["text"]["corpus_hash"])


def _shared_blocks(one: Cells, two: Cells, notes: list[str]) -> tuple[Cells, Cells]:
    """Keep the blocks in which both have text; adds to the notes how many are left out."""
    shared = np.intersect1d(one.blocks, two.blocks)
    if not len(shared):
        raise NotComparable("the runs share no block of text: run both on the whole corpus")
    if left := len(one.blocks) + len(two.blocks) - 2 * len(shared):
        notes.append(f"{left} blocks left out: text in one of the two only")
    kept = []
    for cells in (one, two):
        there = np.isin(cells.blocks, shared)
        kept.append(Cells(cells.values[there], cells.n_units[there], shared, cells.languages))
    return kept[0], kept[1]


def _columns(
    cells: Cells, languages: Sequence[str], askers: Sequence[str], names: Sequence[str]
) -> Floats:
    """Average over the partners of each language: ``[block, statistic, point, language]``."""
    partners = [PIVOT] if PIVOT in languages else list(languages)
    place = cells.languages.index
    metrics = [METRICS.index(STATISTICS[name]) for name in names]
    columns = []
    for lang in askers:
        others = [place(other) for other in partners if other != lang]
        asks = cells.values[:, :, place(lang), others][..., metrics]
        asked = cells.values[:, :, others, place(lang)][..., metrics]
        columns.append(((asks + asked) / 2).mean(2))
    return np.stack(columns, axis=-1).transpose(0, 2, 1, 3)


def _flat(values: Floats, n_units: NDArray[np.int64]) -> tuple[Floats, Floats]:
    """Sums over the units of a block and their number, ``[block, column]`` each."""
    weights = np.broadcast_to(n_units[:, None, None, None], values.shape).astype(float)
    return (values * weights).reshape(len(values), -1), weights.reshape(len(values), -1)


def _statistics(
    names: Sequence[str], askers: Sequence[str], n_points: int
) -> tuple[Statistic, ...]:
    """Per statistic: languages, their average, then points."""
    return tuple(
        one
        for name in names
        for one in (
            *(Statistic(name, "difference", lang=lang, share=_is_share(name)) for lang in askers),
            Statistic(name, "difference", share=_is_share(name)),
            *(
                Statistic(f"{name}_by_layer", "difference", layer=at, share=_is_share(name))
                for at in range(n_points)
            ),
        )
    )


def _is_share(name: str) -> bool:
    return name == "retrieval"


def _derive(shape: tuple[int, ...], by_layer: bool) -> Callable[[Floats], Floats]:
    """Means of columns to levels, in the order of `_statistics`."""

    def derive(means: Floats) -> Floats:
        table = means.reshape(len(means), *shape)  # [replicate, statistic, point, language]
        rows = [table.mean(2), table.mean((2, 3))[..., None]]
        if by_layer:
            rows.append(table.mean(3))
        return np.concatenate(rows, axis=-1).reshape(len(means), -1)

    return derive
