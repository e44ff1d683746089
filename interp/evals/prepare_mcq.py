"""What scoring options needs before it starts: the facts, the items and the batches."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import pandas as pd

from interp.batches import BatchPlan
from interp.data.facts import FactSet
from interp.evals.option_items import OptionItem, build_items, check_positions
from interp.evals.option_scores import plan
from interp.model import HookedModel
from interp.options import McqOptions
from interp.presets import preset as checked_preset


@dataclass(frozen=True)
class Prepared:
    """A run that could start.

    Attributes:
        options: of the evaluation.
        facts: those that are asked.
        items: facts asked in a language.
        counts: of items, a row per language.
        plan: the batches over the items.
    """

    options: McqOptions
    facts: FactSet
    items: list[OptionItem]
    counts: pd.DataFrame
    plan: BatchPlan


def prepare(
    model: HookedModel,
    facts: FactSet,
    *,
    languages: Sequence[str] | None = None,
    preset: str = "default",
    batch_size: str | int = "auto",
    limit: int | None = None,
    seed: int = 0,
    **options: Any,
) -> Prepared:
    """Check and encode; arguments as for ``run_mcq``.

    Raises:
        InterpError: for options or facts that do not fit.
    """
    chosen: McqOptions = checked_preset("mcq", preset, **options)
    if limit is not None:
        facts = facts.select(limit=limit, seed=seed)
    items, counts = build_items(facts, model.tokenizer, languages=languages, options=chosen)
    check_positions(items, model)
    return Prepared(chosen, facts, items, counts, plan(model, items, batch_size))
