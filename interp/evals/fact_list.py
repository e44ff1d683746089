"""Facts one by one: where each checkpoint is right, what was gained and lost; pure."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from interp.errors import InterpError
from interp.evals.answer_sheet import AnswerSheet, option_shares
from interp.evals.fact_sheet import FactSheet

Floats = NDArray[np.float64]
Bools = NDArray[np.bool_]

FLIPS = ("all", "gained", "lost", "changed")


def fact_list(
    facts: FactSheet,
    correct: Mapping[str, Floats],
    languages: Sequence[str],
    *,
    base: str,
    other: str | None,
) -> pd.DataFrame:
    """List facts.

    Args:
        facts: the fact set.
        correct: label to 1, 0 or not a number ``[fact, language]``.
        languages: of the second axis.
        base: label that flips are counted from.
        other: label that they are counted to; None for none.

    Returns:
        One row per fact in the set's order: fact_id, relation, split, question and answer (of
        English, or of the first language that has the fact), ``<label> right`` (languages), and where
        there is an other, ``gained`` and ``lost`` (languages), and ``missing`` (codes of the chosen
        languages that lack the fact; empty for a parallel one).
    """
    order = [facts.languages.index(one) for one in sorted(facts.languages, key=lambda c: c != "en")]
    first = np.array(order, int)[facts.there[:, order].argmax(axis=1)] if order else order
    rows = np.arange(len(facts.fact_ids))
    table = pd.DataFrame(
        {
            "fact_id": list(facts.fact_ids),
            "relation": facts.relation,
            "split": facts.split,
            "question": facts.question[rows, first],
            "answer": facts.answer[rows, first],
        }
    )
    for label, cells in correct.items():
        table[f"{label} right"] = (cells == 1).sum(1)
    if other is not None and base in correct and other in correct:
        table["gained"] = (correct[other] > correct[base]).sum(1)
        table["lost"] = (correct[other] < correct[base]).sum(1)
    known = [facts.languages.index(code) for code in languages if code in facts.languages]
    codes = np.array([facts.languages[at] for at in known], object)
    table["missing"] = [" ".join(codes[~there]) for there in facts.there[:, known]]
    return table


def flipped(before: Floats, after: Floats, how: str, place: int | None = None) -> Bools:
    """Say which facts flipped.

    Args:
        before: 1, 0 or not a number ``[fact, language]``.
        after: the same of the other checkpoint.
        how: one of ``FLIPS``.
        place: in this language; None: in any.

    Returns:
        ``[fact]``.

    Raises:
        InterpError: an unknown ``how``.
    """
    found = {
        "all": np.ones(before.shape, bool),
        "gained": after > before,
        "lost": after < before,
        "changed": (after > before) | (after < before),
    }
    if how not in found:
        raise InterpError(f"flips {how!r}: expected one of {', '.join(FLIPS)}")
    cells = found[how]
    return np.asarray(cells.any(1) if place is None else cells[:, place])


def answers_to(
    facts: FactSheet, sheets: Mapping[str, AnswerSheet], fact_id: str, languages: Sequence[str]
) -> pd.DataFrame:
    """Lay the answers to one fact side by side.

    Args:
        facts: the fact set.
        sheets: label to answers.
        fact_id: the fact.
        languages: those to show, in order.

    Returns:
        One row per language: lang, ``there`` (whether the fact exists in it), stated (1, 0 or empty),
        question, answer (the true one), and per label ``<label>`` (the answer given) and
        ``<label> right`` (1, 0 or empty where there is no answer).

    Raises:
        InterpError: no such fact.
    """
    at = facts.at(fact_id)
    rows = []
    for lang in languages:
        place = facts.languages.index(lang) if lang in facts.languages else None
        there = place is not None and bool(facts.there[at, place])
        row: dict[str, object] = {"lang": lang, "there": there}
        row["stated"] = facts.stated[at, place] if there else np.nan
        row["question"] = facts.question[at, place] if there else None
        row["answer"] = facts.answer[at, place] if there else None
        for label, sheet in sheets.items():
            row[label] = sheet.said[at, place] if there else None
            row[f"{label} right"] = sheet.correct[at, place] if there else np.nan
        rows.append(row)
    return pd.DataFrame(rows)


def options_of(
    facts: FactSheet, sheets: Mapping[str, AnswerSheet], fact_id: str, lang: str
) -> pd.DataFrame:
    """Lay the options of one question side by side.

    Args:
        facts: the fact set.
        sheets: label to answers with option scores.
        fact_id: the fact.
        lang: the language.

    Returns:
        One row per option: option, ``true``, and per label the share of probability among the options
        (softmax of the normalised scores); empty where the fact is absent or answers are generated.
    """
    at = facts.at(fact_id)
    if lang not in facts.languages or not facts.there[at, facts.languages.index(lang)]:
        return pd.DataFrame(columns=["option", "true", *sheets])
    place = facts.languages.index(lang)
    options = facts.options[at, place]
    shown = {label: sheet for label, sheet in sheets.items() if sheet.n_options == len(options)}
    return pd.DataFrame(
        {
            "option": list(options),
            "true": [n == facts.answer_index[at, place] for n in range(len(options))],
            **{label: option_shares(sheet, at, place) for label, sheet in shown.items()},
        }
    )


def every_answer(
    facts: FactSheet,
    sheets: Mapping[str, AnswerSheet],
    languages: Sequence[str],
    keep: Bools,
) -> pd.DataFrame:
    """List every answer, for a download.

    Args:
        facts: the fact set.
        sheets: label to answers.
        languages: those to list, all of the set.
        keep: which facts ``[fact]``.

    Returns:
        One row per fact and language that has it: fact_id, relation, split, lang, stated, unparallel,
        question, answer, and per label the answer given and whether it is right.
    """
    places = [facts.languages.index(lang) for lang in languages]
    at, column = np.nonzero(facts.there[:, places] & keep[:, None])
    lang = np.array(places)[column]
    columns: dict[str, object] = {
        "fact_id": np.array(facts.fact_ids, object)[at],
        "relation": facts.relation[at],
        "split": facts.split[at],
        "lang": np.array(facts.languages, object)[lang],
        "stated": facts.stated[at, lang],
        "unparallel": facts.unparallel[at],
        "question": facts.question[at, lang],
        "answer": facts.answer[at, lang],
    }
    for label, sheet in sheets.items():
        columns[label] = sheet.said[at, lang]
        columns[f"{label} right"] = sheet.correct[at, lang]
    return pd.DataFrame(columns)
