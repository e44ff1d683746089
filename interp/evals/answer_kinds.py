"""Splits answers by what the relation asks for: a proper noun or a common noun; pure."""

from __future__ import annotations

import pandas as pd

from interp.data.relations import ANSWER_KINDS

UNKNOWN = "unknown"


def answer_kinds(relations: pd.Series[str]) -> pd.Series[str]:
    """Say what kind of answer each relation has.

    Args:
        relations: names of relations; a relation may be absent.

    Returns:
        ``proper noun`` or ``common noun`` by the table `interp.data.relations.ANSWER_KINDS`, and
        ``unknown`` for a relation that is not in it: a group of its own, so that none is lost.
    """
    return relations.map(ANSWER_KINDS).fillna(UNKNOWN)
