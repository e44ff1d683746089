"""The options of every analysis: one frozen dataclass each, refusing values it does not know."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import asdict, dataclass, fields
from typing import Any, Self

from interp.errors import InterpError, unknown


def _check_choice(options: Any, name: str, choices: Iterable[str]) -> None:
    value = getattr(options, name)
    if value not in tuple(choices):
        raise unknown(f"{options.analysis} option {name}", value, choices)


def _check_fraction(options: Any, name: str, *, none_allowed: bool = False) -> None:
    value = getattr(options, name)
    if value is None and none_allowed:
        return
    if isinstance(value, bool) or not isinstance(value, int | float) or not 0 < value < 1:
        raise InterpError(
            f"{options.analysis} option {name} is {value!r}: expected a number between 0 and 1"
            + (" or none" if none_allowed else "")
        )


def _check_positive(options: Any, name: str, *, zero: bool = False) -> None:
    value = getattr(options, name)
    lowest = 0 if zero else 1
    if isinstance(value, bool) or not isinstance(value, int) or value < lowest:
        raise InterpError(
            f"{options.analysis} option {name} is {value!r}: expected a whole number >= {lowest}"
        )


class _Options:
    """What the option dataclasses share."""

    analysis = ""

    def to_dict(self) -> dict[str, Any]:
        """Return the options as a JSON-able dict, for ``RunSpec.arguments``."""
        return asdict(self)  # type: ignore[call-overload, no-any-return]

    @classmethod
    def of_run(cls, arguments: Mapping[str, Any]) -> Self:
        """Read the options back from a run's arguments, which hold more than them."""
        names = {field.name for field in fields(cls)}  # type: ignore[arg-type]
        return cls(**{name: value for name, value in arguments.items() if name in names})


@dataclass(frozen=True)
class LapeOptions(_Options):
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
        _check_choice(self, "activation", ("gate", "gate_times_up", "up"))
        _check_choice(self, "rounding", ("round", "floor"))
        _check_choice(self, "assignment", ("argmax", "threshold"))
        _check_choice(self, "layout", ("blocks", "flat"))
        _check_choice(self, "bos", ("auto", "always", "never"))
        _check_fraction(self, "filter_quantile", none_allowed=True)
        _check_fraction(self, "top_fraction")
        for name in ("seq_len", "n_blocks"):
            _check_positive(self, name)
        _check_positive(self, "min_activations", zero=True)
        if self.eps is not None and not self.eps > 0:
            raise InterpError(f"lape option eps is {self.eps!r}: expected none or a number > 0")
        if isinstance(self.budget, str):
            _check_choice(self, "budget", ("min", "all"))
        else:
            _check_positive(self, "budget")
        if self.assignment == "threshold" and self.filter_quantile is None:
            raise InterpError(
                "lape option assignment is 'threshold' and filter_quantile is none: threshold "
                "assigns by the filter's cut, so give a filter_quantile such as 0.95"
            )


@dataclass(frozen=True)
class LahisOptions(_Options):
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
        _check_choice(self, "mask_update", ("frozen", "adamw"))
        _check_choice(self, "mask_dtype", ("float32", "bfloat16"))
        _check_choice(self, "accumulate_dtype", ("float32", "bfloat16"))
        _check_choice(self, "top_rule", ("topk_round", "topk_int", "quantile"))
        _check_choice(self, "bos", ("auto", "always", "never"))
        _check_fraction(self, "top_fraction")
        _check_fraction(self, "quantile")
        for name in ("n_samples", "seq_len"):
            _check_positive(self, name)
        if isinstance(self.general_min, str):
            _check_choice(self, "general_min", ("K-1",))
        else:
            _check_positive(self, "general_min")
        if not self.lr > 0:
            raise InterpError(f"lahis option lr is {self.lr!r}: expected a number > 0")


@dataclass(frozen=True)
class LensOptions(_Options):
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
        _check_choice(self, "points", ("resid_post", "+mid"))
        _check_choice(self, "final_norm", ("once", "release_double"))
        _check_choice(self, "token_rule", ("first", "last", "prefix_set"))
        _check_choice(self, "ties", ("best", "mean"))
        _check_choice(self, "bos", ("auto", "always", "never"))


@dataclass(frozen=True)
class EvalOptions(_Options):
    """Options of the evaluations.

    Attributes:
        normalisation: an option's log-probability is divided by its ``byte``, ``token`` or
            ``character`` count, or by nothing (``sum``).
        klar_template: ``cut`` at ``<mask>``, or ``release``, which keeps what follows it.
        klar_demos: demonstrations drawn by a seed ``hashed`` from the fact, or from one
            ``global_rng``, so that they depend on the language list.
        klar_line: ``first_non_empty`` line of the generation, or the ``first``, even if empty.
        n_demos: demonstrations in a KLAR prompt.
        max_new_tokens: generated tokens at most.
        sft_target: what a supervised checkpoint was trained to print, ``text`` or ``letter``.
    """

    normalisation: str = "byte"
    klar_template: str = "cut"
    klar_demos: str = "hashed"
    klar_line: str = "first_non_empty"
    n_demos: int = 3
    max_new_tokens: int = 10
    sft_target: str = "text"

    analysis = "eval"

    def __post_init__(self) -> None:
        """Refuse values outside the closed lists and ranges."""
        _check_choice(self, "normalisation", ("byte", "token", "character", "sum"))
        _check_choice(self, "klar_template", ("cut", "release"))
        _check_choice(self, "klar_demos", ("hashed", "global_rng"))
        _check_choice(self, "klar_line", ("first_non_empty", "first"))
        _check_choice(self, "sft_target", ("text", "letter"))
        _check_positive(self, "n_demos", zero=True)
        _check_positive(self, "max_new_tokens")
