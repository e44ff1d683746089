"""Options of the logit lens."""

from __future__ import annotations

from dataclasses import dataclass

from interp.options.base import Options, check_choice, check_flag


@dataclass(frozen=True)
class LensOptions(Options):
    """Options of the logit lens.

    Attributes:
        points: ``resid_post`` is the embeddings and every block's output; ``+mid`` adds the
            stream between attention and MLP, where the architecture has one.
        final_norm: ``once`` everywhere; ``release_double`` norms the last point twice.
        token_rule: which token stands for an answer: ``first`` (in context), ``last``
            sub-token, or ``prefix_set`` (all prefixes with and without a space).
        trailing_space: whether the prompt ends in a space.
        drop_collisions: drop facts whose answers share their token (the number is reported).
        ties: rank of tied logits, ``best`` or ``mean``.
        bos: BOS policy, ``auto`` (what the tokenizer does), ``always`` or ``never``.
    """

    points: str = "resid_post"
    final_norm: str = "once"
    token_rule: str = "first"
    trailing_space: bool = False
    drop_collisions: bool = True
    ties: str = "best"
    bos: str = "auto"

    analysis = "lens"

    def __post_init__(self) -> None:
        """Refuse values outside the closed lists."""
        for name in ("trailing_space", "drop_collisions"):
            check_flag(self, name)
        check_choice(self, "points", ("resid_post", "+mid"))
        check_choice(self, "final_norm", ("once", "release_double"))
        check_choice(self, "token_rule", ("first", "last", "prefix_set"))
        check_choice(self, "ties", ("best", "mean"))
        check_choice(self, "bos", ("auto", "always", "never"))
