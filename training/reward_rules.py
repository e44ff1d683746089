"""What completions are worth: the rules of Eq 2 and their options, as data with named presets."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass, replace
from types import MappingProxyType
from typing import Any

from interp.errors import InterpError, unknown

KINDS = ("correct", "wrong", "unparseable", "empty")
POOLINGS = ("group", "per_lang")
BONUS_SHAPES = ("all_or_nothing", "power", "ladder")
MATCHES = ("exact", "containment")


@dataclass(frozen=True)
class RewardRules:
    """What completions are worth.

    Attributes:
        correct: for the true option.
        wrong: for another option.
        unparseable: for text that is no option.
        empty: for nothing (see `judge`). Strictly the worst by default: where silence is worth as
            much as an option, it is the cheapest way out, and all rollouts end silent.
        bonus: added to a rollout that is right in every language.
        pooling: ``group`` (Eq 1: one reward for a rollout's completions in all languages) or
            ``per_lang`` (each completion its own reward; the bonus, which is about all languages,
            does not apply, as in the release).
        bonus_shape: how much of the bonus a rollout gets. ``all_or_nothing``: all of it if every
            language is right, else none. ``power``: the share of languages that are right, to
            the 4th power. ``ladder``: 0.2, 0.4, 0.6 and all of it from 3/4, 5/6, 11/12 and all
            languages on (the highest rung counts, rungs do not add up).
        brevity_penalty: taken from a correct completion that says more than its option. Wrong
            and unparseable ones are spared, so that the order of kinds stays. Flat: the release's
            grows with the excess up to this value.
        match: ``exact`` or ``containment``, see `judge`.
        letters: whether a bare option letter counts as its option. So it was when the paper was
            submitted; since 2026-08 the release gives it nothing.
    """

    correct: float = 1.0
    wrong: float = 0.0
    unparseable: float = -0.5
    empty: float = -1.0
    bonus: float = 1.0
    pooling: str = "group"
    bonus_shape: str = "all_or_nothing"
    brevity_penalty: float = 0.0
    match: str = "exact"
    letters: bool = False

    def __post_init__(self) -> None:
        """Refuse what would not rank a correct answer first.

        Raises:
            InterpError: an unknown choice, or a number outside its range.
        """
        for kind, value, known in (
            ("reward pooling", self.pooling, POOLINGS),
            ("bonus shape", self.bonus_shape, BONUS_SHAPES),
            ("answer match", self.match, MATCHES),
        ):
            if value not in known:
                raise unknown(kind, value, known)
        if not isinstance(self.letters, bool):
            raise InterpError(f"letters is {self.letters!r}: expected true or false")
        for name in (*KINDS, "bonus", "brevity_penalty"):
            number = getattr(self, name)
            real = isinstance(number, int | float) and not isinstance(number, bool)
            if not real or not math.isfinite(number):
                raise InterpError(f"{name} is {number!r}: expected a finite number")
        for name in KINDS[1:]:
            if getattr(self, name) >= self.correct:
                raise InterpError(
                    f"{name} is {getattr(self, name)}: expected less than correct ({self.correct})"
                )
        if self.bonus < 0:
            raise InterpError(f"bonus is {self.bonus}: expected a number of at least 0")
        if not 0 <= self.brevity_penalty < min(1.0, self.correct - self.wrong):
            raise InterpError(
                f"brevity_penalty is {self.brevity_penalty}: expected at least 0 and less than "
                f"{min(1.0, self.correct - self.wrong)}, so that a long correct answer still "
                "beats a wrong one"
            )


REWARD_PRESETS: Mapping[str, RewardRules] = MappingProxyType(
    {
        "default": RewardRules(),
        # Eq 2 knows no empty case: nothing matches no option.
        "paper": RewardRules(empty=-0.5),
        # The published code since 2026-08; as of the submission it also had letters=True.
        "release": RewardRules(empty=0.0, match="containment"),
    }
)


def reward_preset(name: str) -> RewardRules:
    """Look up named rules; `dataclasses.replace` changes single ones.

    Args:
        name: a key of ``REWARD_PRESETS``.

    Returns:
        The rules.

    Raises:
        InterpError: unknown name.
    """
    if name not in REWARD_PRESETS:
        raise unknown("reward preset", name, REWARD_PRESETS)
    return REWARD_PRESETS[name]


def reward_rules(preset: str, changes: Mapping[str, Any]) -> RewardRules:
    """Put rules together from a preset and single changes.

    Args:
        preset: a key of ``REWARD_PRESETS``.
        changes: field to value.

    Returns:
        The rules.

    Raises:
        InterpError: an unknown preset or field, or a value that the rules refuse.
    """
    rules = reward_preset(preset)
    known = sorted(vars(rules))
    wrong = sorted(set(changes) - set(known))
    if wrong:
        raise InterpError(
            f"grpo setting reward_changes names {', '.join(wrong)}: expected some of "
            f"{', '.join(known)}"
        )
    return replace(rules, **changes)
