"""The reward of arXiv 2606.06586, Eq 1-2: what a completion is, what it is worth, what it teaches.

Three steps, each pure. `judge` reads one completion; `fact_rewards` turns the judgements of a
fact's rollouts into rewards (Eq 1: the sum over languages and a bonus if all are right);
`advantages` compares the rollouts of the fact with each other.
"""

from __future__ import annotations

import math
import re
import unicodedata
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from types import MappingProxyType

import numpy as np

from interp.errors import InterpError, unknown

KINDS = ("correct", "wrong", "unparseable", "empty")
POOLINGS = ("group", "per_lang")
BONUS_SHAPES = ("all_or_nothing", "power", "ladder")
MATCHES = ("exact", "containment")
BONUS_POWER = 4
# Share of languages that are right (numerator, denominator) to share of the bonus. With 12
# languages and a bonus of 5 these are the release's rungs, 9:1, 10:2, 11:3, 12:5.
BONUS_LADDER = ((1, 1, 1.0), (11, 12, 0.6), (5, 6, 0.4), (3, 4, 0.2))
# Typewriter and typographic quotes are one character to a reader, and tokenizers mix them.
_QUOTES = str.maketrans("‘’ʼ`´“”", "'''''\"\"")
_LABELLED = re.compile(r"([a-z])\s*[.):\]-]\s*(.+)")


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


@dataclass(frozen=True)
class Verdict:
    """What one completion is.

    Attributes:
        kind: one of ``KINDS``.
        option: place of the option that it gives; None where it gives none.
        padded: whether it gives an option and says something else too, before or behind it.
    """

    kind: str
    option: int | None = None
    padded: bool = False


def judge(text: str, options: Sequence[str], answer_index: int, rules: RewardRules) -> Verdict:
    """Read one completion.

    The answer is the first line that has content; a model that goes on with the next
    ``Question:`` has still answered, but is ``padded``. Texts are compared without regard to
    case, white space, Unicode composition, invisible characters (joiners, marks of direction),
    the form of quotes, and punctuation around them; a hyphen before a digit is a sign and
    counts. Nothing but such characters is ``empty``, so that a lone full stop is no way out.

    ``exact``: the line is one of the options. It knows the options of its own language only, so
    the right answer in another language gets no credit, unless both write it alike.

    ``containment``: the line may also have an option inside it, or be a part of one option of at
    least two letters. Of options inside each other the longest counts; a line with two that are
    not, or which is part of several, is unparseable. Plain containment, as in the release, so
    ``Nigeria`` contains ``Niger``; but no number is found inside a longer one, and a
    one-letter option has to stand alone.

    Args:
        text: the decoded completion, without special tokens.
        options: the options in the completion's language, in the order in which the prompt lists
            them (which is what a letter refers to; see `training.prompts.reordered`).
        answer_index: place of the true one.
        rules: ``match`` and ``letters`` are used.

    Returns:
        The verdict.

    Raises:
        InterpError: ``answer_index`` is no place of an option, or an option is blank.
    """
    if not 0 <= answer_index < len(options):
        raise InterpError(f"answer_index {answer_index}: expected 0 to {len(options) - 1}")
    folded = [_fold(option) for option in options]
    for option, plain in zip(options, folded, strict=True):
        if not plain:
            raise InterpError(f"option {option!r} of {list(options)} is blank: expected some text")
    # An option may itself be nothing but punctuation: then so may the answer.
    lines = [line for line in map(_fold, text.splitlines()) if _core(line) or line in folded]
    if not lines:
        return Verdict("empty")
    place, whole = _option_in(lines[0], folded, rules)
    if place is None:
        return Verdict("unparseable")
    kind = "correct" if place == answer_index else "wrong"
    return Verdict(kind, place, not whole or len(lines) > 1)


def score(verdict: Verdict, rules: RewardRules) -> float:
    """Give the reward of one completion by itself (Eq 2).

    Args:
        verdict: what it is.
        rules: what that is worth.

    Returns:
        The reward.

    Raises:
        InterpError: a verdict of an unknown kind.
    """
    if verdict.kind not in KINDS:
        raise unknown("kind of completion", verdict.kind, KINDS)
    worth = float(getattr(rules, verdict.kind))
    return worth - rules.brevity_penalty if verdict.kind == "correct" and verdict.padded else worth


def consistency_bonus(n_correct: int, n_languages: int, rules: RewardRules) -> float:
    """Give what a rollout gets for being right in many languages at once.

    Args:
        n_correct: languages that are right.
        n_languages: all languages, at least 1.
        rules: ``bonus`` and ``bonus_shape``.

    Returns:
        ``bonus`` if all are right, 0 if none is; between, what the shape says.

    Raises:
        ValueError: counts that cannot be.
    """
    if not 0 <= n_correct <= n_languages or n_languages < 1:
        raise ValueError(f"{n_correct} correct of {n_languages} languages")
    if rules.bonus_shape == "power":
        return rules.bonus * (n_correct / n_languages) ** BONUS_POWER
    rungs = BONUS_LADDER if rules.bonus_shape == "ladder" else BONUS_LADDER[:1]
    for part, whole, share in rungs:
        if n_correct * whole >= part * n_languages:
            return rules.bonus * share
    return 0.0


def fact_rewards(verdicts: Sequence[Sequence[Verdict]], rules: RewardRules) -> np.ndarray:
    """Turn the completions of one fact into rewards (Eq 1).

    Args:
        verdicts: ``[rollout][language]``, the same languages in each rollout.
        rules: what they are worth, and ``pooling``.

    Returns:
        float64: ``[rollout]`` for ``group``, each the sum over its languages and the bonus;
        ``[rollout, language]`` for ``per_lang``, each a completion's own reward.

    Raises:
        InterpError: a verdict of an unknown kind.
        ValueError: no rollout, no language, or rollouts of different length.
    """
    if len({len(row) for row in verdicts}) != 1 or not verdicts[0]:
        raise ValueError(f"rollouts of {[len(row) for row in verdicts]} languages")
    own = [[score(one, rules) for one in row] for row in verdicts]
    if rules.pooling == "per_lang":
        return np.array(own, np.float64)
    right = [sum(one.kind == "correct" for one in row) for row in verdicts]
    bonus = [consistency_bonus(count, len(own[0]), rules) for count in right]
    # fsum: rollouts with the same scores in different languages must tie to the last bit, or
    # their rounding would pass for a difference.
    return np.array([math.fsum([*row, more]) for row, more in zip(own, bonus, strict=True)])


def advantages(rewards: np.ndarray, eps: float = 1e-6) -> np.ndarray:
    """Compare the rollouts of one fact: z-scores with the population's standard deviation.

    ``(R - mean) / (sd + eps)`` over rollouts, as the paper's code has it; TRL divides by the
    sample's standard deviation instead.

    Args:
        rewards: ``[rollout]`` or ``[rollout, language]``, finite.
        eps: added to the standard deviation.

    Returns:
        float64 of the same shape. Exactly 0 where all rollouts are equal: the mean of equal
        numbers need not equal them, and dividing that rest by ``eps`` would be a gradient.

    Raises:
        ValueError: another shape, nothing, or a number that is not finite.
    """
    given = np.asarray(rewards, np.float64)
    if given.ndim not in (1, 2) or not given.size or not np.isfinite(given).all():
        raise ValueError(f"rewards of shape {given.shape}: expected finite [rollout(, language)]")
    scaled = (given - given.mean(0)) / (given.std(0) + eps)
    return np.where(np.ptp(given, 0) == 0, 0.0, scaled)


def null_rewards(rewards: np.ndarray, rng: np.random.Generator) -> np.ndarray:
    """Give the rewards of one fact to its rollouts at random: the control run.

    The advantages keep their distribution, but say nothing about the completions they fall on.
    A permutation may leave a rollout its own reward: one that never did would prefer the others.
    With one reward per language the whole row moves, so that a rollout's languages stay related
    as they were.

    Args:
        rewards: ``[rollout]`` or ``[rollout, language]``; not changed.
        rng: the only source of chance.

    Returns:
        The same numbers in a random order of rollouts.
    """
    given = np.asarray(rewards)
    return given[rng.permutation(len(given))]


def _fold(text: str) -> str:
    """Remove the differences that do not count: composition, case, white space, invisible."""
    seen = "".join(
        one for one in text if one.isspace() or unicodedata.category(one) not in ("Cf", "Cc")
    )
    # Folding case can undo the composition, e.g. of a capital with a dot.
    folded = unicodedata.normalize("NFC", unicodedata.normalize("NFC", seen).casefold())
    return " ".join(folded.translate(_QUOTES).split())


def _core(text: str) -> str:
    """Remove white space and punctuation of any script around a folded text."""
    start, end = 0, len(text)
    while start < end and _is_edge(text[start]):
        if text[start] == "-" and text[start + 1 : start + 2].isdigit():
            break
        start += 1
    while start < end and _is_edge(text[end - 1]):
        end -= 1
    return text[start:end]


def _is_edge(one: str) -> bool:
    return one.isspace() or unicodedata.category(one).startswith("P")


def _option_in(line: str, options: Sequence[str], rules: RewardRules) -> tuple[int | None, bool]:
    """Find the option a line gives, and whether the line gives nothing else; all are folded."""
    core = _core(line) or line
    cores = [_core(option) or option for option in options]
    same = [place for place, one in enumerate(cores) if one == core]
    if same:
        return _closest(line, options, same), True
    if rules.letters and len(core) == 1 and 0 <= ord(core) - ord("a") < len(options):
        return ord(core) - ord("a"), True
    labelled = _LABELLED.fullmatch(core)
    if labelled and (rules.letters or rules.match == "containment"):
        # An option with the letter it has in the prompt, which is no padding.
        place = ord(labelled[1]) - ord("a")
        if place < len(options) and cores[place] == labelled[2]:
            return place, True
    return _contained(core, cores) if rules.match == "containment" else (None, False)


def _closest(line: str, options: Sequence[str], same: Sequence[int]) -> int | None:
    """Choose among options that differ in the punctuation around them only, as C and C#."""
    literal = [place for place in same if options[place] in line]
    longest = max((len(options[place]) for place in literal), default=0)
    left = [place for place in literal if len(options[place]) == longest] or list(same)
    return left[0] if len(left) == 1 else None


def _contained(core: str, cores: Sequence[str]) -> tuple[int | None, bool]:
    """Find the option inside a text, or the one option that the text is a part of."""
    inside = [place for place, one in enumerate(cores) if _core(one) and _holds(core, one)]
    # One letter is a part of nearly everything: so "a" was once read as an answer. Marks, such
    # as a Bengali vowel sign, are no letters.
    letters = sum(not unicodedata.category(one).startswith("M") for one in core)
    around = [place for place, one in enumerate(cores) if letters > 1 and _holds(one, core)]
    found = [*inside, *around]
    if not found or len(around) > 1:
        return None, False
    best = max(found, key=lambda place: len(cores[place]))
    for place in found:
        if place != best and (cores[place] == cores[best] or cores[place] not in cores[best]):
            return None, False
    return best, best in around


def _holds(whole: str, part: str) -> bool:
    """Say whether a text holds another, numbers and lone letters of cased scripts whole."""
    alone = len(part) == 1 and part.islower()
    before = r"(?<!\w)" if alone else r"(?<!\d)" if part[0].isdigit() else ""
    after = r"(?!\w)" if alone else r"(?!\d)" if part[-1].isdigit() else ""
    return re.search(before + re.escape(part) + after, whole) is not None
