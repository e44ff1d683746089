"""What free generation needs before it starts: questions, prompts as tokens, and the batches."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import pandas as pd

from interp.batches import BatchPlan, plan_batches
from interp.data.facts import FactSet
from interp.evals.klar_items import build_items
from interp.evals.klar_sources import read_questions
from interp.evals.questions import QuestionSet
from interp.model import HookedModel
from interp.options import KlarOptions
from interp.presets import preset as checked_preset


@dataclass(frozen=True)
class Prepared:
    """A run that could start.

    Attributes:
        options: of the evaluation.
        questions: what is asked.
        facts: the fact set that is asked; None for KLAR's own folder.
        items: token ids per question.
        fitted: what fitting the checkpoint's positions took, a row per language.
        plan: the batches over the items; a prompt is as long as with its longest answer.
    """

    options: KlarOptions
    questions: QuestionSet
    facts: FactSet | None
    items: list[list[int]]
    fitted: pd.DataFrame
    plan: BatchPlan


def prepare(
    model: HookedModel,
    facts: FactSet | str,
    *,
    languages: Sequence[str] | None = None,
    preset: str = "default",
    batch_size: str | int = "auto",
    limit: int | None = None,
    seed: int = 0,
    **options: Any,
) -> Prepared:
    """Check and encode; arguments as for ``run_klar``.

    Raises:
        InterpError: for options or facts that do not fit.
    """
    chosen: KlarOptions = checked_preset("klar", preset, **options)
    questions, factset = read_questions(
        facts, languages, chosen, given=options, limit=limit, seed=seed
    )
    items, fitted = build_items(model, questions, chosen)
    lengths = [len(item) + chosen.max_new_tokens for item in items]
    plan = plan_batches(lengths, batch_size, model.device.type)
    return Prepared(chosen, questions, factset, items, fitted, plan)
