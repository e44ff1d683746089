"""What an attention run needs before it starts: heads, samples as tokens, and the batches."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from interp.attention.from_lahis import read_choice
from interp.attention.heads import NAMED, HeadChoice, check_heads, which_heads
from interp.batches import BatchPlan, plan_batches
from interp.data.corpus import Corpus
from interp.data.tokens import TokenizedCorpus, tokenize_samples
from interp.errors import InterpError
from interp.lahis.select import Head
from interp.model import HookedModel
from interp.options import AttentionOptions
from interp.positions import within_positions
from interp.presets import preset as checked_preset
from interp.study import Study

TOKENS_PER_BATCH: Mapping[str, int] = {"cpu": 1024, "mps": 4096, "cuda": 4096}
"""Of ``batch_size="auto"``, by kind of device. Eager attention holds a layer's scores of all heads
in fp32: 4,096 tokens in sequences of 512 and 32 heads are 0.3 GB, several times over."""

MOST_BYTES = 2**31
"""More patterns than this are a mistake: a few samples are to be looked at."""


@dataclass(frozen=True)
class Prepared:
    """A run that could start.

    Attributes:
        options: of the analysis, fitted to the checkpoint.
        corpus: the units that samples were drawn from.
        choice: the heads, and why.
        samples: one sequence per unit and language.
        plan: the batches over them.
    """

    options: AttentionOptions
    corpus: Corpus
    choice: HeadChoice
    samples: TokenizedCorpus
    plan: BatchPlan


def prepare(
    model: HookedModel,
    corpus: Corpus,
    *,
    heads: Sequence[Head] | None = None,
    heads_from: str | None = None,
    source: Study | None = None,
    n_heads: int = 8,
    languages: Sequence[str] | None = None,
    preset: str = "default",
    batch_size: str | int = "auto",
    limit: int | None = None,
    seed: int = 0,
    **options: Any,
) -> Prepared:
    """Check and tokenise; arguments as for ``run_attention``, but ``source`` is needed.

    Raises:
        InterpError: for heads, options or data that do not fit.
    """
    chosen: AttentionOptions = checked_preset("attention", preset, **options)
    chosen = within_positions(chosen, model, asked="seq_len" in options, what="samples of at most")
    choice = _choice(model, heads, heads_from, source, n_heads, languages)
    if limit is not None:
        corpus = corpus.sample(limit, seed)
    samples = tokenize_samples(
        corpus, model.tokenizer, languages=languages, n_samples=chosen.n_samples,
        seq_len=chosen.seq_len, bos=chosen.bos, seed=seed,
    )  # fmt: skip
    _check_size(choice.heads, samples)
    plan = plan_batches(
        [len(sequence.ids) for sequence in samples.sequences], batch_size, model.device.type,
        tokens_per_batch=TOKENS_PER_BATCH.get(model.device.type, TOKENS_PER_BATCH["cpu"]),
    )  # fmt: skip
    return Prepared(chosen, corpus, choice, samples, plan)


def _choice(
    model: HookedModel,
    heads: Sequence[Head] | None,
    heads_from: str | None,
    source: Study | None,
    at_most: int,
    languages: Sequence[str] | None,
) -> HeadChoice:
    which_heads(heads, heads_from)
    shape = (model.shape.n_layers, model.shape.n_heads)
    if heads_from is not None:
        assert source is not None
        return read_choice(
            source, heads_from, languages=languages, at_most=at_most, shape=shape, model=model.name
        )
    named = check_heads(heads or (), *shape, model.name)
    return HeadChoice({head: NAMED for head in named})


def pattern_bytes(heads: Sequence[Head], samples: TokenizedCorpus) -> int:
    """Bytes of all patterns in fp16."""
    return 2 * len(heads) * sum(len(sequence.ids) ** 2 for sequence in samples.sequences)


def _check_size(heads: Sequence[Head], samples: TokenizedCorpus) -> None:
    size = pattern_bytes(heads, samples)
    if size > MOST_BYTES:
        raise InterpError(
            f"the patterns of {len(heads)} heads on {len(samples.sequences)} samples of up to "
            f"{samples.seq_len} tokens take {size / 1e9:.1f} GB: expected at most "
            f"{MOST_BYTES / 1e9:.1f} GB; ask for fewer heads, languages or samples, or a smaller "
            "seq_len"
        )
