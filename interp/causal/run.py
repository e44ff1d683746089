"""The causal check of one checkpoint: from another run's heads or neurons to losses per language."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from interp.causal.controls import short_of
from interp.causal.job import Job
from interp.causal.prepare import measured_about
from interp.causal.read_sets import Source
from interp.causal.ready import prepare
from interp.causal.sets import AblationSet, same_places, without_any
from interp.causal.summary import summarise
from interp.data.canonical import canonical_hash
from interp.data.corpus import Corpus
from interp.data.fact_notes import say_notes
from interp.data.facts import FactSet
from interp.data.tokens import TokenizedCorpus
from interp.model import HookedModel
from interp.notices import tell
from interp.stats.bootstrap import ENOUGH
from interp.study import Run, RunSpec, Study

__all__ = ["run_ablation", "summarise"]


def run_ablation(
    model: HookedModel,
    corpus: Corpus,
    study: Study,
    *,
    label: str,
    stage: str,
    heads_from: str | None = None,
    neurons_from: str | None = None,
    source: Study | None = None,
    facts: FactSet | None = None,
    languages: Sequence[str] | None = None,
    preset: str = "default",
    batch_size: str | int = "auto",
    limit: int | None = None,
    seed: int = 0,
    overwrite: bool = False,
    **options: Any,
) -> str:
    """Ablate each language's heads or neurons, and measure every language's loss.

    Writes the table ``ablations``, and the tensors ``losses`` (sums per set, language and block,
    and what each set holds), ``answers`` (where facts are given) and ``means`` (under
    ``replacement="mean"``), from which everything can be derived again without the model.

    Args:
        model: the checkpoint; need not be the one that the heads or neurons were found in, but
            has to have as many layers, and heads or neurons in each.
        corpus: parallel text; the units on which the heads or neurons were found are left out.
        study: where results go; an interrupted run goes on where it was.
        label: short name of the checkpoint in the study.
        stage: what was done to the checkpoint.
        heads_from: a LAHIS run; either this or ``neurons_from``.
        neurons_from: a LAPE run.
        source: the study that holds that run; ``study`` by default.
        facts: asked under every language's own set and some controls; needs the native engine.
        languages: whose sets are ablated and on whose text the loss is measured; all of the run's
            by default.
        preset: ``default`` or ``release``.
        batch_size: sequences (and facts) per batch, or ``auto``.
        limit: at most this many of the units that are left, drawn by ``seed``.
        seed: of that draw, of the controls and of the intervals.
        overwrite: run again although the study holds the result.
        **options: fields of ``AblationOptions`` that replace the preset's.

    Returns:
        The run's id.

    Raises:
        InterpError: for a run, options or data that do not fit.
    """
    prepared = prepare(
        model, corpus, source=source or study, heads_from=heads_from, neurons_from=neurons_from,
        facts=facts, languages=languages, preset=preset, limit=limit, seed=seed, **options,
    )  # fmt: skip
    chosen, part, found, asked, text, items, sets = (
        prepared.options, prepared.part, prepared.found, prepared.languages, prepared.text,
        prepared.items, prepared.sets,
    )  # fmt: skip
    arguments = {
        **chosen.to_dict(),
        "part": part,
        "source": found.run_id,
        "source_label": found.label,
        "sets_hash": canonical_hash([[one.lang, one.kind, one.draw, one.places] for one in sets]),
        "languages": list(asked),
        "facts": None if facts is None else facts.data_hash,
        "batch_size": batch_size,
    }
    # Heads and neurons, or one's own and another checkpoint's, do not supersede each other.
    whose = "own" if found.label == label else found.label
    data_hash = canonical_hash([text.data_hash, part, whose])
    spec = RunSpec("ablation", label, stage, preset, arguments, data_hash, model.provenance, seed)
    with study.run(spec, overwrite=overwrite) as run:
        if run.already_finished:
            return run.run_id
        if facts is not None:
            study.add_facts(facts.to_frame(), facts.data_hash)
            run.record("facts", dict(facts.notes))
            say_notes("ablation", facts.source, facts.notes)
        run.record("text", measured_about(text, corpus, found))
        _say(run, found, asked, sets, text)
        job = Job(model, run, chosen, part, sets, text, items, batch_size)
        job.compute()
        if run.writes:
            job.write(seed)
    return run.run_id


def _say(
    run: Run,
    found: Source,
    languages: Sequence[str],
    sets: Sequence[AblationSet],
    text: TokenizedCorpus,
) -> None:
    """State what is missing: on standard error, and in the record that the summary reads."""
    empty = without_any({lang: found.places[lang] for lang in languages})
    run.record("without_any", list(empty))
    notices = []
    if empty:
        notices.append(
            f"run {found.run_id} has no {found.part} for {', '.join(empty)}: the loss of "
            f"{'that language' if len(empty) == 1 else 'those languages'} is measured, but there "
            "is nothing of theirs to ablate"
        )
    notices += [
        f"{', '.join(alike)} have the same {found.part}: none of them can be hurt most by its own"
        for alike in same_places(sets)
    ]
    notices += short_of(sets)
    if text.n_blocks < ENOUGH:
        notices.append(
            f"{text.n_blocks} blocks of text: fewer than {ENOUGH} are not enough data for a verdict"
        )
    for notice in notices:
        tell("ablation", notice)
    run.record("notices", notices)
