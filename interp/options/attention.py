"""Options of the stored attention patterns."""

from __future__ import annotations

from dataclasses import dataclass

from interp.options.base import Options, check_choice, check_positive


@dataclass(frozen=True)
class AttentionOptions(Options):
    """Options of the stored attention patterns.

    Attributes:
        n_samples: samples (units) per language, the same for every language and checkpoint.
        seq_len: most tokens of a sample; a pattern holds its square.
        bos: BOS policy, ``auto`` (what the tokenizer does), ``always`` or ``never``.
    """

    n_samples: int = 3
    seq_len: int = 64
    bos: str = "auto"

    analysis = "attention"

    def __post_init__(self) -> None:
        """Refuse values outside the closed lists and ranges."""
        check_choice(self, "bos", ("auto", "always", "never"))
        for name in ("n_samples", "seq_len"):
            check_positive(self, name)
