"""Options of LAHIS."""

from __future__ import annotations

from dataclasses import dataclass

from interp.options.base import (
    Options,
    check_above_zero,
    check_choice,
    check_fraction,
    check_positive,
)


@dataclass(frozen=True)
class LahisOptions(Options):
    """Options of LAHIS (language-specific attention heads by a first-order head mask).

    Attributes:
        mask_update: ``frozen`` keeps the mask at 1 (a true first-order expansion); ``adamw``
            updates it after every sample, as the sources do.
        mask_dtype: type of the mask; in ``bfloat16`` its steps near 1 are unequal.
        accumulate_dtype: type of the sums over samples.
        n_samples: samples (units) per language, the same for every language.
        seq_len: most tokens of a sample.
        top_fraction: share of all heads called top.
        top_rule: ``topk_round`` and ``topk_int`` take that many best heads; ``quantile`` takes
            scores strictly above the quantile.
        quantile: the quantile of ``top_rule="quantile"``.
        general_min: a head is general if it is top in at least this many languages: ``K-1``
            (all but one) or a number.
        lr: learning rate of ``adamw``.
        bos: BOS policy, ``auto`` (what the tokenizer does), ``always`` or ``never``.
    """

    mask_update: str = "frozen"
    mask_dtype: str = "float32"
    accumulate_dtype: str = "float32"
    n_samples: int = 1000
    seq_len: int = 512
    top_fraction: float = 0.02
    top_rule: str = "topk_round"
    quantile: float = 0.96
    general_min: str | int = "K-1"
    lr: float = 1e-2
    bos: str = "auto"

    analysis = "lahis"

    def __post_init__(self) -> None:
        """Refuse values outside the closed lists and ranges."""
        check_choice(self, "mask_update", ("frozen", "adamw"))
        check_choice(self, "mask_dtype", ("float32", "bfloat16"))
        check_choice(self, "accumulate_dtype", ("float32", "bfloat16"))
        check_choice(self, "top_rule", ("topk_round", "topk_int", "quantile"))
        check_choice(self, "bos", ("auto", "always", "never"))
        check_fraction(self, "top_fraction")
        check_fraction(self, "quantile")
        for name in ("n_samples", "seq_len"):
            check_positive(self, name)
        if isinstance(self.general_min, str):
            check_choice(self, "general_min", ("K-1",))
        else:
            check_positive(self, "general_min")
        check_above_zero(self, "lr")
