"""What a LAPE run needs before it starts: options that fit, text as tokens, and the batches."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from interp.batches import BatchPlan, plan_batches
from interp.data.corpus import Corpus
from interp.data.tokens import TokenizedCorpus, tokenize_corpus
from interp.errors import InterpError
from interp.model import HookedModel
from interp.options import LapeOptions
from interp.positions import within_positions
from interp.presets import preset as checked_preset


@dataclass(frozen=True)
class Prepared:
    """A run that could start.

    Attributes:
        options: of the analysis, fitted to the checkpoint.
        text: the sequences.
        plan: the batches over them.
        examples: top texts per selected neuron and language.
    """

    options: LapeOptions
    text: TokenizedCorpus
    plan: BatchPlan
    examples: int


def prepare(
    model: HookedModel,
    corpus: Corpus,
    *,
    languages: Sequence[str] | None = None,
    preset: str = "default",
    batch_size: str | int = "auto",
    limit: int | None = None,
    seed: int = 0,
    examples: int = 5,
    **options: Any,
) -> Prepared:
    """Check and tokenise; arguments as for ``run_lape``.

    Raises:
        InterpError: for options or data that do not fit.
    """
    chosen: LapeOptions = checked_preset("lape", preset, **options)
    chosen = within_positions(chosen, model, asked="seq_len" in options, what="sequences of")
    if isinstance(examples, bool) or not isinstance(examples, int) or examples < 0:
        raise InterpError(f"examples is {examples!r}: expected a whole number >= 0")
    text = _tokenize(model, corpus, chosen, languages, limit, seed)
    plan = plan_batches([len(s.ids) for s in text.sequences], batch_size, model.device.type)
    return Prepared(chosen, text, plan, examples)


def _tokenize(
    model: HookedModel,
    corpus: Corpus,
    options: LapeOptions,
    languages: Sequence[str] | None,
    limit: int | None,
    seed: int,
) -> TokenizedCorpus:
    if limit is not None:
        corpus = corpus.sample(limit, seed)
    text = tokenize_corpus(
        corpus, model.tokenizer, languages=languages, budget=options.budget,
        seq_len=options.seq_len, n_blocks=options.n_blocks, bos=options.bos, seed=seed,
        layout=options.layout,
    )  # fmt: skip
    if len(text.languages) < 2:
        raise InterpError(
            f"languages {', '.join(text.languages)}: LAPE compares languages, expected at least two"
        )
    for lang, tokens in zip(text.languages, text.tokens.sum(axis=0), strict=True):
        if not tokens:
            raise InterpError(f"corpus {corpus.source} has no token of {lang}: expected some text")
    return text
