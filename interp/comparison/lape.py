"""The two checkpoints' language neurons: which runs can be compared, and by what.

Both sides' counts are read, and everything is selected anew from them in every resample, from the
languages that both were measured for. Where a side holds only what was selected, as published lists do,
see `interp.comparison.lape_lists`.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from interp.comparison.family import (
    Built,
    NotComparable,
    RunPair,
    differing_models,
    differing_options,
    shared_languages,
)
from interp.comparison.lape_lists import build_lists, differing_shapes
from interp.lape.differences import compare, statistics
from interp.lape.listed import read_listed
from interp.lape.replicates import BlockedCounts, replicates_at_once, select_replicates
from interp.lape.selections import Floats, Selections
from interp.options import LapeOptions
from interp.stats.pair import Statistic, Values
from interp.study import Study

MEASURE = (
    "activation", "eps", "filter_quantile", "top_fraction", "rounding", "assignment", "budget",
    "layout", "seq_len", "bos",
)  # fmt: skip
"""Options that decide what is measured."""


@dataclass(frozen=True)
class CountsPair:
    """Counts of two checkpoints, a `interp.stats.pair.Pair` whose units are blocks of text.

    Attributes:
        base: of the base.
        model: of the other, for the same languages.
        options: of the selection.
        paired: whether block i holds the same text in both.
    """

    base: BlockedCounts
    model: BlockedCounts
    options: LapeOptions
    paired: bool
    unit: str = "blocks"

    @property
    def n_base(self) -> int:
        """Blocks of the base."""
        return len(self.base.tokens)

    @property
    def n_model(self) -> int:
        """Blocks of the other."""
        return len(self.model.tokens)

    @property
    def exchangeable(self) -> bool:
        """Whether both have the same neurons."""
        return self.base.shape == self.model.shape

    @property
    def statistics(self) -> tuple[Statistic, ...]:
        """What is compared."""
        return statistics(self.base.languages, same_neurons=self.exchangeable)

    @property
    def batch(self) -> int:
        """Replicates at a time."""
        shape = max(self.base.shape, self.model.shape)
        return replicates_at_once(shape, len(self.base.languages))

    def pool(self, base: Floats | None, model: Floats | None) -> Selections:
        """Select from weighted blocks, replicate by replicate."""
        given = [(self.base, base), (self.model, model)]
        return select_replicates(
            [(counts, weights) for counts, weights in given if weights is not None], self.options
        )

    def compare(self, first: Selections, second: Selections) -> Values:
        """Compare two sides' selections."""
        return compare(first, second, same_neurons=self.exchangeable)


def build(study: Study, pair: RunPair) -> Built:
    """Build the statistics of two LAPE runs.

    Blocks are paired where both runs read the same blocks of text: the same tokens, or the same corpus
    in as many blocks of whole units under another tokenizer. Flat streams are cut by tokens, so that
    another tokenizer leaves no block the same.

    Args:
        study: the study.
        pair: the runs.

    Raises:
        NotComparable: where options decide otherwise what is measured, or fewer than two languages
            are shared.
    """
    stored = [spec["arguments"]["languages"] for spec in (pair.base_spec, pair.label_spec)]
    languages, notes = shared_languages(*stored)
    if len(languages) < 2:
        raise NotComparable(
            f"the runs share one language ({languages[0]}): LAPE compares languages, expected at "
            "least two"
        )
    notes += differing_models(pair)
    listed = [read_listed(study, run) for run in (pair.base_run, pair.label_run)]
    if any(listed):
        return build_lists(study, pair, listed, languages, MEASURE, notes)
    differing_options(pair, MEASURE)
    if len(languages) < max(map(len, stored)):
        notes.append("neurons are selected anew, from the counts of the shared languages")
    base, model = (
        _counts(study, run, own, languages)
        for run, own in zip((pair.base_run, pair.label_run), stored, strict=True)
    )
    paired, why = _same_blocks(study, pair, base, model)
    notes += [*why, *differing_shapes(base.shape, model.shape), *_shortfalls(study, pair)]
    options = LapeOptions.of_run(pair.base_spec["arguments"])
    return Built(CountsPair(base, model, options, paired), notes=tuple(notes))


def _counts(
    study: Study, run_id: str, stored: Sequence[str], languages: Sequence[str]
) -> BlockedCounts:
    tensors = study.tensors(run_id, "counts")
    return BlockedCounts.of(tensors["counts"], tensors["tokens"], stored, languages)


def _same_blocks(
    study: Study, pair: RunPair, base: BlockedCounts, model: BlockedCounts
) -> tuple[bool, list[str]]:
    """Say whether block i is the same text in both, and what is to be said of it."""
    if pair.base_spec["data_hash"] == pair.label_spec["data_hash"]:
        return True, []
    texts = [study.notes(run).get("text", {}) for run in (pair.base_run, pair.label_run)]
    corpora = [text.get("corpus_hash") for text in texts]
    if None in corpora or corpora[0] != corpora[1]:
        return False, ["different text"]
    if len(base.tokens) != len(model.tokens):
        return False, [f"the same text in {len(base.tokens)} and {len(model.tokens)} blocks"]
    if pair.base_spec["arguments"]["layout"] != "blocks":
        return False, ["the same text in flat streams, cut into blocks at different places"]
    if np.array_equal(base.tokens, model.tokens):
        return True, []
    return True, ["the same blocks of text, of which different numbers of tokens are counted"]


def _shortfalls(study: Study, pair: RunPair) -> list[str]:
    """Pass on that a run found fewer neurons than asked for, or none."""
    sides = ((pair.base, pair.base_run), (pair.label, pair.label_run))
    said = [(label, study.notes(run).get("shortfall")) for label, run in sides]
    return [f"{label}: {text}" for label, text in said if text]
