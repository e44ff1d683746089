"""Option scores of one checkpoint: from facts to predictions in a study."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from interp.batches import BatchPlan
from interp.data.fact_notes import say_notes
from interp.data.facts import FactSet
from interp.evals.choices import chosen, normalised
from interp.evals.option_items import OptionItem
from interp.evals.option_scores import can_share, score_batches
from interp.evals.prepare_mcq import prepare
from interp.model import HookedModel
from interp.notices import tell
from interp.study import Run, RunSpec, Study


def run_mcq(
    model: HookedModel,
    facts: FactSet,
    study: Study,
    *,
    label: str,
    stage: str,
    languages: Sequence[str] | None = None,
    preset: str = "default",
    batch_size: str | int = "auto",
    limit: int | None = None,
    seed: int = 0,
    overwrite: bool = False,
    **options: Any,
) -> str:
    """Score every option of every fact in every language, options hidden from the prompt.

    Writes the table ``predictions`` and, once per fact set, ``facts``.

    Args:
        model: the checkpoint.
        facts: the facts.
        study: where results go; an interrupted run goes on where it was.
        label: short name of the checkpoint in the study.
        stage: what was done to the checkpoint.
        languages: languages to ask in; all of the facts' by default.
        preset: ``default``, ``paper`` or ``release``.
        batch_size: facts per batch, or ``auto``.
        limit: at most this many facts.
        seed: of the choice that ``limit`` makes.
        overwrite: run again although the study holds the result.
        **options: fields of ``McqOptions`` that replace the preset's.

    Returns:
        The run's id.

    Raises:
        InterpError: for options or facts that do not fit, and for scores that are not finite.
    """
    prepared = prepare(
        model, facts, languages=languages, preset=preset, batch_size=batch_size, limit=limit,
        seed=seed, **options,
    )  # fmt: skip
    chosen_options, facts = prepared.options, prepared.facts
    items, counts = prepared.items, prepared.counts
    arguments = {
        **chosen_options.to_dict(),
        "languages": counts["lang"].tolist(),
        "batch_size": batch_size,
    }
    spec = RunSpec("mcq", label, stage, preset, arguments, facts.data_hash, model.provenance, seed)
    with study.run(spec, overwrite=overwrite) as run:
        if run.already_finished:
            return run.run_id
        study.add_facts(facts.to_frame(), facts.data_hash)
        run.record("items", counts.to_dict("records"))
        run.record("facts", dict(facts.notes))
        run.record("options_aligned", facts.options_aligned)
        say_notes("eval mcq", facts.source, facts.notes)
        for row in counts[counts["token_fell_back"] > 0].itertuples():
            tell(
                "eval mcq",
                f"{row.token_fell_back} questions in {row.lang}: the prompt's tokens change when an "
                "option follows, so the option was encoded by itself",
            )
        scores = _run_batches(model, items, run, prepared.plan)
        if run.writes:
            frame = predictions_frame(facts, items, scores, chosen_options.normalisation)
            run.write_table("predictions", frame)
    return run.run_id


def _run_batches(
    model: HookedModel, items: Sequence[OptionItem], run: Run, batches: BatchPlan
) -> NDArray[np.float64]:
    shape = (len(items), len(items[0].options))
    start, saved = run.load_progress() or (0, {})
    arrays = saved or {"scores": np.full(shape, np.nan)}
    batches.halvings.extend(run.progress_state.get("halvings", []))
    share = can_share(model, items)
    if not share:
        tell("eval mcq", "this model cannot share a prompt: every option is a row of its own")
    title = f"mcq {run.spec.label}"
    for step, pieces in score_batches(
        model, items, batches, share=share, start=start, progress=title
    ):
        for indices, values in pieces:
            arrays["scores"][list(indices)] = values
        run.save_progress(step, arrays, state={"halvings": batches.halvings})
    run.record("batches", batches.to_dict())
    run.record("shared_prompts", share)
    return arrays["scores"]


def predictions_frame(
    facts: FactSet,
    items: Sequence[OptionItem],
    scores: NDArray[np.float64],
    normalisation: str,
) -> pd.DataFrame:
    """Lay scores out as the table ``predictions``.

    Args:
        facts: the facts.
        items: the items.
        scores: sums of log-probabilities ``[item, option]``.
        normalisation: what decides ``chosen`` and ``correct``.

    Returns:
        One row per item.

    Raises:
        InterpError: scores that are not finite.
    """
    by_id = {fact.fact_id: fact for fact in facts}
    texts = [by_id[item.fact_id].texts for item in items]
    frame = pd.DataFrame(
        {
            "benchmark": facts.source.split(":")[0],
            "fact_id": [item.fact_id for item in items],
            "lang": [item.lang for item in items],
            "scores": [row.tolist() for row in scores],
            "n_tokens": [[len(option) for option in item.options] for item in items],
            "n_bytes": [list(item.n_bytes) for item in items],
            "n_characters": [list(item.n_characters) for item in items],
            "generated": None,
            "failure_mode": None,
            "relation": [by_id[item.fact_id].relation for item in items],
            "target": [text[item.lang].answer for text, item in zip(texts, items, strict=True)],
            "target_en": [text["en"].answer if "en" in text else None for text in texts],
        }
    )
    frame["chosen"] = chosen(normalised(frame, normalisation))
    frame["correct"] = frame["chosen"].to_numpy() == [item.answer_index for item in items]
    return frame
