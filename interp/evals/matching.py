"""When a generated answer counts as the answer: the release's rules, character for character; pure.

Both rules compare normalised texts. The punctuation that counts as space is the release's own
list: Arabic comma and question mark, hyphens and middle dots are not in it. It stays as it is, so
that `correct` of the published generations is re-derived without a mismatch.
"""

from __future__ import annotations

import re
import unicodedata

from interp.errors import unknown

LINE_RULES = ("first_non_empty", "first")
MATCH_RULES = ("lenient", "strict")

_SPACE = re.compile(r"""[\s.,!?:;"'()\[\]{}«»“”‘’、。，．！？；：]+""")


def normalise(text: str) -> str:
    """Remove what does not count: composition, case, punctuation, white space.

    Args:
        text: any text.

    Returns:
        NFC, lower case, every run of punctuation and white space one space, none at the ends.
    """
    return _SPACE.sub(" ", unicodedata.normalize("NFC", text).lower()).strip()


def strict(prediction: str, target: str) -> bool:
    """Say whether an answer is the target: equal after normalisation, and not empty."""
    wanted = normalise(target)
    return bool(wanted) and normalise(prediction) == wanted


def lenient(prediction: str, target: str) -> bool:
    """Say whether an answer gives the target, by the rule of the published numbers.

    Args:
        prediction: the answer's line.
        target: the answer that is looked for.

    Returns:
        Whether, after normalisation, the two are equal, the target is one of the prediction's
        words, or the prediction starts with it (so `римская` gives `рим`, and `iran` gives `ira`).
        Nothing gives an empty target.
    """
    return gives(normalise(prediction), normalise(target))


def gives(prediction: str, target: str) -> bool:
    """Apply the rule of `lenient` to two texts that are normalised already."""
    return bool(target) and (prediction.startswith(target) or target in prediction.split())


def matches(prediction: str, target: str, rule: str) -> bool:
    """Apply one of ``MATCH_RULES``.

    Raises:
        InterpError: an unknown rule.
    """
    if rule not in MATCH_RULES:
        raise unknown("match rule", rule, MATCH_RULES)
    return lenient(prediction, target) if rule == "lenient" else strict(prediction, target)


def answer_line(text: str, rule: str) -> str:
    """Take the line of a generation that is scored.

    Args:
        text: the generated text. Only a line feed ends a line.
        rule: ``first_non_empty`` (the first line that is not white space) or ``first`` (the first,
            even if empty: the release, which so scores an answer behind a line feed as silence).

    Returns:
        The line without white space around it; empty where there is none.

    Raises:
        InterpError: an unknown rule.
    """
    if rule not in LINE_RULES:
        raise unknown("line rule", rule, LINE_RULES)
    lines = [line.strip() for line in text.split("\n")]
    if rule == "first":
        return lines[0]
    return next((line for line in lines if line), "")
