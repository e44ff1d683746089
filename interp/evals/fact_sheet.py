"""A fact set as arrays of facts by languages, and the choice of a part of it; pure of the model.

For readers that hold many facts of several checkpoints beside each other: everything has the same two
axes, so that a choice of facts is one mask.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from interp.data.fact_groups import ENGLISH_ONLY, STATED
from interp.data.languages import in_table_order
from interp.data.search_words import search_words
from interp.errors import unknown
from interp.study import Study

Bools = NDArray[np.bool_]
Texts = NDArray[np.object_]

ANY = "any"
STATEDNESS = (ANY, STATED, ENGLISH_ONLY)

_COLUMNS = (
    "data_hash", "fact_id", "relation", "split", "lang", "subject", "question", "options",
    "answer_index", "answer", "stated", "prompt",
)  # fmt: skip


@dataclass(frozen=True, eq=False)
class FactSheet:
    """What was asked.

    Attributes:
        fact_ids: the facts, in the order of their set.
        languages: codes in table order.
        relation: ``[fact]``.
        split: ``[fact]``; empty where the set says none.
        there: whether the fact exists in the language ``[fact, language]``.
        stated: 1, 0 or not a number where nobody knows ``[fact, language]``.
        subject: ``[fact, language]``, None where absent, as are all texts.
        question: the question, or the cloze prompt where there is no question.
        answer: the true answer.
        answer_index: its place among the options, -1 where there are none.
        options: tuples of options, empty for generated answers.
    """

    fact_ids: tuple[str, ...]
    languages: tuple[str, ...]
    relation: Texts
    split: Texts
    there: Bools
    stated: NDArray[np.float64]
    subject: Texts
    question: Texts
    answer: Texts
    answer_index: NDArray[np.int64]
    options: Texts

    @property
    def unparallel(self) -> Bools:
        """Whether a fact is absent in some language ``[fact]``."""
        return np.asarray(~self.there.all(axis=1))

    def at(self, fact_id: str) -> int:
        """Return the place of a fact.

        Raises:
            InterpError: no such fact.
        """
        if fact_id not in self.fact_ids:
            raise unknown("fact", fact_id, self.fact_ids[:8])
        return self.fact_ids.index(fact_id)


@dataclass(frozen=True)
class Part:
    """A part of a fact set; empty means all.

    Attributes:
        relations: what is asked.
        splits: train, validation or test.
        stated: one of ``STATEDNESS``: what the language's own training text says; facts of which
            nobody knows are in ``any`` only.
    """

    relations: tuple[str, ...] = ()
    splits: tuple[str, ...] = ()
    stated: str = ANY

    @property
    def whole(self) -> bool:
        """Whether it leaves nothing out."""
        return not self.relations and not self.splits and self.stated == ANY

    def __str__(self) -> str:
        """Say it in a few words, for titles."""
        parts = (*self.relations, *self.splits, *([] if self.stated == ANY else [self.stated]))
        return ", ".join(parts) or "all facts"


def read_sheet(study: Study, data_hash: str, run_ids: Sequence[str] = ()) -> FactSheet:
    """Read a fact set.

    Args:
        study: the study.
        data_hash: of the set.
        run_ids: runs whose predictions name relation and true answer, for a set that the study does
            not hold.

    Returns:
        The facts; without any where neither the study nor the runs know one.
    """
    facts = study.table("facts", columns=list(_COLUMNS))
    facts = facts[facts["data_hash"] == data_hash]
    if facts.empty:
        facts = _from_predictions(study, run_ids)
    fact_ids = tuple(facts["fact_id"].drop_duplicates())
    languages = in_table_order(facts["lang"].unique())
    rows = pd.Index(fact_ids).get_indexer(pd.Index(facts["fact_id"]))
    columns = pd.Index(languages).get_indexer(pd.Index(facts["lang"]))
    shape = len(fact_ids), len(languages)

    def grid(values: Any, empty: Any = None, kind: type = object) -> NDArray[Any]:
        made: NDArray[Any] = np.full(shape, empty, dtype=kind)
        made[rows, columns] = values
        return made

    def texts(values: pd.Series[Any]) -> Texts:
        return grid(values.astype(object).where(values.notna(), None).to_numpy(object))

    first = facts.drop_duplicates("fact_id")
    options = np.empty(len(facts), object)
    options[:] = [tuple(one) if one is not None else () for one in facts["options"]]
    stated = facts["stated"].astype("boolean").astype("Float64").to_numpy(float, na_value=np.nan)
    return FactSheet(
        fact_ids=fact_ids,
        languages=tuple(languages),
        relation=first["relation"].fillna("").to_numpy(object),
        split=first["split"].fillna("").to_numpy(object),
        there=grid(True, False, bool),
        stated=grid(stated, np.nan, float),
        subject=texts(facts["subject"]),
        question=texts(facts["question"].where(facts["question"] != "", facts["prompt"])),
        answer=texts(facts["answer"]),
        answer_index=grid(facts["answer_index"].fillna(-1).to_numpy(int), -1, int),
        options=grid(options),
    )


def member(sheet: FactSheet, part: Part, languages: Sequence[str]) -> Bools:
    """Say which cells belong to a part.

    Args:
        sheet: the facts.
        part: which of them.
        languages: columns of the answer, in order; one that the set lacks holds nothing.

    Returns:
        ``[fact, language]``.
    """
    keep = np.ones(len(sheet.fact_ids), bool)
    if part.relations:
        keep &= np.isin(sheet.relation.astype(str), part.relations)
    if part.splits:
        keep &= np.isin(sheet.split.astype(str), part.splits)
    cells = sheet.there & keep[:, None]
    if part.stated != ANY:
        cells &= sheet.stated == float(part.stated == STATED)
    made = np.zeros((len(keep), len(languages)), bool)
    for place, lang in enumerate(languages):
        if lang in sheet.languages:
            made[:, place] = cells[:, sheet.languages.index(lang)]
    return made


def search(sheet: FactSheet, text: str) -> Bools:
    """Find words in the facts.

    Args:
        sheet: the facts.
        text: every word (``interp.data.search_words``) has to occur in the fact's id, subject, question
            or answer, in any language, whatever the case.

    Returns:
        ``[fact]``; all of them for an empty text.
    """
    wanted = search_words(text)
    if not wanted:
        return np.ones(len(sheet.fact_ids), bool)
    keep = np.zeros(len(sheet.fact_ids), bool)
    for at, fact_id in enumerate(sheet.fact_ids):
        texts = (*sheet.subject[at], *sheet.question[at], *sheet.answer[at])
        said = "\n".join([fact_id, *(one for one in texts if one)]).casefold()
        keep[at] = all(word in said for word in wanted)
    return keep


def _from_predictions(study: Study, run_ids: Sequence[str]) -> pd.DataFrame:
    """Make rows of ``facts`` from what predictions say of their questions."""
    frames = [
        study.table("predictions", run_id=run_id, columns=["fact_id", "lang", "relation", "target"])
        for run_id in run_ids
    ]
    rows = pd.concat(frames) if frames else pd.DataFrame(columns=["fact_id", "lang"])
    rows = rows.drop_duplicates(["fact_id", "lang"])
    known = {"relation": "relation", "answer": "target"}
    return pd.DataFrame(
        {
            name: rows[name] if name in ("fact_id", "lang") else rows.get(known.get(name, ""), None)
            for name in _COLUMNS
        },
        dtype=object,
    )
