"""LAPE of one checkpoint: from text to language-specific neurons in a study."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from interp.batches import BatchPlan
from interp.data.corpus import Corpus
from interp.data.tokens import TokenizedCorpus
from interp.lape.counts import BlockCounts, narrowed
from interp.lape.entropy import Integers
from interp.lape.examples import TopExamples, examples_frame
from interp.lape.passes import Passes
from interp.lape.prepare import prepare
from interp.lape.select import LapeSelection, select_from_counts
from interp.lape.summary import summarise
from interp.model import HookedModel
from interp.notices import tell
from interp.options import LapeOptions
from interp.parallel import team
from interp.presets import note
from interp.study import Run, RunSpec, Study

__all__ = ["run_lape", "summarise"]

AXES = ["block", "language", "layer", "neuron"]


def run_lape(
    model: HookedModel,
    corpus: Corpus,
    study: Study,
    *,
    label: str,
    stage: str,
    languages: Sequence[str] | None = None,
    preset: str = "default",
    batch_size: str | int = "auto",
    limit: int | None = None,
    seed: int = 0,
    examples: int = 5,
    overwrite: bool = False,
    **options: Any,
) -> str:
    """Find a checkpoint's language-specific neurons, and store them with the counts behind them.

    Writes the tensors ``counts`` (``counts`` ``[block, language, layer, neuron]``, in the smallest
    unsigned type, and ``tokens`` ``[block, language]``), from which every selection can be derived
    again without the model, and the tables ``neurons``, ``neuron_probs`` and ``neuron_examples``.

    Args:
        model: the checkpoint.
        corpus: parallel text.
        study: where results go; an interrupted run goes on where it was.
        label: short name of the checkpoint in the study.
        stage: what was done to the checkpoint.
        languages: languages of the corpus; all by default.
        preset: ``default``, ``paper``, ``release`` or ``tang2024``.
        batch_size: sequences per batch, or ``auto``.
        limit: at most this many units of the corpus, drawn by ``seed``.
        seed: of that draw.
        examples: top texts stored per selected neuron and language; 0 saves the second pass.
        overwrite: run again although the study holds the result.
        **options: fields of ``LapeOptions`` that replace the preset's.

    Returns:
        The run's id.

    Raises:
        InterpError: for options or data that do not fit, and activations that are not finite.
    """
    prepared = prepare(
        model, corpus, languages=languages, preset=preset, batch_size=batch_size, limit=limit,
        seed=seed, examples=examples, **options,
    )  # fmt: skip
    chosen, text = prepared.options, prepared.text
    arguments = {
        **chosen.to_dict(),
        "languages": list(text.languages),
        "batch_size": batch_size,
        "examples": examples,
    }
    spec = RunSpec("lape", label, stage, preset, arguments, text.data_hash, model.provenance, seed)
    with study.run(spec, overwrite=overwrite) as run:
        if run.already_finished:
            return run.run_id
        _say(run, "note", note("lape", preset))
        run.record("text", _about(text, corpus))
        _compute(_Job(model, text, run, chosen, prepared.plan, examples))
    return run.run_id


@dataclass(frozen=True)
class _Job:
    """One run's parts: progress is one step per batch, first pass, then second."""

    model: HookedModel
    text: TokenizedCorpus
    run: Run
    options: LapeOptions
    plan: BatchPlan
    examples: int

    @property
    def passes(self) -> Passes:
        return Passes(
            self.model, self.text, self.plan, self.options.activation, self.run.spec.label
        )

    def save(
        self, step: int, state: Callable[[], Mapping[str, NDArray[Any]]], force: bool = False
    ) -> None:
        """Save progress where it is due; in several processes, after bringing it together.

        Args:
            step: batches done, by everyone.
            state: gives what has been accumulated; brings it to the first process before.
            force: save now.
        """
        if team().share(force or self.run.progress_due()):
            halvings = {"halvings": self.plan.halvings}
            self.run.save_progress(step, state(), state=halvings, force=True)


def _compute(job: _Job) -> None:
    """Count, select, find examples; go on where an interrupted run was."""
    step, saved = job.run.load_progress() or (0, {})
    job.plan.halvings.extend(job.run.progress_state.get("halvings", []))
    counts = BlockCounts(job.text.tokens, job.model.shape.n_layers, job.model.shape.d_mlp)
    if saved:
        counts.counts[...] = saved["counts"]
    whole = len(job.plan)

    def gathered() -> dict[str, NDArray[Any]]:
        team().add_up(counts.counts)
        return {"counts": counts.counts}

    for done in job.passes.count(counts, min(step, whole)):
        job.save(done, gathered, force=done == whole)  # a whole pass is never done twice
    columns = team().from_first(lambda: _select(job, counts.counts))
    if job.examples:
        n_chosen = sum(len(neurons) for neurons in columns.values())
        top = TopExamples(n_chosen, len(job.text.languages), job.examples)
        if step > whole and saved:
            top.restore(saved)
        _find_examples(job, columns, top, counts.counts, max(step - whole, 0))
    job.run.record("batches", job.plan.to_dict())


def _select(job: _Job, counts: NDArray[Any]) -> dict[int, Integers]:
    """Select and write; returns the selected neurons by layer."""
    selection = select_from_counts(
        counts, job.text.tokens, job.options, languages=job.text.languages
    )
    _say(job.run, "shortfall", _shortfall(selection))
    _write_selection(job.run, job.text, counts, selection)
    return _columns(selection)


def _find_examples(
    job: _Job,
    columns: dict[int, Integers],
    top: TopExamples,
    counts: NDArray[Any],
    start: int,
) -> None:
    def gathered() -> dict[str, NDArray[Any]]:
        top.gather(team())
        return {"counts": counts, **top.state()}

    whole = len(job.plan)
    if columns:
        for done in job.passes.find_examples(top, columns, start):
            job.save(whole + done, gathered)
        top.gather(team())
    if job.run.writes:
        text = job.text
        frame = examples_frame(top, columns, text.sequences, text.languages, job.model.tokenizer)
        job.run.write_table("neuron_examples", frame)


def _columns(selection: LapeSelection) -> dict[int, Integers]:
    return {
        int(layer): np.sort(selection.neurons[selection.layers == layer])
        for layer in np.unique(selection.layers)
    }


def _write_selection(
    run: Run, text: TokenizedCorpus, counts: NDArray[Any], selection: LapeSelection
) -> None:
    run.write_tensors(
        "counts",
        {"counts": narrowed(counts), "tokens": text.tokens},
        {"axes": {"counts": AXES, "tokens": AXES[:2]}, "languages": list(text.languages)},
    )
    run.write_table("neurons", selection.to_frame())
    run.write_table("neuron_probs", selection.probs_frame())
    run.record("selection", selection.to_dict())


def _about(text: TokenizedCorpus, corpus: Corpus) -> dict[str, Any]:
    totals = text.tokens.sum(axis=0).tolist()
    return {
        "corpus": corpus.source,
        "corpus_hash": text.corpus_hash,
        "n_blocks": text.n_blocks,
        "n_sequences": len(text.sequences),
        "units": list(dict.fromkeys(unit for one in text.sequences for unit in one.unit_ids)),
        "tokens": dict(zip(text.languages, totals, strict=True)),
        "bos_ids": list(text.bos_ids),
        **text.notes,
    }


def _shortfall(selection: LapeSelection) -> str:
    if len(selection) == selection.n_wanted:
        return ""
    return (
        f"only {len(selection)} of {selection.n_wanted} neurons could be selected: "
        f"{selection.n_dead} are never active and the filter removed {selection.n_filtered}"
    )


def _say(run: Run, key: str, text: str) -> None:
    if text:
        tell("lape", text)
        run.record(key, text)
