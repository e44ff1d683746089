"""Studies of option scores and of generated answers made from tables, and a way to compare them."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

from interp.comparison.families import FAMILIES
from interp.comparison.family import Built, RunPair
from interp.comparison.pairs import Unpaired, run_pairs
from interp.comparison.rows import result_rows
from interp.evals.failure_modes import failure_modes
from interp.evals.matching import lenient, strict
from interp.options import KlarOptions, McqOptions
from interp.stats.contrast import Settings, contrast
from interp.study import RunSpec, Study

QUICK = Settings(draws=200, permutations=199, splits=100)
DATA = "d" * 64

Table = pd.DataFrame
"""Facts by languages."""


def names(n: int) -> list[str]:
    """Ids of facts in an order that is sorted and that of their numbers."""
    return [f"f{place:03d}" for place in range(n)]


def random_table(n: int, languages: Sequence[str], seed: int, share: float = 0.5) -> Table:
    rng = np.random.default_rng(seed)
    cells = (rng.random((n, len(languages))) < share).astype(float)
    return pd.DataFrame(cells, names(n), list(languages))


def scores_of(correct: Table, seed: int = 0, noise: float = 1.0) -> dict[tuple[str, str], list]:
    """Scores of four options of 3 bytes each; the first is true, and best where a cell is 1."""
    rng = np.random.default_rng(seed)
    found = {}
    for fact in correct.index:
        for lang in correct.columns:
            right = correct.loc[fact, lang]
            if not np.isnan(right):
                scores = -3 - noise * rng.random(4)
                scores[0] = -1.0 if right else -9.0
                found[fact, lang] = scores.tolist()
    return found


def write_mcq(
    study: Study,
    label: str,
    scores: Mapping[tuple[str, str], list],
    *,
    data_hash: str = DATA,
    aligned: bool | None = True,
    **arguments: Any,
) -> str:
    """Write one finished run; ``aligned`` None leaves the note out, as older runs do."""
    languages = list(dict.fromkeys(lang for _, lang in scores))
    asked = {**McqOptions().to_dict(), "languages": languages, **arguments}
    rows = pd.DataFrame(
        [
            {
                "benchmark": "made", "fact_id": fact, "lang": lang, "scores": values,
                "n_tokens": [1] * 4, "n_bytes": [3] * 4, "n_characters": [3] * 4,
                "generated": None, "correct": bool(np.argmax(values) == 0), "failure_mode": None,
            }
            for (fact, lang), values in scores.items()
        ]
    )  # fmt: skip
    spec = RunSpec("mcq", label, label, "default", asked, data_hash, {"weights_hash": label})
    with study.run(spec) as run:
        if aligned is not None:
            run.record("options_aligned", aligned)
        run.write_table("predictions", rows)
    return run.run_id


def write_facts(
    study: Study,
    fact_ids: Sequence[str],
    languages: Sequence[str],
    *,
    stated: Table | None = None,
    split: Mapping[str, str] | None = None,
    data_hash: str = DATA,
    question: str = "q",
) -> None:
    """Write the facts; nothing is known of what is stated unless a table says so."""
    rows = [
        {
            "fact_id": fact, "relation": "r", "property_id": "P", "lang": lang, "subject": fact,
            "split": (split or {}).get(fact, "test"), "question": f"{question} {fact}",
            "options": list("abcd"), "option_ids": list("abcd"), "answer_index": 0, "answer": "a",
            "stated": None if stated is None else bool(stated.loc[fact, lang]),
            "is_proper_noun": None,
        }
        for fact in fact_ids for lang in languages
    ]  # fmt: skip
    study.add_facts(pd.DataFrame(rows), data_hash)


def mcq_study(folder: Path, base: Table, model: Table, **facts: Any) -> Study:
    """Two runs of option scores on one set of facts."""
    study = Study.open(folder)
    write_mcq(study, "base", scores_of(base))
    write_mcq(study, "sft", scores_of(model, seed=1))
    fact_ids = sorted({*base.index, *model.index})
    write_facts(study, fact_ids, sorted({*base.columns, *model.columns}), **facts)
    return study


def klar_rows(
    generated: Table, *, target: str = "right", target_en: str | None = "english"
) -> pd.DataFrame:
    """Answers as `interp.evals.run_klar` stores them, from a table of generated texts."""
    cells = generated.stack().reset_index()
    cells.columns = pd.Index(["fact_id", "lang", "generated"])
    cells = cells.assign(benchmark="klar", relation="r", target=target, target_en=target_en)
    pairs = [(line, target) for line in cells["generated"]]
    cells = cells.assign(
        correct=[lenient(*pair) for pair in pairs],
        correct_strict=[strict(*pair) for pair in pairs],
        **dict.fromkeys(("scores", "n_tokens", "n_bytes", "n_characters")),
    )
    return cells.assign(failure_mode=failure_modes(cells.assign(line=cells["generated"])))


def write_klar(
    study: Study,
    label: str,
    rows: pd.DataFrame,
    *,
    preset: str = "default",
    data_hash: str = DATA,
    seed: int = 0,
    **arguments: Any,
) -> str:
    asked = {**KlarOptions().to_dict(), "prompts": "p", **arguments}
    asked.setdefault("languages", list(dict.fromkeys(rows["lang"])))
    spec = RunSpec(
        "klar", label, label, preset, asked, data_hash, {"weights_hash": label}, seed
    )  # fmt: skip
    with study.run(spec) as run:
        run.write_table("predictions", rows)
    return run.run_id


def pair_of(study: Study, analysis: str, base: str = "base", label: str = "sft") -> RunPair:
    (found,) = run_pairs(study, base, label, [analysis])
    assert not isinstance(found, Unpaired), found.reason
    return found


def build(study: Study, analysis: str, base: str = "base", label: str = "sft") -> Built:
    return FAMILIES[analysis](study, pair_of(study, analysis, base, label))


def compared(
    study: Study,
    analysis: str,
    base: str = "base",
    label: str = "sft",
    settings: Settings = QUICK,
) -> pd.DataFrame:
    """Rows of ``comparisons``, by statistic and language (or layer; nothing: ``-``)."""
    made = build(study, analysis, base, label)
    assert made.pair is not None
    result = contrast(made.pair, settings)
    rows = result_rows(study.name, pair_of(study, analysis, base, label), made, result, settings)
    places = zip(rows["lang"], rows["layer"], strict=True)
    where = [next((one for one in place if not pd.isna(one)), "-") for place in places]
    return rows.assign(where=where).set_index(["statistic", "where"])
