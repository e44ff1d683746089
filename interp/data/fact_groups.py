"""Groups of facts that results are split by: what a language's text states, relation, split."""

from __future__ import annotations

import pandas as pd

from interp.errors import unknown

GROUPINGS = ("all", "stated", "relation", "split", "answer_kind")
STATED, ENGLISH_ONLY = "stated in language", "English only"


def fact_groups(facts: pd.DataFrame, by: str) -> pd.DataFrame:
    """Say which group each fact is in, language by language.

    Args:
        facts: the table ``facts`` of one fact set.
        by: ``all`` (one group); ``stated`` (``stated in language`` or ``English only``: whether
            that language's training text states the fact; rows where it is unknown are left out);
            ``relation``; ``split``; ``answer_kind`` (``proper noun`` or ``common noun``; unknown
            ones left out).

    Returns:
        Columns fact_id, lang, group.

    Raises:
        InterpError: an unknown grouping.
    """
    if by not in GROUPINGS:
        raise unknown("grouping of facts", by, GROUPINGS)
    frame = facts[["fact_id", "lang"]].copy()
    if by == "all":
        frame["group"] = "all"
    elif by == "stated":
        frame["group"] = facts["stated"].map({True: STATED, False: ENGLISH_ONLY})
    elif by == "answer_kind":
        frame["group"] = facts["is_proper_noun"].map({True: "proper noun", False: "common noun"})
    else:
        frame["group"] = facts[by]
    return frame.dropna(subset=["group"]).reset_index(drop=True)
