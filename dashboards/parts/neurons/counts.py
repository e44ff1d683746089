"""How many neurons each language has, and in which layers."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
import pandas as pd
import streamlit as st

from dashboards.chart import show
from dashboards.controls import set_control, toggle
from dashboards.faults import say_not_compared
from dashboards.page import Chosen
from dashboards.parts.neurons.controls import CHANGE, NUMBER, SHARE, first_place, look_at
from dashboards.parts.neurons.shown import Shown, last_quarter
from dashboards.texts import language_name
from interp.evidence.rows import evidence
from interp.figures.neuron_counts import language_bars, layer_bars, layer_grid
from interp.figures.verdicts import SIGNS

FEW_TOKENS = 1 / 2
"""Of the most that a language has in the checkpoint: below it a language is marked."""

_EVIDENCE = ("value", "low", "high", "verdict")


def count_frame(
    shown: Sequence[Shown],
    languages: Sequence[str],
    base: str,
    view: str,
    rows: Mapping[tuple[str, str], Mapping[str, Any]],
) -> pd.DataFrame:
    """Count the neurons of every language and checkpoint.

    Args:
        shown: the checkpoints.
        languages: in the order in which they are shown; one that a checkpoint lacks has no row there.
        base: label of the base.
        view: number, share of the checkpoint's selected neurons, or change against the base.
        rows: (label, language) to the stored comparison of ``neurons``. Its intervals are taken over
            where it compares the very numbers that are shown.

    Returns:
        Columns ``lang``, ``label``, ``neurons``, ``share``, ``tokens``, ``few_tokens``, ``value`` (what
        the view shows), ``low``, ``high`` and ``verdict``.
    """
    of_base = next((one for one in shown if one.label == base), None)
    found = []
    for lang in languages:
        for one in shown:
            total = one.total(lang)
            if total is None:
                continue
            before = None if of_base is None else of_base.total(lang)
            if view == CHANGE and (one.label == base or before is None):
                continue
            selected = one.n_selected()
            share = total / selected if selected else math.nan
            known = _shown_evidence(rows, one, of_base, lang)
            found.append(
                {
                    "lang": lang,
                    "label": one.label,
                    "neurons": total,
                    "share": share,
                    "tokens": one.tokens.get(lang, math.nan),
                    "few_tokens": few_tokens(one, lang),
                    "value": {NUMBER: total, SHARE: share, CHANGE: total - (before or 0)}[view],
                    "low": known.get(_LOW[view], math.nan),
                    "high": known.get(_HIGH[view], math.nan),
                    "verdict": str(known.get("verdict", "")) if one.label != base else "",
                }
            )
    names = ["lang", "label", "neurons", "share", "tokens", "few_tokens", *_EVIDENCE]
    return pd.DataFrame(found, columns=names)


_LOW = {NUMBER: "own_low", SHARE: "", CHANGE: "ci_low"}
_HIGH = {NUMBER: "own_high", SHARE: "", CHANGE: "ci_high"}


def _shown_evidence(
    rows: Mapping[tuple[str, str], Mapping[str, Any]],
    one: Shown,
    of_base: Shown | None,
    lang: str,
) -> dict[str, Any]:
    """Return what is stored of a number, if the stored comparison is of what is shown."""
    if of_base is None or not (one.stored and of_base.stored):
        return {}
    if one.label == of_base.label:
        row = next((row for (_, code), row in rows.items() if code == lang), None)
        side = "base"
    else:
        row, side = rows.get((one.label, lang)), "label"
    if row is None:
        return {}
    for mine, stored in ((of_base, "base_value"), (one, f"{side}_value")):
        if not pd.isna(row[stored]) and row[stored] != mine.total(lang):
            return {}  # e.g. selected anew from fewer languages, to be comparable
    return {**row, "own_low": row[f"{side}_low"], "own_high": row[f"{side}_high"]}


def few_tokens(one: Shown, lang: str) -> bool:
    """Say whether a language was measured on less than half the tokens of the best measured one."""
    if lang not in one.tokens:
        return False
    return one.tokens[lang] < FEW_TOKENS * max(one.tokens.values())


def stored_rows(
    chosen: Chosen, shown: Sequence[Shown], statistic: str
) -> dict[tuple[str, str], dict[str, Any]]:
    """Return the stored comparisons of the very runs that are shown, by label and language."""
    rows = chosen.compared(analysis="lape", statistic=statistic)
    runs = {one.label: one.run_id for one in shown}
    return {
        (str(row["label"]), str(row["lang"])): {str(name): cell for name, cell in row.items()}
        for row in rows.to_dict("records")
        if row["base_run"] == runs.get(chosen.base)
        and row["label_run"] == runs.get(row["label"])
        and not pd.isna(row["lang"])
    }


def draw_counts(
    chosen: Chosen, shown: Sequence[Shown], languages: Sequence[str], view: str
) -> None:
    """Draw neurons per language and checkpoint, with what is stored about their differences."""
    rows = stored_rows(chosen, shown, "neurons")
    frame = count_frame(shown, languages, chosen.base, view, rows)
    title, axis = {
        NUMBER: ("Language-specific neurons", "neurons"),
        SHARE: ("Language-specific neurons, share of all selected ones", "share of the selected"),
        CHANGE: (
            f"Language-specific neurons, change against {chosen.base}",
            "neurons more or less",
        ),
    }[view]
    show(
        language_bars(
            frame,
            chosen.marks,
            title=f"{title}: {', '.join(one.label for one in shown)}",
            y=axis,
            percent=view == SHARE,
        ),
        frame,
        "n_counts",
        runs=chosen.about([one.run_id for one in shown]),
        takeaway=_most_and_least(frame, view) + _verdicts(frame),
    )
    few = [lang for lang in languages if any(few_tokens(one, lang) for one in shown)]
    if few:
        st.badge(
            f"Few tokens: {', '.join(few)}. Compare their counts with care: rarer firing is "
            "estimated worse.",
            icon=":material/warning:",
            color="orange",
        )
    _say_evidence(chosen, shown, rows)


def _most_and_least(frame: pd.DataFrame, view: str) -> str:
    parts = []
    for label, own in frame.dropna(subset=["value"]).groupby("label", sort=False):
        if view == CHANGE:
            at = int(own["value"].abs().to_numpy().argmax())
            change = own.iloc[at]
            parts.append(f"{label}: largest change {change['lang']} {change['value']:+,}")
            continue
        values = own["value"].to_numpy()
        most, least = own.iloc[int(values.argmax())], own.iloc[int(values.argmin())]
        said = [
            f"{one['lang']} ({one['value']:.1%})"
            if view == SHARE
            else f"{one['lang']} ({one['value']:,})"
            for one in (most, least)
        ]
        parts.append(f"{label}: most {said[0]}, fewest {said[1]}")
    return "; ".join(parts) if parts else "No language neurons here"


def _verdicts(frame: pd.DataFrame) -> str:
    """Count the verdicts; their signs say what stands above the bars."""
    judged = frame[frame["verdict"] != ""]
    if judged.empty:
        return "."
    counted = judged["verdict"].value_counts()
    said = [f"{counted[one]} {SIGNS[one]} {one}" for one in SIGNS if one in counted]
    return f"; of {len(judged)} differences {', '.join(said)}."


def _say_evidence(
    chosen: Chosen, shown: Sequence[Shown], rows: Mapping[tuple[str, str], Mapping[str, Any]]
) -> None:
    """Show the stored comparison, or say why there is none."""
    labels = [one.label for one in shown]
    if len(labels) < 2 or chosen.base not in labels:
        return
    refused = chosen.not_comparable("lape")
    for row in refused[refused["label"].isin(labels)].to_dict("records"):
        st.warning(f"{row['label']} cannot be compared with {chosen.base}: {row['reason']}")
    if not rows:
        if refused.empty:
            say_not_compared(chosen.source)
        return
    if not all(one.stored for one in shown):
        st.info(
            "Thresholds differ from those that the runs were made with: intervals and verdicts were "
            "computed for the runs' own, and are not drawn. They stand below."
        )
    with st.expander("Evidence, at the thresholds of the runs", icon=":material/balance:"):
        table = pd.DataFrame(list(rows.values()))
        st.dataframe(evidence(table), hide_index=True, key="n_evidence")
        st.caption(
            "Value with its 95 % bootstrap interval over blocks of text; floor: what two halves of the "
            "baseline's own text differ by (95th percentile); p after Holm over languages."
        )
    st.page_link("views/statistics.py", label="The layers of these neurons, as distributions")


def layer_frame(
    shown: Sequence[Shown], languages: Sequence[str], base: str, view: str
) -> pd.DataFrame:
    """Count neurons per layer.

    Args:
        shown: the checkpoints.
        languages: in order.
        base: label of the base.
        view: number, share of the language's neurons, or change against the base.

    Returns:
        Columns ``lang``, ``label``, ``layer`` (0-based), ``neurons`` and ``value``; under change no
        rows of checkpoints that have other layers than the base.
    """
    of_base = next((one for one in shown if one.label == base), None)
    parts = []
    for lang in languages:
        for one in shown:
            if lang not in one.per_layer:
                continue
            own = one.per_layer[lang]
            value: Any = own
            if view == SHARE:
                value = own / own.sum() if own.sum() else np.full(len(own), math.nan)
            if view == CHANGE:
                before = None if of_base is None else of_base.per_layer.get(lang)
                if before is None or one.label == base or len(before) != len(own):
                    continue
                value = own - before
            parts.append(
                pd.DataFrame(
                    {"lang": lang, "label": one.label, "layer": range(len(own)), "neurons": own}
                ).assign(value=value)
            )
    if not parts:
        return pd.DataFrame(columns=["lang", "label", "layer", "neurons", "value"])
    return pd.concat(parts, ignore_index=True)


_LAYER_TITLES = {
    NUMBER: ("neurons per layer", "neurons"),
    SHARE: ("share of a language's neurons per layer", "share"),
    CHANGE: ("change of neurons per layer", "change"),
}


def draw_layers(
    chosen: Chosen, shown: Sequence[Shown], languages: Sequence[str], view: str
) -> None:
    """Draw every language's layers as small multiples."""
    st.subheader("Layers")
    shared = toggle("One scale for all languages", "n_shared", default=True)
    frame = layer_frame(shown, languages, chosen.base, view)
    what, axis = _LAYER_TITLES[view]
    show(
        layer_grid(
            frame,
            languages,
            chosen.marks,
            title=f"Language-specific {what}: {', '.join(one.label for one in shown)}",
            y=axis,
            shared=shared,
            percent=view == SHARE,
        ),
        frame,
        "n_layers",
        runs=chosen.about([one.run_id for one in shown]),
        takeaway=_fullest(shown, languages),
    )
    depths = {one.n_layers for one in shown}
    if len(depths) > 1:
        st.caption(
            f"Depths differ ({', '.join(f'{one.label}: {one.n_layers}' for one in shown)} layers): "
            "the same number of a layer is not the same place."
        )


def _fullest(shown: Sequence[Shown], languages: Sequence[str]) -> str:
    parts = []
    for one in shown:
        counts = [one.per_layer[lang] for lang in languages if lang in one.per_layer]
        summed = np.sum(counts, axis=0) if counts else np.zeros(1, np.int64)
        if summed.sum():
            at = int(summed.argmax())
            parts.append(
                f"{one.label}: layer {at} holds {summed[at] / summed.sum():.0%} of {summed.sum():,}"
            )
    whose = language_name(languages[0]) if len(languages) == 1 else "These languages"
    return f"{whose}, the fullest layer – {'; '.join(parts) or 'nothing selected'}."


def draw_one_language(
    chosen: Chosen,
    shown: Sequence[Shown],
    lang: str,
    view: str,
    window: tuple[int, int],
    layer: int | None,
) -> None:
    """Draw the chosen language's layers; a click chooses a layer, its first neuron and the table."""
    frame = layer_frame(shown, [lang], chosen.base, view)
    what, axis = _LAYER_TITLES[view]

    def clicked(point: Sequence[Any]) -> None:
        first = first_place(shown, lang, int(point[0]))
        if first is not None:
            look_at(first)
        elif layer is not None:
            set_control("n_layer", int(point[0]))
        set_control("n_here", True)

    show(
        layer_bars(
            frame,
            chosen.marks,
            title=f"{language_name(lang)}, {what}: {', '.join(one.label for one in shown)}",
            y=axis,
            window=window,
            layer=layer,
            percent=view == SHARE,
        ),
        frame,
        "n_layer_of",
        runs=chosen.about([one.run_id for one in shown]),
        takeaway=_fullest(shown, [lang]),
        on_click=clicked if layer is not None else None,
    )


def window_frame(
    shown: Sequence[Shown],
    languages: Sequence[str],
    base: str,
    window: tuple[int, int],
    rows: Mapping[tuple[str, str], Mapping[str, Any]],
) -> pd.DataFrame:
    """Measure the share of a language's neurons within a range of layers.

    Args:
        shown: the checkpoints.
        languages: in order.
        base: label of the base.
        window: first and last layer.
        rows: (label, language) to the stored comparison of ``late_share``, whose intervals are taken
            over where the window is the last quarter of the layers.

    Returns:
        The columns of ``count_frame`` without ``share``, and ``inside`` (neurons in the window).
    """
    of_base = next((one for one in shown if one.label == base), None)
    found = []
    for lang in languages:
        for one in shown:
            total = one.total(lang)
            if total is None:
                continue
            inside = int(one.per_layer[lang][window[0] : window[1] + 1].sum())
            share = inside / total if total else math.nan
            known = _late_evidence(rows, one, of_base, lang, window, share)
            found.append(
                {
                    "lang": lang,
                    "label": one.label,
                    "neurons": total,
                    "inside": inside,
                    "tokens": one.tokens.get(lang, math.nan),
                    "few_tokens": few_tokens(one, lang),
                    "value": share,
                    "low": known.get("low", math.nan),
                    "high": known.get("high", math.nan),
                    "verdict": str(known.get("verdict", "")) if one.label != base else "",
                }
            )
    names = ["lang", "label", "neurons", "inside", "tokens", "few_tokens", *_EVIDENCE]
    return pd.DataFrame(found, columns=names)


def _late_evidence(
    rows: Mapping[tuple[str, str], Mapping[str, Any]],
    one: Shown,
    of_base: Shown | None,
    lang: str,
    window: tuple[int, int],
    share: float,
) -> dict[str, Any]:
    """Return what is stored of the share in the last quarter, if that is what is shown."""
    if of_base is None or not (one.stored and of_base.stored):
        return {}
    if any(window != last_quarter(side) for side in (one, of_base)):
        return {}
    if one.label == of_base.label:
        row, side = next((row for (_, code), row in rows.items() if code == lang), None), "base"
    else:
        row, side = rows.get((one.label, lang)), "label"
    if row is None or not math.isclose(row[f"{side}_value"], share):
        return {}
    return {"low": row[f"{side}_low"], "high": row[f"{side}_high"], "verdict": row["verdict"]}


def draw_window(
    chosen: Chosen, shown: Sequence[Shown], languages: Sequence[str], window: tuple[int, int]
) -> None:
    """Draw the share of each language's neurons within the layer window."""
    rows = stored_rows(chosen, shown, "late_share")
    frame = window_frame(shown, languages, chosen.base, window, rows)
    show(
        language_bars(
            frame,
            chosen.marks,
            title=f"Share of a language's neurons in layers {window[0]}–{window[1]}: "
            f"{', '.join(one.label for one in shown)}",
            y="share of the language's neurons",
            percent=True,
        ),
        frame,
        "n_inside",
        runs=chosen.about([one.run_id for one in shown]),
        takeaway=f"In layers {window[0]}–{window[1]} lie – {_most_and_least(frame, SHARE)}"
        + _verdicts(frame),
    )
    quarter = last_quarter(shown[0])
    if window != quarter:
        st.caption(
            f"Intervals and verdicts are stored for the last quarter, layers {quarter[0]}–{quarter[1]}."
        )
