"""How a wrong answer is wrong: an ordered taxonomy, first match wins; pure.

After appendix C of the paper; the order is in docs/evaluation.md. What the English answer and the
language's
own have in common cannot leak: a fact whose two forms coincide (Madrid, in Spanish) is answered in
both languages at once. Such facts are counted apart, and the leak is also given as a share of the
facts in which it could be seen.
"""

from __future__ import annotations

import unicodedata
from collections.abc import Collection, Iterable, Mapping

import pandas as pd

from interp.data.languages import get
from interp.evals.matching import gives, normalise

CORRECT, EMPTY, DIGITS, LEAK = "correct", "empty", "digits", "english_leak"
WRONG_FACT, OTHER_SCRIPT, OTHER = "right_language_wrong_fact", "other_script", "other"
MODES = (CORRECT, EMPTY, DIGITS, LEAK, WRONG_FACT, OTHER_SCRIPT, OTHER)
"""In the order in which they are tried; ``other`` of the source is the last two together."""

Objects = Mapping[tuple[str, str], Collection[str]]
"""(language, relation) to the answers of that relation in that language."""

# First words of the Unicode names of a script's letters, where they are not the script's own name.
_LETTERS = {
    "Han": ("CJK",),
    "Simplified Han": ("CJK",),
    "Traditional Han": ("CJK",),
    "Japanese": ("CJK", "HIRAGANA", "KATAKANA"),
    "Korean": ("HANGUL",),
}


def failure_mode(
    line: str,
    *,
    correct: bool,
    target: str,
    target_en: str | None,
    objects: Collection[str],
    script: str,
) -> str:
    """Name the mode of one answer.

    Args:
        line: the scored line of the generation.
        correct: whether it counts as correct, by whichever rule.
        target: the true answer in the language of the prompt.
        target_en: the true answer in English; None where unknown, so that no leak can be seen.
        objects: answers of this relation in this language, normalised.
        script: of the language, as in `interp.data.languages`.

    Returns:
        One of ``MODES``: ``empty`` (nothing but punctuation), ``digits`` (digits and no letter),
        ``english_leak`` (gives the English answer, which is written otherwise than the target),
        ``right_language_wrong_fact`` (gives another answer of the relation), ``other_script`` (at
        least half of the letters are of another script than the language's) or ``other``.
    """
    if correct:
        return CORRECT
    said = normalise(line)
    if not said:
        return EMPTY
    if any(one.isdigit() for one in said) and not any(one.isalpha() for one in said):
        return DIGITS
    if can_leak(target, target_en) and gives(said, normalise(target_en or "")):
        return LEAK
    true = normalise(target)
    if any(one != true and gives(said, one) for one in objects):
        return WRONG_FACT
    return OTHER_SCRIPT if in_other_script(said, script) else OTHER


def can_leak(target: str, target_en: str | None) -> bool:
    """Say whether the English answer can be told from the target."""
    return target_en is not None and normalise(target) != normalise(target_en)


def in_other_script(text: str, script: str) -> bool:
    """Say whether at least half of a text's letters are of another script.

    Args:
        text: the text.
        script: English name of a script; of an ``unknown`` one nothing is said.

    Returns:
        False for a text without letters.
    """
    if script == "unknown":
        return False
    # A full-width Latin letter is a Latin letter.
    letters = [one for one in unicodedata.normalize("NFKC", text) if one.isalpha()]
    names = _LETTERS.get(script, (script.split()[0].upper(),))
    own = sum(unicodedata.name(one, "").startswith(names) for one in letters)
    return bool(letters) and 2 * own <= len(letters)


def objects_of(answers: Iterable[tuple[str, str, str]]) -> dict[tuple[str, str], frozenset[str]]:
    """Collect the answers of each relation in each language, normalised.

    Args:
        answers: (language, relation, answer).
    """
    found: dict[tuple[str, str], set[str]] = {}
    for lang, relation, answer in answers:
        found.setdefault((lang, relation), set()).add(normalise(answer))
    return {key: frozenset(known - {""}) for key, known in found.items()}


def failure_modes(answers: pd.DataFrame, objects: Objects | None = None) -> pd.Series[str]:
    """Name the mode of every answer.

    Args:
        answers: columns lang, relation, target, target_en (may be empty), line (the scored line)
            and correct.
        objects: answers of each relation in each language, normalised; by default the targets in
            ``answers``, which are few where only some facts were asked.

    Returns:
        One of ``MODES`` per row, with the frame's index.
    """
    if objects is None:
        objects = objects_of(
            zip(answers["lang"], answers["relation"], answers["target"], strict=True)
        )
    scripts = {lang: get(lang).script for lang in answers["lang"].unique()}
    columns = ("line", "correct", "target", "target_en", "lang", "relation")
    modes = [
        failure_mode(
            line,
            correct=bool(correct),
            target=target,
            target_en=None if pd.isna(english) else english,
            objects=objects.get((lang, relation), ()),
            script=scripts[lang],
        )
        for line, correct, target, english, lang, relation in zip(
            *(answers[name] for name in columns), strict=True
        )
    ]
    return pd.Series(modes, answers.index, dtype=object)
