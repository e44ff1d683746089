"""Finding facts of a fact set by words, relation, split and by what a language's text states."""

from __future__ import annotations

import pandas as pd

from interp.data.fact_groups import fact_groups
from interp.data.search_words import search_words
from interp.study import Study

ANY = "any"


def fact_index(study: Study, data_hash: str) -> pd.DataFrame:
    """Lay a fact set out for searching.

    Args:
        study: the study.
        data_hash: of the fact set.

    Returns:
        One row per fact, in the set's order: columns fact_id, relation, split and ``text``: id, subject,
        question and answer in every language, without distinction of upper and lower case.

    Raises:
        InterpError: if the study does not hold the fact set.
    """
    facts = study.facts(data_hash)
    said = facts["subject"] + "\n" + facts["question"] + "\n" + facts["answer"]
    grouped = said.groupby(facts["fact_id"], sort=False).agg("\n".join)
    first = facts.drop_duplicates("fact_id").set_index("fact_id")[["relation", "split"]]
    text = (first.index.to_series() + "\n" + grouped).str.casefold()
    return first.assign(text=text).reset_index()


def facts_of(study: Study, data_hash: str, lang: str) -> pd.DataFrame:
    """Read a fact set in one language, with what its text states.

    Args:
        study: the study.
        data_hash: of the fact set.
        lang: the language.

    Returns:
        Rows of the table ``facts``, indexed by fact_id, with a column ``group``: a group of
        `interp.data.fact_groups` under ``stated``, empty where that is unknown.

    Raises:
        InterpError: if the study does not hold the fact set.
    """
    facts = study.facts(data_hash)
    facts = facts[facts["lang"] == lang]
    group = fact_groups(facts, "stated").set_index("fact_id")["group"]
    own = facts.set_index("fact_id")
    return own.assign(group=group.reindex(own.index))


def matching(
    index: pd.DataFrame,
    own: pd.DataFrame,
    *,
    words: str = "",
    relation: str = ANY,
    split: str = ANY,
    group: str = ANY,
) -> pd.DataFrame:
    """Keep the facts that fit.

    Args:
        index: of `fact_index`.
        own: of `facts_of`: the language whose text states a fact or not.
        words: every one has to occur in the fact's id, subject, question or answer, in any language;
            within a quotation (``"..."``) as they stand.
        relation: or ``ANY``.
        split: or ``ANY``.
        group: a value of ``own["group"]``, or ``ANY``.

    Returns:
        Rows of ``index`` in its order.
    """
    keep = pd.Series(True, index=index.index)
    for word in search_words(words):
        keep &= index["text"].str.contains(word, regex=False)
    if relation != ANY:
        keep &= index["relation"] == relation
    if split != ANY:
        keep &= index["split"] == split
    if group != ANY:
        keep &= index["fact_id"].isin(own.index[own["group"] == group])
    return index[keep]
