"""The logit lens of one checkpoint: from facts to ranks by layer in a study."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray

from interp.batches import BatchPlan, pad, run_batches
from interp.data.fact_notes import say_notes
from interp.data.facts import FactSet
from interp.lens.items import ROLES, LensItem
from interp.lens.prepare import prepare
from interp.lens.ranks import NO_TOKEN
from interp.lens.summary import summarise
from interp.lens.tables import ranks_frame, top_frame
from interp.lens.trajectories import Point, read_batch
from interp.model import HookedModel
from interp.notices import tell
from interp.options import LensOptions
from interp.presets import note
from interp.study import Run, RunSpec, Study

__all__ = ["run_lens", "summarise"]

TOP = 5
"""Most likely tokens kept at every point."""

_READ = ("rank", "logprob", "token_id", "top_ids", "top_logprob")


def run_lens(
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
    prompt_form: str = "qa",
    **options: Any,
) -> str:
    """Rank target, English answer and distractor at every point, for every fact and language.

    Writes the tables ``lens_ranks`` and ``lens_top`` and, once per fact set, ``facts``.

    Args:
        model: the checkpoint.
        facts: the facts. The English answer is ranked wherever the facts have an English text,
            so keep English in the set even where ``languages`` leaves it out.
        study: where results go; an interrupted run goes on where it was.
        label: short name of the checkpoint in the study.
        stage: what was done to the checkpoint.
        languages: languages to ask in; all of the facts' by default.
        preset: ``default``, ``paper`` or ``release``.
        batch_size: prompts per batch, or ``auto``.
        limit: at most this many facts.
        seed: of the choice that ``limit`` makes.
        overwrite: run again although the study holds the result.
        prompt_form: ``qa``, ``native`` (``qa`` in the language's own words), ``cloze`` (the facts' own
            prompts) or ``chat``.
        **options: fields of ``LensOptions`` that replace the preset's.

    Returns:
        The run's id.

    Raises:
        InterpError: for options or facts that do not fit, and where the last point's most likely
            token is not the model's.
    """
    prepared = prepare(
        model, facts, languages=languages, preset=preset, batch_size=batch_size, limit=limit,
        seed=seed, prompt_form=prompt_form, **options,
    )  # fmt: skip
    chosen, facts, counts = prepared.options, prepared.facts, prepared.counts
    items, points = prepared.items, prepared.points
    arguments = {
        **chosen.to_dict(),
        "prompt_form": prompt_form,
        "languages": counts["lang"].tolist(),
        "batch_size": batch_size,
    }
    spec = RunSpec("lens", label, stage, preset, arguments, facts.data_hash, model.provenance, seed)
    with study.run(spec, overwrite=overwrite) as run:
        if run.already_finished:
            return run.run_id
        study.add_facts(facts.to_frame(), facts.data_hash)
        run.record("items", counts.to_dict("records"))
        run.record("facts", dict(facts.notes))
        say_notes("lens", facts.source, facts.notes)
        if text := note("lens", preset):
            tell("lens", text)
            run.record("note", text)
        arrays = _run_batches(model, items, points, run, chosen, prepared.plan)
        if run.writes:
            ranks = ranks_frame(items, points, arrays, model.tokenizer, chosen.token_rule)
            run.write_table("lens_ranks", ranks)
            run.write_table("lens_top", top_frame(items, points, arrays, model.tokenizer))
    return run.run_id


def _run_batches(
    model: HookedModel,
    items: Sequence[LensItem],
    points: tuple[Point, ...],
    run: Run,
    options: LensOptions,
    plan: BatchPlan,
) -> dict[str, NDArray[Any]]:
    """Fill the arrays that the tables are made of, each ``[item, point, ...]``."""
    tokens = token_array(items)
    start, arrays = run.load_progress() or (0, empty_arrays(len(items), len(points), model))
    plan.halvings.extend(run.progress_state.get("halvings", []))
    near_ties = int(run.progress_state.get("near_ties", 0))

    def work(indices: Sequence[int]) -> tuple[dict[str, NDArray[Any]], int]:
        rows = list(indices)
        ids, attention = pad([items[index].prompt for index in rows])
        with torch.inference_mode():
            read = read_batch(
                model, ids, attention, tokens[rows], points, ties=options.ties, top=TOP,
                double_norm=options.final_norm == "release_double",
            )  # fmt: skip
        return {name: getattr(read.values, name).numpy() for name in _READ}, read.near_ties

    for done in run_batches(plan, work, start=start, progress=f"lens {run.spec.label}"):
        for indices, (values, ties) in done.pieces:
            for name, array in arrays.items():
                array[list(indices)] = values[name]
            near_ties += ties
        run.save_progress(
            done.step, arrays, state={"halvings": plan.halvings, "near_ties": near_ties}
        )
    run.record("batches", plan.to_dict())
    run.record("argmax_near_ties", near_ties)
    return arrays


def token_array(items: Sequence[LensItem]) -> torch.Tensor:
    """Token ids ``[item, role, member]``, padded with ``NO_TOKEN``."""
    members = max(len(answer.ids) for item in items for answer in item.answers.values())
    tokens = torch.full((len(items), len(ROLES), members), NO_TOKEN, dtype=torch.int64)
    for row, item in enumerate(items):
        for role, answer in item.answers.items():
            tokens[row, ROLES.index(role), : len(answer.ids)] = torch.tensor(answer.ids)
    return tokens


def empty_arrays(n_items: int, n_points: int, model: HookedModel) -> dict[str, NDArray[Any]]:
    """Make the arrays that a run fills, each ``[item, point, ...]``."""
    by_role = (n_items, n_points, len(ROLES))
    by_place = (n_items, n_points, min(TOP, model.shape.d_vocab))
    empty = (
        np.full(by_role, np.nan, np.float32),
        np.full(by_role, np.nan, np.float32),
        np.full(by_role, NO_TOKEN, np.int32),
        np.zeros(by_place, np.int32),
        np.zeros(by_place, np.float32),
    )
    return dict(zip(_READ, empty, strict=True))
