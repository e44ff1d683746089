"""What a lens run needs before it starts: the points, the items, and the batches."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import pandas as pd

from interp.batches import BatchPlan, plan_batches
from interp.data.facts import FactSet
from interp.lens.items import LensItem, build_items
from interp.lens.trajectories import Point, points_of
from interp.model import HookedModel
from interp.options import LensOptions
from interp.presets import preset as checked_preset


@dataclass(frozen=True)
class Prepared:
    """A run that could start.

    Attributes:
        options: of the analysis.
        facts: those that are asked.
        points: along the depth.
        items: facts asked in a language.
        counts: of items kept and dropped, a row per language.
        plan: the batches over the items.
    """

    options: LensOptions
    facts: FactSet
    points: tuple[Point, ...]
    items: list[LensItem]
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
    prompt_form: str = "qa",
    **options: Any,
) -> Prepared:
    """Check and encode; arguments as for ``run_lens``.

    Raises:
        InterpError: for options or facts that do not fit.
    """
    chosen: LensOptions = checked_preset("lens", preset, **options)
    if limit is not None:
        facts = facts.select(limit=limit, seed=seed)
    points = points_of(
        model.shape.n_layers, mid=chosen.points == "+mid", has_mid=model.shape.has_resid_mid
    )
    items, counts = build_items(
        facts, model.tokenizer, languages=languages, form=prompt_form, options=chosen
    )
    plan = plan_batches([len(item.prompt) for item in items], batch_size, model.device.type)
    return Prepared(chosen, facts, points, items, counts, plan)
