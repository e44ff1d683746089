"""Accuracy of every checkpoint on every benchmark, over groups of languages: the paper's Table 1."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import pandas as pd

from interp.data.fact_groups import ENGLISH_ONLY, STATED, fact_groups
from interp.data.language_sets import LANGUAGE_SETS
from interp.data.languages import HELD_OUT, TRAINED
from interp.evals.accuracy import accuracy_table
from interp.evals.checkpoint_tables import DRAWS
from interp.evals.flips import flip_table
from interp.figures.verdicts import SIGNS, evidence_text
from interp.plates.evaluation.benchmarks import Benchmark, benchmarks
from interp.plates.evaluation.cells import cell
from interp.plates.evaluation.compared import (
    NOT_COMPARED,
    languages_said,
    legend,
    of_languages,
    records,
    stored,
)
from interp.plates.plate import Plate
from interp.plates.view import View
from interp.plates.words import listed

ALL, HIGH, LOW, SEEN, UNSEEN = "all languages", "high", "low", "trained", "held out"

COLUMNS = (ALL, HIGH, LOW, SEEN, UNSEEN, STATED, ENGLISH_ONLY)

_STATISTICS = {STATED: "accuracy_stated", ENGLISH_ONLY: "accuracy_english_only"}


def accuracy_summary(view: View, *, split: str = "paper_low") -> Plate:
    """Tabulate accuracy by benchmark, checkpoint and group of languages.

    Source: the paper's Table 1, for the benchmarks that the study holds, with 95 % intervals over facts;
    ``trained`` and ``held out`` are the paper's languages. Facts that a language's text states and those
    that only the English text states are columns of their own, over the languages beside English.

    Args:
        view: the study, and what of it is shown.
        split: which languages are high- and low-resource, of `interp.data.language_sets`:
            ``paper_low`` (low: id ar ja sw bn, as the paper's columns) or ``high_low`` (id sw bn).

    Raises:
        Lacking: no evaluation.
    """
    found = benchmarks(view)
    frame = pd.concat([_levels(view, one, split) for one in found], ignore_index=True)
    frame["verdict"] = _verdicts(view, found, frame)
    runs = [run for one in found for run in one.runs.values()]
    labels = [label for label in view.labels if label in set(frame["label"])]
    return Plate(
        name="accuracy-summary",
        title=f"Accuracy (%) by benchmark and group of languages: {', '.join(labels)}",
        figure=None,
        frame=frame,
        reading=_reading(view, found, frame, split),
        runs=view.about(runs),
        paper="Table 1",
        table=_table(frame),
    )


def groups_of(languages: Sequence[str], split: str) -> dict[str, tuple[str, ...]]:
    """Name the groups of languages of a benchmark; a group without any is left out.

    Args:
        languages: of the benchmark.
        split: of `interp.data.language_sets`.
    """
    halves = LANGUAGE_SETS[split]
    named: Mapping[str, Sequence[str]] = {
        ALL: languages, HIGH: halves["high"], LOW: halves["low"], SEEN: TRAINED, UNSEEN: HELD_OUT,
    }  # fmt: skip
    found = {
        name: tuple(code for code in languages if code in codes) for name, codes in named.items()
    }
    return {name: codes for name, codes in found.items() if codes}


def _levels(view: View, one: Benchmark, split: str) -> pd.DataFrame:
    """Accuracies of one benchmark: benchmark, label, group, languages, and `accuracy_table`'s."""
    sets = groups_of(one.languages, split)
    known = _knowledge(view, one)
    frames = []
    for label, correct in one.correct.items():
        cells = correct.stack().index.to_frame(index=False).set_axis(["fact_id", "lang"], axis=1)
        own = accuracy_table(correct, cells.assign(group="all"), sets, draws=DRAWS)
        own = own[own["lang"].isin(sets)].assign(group=lambda rows: rows["lang"])
        frames.append(_named(own, one, label, sets))
        beside = tuple(str(lang) for lang in correct if lang != "en")
        if known is not None and beside:
            own = accuracy_table(correct, known, {"beside": beside}, draws=DRAWS)
            own = own[(own["lang"] == "beside") & (own["facts"] > 0)]
            frames.append(_named(own, one, label, dict.fromkeys((STATED, ENGLISH_ONLY), beside)))
    return pd.concat(frames, ignore_index=True)


def _named(
    rows: pd.DataFrame, one: Benchmark, label: str, sets: Mapping[str, Sequence[str]]
) -> pd.DataFrame:
    about = {
        "benchmark": one.name,
        "label": label,
        "group": rows["group"],
        "languages": [" ".join(sets[group]) for group in rows["group"]],
    }
    values = ["facts", "accuracy", "ci_low", "ci_high", "note"]
    return pd.DataFrame(about).join(rows[values]).reset_index(drop=True)


def _knowledge(view: View, one: Benchmark) -> pd.DataFrame | None:
    """Say which facts a language's text states; None where nobody knows."""
    if one.analysis == "lm-eval":
        return None
    data = view.study.spec(next(iter(one.runs.values())))["data_hash"]
    facts = view.study.table("facts", columns=["data_hash", "fact_id", "lang", "stated"])
    groups = fact_groups(facts[facts["data_hash"] == data], "stated")
    groups = groups[groups["lang"].isin(one.languages)]
    return None if groups.empty else groups


def _rows_of(view: View, one: Benchmark, group: str, codes: Sequence[str]) -> pd.DataFrame:
    """Return the stored comparisons of a group, one row per label at most."""
    if one.analysis == "lm-eval":
        return pd.DataFrame()
    rows = stored(view, one.analysis, one.runs)
    every = view.study.spec(next(iter(one.runs.values())))["arguments"]["languages"]
    if group in _STATISTICS:
        whole = set(codes) == set(every) - {"en"}
        return rows[(rows["statistic"] == _STATISTICS[group]) & whole & rows["lang"].isna()]
    return of_languages(rows, every, codes)


def _verdicts(view: View, found: Sequence[Benchmark], frame: pd.DataFrame) -> list[str]:
    """Give each row the stored verdict on its difference from the base; empty where none is."""
    verdicts = {}
    for one in found:
        own = frame[frame["benchmark"] == one.name].drop_duplicates("group")
        for row in records(own):
            codes = str(row["languages"]).split()
            for compared in records(_rows_of(view, one, row["group"], codes)):
                verdicts[one.name, compared["label"], row["group"]] = str(compared["verdict"])
    keys = zip(frame["benchmark"], frame["label"], frame["group"], strict=True)
    return [verdicts.get(key, "") for key in keys]


def _table(frame: pd.DataFrame) -> pd.DataFrame:
    """Lay out cells as text: rows are benchmarks and checkpoints."""
    columns = [name for name in COLUMNS if name in set(frame["group"])]
    rows = []
    for (benchmark, label), own in frame.groupby(["benchmark", "label"], sort=False):
        cells = {row["group"]: cell(row, SIGNS.get(row["verdict"], "")) for row in records(own)}
        row = {"benchmark": str(benchmark), "checkpoint": str(label)}
        rows.append(row | {column: cells.get(column, "–") for column in columns})
    return pd.DataFrame(rows, columns=["benchmark", "checkpoint", *columns])


def _reading(
    view: View,
    found: Sequence[Benchmark],
    frame: pd.DataFrame,
    split: str,
) -> str:
    said = [_of_benchmark(view, one, frame[frame["benchmark"] == one.name]) for one in found]
    groups = set(frame["group"])
    notes = []
    if {HIGH, LOW} & groups:
        low = " ".join(LANGUAGE_SETS[split]["low"])
        notes.append(f"Low are {low} ({split}), high the other trained languages")
    if UNSEEN not in groups:
        notes.append("no language here is held out from the paper's training")
    notes.append("intervals are 95 % over facts")
    text = "; ".join(notes)
    return " ".join(
        filter(
            None,
            [
                *said,
                f"{text[0].upper()}{text[1:]}.",
                legend(map(SIGNS.get, frame["verdict"]), "Signs"),
            ],
        )
    )


def _of_benchmark(view: View, one: Benchmark, frame: pd.DataFrame) -> str:
    """Say levels over all languages, and each difference from the base with its evidence."""
    over = frame[frame["group"] == ALL]
    levels = ", ".join(f"{row['label']} {cell(row)} %" for row in records(over))
    codes = str(over["languages"].iloc[0]).split()
    text = f"{one.name}, over {languages_said(codes)}: {levels}"
    others = [label for label in one.runs if label != view.base]
    if view.base not in one.runs:
        return f"{text}; {view.base} has no such run, so no difference is known."
    if not others:
        return f"{text}; no other checkpoint has such a run."
    rows = _rows_of(view, one, ALL, codes)
    evidence = {str(row["label"]): evidence_text(row) for row in records(rows)}
    parts = [
        f"{label} {evidence.get(label) or _unjudged(one, view.base, label)}" for label in others
    ]
    return f"{text}. Differences from {view.base} (shares of facts): {'; '.join(parts)}.{_knowledge_said(frame)}"


def _unjudged(one: Benchmark, base: str, label: str) -> str:
    """Give the paired difference where no comparison is stored."""
    shared = one.correct[base].index.intersection(one.correct[label].index)
    langs = [str(lang) for lang in one.correct[base] if lang in one.correct[label]]
    if not len(shared) or not langs:
        return "shares no fact with it"
    table = flip_table(one.correct[base], one.correct[label], {"mean": langs}, draws=DRAWS)
    row = table.iloc[-1]
    return f"{row['delta']:+.3g} [{row['ci_low']:.3g}, {row['ci_high']:.3g}] ({NOT_COMPARED})"


def _knowledge_said(frame: pd.DataFrame) -> str:
    """Say levels of stated and English-only facts, where they are known."""
    only, stated = (
        {row["label"]: row for row in records(frame[frame["group"] == group])}
        for group in (ENGLISH_ONLY, STATED)
    )
    parts = [
        f"{label} {cell(stated[label])} and {cell(only[label])} %"
        for label in only
        if label in stated
    ]
    if not parts:
        return ""
    return f" Facts stated in a language and those stated in English only: {listed(parts)}."
