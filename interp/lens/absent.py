"""Why a lens run has no ranks of a fact in a language, and what it left out altogether."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import pandas as pd

DROPPED = {
    "same_text_as_english": "the answer is written as in English",
    "same_token_as_english": "the answer shares a token with the English one",
    "no_distinct_distractor": "no wrong option differs from both",
}
"""A count of the run's note ``items`` to what it means."""


def why_absent(
    facts: pd.DataFrame, fact_id: str, lang: str, languages: Sequence[str], *, kept: bool
) -> str:
    """Say why a run has no ranks of a fact.

    Args:
        facts: the rows of the table ``facts`` of the run's fact set, of ``lang`` and of English.
        fact_id: the fact.
        lang: language of the prompt.
        languages: those that the run asked in.
        kept: whether the run has the fact in some other language.

    Returns:
        One sentence without the run's name.
    """
    own = facts[facts["fact_id"] == fact_id].set_index("lang")["answer"]
    if lang not in languages:
        return f"did not ask in {lang} (only in {', '.join(languages)})"
    if own.empty and not kept:
        return f"ranked no fact {fact_id}: another fact set, or fewer facts"
    if lang not in own.index:
        return f"had no text of the fact in {lang}"
    if "en" in own.index and lang != "en" and own[lang] == own["en"]:
        return f"left the fact out: in {lang} the answer is written as in English ({own[lang]})"
    return (
        f"left the fact out: in {lang} its answers share a token (the target with the English answer, "
        "or every wrong option with one of them), so that their ranks could not be told apart"
    )


def dropped_text(items: Sequence[Mapping[str, Any]], lang: str) -> str | None:
    """Say how many facts a run left out in a language, and why.

    Args:
        items: the run's note ``items``: counts per language.
        lang: the language.

    Returns:
        E.g. ``737 of 1,004 facts: 210 left out because ...``; None where the run says nothing.
    """
    counts = next((row for row in items if row.get("lang") == lang), None)
    if counts is None:
        return None
    why = [
        f"{counts[name]:,} because {words}" for name, words in DROPPED.items() if counts.get(name)
    ]
    text = f"{counts['kept']:,} of {counts['facts']:,} facts"
    if counts["kept"] < counts["facts"] and why:
        text += f"; left out: {', '.join(why)}"
    return text
