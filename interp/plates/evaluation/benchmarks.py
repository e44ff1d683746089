"""Every benchmark of a study, whatever asked it: scored options, generated answers, lm-evaluation-harness."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass

import pandas as pd

from interp.data.languages import normalise
from interp.evals.answers import wide
from interp.plates.choice import frequent_first, kinds_of, short_hash
from interp.plates.view import View

ANALYSES = ("mcq", "klar", "lm-eval")

_HOW = {"mcq": "options", "klar": "generated", "lm-eval": "lm-eval"}


@dataclass(frozen=True)
class Benchmark:
    """What checkpoints answered to one benchmark.

    Attributes:
        name: as the runs call it, and how it was asked, e.g. ``cldr (options)``.
        analysis: ``mcq``, ``klar`` or ``lm-eval``.
        runs: label to run_id.
        correct: label to facts by languages, 1, 0 or empty.
    """

    name: str
    analysis: str
    runs: Mapping[str, str]
    correct: Mapping[str, pd.DataFrame]

    @property
    def languages(self) -> tuple[str, ...]:
        """Languages that some checkpoint answered in, in the order of the first that has them."""
        return tuple(dict.fromkeys(str(lang) for one in self.correct.values() for lang in one))


def benchmarks(view: View, analyses: tuple[str, ...] = ANALYSES) -> tuple[Benchmark, ...]:
    """Read every benchmark, of each kind of run (preset and data) the newest run per checkpoint.

    Tasks of lm-evaluation-harness that are called the same but for their language
    (``global_mmlu_full_sw``) are one benchmark.

    Args:
        view: the study, and what of it is shown.
        analyses: which kinds.

    Raises:
        Lacking: the checkpoints shown have no such run in the languages shown.
    """
    found = [one for analysis in analyses for one in view.once(_of_analysis, analysis)]
    if not found:
        runs = view.every_run
        runs = runs[(runs["status"] == "current") & runs["label"].isin(view.labels)]
        what = f"no {analyses[0]} run" if len(analyses) == 1 else "no evaluation"
        where = f" in {', '.join(view.languages)}" if runs["analysis"].isin(analyses).any() else ""
        raise view.lacking(analyses[0], f"{what} of {', '.join(view.labels)}{where}")
    return tuple(_told_apart(view, found))


def _of_analysis(view: View, analysis: str) -> list[Benchmark]:
    """Read the newest runs of an analysis, kind by kind."""
    runs = view.every_run
    runs = runs[(runs["status"] == "current") & runs["label"].isin(view.labels)]
    own = runs[runs["analysis"] == analysis].sort_values("finished_at", kind="stable")
    kinds = kinds_of(own)
    found = []
    for kind in frequent_first(own, kinds):
        made = own[kinds == kind]
        found += _of_kind(view, analysis, dict(zip(made["label"], made["run_id"], strict=True)))
    return found


def _of_kind(view: View, analysis: str, runs: Mapping[str, str]) -> list[Benchmark]:
    """Read the runs of one kind, each benchmark in them by itself."""
    tables: dict[str, dict[str, pd.DataFrame]] = {}
    for label in view.labels:
        if label not in runs:
            continue
        rows = view.study.table(
            "predictions", run_id=runs[label], columns=["benchmark", "fact_id", "lang", "correct"]
        )
        rows = rows[rows["lang"].isin(view.languages)]
        for name, part in rows.groupby(_family(rows), sort=False):
            # two tasks of one name and language are two benchmarks
            twice = part.duplicated(["fact_id", "lang"]).any()
            for one, own in part.groupby("benchmark" if twice else _constant(part, name)):
                tables.setdefault(str(one), {})[label] = wide(own).astype(float)
    return [
        Benchmark(
            f"{name} ({_HOW[analysis]})", analysis, {label: runs[label] for label in cells}, cells
        )
        for name, cells in tables.items()
    ]


def _constant(part: pd.DataFrame, name: object) -> pd.Series[str]:
    return pd.Series(str(name), part.index)


def _family(rows: pd.DataFrame) -> pd.Series[str]:
    """Name each row's benchmark without the language that a task's name ends in or holds."""
    pairs = rows[["benchmark", "lang"]].drop_duplicates()
    names = {
        (str(name), str(lang)): _without(str(name), str(lang))
        for name, lang in pairs.itertuples(index=False)
    }
    keys = zip(rows["benchmark"].astype(str), rows["lang"].astype(str), strict=True)
    return pd.Series([names[key] for key in keys], rows.index, dtype=object)


def _without(name: str, lang: str) -> str:
    parts = re.split(r"([_\-:]+)", name)
    places = [at for at in range(0, len(parts), 2) if parts[at] and normalise(parts[at]) == lang]
    if len(places) != 1 or len(parts) == 1:
        return name
    at = places[0]
    return "".join(parts[: max(0, at - 1)] + parts[at + 1 :]).strip("_-:")


def _told_apart(view: View, found: list[Benchmark]) -> list[Benchmark]:
    """Add the data's hash to names that two benchmarks have."""
    names = [one.name for one in found]
    data = view.every_run.set_index("run_id")["data_hash"]
    made = []
    for one in found:
        name = one.name
        if names.count(name) > 1:
            name += f" data {short_hash(str(data[next(iter(one.runs.values()))]))}"
        made.append(Benchmark(name, one.analysis, one.runs, one.correct))
    return made
