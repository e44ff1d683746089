"""What a completion is: the true option, another one, something else, or nothing."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Sequence
from dataclasses import dataclass

from interp.errors import InterpError
from training.reward_rules import RewardRules

# Typewriter and typographic quotes are one character to a reader, and tokenizers mix them.
_QUOTES = str.maketrans("‘’ʼ`´“”", "'''''\"\"")
_LABELLED = re.compile(r"([a-z])\s*[.):\]-]\s*(.+)")


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
