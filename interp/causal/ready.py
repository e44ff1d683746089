"""Everything that a run of the causal check needs, put together before it starts."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from interp.causal.prepare import (
    all_sets,
    check_shape,
    chosen_languages,
    fact_items,
    tokenize,
    which_part,
)
from interp.causal.read_sets import Source, read_source
from interp.causal.sets import AblationSet
from interp.data.corpus import Corpus
from interp.data.facts import FactSet
from interp.data.tokens import TokenizedCorpus
from interp.evals.option_items import OptionItem
from interp.model import HookedModel
from interp.options import AblationOptions
from interp.positions import within_positions
from interp.presets import preset as checked_preset
from interp.study import Study


@dataclass(frozen=True)
class Prepared:
    """A run that could start.

    Attributes:
        options: of the analysis, fitted to the checkpoint.
        part: ``heads`` or ``neurons``.
        found: the run that they were found in.
        languages: whose sets are ablated and on whose text the loss is measured.
        text: that text.
        items: the facts, or none.
        sets: what is ablated, the first ``intact``.
    """

    options: AblationOptions
    part: str
    found: Source
    languages: tuple[str, ...]
    text: TokenizedCorpus
    items: list[OptionItem]
    sets: list[AblationSet]


def prepare(
    model: HookedModel,
    corpus: Corpus,
    *,
    source: Study,
    heads_from: str | None = None,
    neurons_from: str | None = None,
    facts: FactSet | None = None,
    languages: Sequence[str] | None = None,
    preset: str = "default",
    limit: int | None = None,
    seed: int = 0,
    **options: Any,
) -> Prepared:
    """Check and tokenise; arguments as for ``run_ablation``, but ``source`` is needed.

    Raises:
        InterpError: for a run, options or data that do not fit.
    """
    chosen: AblationOptions = checked_preset("ablation", preset, **options)
    chosen = within_positions(chosen, model, asked="seq_len" in options, what="sequences of")
    part, run_id = which_part(heads_from, neurons_from)
    found = read_source(source, run_id, part, chosen)
    check_shape(found, model)
    asked = chosen_languages(found, languages)
    text = tokenize(model, corpus, chosen, found, asked, limit, seed)
    items = fact_items(model, facts, asked, chosen)
    sets = all_sets(found, asked, chosen, seed)
    return Prepared(chosen, part, found, asked, text, items, sets)
