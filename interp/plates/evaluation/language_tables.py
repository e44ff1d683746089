"""Accuracy language by language: the paper's Tables 8 (one checkpoint), 9, 10 and 11."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import pandas as pd

from interp.data.fact_groups import fact_groups
from interp.data.languages import HELD_OUT, TRAINED, in_table_order
from interp.evals.accuracy import accuracy_table
from interp.evals.checkpoint_tables import DRAWS
from interp.figures.verdicts import SIGNS
from interp.plates.evaluation.benchmarks import Benchmark, benchmarks
from interp.plates.evaluation.cells import cell
from interp.plates.evaluation.compared import (
    NOT_COMPARED,
    languages_said,
    legend,
    records,
    stored,
)
from interp.plates.evaluation.summary_table import SEEN, UNSEEN
from interp.plates.plate import Plate
from interp.plates.view import View
from interp.plates.words import listed
from interp.stats.verdict import BEYOND

_TABLES = {"mcq": "Table 9", "klar": "Table 10", "lm-eval": "Table 11"}
_NAMES = {"mcq": "option-accuracy", "klar": "klar-accuracy", "lm-eval": "lm-eval-accuracy"}
NEITHER = "neither"


def accuracy_by_language(view: View, *, benchmark: str = "mcq") -> Plate:
    """Tabulate accuracy by language and checkpoint.

    Source: the paper's Tables 9 (PolyFact, scored options), 10 (KLAR, generated answers; languages
    trained on first, then those held out) and 11 (Global-MMLU). Languages are rows here, so that every
    cell has room for its interval and the verdict's sign.

    Args:
        view: the study, and what of it is shown.
        benchmark: ``mcq``, ``klar`` or ``lm-eval``.

    Raises:
        Lacking: no such run.
    """
    found = benchmarks(view, (benchmark,))
    frame = pd.concat([levels(one) for one in found], ignore_index=True)
    frame["verdict"] = _verdicts(view, found, frame)
    labels = [label for label in view.labels if label in set(frame["label"])]
    return Plate(
        name=_NAMES[benchmark],
        title=f"Accuracy (%) by language: {', '.join(labels)}",
        figure=None,
        frame=frame,
        reading=" ".join(filter(None, [
            *(_said(view, one, frame[frame["benchmark"] == one.name]) for one in found),
            "Intervals are 95 % over facts.",
            legend(map(SIGNS.get, frame["verdict"]), "Signs"),
        ])),
        runs=view.about([run for one in found for run in one.runs.values()]),
        paper=_TABLES[benchmark],
        table=_table(frame, labels),
    )  # fmt: skip


def one_checkpoint(view: View, *, label: str | None = None) -> Plate:
    """Tabulate the accuracy of one checkpoint by language, benchmarks side by side.

    Source: the paper's Table 8, which has SFT without a consistency term.

    Args:
        view: the study, and what of it is shown.
        label: the checkpoint; by default the first of stage ``sft`` with an evaluation, else the last
            that has one.

    Raises:
        Lacking: no evaluation.
    """
    found = benchmarks(view)
    chosen = label or _usual(view, found)
    own = [one for one in found if chosen in one.correct]
    if not own:
        raise view.lacking("mcq", f"no evaluation of {chosen}")
    frame = pd.concat([levels(one) for one in own], ignore_index=True)
    frame = frame[frame["label"] == chosen].reset_index(drop=True)
    rows = [
        {
            "group": group_of(lang), "language": lang,
            **{str(row["benchmark"]): cell(row) for row in records(frame[frame["lang"] == lang])},
        }
        for lang in _rows_in_order(frame)
    ]  # fmt: skip
    apart = (
        "; benchmarks differ in facts, languages and how they ask, so that columns are not to be compared with "
        "each other"
        if len(own) > 1
        else ""
    )
    parts = [_range_said(one.name, frame[frame["benchmark"] == one.name]) for one in own]
    return Plate(
        name="one-checkpoint",
        title=f"Accuracy (%) of {chosen} by language",
        figure=None,
        frame=frame,
        reading=f"{chosen} alone: {'; '.join(parts)}. Intervals are 95 % over facts{apart}.",
        runs=view.about([one.runs[chosen] for one in own]),
        paper="Table 8",
        table=pd.DataFrame(rows).fillna("–"),
    )


def group_of(lang: str) -> str:
    """Say whether the paper trains on a language."""
    return SEEN if lang in TRAINED else UNSEEN if lang in HELD_OUT else NEITHER


def levels(one: Benchmark) -> pd.DataFrame:
    """Give each checkpoint's accuracy in each language.

    Returns:
        Columns benchmark, label, group (trained or held out), lang, facts, accuracy, ci_low, ci_high,
        note.
    """
    frames = []
    for label, correct in one.correct.items():
        cells = correct.stack().index.to_frame(index=False).set_axis(["fact_id", "lang"], axis=1)
        own = accuracy_table(correct, fact_groups(cells, "all"), draws=DRAWS)
        about = {"benchmark": one.name, "label": label, "group": own["lang"].map(group_of)}
        values = ["lang", "facts", "accuracy", "ci_low", "ci_high", "note"]
        frames.append(pd.DataFrame(about).join(own[values]))
    return pd.concat(frames, ignore_index=True)


def _usual(view: View, found: Sequence[Benchmark]) -> str:
    runs = view.about([run for one in found for run in one.runs.values()])
    stages = dict(zip(runs["label"], runs["stage"], strict=True))
    labels = [label for label in view.labels if label in stages]
    return next((label for label in labels if stages[label] == "sft"), labels[-1])


def _rows_in_order(frame: pd.DataFrame) -> list[str]:
    """Order languages: those trained on, those held out, others."""
    order = (SEEN, UNSEEN, NEITHER)
    return sorted(in_table_order(frame["lang"]), key=lambda lang: order.index(group_of(lang)))


def _verdicts(view: View, found: Sequence[Benchmark], frame: pd.DataFrame) -> list[str]:
    verdicts = {}
    for one in found:
        if one.analysis != "lm-eval":  # which nothing compares
            rows = stored(view, one.analysis, one.runs, "accuracy")
            for row in records(rows[rows["lang"].notna()]):
                verdicts[one.name, row["label"], row["lang"]] = str(row["verdict"])
    keys = zip(frame["benchmark"], frame["label"], frame["lang"], strict=True)
    return [verdicts.get(key, "") for key in keys]


def _table(frame: pd.DataFrame, labels: Sequence[str]) -> pd.DataFrame:
    rows = []
    for benchmark, own in frame.groupby("benchmark", sort=False):
        for lang in _rows_in_order(own):
            cells = {
                row["label"]: cell(row, SIGNS.get(row["verdict"], ""))
                for row in records(own[own["lang"] == lang])
            }
            about = {"benchmark": benchmark, "group": group_of(lang), "language": lang}
            rows.append(about | {label: cells.get(label, "–") for label in labels})
    return pd.DataFrame(rows)


def _said(view: View, one: Benchmark, frame: pd.DataFrame) -> str:
    """Say each checkpoint's range, and in how many languages it differs beyond noise."""
    parts = [_range_said(label, frame[frame["label"] == label]) for label in one.runs]
    text = f"{one.name}, {languages_said(tuple(frame['lang'].unique()))}: {'; '.join(parts)}."
    others = [label for label in one.runs if label != view.base]
    if view.base not in one.runs or not others:
        return text
    if not (frame["verdict"] != "").any():
        return f"{text} Differences from {view.base} are {NOT_COMPARED}."
    changes = []
    for label in others:
        own = frame[(frame["label"] == label) & (frame["verdict"] != "")]
        if own.empty:
            changes.append(f"{label} {NOT_COMPARED}")
        else:
            beyond = own.loc[own["verdict"] == BEYOND, "lang"].tolist()
            named = f" ({', '.join(beyond)})" if beyond else ""
            changes.append(f"{label} in {len(beyond)} of {len(own)}{named}")
    return f"{text} Beyond noise against {view.base}: {listed(changes)}."


def _range_said(name: str, frame: pd.DataFrame) -> str:
    own = frame.dropna(subset=["accuracy"])
    if own.empty:
        return f"{name} answered nothing"
    values = own["accuracy"].to_numpy(float)
    low, high = (own.iloc[int(at(values))] for at in (np.argmin, np.argmax))
    if len(own) == 1:
        return f"{name} {cell(low)} % ({low['lang']})"
    return f"{name} from {cell(low)} % ({low['lang']}) to {cell(high)} % ({high['lang']})"
