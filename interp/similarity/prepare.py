"""What a similarity run needs before it starts: the texts as tokens, their blocks, the batches."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from interp.batches import BatchPlan, plan_batches
from interp.data.corpus import Corpus
from interp.data.tokens import TokenizedCorpus
from interp.model import HookedModel
from interp.options import SimilarityOptions
from interp.positions import within_positions
from interp.presets import preset as checked_preset
from interp.similarity.texts import Layout, lay_out, tokenize


@dataclass(frozen=True)
class Prepared:
    """A run that could start.

    Attributes:
        options: of the analysis, fitted to the checkpoint.
        corpus: the units that are used.
        text: their sequences.
        layout: where every sequence belongs.
        plan: the batches over the sequences.
    """

    options: SimilarityOptions
    corpus: Corpus
    text: TokenizedCorpus
    layout: Layout
    plan: BatchPlan


def prepare(
    model: HookedModel,
    corpus: Corpus,
    *,
    languages: Sequence[str] | None = None,
    preset: str = "default",
    batch_size: str | int = "auto",
    limit: int | None = None,
    seed: int = 0,
    **options: Any,
) -> Prepared:
    """Check and tokenise; arguments as for ``run_similarity``.

    Raises:
        InterpError: for options or data that do not fit.
    """
    chosen: SimilarityOptions = checked_preset("similarity", preset, **options)
    chosen = within_positions(chosen, model, asked="seq_len" in options, what="texts of at most")
    if limit is not None:
        corpus = corpus.sample(limit, seed)
    text = tokenize(corpus, model.tokenizer, chosen, languages)
    layout = lay_out(text, corpus, chosen.n_blocks)
    plan = plan_batches([len(s.ids) for s in text.sequences], batch_size, model.device.type)
    return Prepared(chosen, corpus, text, layout, plan)
