"""Options of the causal check."""

from __future__ import annotations

from dataclasses import dataclass

from interp.options.base import Options, check_choice, check_positive


@dataclass(frozen=True)
class AblationOptions(Options):
    """Options of the causal check: ablate one language's heads or neurons, measure another's loss.

    Attributes:
        sets: a language's ``top`` heads (all its neurons), or the ``specific`` ones: without those
            of (nearly) all languages, see ``LahisOptions.general_min``.
        assignment: neurons belong to every language whose activation probability exceeds the
            filter's cut (``threshold``, as masking needs), or to the one with the highest
            (``argmax``).
        replacement: what stands in for an ablated output: ``zero``, or its ``mean`` over the
            measured text of all languages.
        loss: ``nll``, the token-weighted change in nats, or ``chunk_ppl``, the release's: one
            sequence per unit, and the change of the mean over sequences of exp(mean loss), as a
            logarithm (the release prints its percentage, ``100 * (exp(change) - 1)``).
        units: ``disjoint`` from those the heads or neurons were found on, or ``any``, as in the
            release (where they may be the same).
        n_controls: random sets, and layer-matched random sets, per source language.
        n_fact_controls: how many of each kind are asked the facts too, at most ``n_controls``.
        seq_len: most tokens of a sequence.
        n_blocks: most blocks that the units are cut into; intervals are over blocks.
        bos: BOS policy, ``auto`` (what the tokenizer does), ``always`` or ``never``.
    """

    sets: str = "top"
    assignment: str = "threshold"
    replacement: str = "zero"
    loss: str = "nll"
    units: str = "disjoint"
    n_controls: int = 5
    n_fact_controls: int = 1
    seq_len: int = 512
    n_blocks: int = 64
    bos: str = "auto"

    analysis = "ablation"

    def __post_init__(self) -> None:
        """Refuse values outside the closed lists and ranges."""
        check_choice(self, "sets", ("top", "specific"))
        check_choice(self, "assignment", ("threshold", "argmax"))
        check_choice(self, "replacement", ("zero", "mean"))
        check_choice(self, "loss", ("nll", "chunk_ppl"))
        check_choice(self, "units", ("disjoint", "any"))
        check_choice(self, "bos", ("auto", "always", "never"))
        for name in ("n_controls", "n_fact_controls"):
            check_positive(self, name, zero=True)
        for name in ("seq_len", "n_blocks"):
            check_positive(self, name)
