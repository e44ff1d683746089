"""Does ablating a language's heads hurt that language most? The matrix, and its columns made alike."""

from __future__ import annotations

from typing import Any

import numpy as np
import pandas as pd

from interp.causal.dominance import diagonal_excess, largest
from interp.causal.summary import summarise
from interp.errors import InterpError
from interp.figures.ablation_matrix import ablation_matrices
from interp.plates.heads.ablated import Ablated, ablated
from interp.plates.heads.sides import sentences
from interp.plates.heads.words import of_languages, spread
from interp.plates.plate import Lacking, Plate
from interp.plates.view import View
from interp.plates.words import listed
from interp.stats.verdict import ALPHA

UNITS = {"nll": "nats per token", "chunk_ppl": "log of the ratio of mean perplexities"}
"""Of a change of the loss, by the loss that a run was asked for."""


def ablation(view: View) -> Plate:
    """Draw how the loss on each language's text changes when a language's heads are ablated.

    Source: the release's grid of perplexities, whose diagonal is dark; here the change of the loss, so that
    sizes are not stretched by an exponential.

    Args:
        view: the study, and what of it is shown.

    Raises:
        Lacking: no heads of a checkpoint shown have been ablated, or none in a language shown.
    """
    frame, chosen = _read(view)
    arguments = next(iter(chosen.values()))[1]
    unit = UNITS[str(arguments["loss"])]
    title = f"Loss without a language's {_sets(arguments)}: {', '.join(chosen)}"
    drawn = frame.assign(
        value=frame["delta"],
        text=[f"{value:.2f}" for value in frame["delta"]],
        dotted=(frame["ci_low"] > 0) | (frame["ci_high"] < 0),
    )
    return Plate(
        name="head-ablation",
        title=title,
        figure=ablation_matrices(
            drawn, list(chosen), view.languages, title=title, unit=unit,
            dot="95 % interval leaves out 0",
        ),
        frame=frame.drop(columns="hover"),
        reading=sentences(
            effects_text(frame, unit), controls_text(view, chosen, unit), *_diagonal(view, frame, chosen)
        ),
        runs=view.about([run_id for run_id, _ in chosen.values()]),
    )  # fmt: skip


def ablation_normalised(view: View) -> Plate:
    """Draw the same with each column in percent of its largest, so that fragile languages do not cover all.

    Args:
        view: the study, and what of it is shown.

    Raises:
        Lacking: no heads of a checkpoint shown have been ablated, or none in a language shown.
    """
    frame, chosen = _read(view)
    title = (
        f"Whose {_sets(next(iter(chosen.values()))[1])} hurt a language most: {', '.join(chosen)}"
    )
    most = frame.groupby(["label", "lang"])["delta"].transform("max")
    percent = (100 * frame["delta"] / most).where(most > 0)
    shown = frame.assign(value=percent)
    drawn = shown.assign(text=["" if np.isnan(one) else f"{one:.0f}" for one in percent])
    return Plate(
        name="head-ablation-normalised",
        title=title,
        figure=ablation_matrices(
            drawn, list(chosen), view.languages, title=title, unit="% of the column's largest"
        ),
        frame=shown.rename(columns={"value": "percent"}).drop(columns="hover"),
        reading=sentences(
            "In each column 100 stands where the language is hurt most; the framed diagonal is its own set.",
            *_diagonal(view, frame, chosen),
        ),
        runs=view.about([run_id for run_id, _ in chosen.values()]),
    )


def effects_text(frame: pd.DataFrame, unit: str) -> str:
    """Say what ablating does to a set's own language and to the others, on average.

    Args:
        frame: columns ``label``, ``source_lang``, ``lang``, ``delta``.
        unit: of ``delta``.
    """
    own = frame["source_lang"] == frame["lang"]
    parts = []
    for label, part in frame.groupby("label", sort=False):
        mine = part[own.loc[part.index]]["delta"]
        rest = part[~own.loc[part.index]]["delta"]
        said = [f"{mine.mean():+.2f} on the set's own language"] if len(mine) else []
        said += [f"{rest.mean():+.2f} on the others"] if len(rest) else []
        parts.append(f"{label} {listed(said)}")
    return f"Mean change of the loss, {unit}: {'; '.join(parts)}."


def diagonal_text(matrix: pd.DataFrame, label: str) -> str:
    """Count where the diagonal is the largest, without intervals.

    Args:
        matrix: effects, whose set by on whose text; at least two languages of both.
        label: the checkpoint.
    """
    both = [lang for lang in matrix.index if lang in matrix.columns]
    square = matrix.loc[both].to_numpy(float)[None]
    places = [list(matrix.columns).index(lang) for lang in both]
    in_row, in_column = (found.sum() for found in largest(square, places))
    value = float(diagonal_excess(square, places)[0])
    by_chance = spread([len(both) / n for n in square.shape[1:]], ".2g")
    return (
        f"{label}: the diagonal is the largest of its row in {of_languages(int(in_row), len(both))}, of "
        f"its column in {of_languages(int(in_column), len(both))} (by chance {by_chance} each), and "
        f"{abs(value):.2f} {'above' if value >= 0 else 'below'} the rest on average"
    )


def controls_text(view: View, chosen: Ablated, unit: str) -> str:
    """Say what random sets of heads do, on average over all languages.

    Args:
        view: the study, and what of it is shown.
        chosen: label to run_id and arguments.
        unit: of the change.
    """
    parts = []
    for label, (run_id, _) in chosen.items():
        table = view.study.table("ablations", run_id=run_id)
        table = table[table["draw"].isna() & (table["kind"] != "heads")]
        table = table[
            table["source_lang"].isin(view.languages) & table["lang"].isin(view.languages)
        ]
        means = table.groupby("kind", sort=False)["delta_nll"].mean()
        if len(means):
            said = listed([f"{kind} {value:+.2f}" for kind, value in means.items()])
            parts.append(f"{label} {said}")
    if not parts:
        return "No random sets were ablated, so it is not known what any heads would do."
    return f"Random sets of as many heads change it by ({unit}): {'; '.join(parts)}."


def _read(view: View) -> tuple[pd.DataFrame, Ablated]:
    """Read the effects of the languages' own sets, of one run per checkpoint."""
    chosen = ablated(view)
    frames = []
    for label, (run_id, _) in chosen.items():
        table = view.study.table("ablations", run_id=run_id)
        own = table[(table["kind"] == "heads") & table["draw"].isna()]
        own = own[own["source_lang"].isin(view.languages) & own["lang"].isin(view.languages)]
        frames.append(own.assign(label=label))
    frame = pd.concat(frames, ignore_index=True).rename(columns={"delta_nll": "delta"})
    frame = frame[["label", "source_lang", "lang", "n_ablated", "delta", "ci_low", "ci_high"]]
    if frame.empty:
        raise Lacking(
            f"study {view.study.path}: no effect of ablated heads in {', '.join(view.languages)}"
        )
    chosen = {label: one for label, one in chosen.items() if label in set(frame["label"])}
    ends = [
        "" if np.isnan(low) else f" [{low:.3g}, {high:.3g}]"
        for low, high in zip(frame["ci_low"], frame["ci_high"], strict=True)
    ]
    hover = [
        f"{row.label}: without {row.n_ablated} heads of {row.source_lang}<br>"
        f"loss on {row.lang}: {row.delta:+.3g}{end}"
        for row, end in zip(frame.itertuples(), ends, strict=True)
    ]
    return frame.assign(hover=hover), chosen


def _sets(arguments: dict[str, Any]) -> str:
    return f"{arguments['sets']} heads"


def _diagonal(view: View, frame: pd.DataFrame, chosen: Ablated) -> list[str]:
    """Say how diagonal each matrix is, with intervals and p where the losses are stored."""
    said = []
    for label, (run_id, _) in chosen.items():
        own = frame[frame["label"] == label]
        matrix = own.pivot(index="source_lang", columns="lang", values="delta")
        both = [lang for lang in matrix.index if lang in matrix.columns]
        if len(both) < 2:
            said.append(f"{label}: a diagonal needs two languages, ablated and measured.")
            continue
        whole = _whole(view, run_id)
        evidence = (
            _dominance(view, run_id) if whole == set(matrix.index) | set(matrix.columns) else ""
        )
        missing = "; no interval of that is known."
        said.append(f"{diagonal_text(matrix, label)}{evidence or missing}")
    sizes = spread(frame["n_ablated"].tolist(), "d")
    return [*said, f"The sets have {sizes} head{'' if sizes == '1' else 's'}."]


def _whole(view: View, run_id: str) -> set[str]:
    table = view.study.table("ablations", run_id=run_id, columns=["source_lang", "lang"])
    return {*table["source_lang"], *table["lang"]}


def _dominance(view: View, run_id: str) -> str:
    """Write the intervals and p of a run; nothing where it keeps no losses."""
    try:
        found = summarise(view.study, run_id)["dominance"]
    except InterpError:
        return ""
    rows = {str(row["what"]): row for row in found.to_dict("records")}
    excess = rows["mean of the diagonal minus the rest, nats"]
    p = float(rows["p: sets of other languages as diagonal"]["value"])
    words = "beyond" if p < ALPHA else "not beyond"
    return (
        f" (95 % interval {excess['low']:+.2f} to {excess['high']:+.2f} nats); with the sets' languages "
        f"exchanged as much or more is found at p = {p:.2g}, so the diagonal is {words} chance."
    )
