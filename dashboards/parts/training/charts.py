"""The charts of the page of trainings."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import pandas as pd
import plotly.graph_objects as go
import streamlit as st

from dashboards.chart import show
from dashboards.controls import choose, choose_view, set_control
from dashboards.parts.training.logs import ADDED_UP, UNITS, Logs
from interp.figures.training import MOST_COLUMNS, language_map, metric_curves, thinned
from interp.plates.overview.curves import BY_LANGUAGE, REINFORCED, curves_title
from interp.plates.overview.sentences import averaged, ends, spread
from interp.study import Study
from interp.train_curves import CHECK, LEAST_TURNS, gap_count

SMALL = 4
"""Panels beside each other where there are many."""

_SENTENCES = {
    "kl": "kl (logged where beta is above 0)",
}


def metrics(logs: Logs, chosen: Sequence[str], how: dict[str, Any]) -> None:
    """Draw the chosen metrics, all languages together."""
    frame, figure = _panels(logs, chosen, list(logs.runs), chosen, how, what=", ".join(chosen))
    _show(
        logs,
        frame,
        "t_metrics",
        figure,
        how,
        ends(frame, chosen, _points(how)) + averaged(logs.logged(), chosen),
    )


def languages(logs: Logs, how: dict[str, Any]) -> None:
    """Draw one metric language by language."""
    apart = logs.languages()
    if not apart:
        st.info("These logs hold no metric language by language.")
        return
    left, right = st.columns(2)
    with left:
        metric = choose(
            "Metric by language",
            list(apart),
            "t_by_lang",
            default=_first(list(apart), BY_LANGUAGE),
        )
    with right:
        view = choose_view("Show as", ["panels", "map"], "t_view")
    codes = logs.chosen.shown([code for own in apart[metric].values() for code in own])
    having = [label for label in logs.runs if set(apart[metric].get(label, ())) & set(codes)]
    if not codes:
        st.info(f"{metric} is not logged in the chosen languages: choose others.")
        return
    what = f"{metric} by language"
    if view == "panels":
        frame, figure = _panels(
            logs, [metric], having, codes, how, what=what, languages=tuple(codes), by="lang",
            columns=SMALL, same_y=True,
        )  # fmt: skip
    else:
        label = choose("Run of the map", having, "t_map")
        frame = logs.curves((metric,), languages=tuple(codes), **how)
        frame = frame[frame["label"] == label]
        figure = language_map(
            frame, codes, title=_title(logs, frame, what), x=UNITS[how["axis"]], name=metric
        )
    _show(logs, frame, "t_languages", figure, how, spread(frame, metric), columns=SMALL)
    lacking = [label for label in logs.runs if label not in having]
    _say_without(logs, lacking, f"metric {metric} by language")


def checks(logs: Logs, how: dict[str, Any]) -> None:
    """Draw what generation on the validation split gave along the training."""
    names = [one for one in logs.logged()["metric"] if one.startswith(CHECK)]
    if not names:
        st.info("No log of these holds checks on the validation split (metrics check_…).")
        return
    frame, figure = _panels(
        logs, names, list(logs.runs), names, {"axis": how["axis"]},
        what="checks on the validation split", same_y=True,
    )  # fmt: skip
    said = ends(frame, names) + averaged(logs.logged(), names)
    _show(logs, frame, "t_checks", figure, {**how, "smoothing": "none"}, said)
    having = set(frame["label"])
    _say_without(logs, [one for one in logs.runs if one not in having], "checks")


def reinforced(logs: Logs, how: dict[str, Any]) -> None:
    """Draw reward, KL, length and variety of rollouts, where a log has them."""
    there = set(logs.logged()["metric"])
    if "reward" not in there:
        st.info("None of these runs was trained by reward.")
        return
    names = [name for name in REINFORCED if name in there]
    frame, figure = _panels(
        logs, names, list(logs.runs), names, how, what="rollouts and their reward", columns=SMALL
    )
    said = ends(frame, ["reward", "all_correct"], _points(how))
    if lacking := [_SENTENCES.get(name, name) for name in REINFORCED if name not in there]:
        said += f" Not logged: {', '.join(lacking)}."
    _show(logs, frame, "t_reward", figure, how, said, columns=SMALL)


def _panels(
    logs: Logs,
    metrics: Sequence[str],
    labels: Sequence[str],
    panels: Sequence[str],
    how: dict[str, Any],
    *,
    what: str,
    languages: tuple[str, ...] = ("",),
    **looks: Any,
) -> tuple[pd.DataFrame, go.Figure]:
    """Lay out curves and draw them; both are kept, for most choices of the page change one chart or none.

    Args:
        logs: the chosen runs.
        metrics: which.
        labels: runs to draw.
        panels: metrics or languages.
        how: axis and smoothing.
        what: for the title.
        languages: codes.
        **looks: of `metric_curves`, hashable.
    """
    frame = logs.curves(tuple(metrics), languages=languages, **how)
    title = _title(logs, frame, what)
    marks = {label: logs.chosen.marks[label] for label in labels}

    def draw(_study: Study, *_key: Any) -> go.Figure:
        return metric_curves(
            frame, labels, panels, title=title, marks=marks, x=UNITS[how["axis"]], **looks
        )

    figure = logs.chosen.source.derive(
        draw, tuple(logs.runs.items()), tuple(metrics), languages, tuple(labels), tuple(panels),
        tuple(sorted((name, str(value)) for name, value in how.items())), title,
        tuple(marks.items()), tuple(looks.items()),
        st.context.theme.type,  # a page writes the theme's colour into the figure it shows
    )  # fmt: skip
    return frame, figure


def _first(options: Sequence[str], wanted: Sequence[str]) -> str:
    return next((one for one in wanted if one in options), options[0])


def choose_point(point: Sequence[Any]) -> None:
    """Take the run and the step of a clicked point."""
    set_control("t_run", point[0])
    set_control("t_step", int(point[1]))


def _show(
    logs: Logs,
    frame: pd.DataFrame,
    key: str,
    figure: go.Figure,
    how: dict[str, Any],
    said: str,
    columns: int = 2,
) -> None:
    gaps = gap_count(frame)
    parts = [said]
    if frame.empty:
        parts = ["Nothing of this is in the chosen logs along this axis."]
    has_dots = bool(figure.data) and not any(trace.type == "heatmap" for trace in figure.data)
    dots = "; dots: as logged" if has_dots else ""
    if how["smoothing"] != "none" and len(frame):
        parts.append(
            f"Smoothed: {how['smoothing']} over {how['width']} logged points, what has fewer than "
            f"{LEAST_TURNS * how['width']} as logged{dots}."
        )
    dots_of, line_of = thinned(frame, columns) if has_dots else (1, 1)
    if thin := [
        f"one in {n} {what}"
        for n, what in ((dots_of, "dots"), (line_of, "points of a line"))
        if n > 1
    ]:
        parts.append(f"Of the longest series {' and '.join(thin)} is drawn; the table has all.")
    if len(frame) and not has_dots and frame["step"].nunique() > MOST_COLUMNS:
        parts.append("Neighbouring steps are averaged; the table has all.")
    if gaps:
        parts.append(f"{gaps} gaps in the logs (above 3 times the median distance) are left open.")
    parts += [ADDED_UP[axis] for axis in [how["axis"]] if axis in ADDED_UP]
    show(
        figure,
        frame,
        key,
        runs=logs.chosen.about(list(logs.runs.values())),
        takeaway=" ".join(parts),
        on_click=choose_point,
    )


def _points(how: dict[str, Any]) -> int:
    """Say over how many points the ends of a series are averaged: those that it is smoothed over."""
    return 1 if how["smoothing"] == "none" else int(how["width"])


def _title(logs: Logs, frame: pd.DataFrame, what: str) -> str:
    """Name the runs that are drawn; where none is, all that were looked at."""
    drawn = set(frame["label"])
    return curves_title([label for label in logs.runs if label in drawn] or list(logs.runs), what)


def _say_without(logs: Logs, labels: Sequence[str], what: str) -> None:
    if labels:
        st.caption(f"No {what} in the log of {', '.join(labels)}.")
