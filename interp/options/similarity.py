"""Options of the similarity of languages in the residual stream."""

from __future__ import annotations

from dataclasses import dataclass

from interp.options.base import Options, check_choice, check_positive


@dataclass(frozen=True)
class SimilarityOptions(Options):
    """Options of the similarity of languages in the residual stream.

    Attributes:
        centre: ``none``, or ``language``: subtract a language's mean over units first, which
            takes away what all its texts share.
        seq_len: most tokens of a unit that are read.
        n_blocks: most blocks that the units are cut into.
        bos: BOS policy, ``auto`` (what the tokenizer does), ``always`` or ``never``; the token
            itself is never pooled.
    """

    centre: str = "none"
    seq_len: int = 512
    n_blocks: int = 64
    bos: str = "auto"

    analysis = "similarity"

    def __post_init__(self) -> None:
        """Refuse values outside the closed lists and ranges."""
        check_choice(self, "centre", ("none", "language"))
        check_choice(self, "bos", ("auto", "always", "never"))
        for name in ("seq_len", "n_blocks"):
            check_positive(self, name)
