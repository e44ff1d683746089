"""What a LAPE run would do and leave, for ``--dry-run``."""

from __future__ import annotations

from typing import Any

import numpy as np

from interp.data.corpus import Corpus
from interp.data.tokens import TokenizedCorpus, TokenSequence
from interp.estimates.disk import array_bytes, record_bytes, table_bytes
from interp.estimates.sketch import Sketch
from interp.estimates.work import Pass, Work, counted_by
from interp.lape.counts import BlockCounts, narrowed
from interp.lape.entropy import Integers
from interp.lape.examples import AFTER, BEFORE, TopExamples, examples_frame
from interp.lape.prepare import Prepared, prepare
from interp.lape.select import how_many, select_from_counts

_NEURONS_SHOWN = 60
"""Neurons whose texts are written to see how large they are."""

_PLACES_SHOWN = 3
"""Places of a text that excite them."""

_LAYERS_SHOWN = 2


def lape_work(model: Sketch, corpus: Corpus, *, where: str, **asked: Any) -> Work:
    """Describe a run.

    Args:
        model: the checkpoint without its weights.
        corpus: parallel text.
        where: the study's folder.
        **asked: as for ``run_lape``.
    """
    prepared = prepare(model, corpus, **asked)
    text, plan = prepared.text, prepared.plan
    passes = [Pass.over("counts", plan)]
    if prepared.examples:
        passes.append(Pass.over("examples", plan))
    shape = (*text.tokens.shape, model.shape.n_layers, model.shape.d_mlp)
    working = array_bytes(shape, _counting(text))
    chosen = how_many(model.shape.n_layers * model.shape.d_mlp, prepared.options)
    top = chosen * len(text.languages) * prepared.examples * 4 * (BEFORE + AFTER + 4)
    per_neuron = len(text.languages) * model.shape.n_layers * model.shape.d_mlp * 8
    return Work(
        command="interp lape",
        passes=tuple(passes),
        tokens=counted_by([s.lang for s in text.sequences], plan.lengths),
        # Sums over blocks, probabilities and two tables of every neuron, in eight bytes each.
        held={"counts": working, "selection and tables": 6 * per_neuron, "examples": 3 * top},
        files=_files(model, prepared, shape, chosen),
        meanwhile={"progress": working + top},
        counted=(
            f"{corpus.source}: {len(text.sequences):,} sequences in {text.n_blocks} blocks, "
            f"{len(text.languages)} languages",
        ),
        where=where,
    )


def _counting(text: TokenizedCorpus) -> type:
    kind: type = BlockCounts(text.tokens, 0, 0).counts.dtype.type
    return kind


def _files(
    model: Sketch, prepared: Prepared, shape: tuple[int, ...], chosen: int
) -> dict[str, int]:
    """Counts as they would be stored; tables written of a few layers with made-up counts."""
    text = prepared.text
    most = narrowed(text.tokens).dtype.type  # a neuron that is always active
    layers = min(_LAYERS_SHOWN, model.shape.n_layers)
    random = np.random.default_rng(0)
    share = random.beta(0.5, 1.5, (layers, model.shape.d_mlp))
    counts = random.binomial(text.tokens[:, :, None, None], share).astype(np.int64)
    made = select_from_counts(counts, text.tokens, prepared.options, languages=text.languages)
    part = layers / model.shape.n_layers
    files = {
        "counts": array_bytes(shape, most) + text.tokens.nbytes,
        "neurons": table_bytes("neurons", made.to_frame(), share=part)
        + table_bytes("neuron_probs", made.probs_frame(), share=part),
        "record": record_bytes(len(text.sequences)),
    }
    if prepared.examples:
        files["examples"] = _example_bytes(model, prepared, chosen, random)
    return files


def _example_bytes(
    model: Sketch, prepared: Prepared, chosen: int, random: np.random.Generator
) -> int:
    """Write the texts of a few neurons around random places of the real text."""
    text, shown = prepared.text, min(_NEURONS_SHOWN, max(1, chosen))
    by_language: dict[str, list[int]] = {}
    for index, sequence in enumerate(text.sequences):
        by_language.setdefault(sequence.lang, []).append(index)
    top = TopExamples(shown, len(text.languages), prepared.examples)
    for column, lang in enumerate(text.languages):
        own = by_language[lang]
        for index in random.permutation(own)[: prepared.examples].tolist():
            sequence = text.sequences[index]
            # Neurons share a text's exciting places, which are rather near its beginning.
            places = sequence.n_special + random.random(_PLACES_SHOWN) ** 2 * _spoken(sequence)
            at = random.choice(places.astype(np.int64), shown)
            window = random.normal(size=(shown, BEFORE + 1 + AFTER)).astype(np.float32)
            peak = random.uniform(1, 2, shown).astype(np.float32)
            top.offer(index, column, peak, at, window)
    columns: dict[int, Integers] = {0: np.arange(shown)}
    frame = examples_frame(top, columns, text.sequences, text.languages, model.tokenizer)
    return table_bytes("neuron_examples", frame, share=shown / max(1, chosen))


def _spoken(sequence: TokenSequence) -> int:
    return len(sequence.ids) - sequence.n_special
