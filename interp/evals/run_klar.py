"""Free generation of one checkpoint: from facts to predictions in a study."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from interp.batches import BatchPlan, run_batches
from interp.data.fact_notes import say_notes
from interp.data.facts import FactSet
from interp.evals.answer_tokens import end_tokens, greedy_lines, newline_tokens
from interp.evals.failure_modes import failure_modes
from interp.evals.klar_sources import WHO, say
from interp.evals.matching import answer_line, matches
from interp.evals.prepare_klar import prepare
from interp.evals.questions import QuestionSet
from interp.model import HookedModel
from interp.notices import tell
from interp.options import KlarOptions
from interp.presets import note
from interp.study import Run, RunSpec, Study

NO_TOKEN = -1


def run_klar(
    model: HookedModel,
    facts: FactSet | str,
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
    """Let a checkpoint answer facts in every language, and say how it fails.

    Writes the table ``predictions`` and, where the facts are a fact set, ``facts``.

    Args:
        model: the checkpoint.
        facts: ``klar:FOLDER`` (all facts of a release folder, cloze prompts), or a fact set or
            the name of one (``cldr``, ``polyfact:...``, ``jsonl:...``: question and answer).
        study: where results go; an interrupted run goes on where it was.
        label: short name of the checkpoint in the study.
        stage: what was done to the checkpoint.
        languages: languages to ask in; all of the facts' by default.
        preset: ``default``, ``paper`` or ``release``.
        batch_size: prompts per batch, or ``auto``.
        limit: at most this many facts; their prompts stay those of the whole set.
        seed: of demonstrations and of the choice that ``limit`` makes.
        overwrite: run again although the study holds the result.
        **options: fields of ``KlarOptions`` that replace the preset's.

    Returns:
        The run's id.

    Raises:
        InterpError: for options or facts that do not fit, and for a prompt that is longer than the
            checkpoint's positions even without demonstrations.
    """
    prepared = prepare(
        model, facts, languages=languages, preset=preset, batch_size=batch_size, limit=limit,
        seed=seed, **options,
    )  # fmt: skip
    chosen, questions, factset = prepared.options, prepared.questions, prepared.facts
    arguments = {
        **chosen.to_dict(),
        "languages": list(questions.languages),
        "batch_size": batch_size,
        "prompts": questions.prompts_hash,
    }
    spec = RunSpec(
        "klar", label, stage, preset, arguments, questions.data_hash, model.provenance, seed
    )
    with study.run(spec, overwrite=overwrite) as run:
        if run.already_finished:
            return run.run_id
        if factset is not None:
            study.add_facts(factset.to_frame(), factset.data_hash)
            run.record("facts", dict(factset.notes))
            say_notes(WHO, factset.source, factset.notes)
        counts = questions.counts.merge(prepared.fitted, on="lang")
        run.record("items", counts.to_dict("records"))
        say(counts)
        if text := note("klar", preset):
            tell(WHO, text)
            run.record("note", text)
        texts = _generate(model, prepared.items, run, chosen, prepared.plan)
        if run.writes:
            run.write_table("predictions", predictions_frame(questions, texts, chosen))
    return run.run_id


def _generate(
    model: HookedModel,
    items: Sequence[Sequence[int]],
    run: Run,
    options: KlarOptions,
    plan: BatchPlan,
) -> list[str]:
    """Answer the prompts, batch by batch; token ids are what an interrupted run keeps."""
    longest = options.max_new_tokens
    start, saved = run.load_progress() or (0, {})
    arrays = saved or {"ids": _empty(len(items), longest)}
    plan.halvings.extend(run.progress_state.get("halvings", []))
    tokenizer, ids = model.tokenizer, arrays["ids"]
    ends, newlines = end_tokens(model.model, tokenizer), newline_tokens(tokenizer)

    def work(indices: Sequence[int]) -> list[list[int]]:
        return greedy_lines(
            model.model, tokenizer, [items[index] for index in indices],
            max_new_tokens=longest, eos_ids=ends, newline_ids=newlines, line=options.line,
        )  # fmt: skip

    for done in run_batches(plan, work, start=start, progress=f"klar {run.spec.label}"):
        for indices, made in done.pieces:
            for index, tokens in zip(indices, made, strict=True):
                ids[index, : len(tokens)] = tokens
        run.save_progress(done.step, arrays, state={"halvings": plan.halvings})
    run.record("batches", plan.to_dict())
    kept = [row[row != NO_TOKEN].tolist() for row in ids]
    run.record("generated_tokens", sum(map(len, kept)))
    texts: list[str] = tokenizer.batch_decode(kept, skip_special_tokens=True)
    return texts


def _empty(n: int, longest: int) -> NDArray[np.int32]:
    return np.full((n, longest), NO_TOKEN, np.int32)


def predictions_frame(
    questions: QuestionSet, texts: Sequence[str], options: KlarOptions
) -> pd.DataFrame:
    """Lay generations out as the table ``predictions``.

    Args:
        questions: the questions.
        texts: what was generated for each, in their order.
        options: which line is scored, and the rule behind ``correct``.

    Returns:
        One row per question.
    """
    asked = questions.questions
    lines = [answer_line(text, options.line) for text in texts]
    pairs = [(line, one.target) for line, one in zip(lines, asked, strict=True)]
    frame = pd.DataFrame(
        {
            "benchmark": questions.benchmark,
            "fact_id": [one.fact_id for one in asked],
            "lang": [one.lang for one in asked],
            "scores": None,
            "n_tokens": None,
            "n_bytes": None,
            "n_characters": None,
            "generated": list(texts),
            "correct": [matches(line, target, options.match) for line, target in pairs],
            "correct_strict": [matches(line, target, "strict") for line, target in pairs],
            "relation": [one.relation for one in asked],
            "target": [one.target for one in asked],
            "target_en": [one.target_en for one in asked],
        }
    )
    frame["failure_mode"] = failure_modes(frame.assign(line=lines), questions.objects)
    return frame
