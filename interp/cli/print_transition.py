"""Prints the English-pivot statistics of a study's lens runs, and returns the frames behind them."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING

import numpy as np
import pandas as pd

from interp.cli.tables import console, print_frame, with_interval
from interp.errors import unknown

if TYPE_CHECKING:
    from interp.study import Study

Frames = dict[str, pd.DataFrame]

_AT_ONCE = 4
"""Columns with intervals that fit a terminal beside the rows' names."""

_COLUMNS = {
    "mean_pivot_share": ("English ahead %", 100.0),
    "never_crosses": ("never crosses %", 100.0),
    "transition_failure": ("transition failure %", 100.0),
    "median_crossover": ("median crossover", 1.0),
    "pivot_mass": ("pivot mass", 1.0),
}

_READING = (
    "English ahead: share of facts and layers at which the English answer outranks the target; "
    "window: layers where it does in more than half of the facts; never crosses: English is ahead at "
    "the last layer; transition failure: and was among the first 11 tokens in the last third of the "
    "layers; median crossover: layer from which half of the facts have the target ahead to the end; "
    "pivot mass: orders of magnitude of rank by which English is ahead, summed over layers; "
    "mean: over languages; brackets: 95 % over facts"
)


def print_transition(
    study: Study,
    runs: Mapping[str, str],
    *,
    by: str,
    languages: Sequence[str] | None,
    draws: int,
    seed: int,
) -> Frames:
    """Print every checkpoint's statistics, and each one's differences to the first.

    Args:
        study: the study.
        runs: label to run_id, the one to compare with first.
        by: how facts are grouped.
        languages: languages whose ranks by layer are printed, too.
        draws: of the bootstrap.
        seed: of the bootstrap.

    Returns:
        Name to frame: everything that was computed.

    Raises:
        InterpError: as `interp.lens.transition`, and for a language that a run has no ranks of.
    """
    from interp.lens.separation import separation
    from interp.lens.transition import paired, transition

    frames: Frames = {}
    for label, run_id in runs.items():
        found = transition(study, run_id, by=by, draws=draws, seed=seed)
        _print_statistics(found, f"Language transition: {run_id}")
        _print_curves(found["curves"], label)
        _print_trajectories(found["trajectories"], label, languages or ())
        frames |= {f"{label}-{name}": frame for name, frame in found.items()}
        if by == "stated":
            table, says = separation(study, run_id, draws=draws, seed=seed)
            console().print(f"{label}: {says}\n", markup=False, highlight=False)
            frames[f"{label}-separation"] = table
    base, *others = runs
    for label in others:
        found = paired(study, runs[base], runs[label], by=by, draws=draws, seed=seed)
        _print_paired(found["statistics"], f"{label} minus {base}")
        frames |= {f"{label}-minus-{base}-{name}": frame for name, frame in found.items()}
    return frames


def print_fact(
    study: Study, runs: Mapping[str, str], fact: str, languages: Sequence[str] | None
) -> Frames:
    """Print one fact: ranks by layer and the likeliest tokens, one table per run and language.

    Args:
        study: the study.
        runs: label to run_id.
        fact: the fact's id.
        languages: languages to show; all by default.

    Returns:
        ``fact`` to the frame of `interp.lens.fact_view`.
    """
    from interp.lens.fact_view import fact_view

    view = fact_view(study, list(runs.values()), fact, languages)
    tops = [name for name in view.columns if name.startswith("top_")]
    for (label, lang), part in view.groupby(["label", "lang"], sort=False):
        depth = (
            part["layer"]
            .astype(str)
            .where(part["point"] == "post", part["layer"].astype(str) + " mid")
        )
        columns = {"layer": depth}
        for role in ("target", "english"):
            tokens = part[f"{role}_token"].dropna().unique()
            if len(tokens):  # a prefix set may have another best token at every layer
                token = f": {_visible(tokens[0])}" if len(tokens) == 1 else ""
                columns[f"{role}{token}"] = part[f"{role}_rank"] + 1
        columns |= {name.replace("_", " "): part[name].map(_visible) for name in tops}
        print_frame(pd.DataFrame(columns), f"{fact}, {lang}, {label}")
    console().print("layer 0 is the embeddings; rank 1 is the model's first choice\n")
    return {"fact": view}


def _print_statistics(found: Frames, title: str) -> None:
    windows = found["windows"]
    wide = _wide(found["statistics"], "value", signed=False)
    wide.insert(
        4, "window", windows["window"]
    )  # rows of both: group by group, language by language
    for group, part in wide.groupby("group", sort=False):
        print_frame(
            part.drop(columns="group"), f"{title}: facts: {group}",
            caption=_noted(windows[windows["group"] == group]), whole=("lang", "window"),
        )  # fmt: skip
    console().print(f"{_READING}\n", markup=False, highlight=False)


def _print_paired(statistics: pd.DataFrame, title: str) -> None:
    wide = _wide(statistics, "difference", signed=True)
    for group, part in wide.groupby("group", sort=False):
        rows = statistics[statistics["group"] == group].drop_duplicates("lang")
        print_frame(
            part.drop(columns="group"), f"{title}: facts: {group}",
            caption=_noted(rows, "the same facts for both; shares in points"), whole=("lang",),
        )  # fmt: skip


def _wide(statistics: pd.DataFrame, value: str, *, signed: bool) -> pd.DataFrame:
    """One row per group and language, one column per statistic of ``_COLUMNS``."""
    from interp.lens.transition_frames import ALL_LANGUAGES

    first = statistics[statistics["statistic"] == next(iter(_COLUMNS))]
    wide = first[["group", "lang", "n"]].rename(columns={"n": "facts"}).reset_index(drop=True)
    wide["lang"] = wide["lang"].replace({ALL_LANGUAGES: "mean"})
    for name, (title, scale) in _COLUMNS.items():
        rows = statistics[statistics["statistic"] == name]
        ends = rows[value], rows["ci_low"], rows["ci_high"]
        if name == "median_crossover":
            wide[title] = [_layers(*row, signed=signed) for row in zip(*ends, strict=True)]
        else:
            wide[title] = with_interval(*ends, scale=scale, signed=signed)
    return wide


def _layers(value: float, low: float, high: float, *, signed: bool) -> str:
    """Write a median layer, or a difference of two, and its interval."""
    sign = "+" if signed else ""
    one, below, above = (
        "never" if np.isposinf(x) and not signed else f"{x:{sign}g}" for x in (value, low, high)
    )
    if np.isnan(value):
        return "–"
    return f"{one} [no interval]" if np.isnan(low) else f"{one} [{below}, {above}]"


def _print_curves(curves: pd.DataFrame, label: str) -> None:
    from interp.lens.transition_frames import ALL_LANGUAGES

    whole = curves[curves["lang"] == ALL_LANGUAGES]
    titles = {"pivot_share": "English ahead", "survival": "not crossed yet (Kaplan-Meier)"}
    for statistic, title in titles.items():
        rows = whole[whole["statistic"] == statistic]
        columns = {
            str(group): with_interval(part["value"], part["ci_low"], part["ci_high"])
            for group, part in rows.groupby("group", sort=False)
        }
        _print_by_layer(
            columns,
            rows["layer"],
            f"{label}: facts {title}, %, mean over languages",
            _averages(rows),
        )


def _averages(rows: pd.DataFrame) -> str | None:
    """Say where the columns average over different languages, so that they differ by that, too."""
    notes = rows.drop_duplicates("group").set_index("group")["note"]
    said = [f"{group}: {note}" for group, note in notes.items() if note]
    return "; ".join(said) or None


def _print_trajectories(frame: pd.DataFrame, label: str, languages: Sequence[str]) -> None:
    known = list(dict.fromkeys(frame["lang"]))
    for lang in languages:
        if lang not in known:
            raise unknown("language with an English answer beside it", lang, known)
        rows = frame[(frame["lang"] == lang) & (frame["quantile"] == 0.5)]
        columns = {
            f"{'English' if role == 'en' else role}, {group}": with_interval(
                part["value"] + 1, part["ci_low"] + 1, part["ci_high"] + 1, scale=1
            )
            for (group, role), part in rows.groupby(["group", "role"], sort=False)
        }
        _print_by_layer(columns, rows["layer"], f"{label}: median rank, {lang}")


def _print_by_layer(
    columns: Mapping[str, list[str]], layers: pd.Series, title: str, caption: str | None = None
) -> None:
    depth = sorted(set(layers))
    names = list(columns)
    for start in range(0, len(names), _AT_ONCE):
        part = {name: columns[name] for name in names[start : start + _AT_ONCE]}
        print_frame(
            pd.DataFrame({"layer": depth, **part}),
            title if start == 0 else "(continued)",
            caption=caption,
        )


def _noted(rows: pd.DataFrame, caption: str = "") -> str | None:
    """Add the rows' notes to a caption."""
    said: dict[str, list[str]] = {}
    for row in rows.itertuples():
        if row.note:
            said.setdefault(str(row.note), []).append(str(row.lang))
    notes = [f"{' '.join(langs)}: {note}" for note, langs in said.items()]
    return "; ".join([*([caption] if caption else []), *notes]) or None


def _visible(token: object) -> str:
    """Show a token's spaces and line breaks."""
    return str(token).replace(" ", "␣").replace("\n", "⏎").replace("\t", "⇥")
