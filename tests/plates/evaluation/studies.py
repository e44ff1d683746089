"""Studies of answers with planted changes, languages held out, and every kind of benchmark."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pandas as pd

from interp.comparison import compare
from interp.plates import View
from interp.study import RunSpec, Study
from tests.comparison.fact_studies import (
    QUICK,
    klar_rows,
    names,
    random_table,
    scores_of,
    write_facts,
    write_klar,
    write_mcq,
)

LABELS = ("base", "sft", "grpo")
SEEN, UNSEEN = ("en", "es", "fr"), ("ko", "tr")
OPTIONS = ("en", "ar", "bn")
FACTS = 60
MADE_UP = "<b>made up</b>"
RELATIONS = {"capital": range(30), "occupation": range(30, 54), MADE_UP: range(54, 60)}
KLAR_DATA, TASK = "k" * 64, "global_mmlu_full"


def relation_of(fact: str) -> str:
    """Relation of a fact by its number."""
    at = int(fact[1:])
    return next(name for name, places in RELATIONS.items() if at in places)


def texts(label: str) -> pd.DataFrame:
    """Generated texts [fact, language]; of capitals in Spanish SFT knows all that the base does not.

    GRPO leaks in Korean.
    """
    rng = np.random.default_rng(LABELS.index(label))
    words = np.array(["right", "english", "12", "blah", ""])
    drawn = rng.choice(len(words), p=[0.4, 0.1, 0.1, 0.3, 0.1], size=(FACTS, 5))
    table = pd.DataFrame(words[drawn], names(FACTS), [*SEEN, *UNSEEN])
    if label in ("base", "sft"):
        table.loc[table.index[:30], "es"] = "right" if label == "sft" else "blah"
    if label == "grpo":
        table["ko"] = table["ko"].replace({"blah": "english"})
    return table


def klar_answers(label: str) -> pd.DataFrame:
    """Rows of ``predictions``, one per fact and language."""
    rows = klar_rows(texts(label))
    return rows.assign(relation=rows["fact_id"].map(relation_of))


def option_answers(label: str) -> pd.DataFrame:
    """Facts by languages, 1 or 0."""
    table = random_table(FACTS, OPTIONS, 10 + LABELS.index(label))
    if label == "sft":
        table["ar"] = 1.0
    return table


def stated() -> pd.DataFrame:
    """Whether a language's text states a fact: all in English, each third elsewhere."""
    table = pd.DataFrame(False, names(FACTS), list(OPTIONS))
    table["en"] = True
    table.loc[table.index[::3]] = True
    return table


def both(folder: Path, *, compared: bool = True, labels: tuple[str, ...] = LABELS) -> Path:
    """Write option scores and generated answers of three checkpoints."""
    study = Study.open(folder)
    write_facts(study, names(FACTS), OPTIONS, stated=stated())
    for label in labels:
        write_mcq(study, label, scores_of(option_answers(label), LABELS.index(label)))
        write_klar(study, label, klar_answers(label), data_hash=KLAR_DATA)
    if compared and len(labels) > 1:
        compare(study, settings=QUICK)
    return folder


def write_tasks(folder: Path, label: str, right: dict[str, list[bool]]) -> None:
    """Write a run of lm-evaluation-harness: a task per language, each with documents of its own."""
    rows = [
        {
            "benchmark": f"{TASK}_{lang}", "fact_id": str(number), "lang": lang, "scores": None,
            "n_tokens": None, "n_bytes": None, "n_characters": None, "generated": None,
            "failure_mode": None, "chosen": None, "correct": one,
        }
        for lang, answers in right.items() for number, one in enumerate(answers)
    ]  # fmt: skip
    arguments = {"languages": list(right), "tasks": [f"{TASK}_{lang}" for lang in right]}
    spec = RunSpec("lm-eval", label, label, "default", arguments, "l" * 64, {"weights_hash": label})
    with Study.open(folder).run(spec) as run:
        run.write_table("predictions", pd.DataFrame(rows))


def right(label: str) -> pd.DataFrame:
    """Facts by languages: whether the generated answer is right."""
    return (texts(label) == "right").astype(float)


def row(frame: pd.DataFrame, **where: str) -> pd.Series:
    """The one row that has these values."""
    keep = np.ones(len(frame), bool)
    for column, value in where.items():
        keep &= (frame[column] == value).to_numpy()
    (found,) = [own for _, own in frame[keep].iterrows()]
    return found


def compared(view: View, analysis: str, statistic: str, label: str, lang: str | None) -> pd.Series:
    """The stored comparison of a checkpoint in a language, or of all together."""
    rows = view.study.table("comparisons")
    rows = rows[(rows["analysis"] == analysis) & (rows["statistic"] == statistic)]
    rows = rows[rows["lang"].isna() if lang is None else rows["lang"] == lang]
    return row(rows, label=label)
