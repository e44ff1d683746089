"""Options of LAPE."""

from __future__ import annotations

from dataclasses import dataclass

from interp.errors import InterpError
from interp.options.base import (
    Options,
    check_above_zero,
    check_choice,
    check_fraction,
    check_positive,
)


@dataclass(frozen=True)
class LapeOptions(Options):
    """Options of LAPE (language activation probability entropy).

    Attributes:
        activation: what must be positive: ``gate`` (equivalently silu(gate); the pre-activation
            where the MLP is not gated), ``gate_times_up`` (input of the down projection), ``up``.
        eps: ``None`` for the exact entropy (0 ln 0 = 0); a number is added as the release does.
        filter_quantile: keep a neuron only if some language's probability exceeds this quantile
            of all probabilities; ``None`` switches the filter off.
        top_fraction: share of all neurons selected.
        rounding: how ``top_fraction`` times the number of neurons becomes a whole number.
        assignment: ``argmax`` gives a neuron one language, ``threshold`` every language whose
            probability exceeds the filter's cut.
        budget: tokens per language: ``min`` (equal, block by block), ``all``, or a number.
        layout: ``blocks`` of whole aligned units, or one ``flat`` stream per language whose
            tail is dropped.
        seq_len: tokens in a sequence.
        n_blocks: most blocks that the corpus is cut into.
        bos: BOS policy, ``auto`` (what the tokenizer does), ``always`` or ``never``.
        min_activations: selections with fewer activations in total are reported.
    """

    activation: str = "gate"
    eps: float | None = None
    filter_quantile: float | None = 0.95
    top_fraction: float = 0.01
    rounding: str = "round"
    assignment: str = "argmax"
    budget: str | int = "min"
    layout: str = "blocks"
    seq_len: int = 1024
    n_blocks: int = 64
    bos: str = "auto"
    min_activations: int = 50

    analysis = "lape"

    def __post_init__(self) -> None:
        """Refuse values outside the closed lists and ranges."""
        check_choice(self, "activation", ("gate", "gate_times_up", "up"))
        check_choice(self, "rounding", ("round", "floor"))
        check_choice(self, "assignment", ("argmax", "threshold"))
        check_choice(self, "layout", ("blocks", "flat"))
        check_choice(self, "bos", ("auto", "always", "never"))
        check_fraction(self, "filter_quantile", none_allowed=True)
        check_fraction(self, "top_fraction")
        for name in ("seq_len", "n_blocks"):
            check_positive(self, name)
        check_positive(self, "min_activations", zero=True)
        check_above_zero(self, "eps", none_allowed=True)
        if isinstance(self.budget, str):
            check_choice(self, "budget", ("min", "all"))
        else:
            check_positive(self, "budget")
        if self.assignment == "threshold" and self.filter_quantile is None:
            raise InterpError(
                "lape option assignment is 'threshold' and filter_quantile is none: threshold "
                "assigns by the filter's cut, so give a filter_quantile such as 0.95"
            )
