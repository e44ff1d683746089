"""What a LAHIS run needs before it starts: options that fit, and the samples as tokens."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Any

from interp.data.corpus import Corpus
from interp.data.tokens import TokenizedCorpus, tokenize_samples
from interp.errors import InterpError
from interp.model import HookedModel
from interp.options import LahisOptions
from interp.parallel import n_processes
from interp.positions import within_positions
from interp.presets import preset as checked_preset


@dataclass(frozen=True)
class Prepared:
    """A run that could start.

    Attributes:
        options: of the analysis, fitted to the checkpoint.
        samples: one sequence per unit and language.
        batch_size: samples per batch; 1 where the mask is learned.
    """

    options: LahisOptions
    samples: TokenizedCorpus
    batch_size: str | int

    @property
    def frozen(self) -> bool:
        """Whether the mask stays as it is."""
        return self.options.mask_update == "frozen"


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
    """Check and tokenise; arguments as for ``run_lahis``.

    Raises:
        InterpError: for options or data that do not fit.
    """
    chosen = _options(preset, limit, options, model)
    samples = tokenize_samples(
        corpus, model.tokenizer, languages=languages, n_samples=chosen.n_samples,
        seq_len=chosen.seq_len, bos=chosen.bos, seed=seed,
    )  # fmt: skip
    return Prepared(chosen, samples, batch_size if chosen.mask_update == "frozen" else 1)


def _options(
    name: str, limit: int | None, changes: dict[str, Any], model: HookedModel
) -> LahisOptions:
    chosen: LahisOptions = checked_preset("lahis", name, **changes)
    if limit is not None:
        if limit < 1:
            raise InterpError(f"limit {limit} samples: expected at least 1")
        chosen = replace(chosen, n_samples=min(limit, chosen.n_samples))
    if chosen.mask_update == "frozen" and chosen.accumulate_dtype != "float32":
        raise InterpError(
            "lahis option accumulate_dtype is 'bfloat16' and mask_update is 'frozen': a frozen "
            "mask stores every sample's gradient and adds up in double precision; expected adamw"
        )
    if chosen.mask_update == "adamw" and n_processes() > 1:
        raise InterpError(
            "lahis option mask_update is 'adamw' in several processes: each sample's gradient "
            "needs the mask that the one before left; start one process, or use frozen"
        )
    asked = "seq_len" in changes
    return within_positions(chosen, model, asked=asked, what="samples of at most")
