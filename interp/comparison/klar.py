"""Statistics of two runs of free generation: accuracy, and how answers fail.

* ``accuracy``: share of facts whose answer counts as correct by the runs' own rule; ``accuracy_strict``:
  whose answer equals the true one, where the rule is the lenient one;
* ``failure_<mode>``: share of all answers that fail in one of the modes of `interp.evals.failure_modes`;
* ``failure_english_leak``: share of the answers whose English form is known to both runs;
  ``failure_english_leak_of_leakable``: of those whose English form is written otherwise than the true
  answer, so that a leak can be seen. Nothing leaks in English, which has neither.

Where only one of the runs knows the English form of an answer, a leak counts as another failure in the
other run; such answers are left out of the modes that are tried after the leak. An answer that the runs
hold against different true answers is left out of everything.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from interp.comparison.fact_cells import (
    ENGLISH,
    aligned,
    beside_english,
    read_facts,
    unmatched,
    with_sets,
)
from interp.comparison.facts import Part, built, grouped, plain
from interp.comparison.family import (
    Built,
    NotComparable,
    RunPair,
    differing_models,
    differing_options,
    shared_languages,
)
from interp.data.languages import in_table_order
from interp.evals.answers import wide
from interp.evals.failure_modes import CORRECT, LEAK, MODES, can_leak
from interp.study import Study

Floats = NDArray[np.float64]

MEASURES = (
    "match", "line", "template", "template_index", "demos", "n_demos", "max_new_tokens", "bos",
)  # fmt: skip
"""Options that decide what is asked and what counts as an answer."""

_FAILURES = tuple(f"failure_{mode}" for mode in MODES if mode != CORRECT)
_LEAK_AT = _FAILURES.index(f"failure_{LEAK}")
EARLIER, LATER = _FAILURES[:_LEAK_AT], _FAILURES[_LEAK_AT + 1 :]
"""Modes tried before and after the leak."""

_KEYS, _TRUTHS = ["fact_id", "lang"], ["target", "target_en"]

LEAKS = (f"failure_{LEAK}", f"failure_{LEAK}_of_leakable")


def build(study: Study, pair: RunPair) -> Built:
    """Build the statistics of two runs of free generation on the facts that both answered.

    Args:
        study: the study.
        pair: the runs; imported predictions need no more than ``correct``.

    Returns:
        A paired comparison over facts; see `interp.comparison.facts` for the names.

    Raises:
        NotComparable: for other options or prompts, and no fact or language in common.
    """
    differing_options(pair, MEASURES)
    notes = [*differing_models(pair), *_prompts(pair)]
    read = [_read(study, run_id) for run_id in (pair.base_run, pair.label_run)]
    old, new, other = _same_truths(*read)
    languages, left = shared_languages(*(_languages(rows) for rows in (old, new)))
    facts, *correct = _cells(old, new, "accuracy", languages)
    notes += [*left, *other, *unmatched(languages, *(~np.isnan(side) for side in correct))]
    beside = [lang for lang in languages if lang != ENGLISH]
    whole = _part(("accuracy",), old, new, languages, with_sets(languages))
    parts = [whole, *grouped(whole, read_facts(study, pair.base_spec["data_hash"]), facts)]
    if pair.base_spec["arguments"].get("match", "lenient") == "lenient":
        parts.append(_part(("accuracy_strict",), old, new, languages, with_sets(languages)))
    for names in (EARLIER, LATER):
        parts.append(_part(names, old, new, languages, beside_english(languages)))
    for name in LEAKS if beside else ():
        parts.append(_part((name,), old, new, beside, beside_english(beside)))
    known = [part is whole or bool(part.there.any()) for part in parts]
    if not all(known):
        absent = [name for part, there in zip(parts, known, strict=True) if not there
                  for name in part.names]  # fmt: skip
        notes.append(f"without {', '.join(absent)}: not known of both runs")
    return built([part for part, there in zip(parts, known, strict=True) if there], notes)


def _prompts(pair: RunPair) -> list[str]:
    """Refuse prompts that differ where the facts do not; say where that cannot be seen."""
    old, new = pair.base_spec, pair.label_spec
    prompts = [spec["arguments"].get("prompts") for spec in (old, new)]
    if prompts[0] == prompts[1]:
        return []
    if None not in prompts:
        languages = [spec["arguments"].get("languages") for spec in (old, new)]
        if old["data_hash"] == new["data_hash"] and languages[0] == languages[1]:
            raise NotComparable(
                "the runs asked the same facts in other words or with other demonstrations: run interp "
                "eval klar with the same options and --seed"
            )
        if old["arguments"].get("demos") == "global_rng" or old["seed"] != new["seed"]:
            raise NotComparable(
                "the runs asked other facts or languages, on which (or on the seed) their "
                "demonstrations depend: run interp eval klar with the same --languages and --seed"
            )
    return ["whether the shared facts were asked in the same words is not known"]


def _read(study: Study, run_id: str) -> pd.DataFrame:
    """Answers with the columns ``_KEYS``, ``_TRUTHS`` and, as numbers, everything that is averaged."""
    rows = study.table("predictions", run_id=run_id)
    if rows.empty:
        raise NotComparable(
            f"run {run_id} holds no predictions: expected a run of interp eval klar"
        )
    mode, english = rows["failure_mode"], rows["target_en"]
    named = mode.notna()
    leakable = [
        known and can_leak(str(target), str(name))
        for target, name, known in zip(
            rows["target"], english, english.notna() & rows["target"].notna(), strict=True
        )
    ]
    frame = rows[[*_KEYS, *_TRUTHS]].assign(
        accuracy=rows["correct"].astype(float),
        accuracy_strict=rows["correct_strict"].astype("boolean").astype("Float64"),
    )
    for name in (*EARLIER, *LATER):
        failed = (mode == name.removeprefix("failure_")).astype(float)
        frame[name] = failed.where(named)
    leak = (mode == LEAK).astype(float)
    frame[LEAKS[0]] = leak.where(named & english.notna())
    frame[LEAKS[1]] = leak.where(named & np.array(leakable, bool))
    return frame


def _languages(rows: pd.DataFrame) -> list[str]:
    return list(in_table_order(rows["lang"].unique()))


def _same_truths(
    old: pd.DataFrame, new: pd.DataFrame
) -> tuple[pd.DataFrame, pd.DataFrame, list[str]]:
    """Leave out answers that are held against other truths, and modes where English is known to one."""
    notes = []
    both = old[[*_KEYS, *_TRUTHS]].merge(new[[*_KEYS, *_TRUTHS]], on=_KEYS, suffixes=("", "_new"))
    there = both["target"].notna() & both["target_new"].notna()
    if (differ := both[there & (both["target"] != both["target_new"])]).size:
        notes.append(f"{len(differ)} answers left out: the true answers of the runs differ")
        old, new = (rows[~_among(rows, differ)] for rows in (old, new))
    english = both["target_en"].fillna("") != both["target_en_new"].fillna("")
    if (differ := both[english & (both["lang"] != ENGLISH)]).size:
        notes.append(
            f"{len(differ)} answers left out of {', '.join((*LEAKS, *LATER))}: the runs do not know "
            "the same English form"
        )
        old, new = (
            rows.assign(
                **{name: rows[name].mask(_among(rows, differ)) for name in (*LEAKS, *LATER)}
            )
            for rows in (old, new)
        )
    return old, new, notes


def _among(rows: pd.DataFrame, chosen: pd.DataFrame) -> NDArray[np.bool_]:
    wanted = pd.MultiIndex.from_frame(chosen[_KEYS])
    return np.asarray(pd.MultiIndex.from_frame(rows[_KEYS]).isin(wanted))


def _cells(
    old: pd.DataFrame, new: pd.DataFrame, column: str, languages: Sequence[str]
) -> tuple[list[str], Floats, Floats]:
    return aligned(wide(old, column), wide(new, column), languages)


def _part(
    names: Sequence[str],
    old: pd.DataFrame,
    new: pd.DataFrame,
    languages: Sequence[str],
    averages: Mapping[str, Sequence[str]],
) -> Part:
    """Shares that are means of columns of the same name."""
    sides = zip(*(_cells(old, new, name, languages)[1:] for name in names), strict=True)
    base, model = (np.stack(side, axis=-1) for side in sides)
    return Part(tuple(languages), base, model, plain(*names), averages, shares=names)
