"""How many neurons each language has."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from typing import Any

import pandas as pd
import streamlit as st

from dashboards.chart import show
from dashboards.faults import say_not_compared
from dashboards.page import Chosen
from dashboards.parts.neurons.controls import CHANGE, NUMBER, SHARE
from dashboards.parts.neurons.shown import Shown
from dashboards.parts.neurons.stored import Rows, few_tokens, stored_beside, stored_rows
from interp.evidence.rows import evidence
from interp.figures.neuron_counts import language_bars
from interp.figures.verdicts import SIGNS

EVIDENCE = ("value", "low", "high", "verdict")
"""Columns of what is drawn of one number."""

_NAMED = 3
"""Languages with the same number that are named; more are counted."""


def count_frame(
    shown: Sequence[Shown],
    languages: Sequence[str],
    base: str,
    view: str,
    rows: Rows,
) -> pd.DataFrame:
    """Count the neurons of every language and checkpoint.

    Args:
        shown: the checkpoints.
        languages: in the order in which they are shown; one that a checkpoint lacks has no row there.
        base: label of the base.
        view: number, share of the checkpoint's selected neurons, or change against the base.
        rows: stored comparisons of ``neurons``. Intervals and verdicts are taken over where they are of
            the very numbers that are shown.

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
            own = stored_beside(rows, one, of_base, lang, Shown.total)
            known = _in_view(own, view, one, of_base)
            found.append(
                {
                    "lang": lang,
                    "label": one.label,
                    "neurons": total,
                    "share": share,
                    "tokens": one.tokens.get(lang, math.nan),
                    "few_tokens": few_tokens(one, lang),
                    "value": {NUMBER: total, SHARE: share, CHANGE: total - (before or 0)}[view],
                    "low": known.get("low", math.nan),
                    "high": known.get("high", math.nan),
                    "verdict": str(known.get("verdict", "")) if one.label != base else "",
                }
            )
    names = ["lang", "label", "neurons", "share", "tokens", "few_tokens", *EVIDENCE]
    return pd.DataFrame(found, columns=names)


def _in_view(
    known: Mapping[str, Any], view: str, one: Shown, of_base: Shown | None
) -> Mapping[str, Any]:
    """Return ends and verdict in the unit of the view; nothing where they are not of it."""
    if not known or of_base is None:
        return {}
    if view == CHANGE:
        return {**known, "low": known["ci_low"], "high": known["ci_high"]}
    if view == NUMBER:
        return {**known, "low": known["own_low"], "high": known["own_high"]}
    # stored is a number of neurons: as good as a share only where both select one and the same number
    selected = one.n_selected()
    if not (_is_full(one) and _is_full(of_base)) or selected != of_base.n_selected():
        return {}
    return {**known, "low": known["own_low"] / selected, "high": known["own_high"] / selected}


def _is_full(one: Shown) -> bool:
    """Say whether as many neurons were selected as the top fraction asks for, as in every resample."""
    return one.counted is not None and 0 < one.n_selected() == one.counted.chosen.n_wanted


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
            title=f"{title}: {', '.join(dict.fromkeys(frame['label']))}",
            y=axis,
            percent=view == SHARE,
        ),
        frame,
        "n_counts",
        runs=chosen.about([one.run_id for one in shown]),
        takeaway=most_and_least(frame, view) + verdicts(frame),
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


def most_and_least(frame: pd.DataFrame, view: str) -> str:
    """Say of each checkpoint which languages have most and fewest, or changed most; no full stop."""
    parts = []
    for label, own in frame.dropna(subset=["value"]).groupby("label", sort=False):
        if view == CHANGE:
            parts.append(f"{label}: {_largest_change(own)}")
            continue
        most, least = own["value"].max(), own["value"].min()
        said = [
            f"{_languages_at(own, value)} ({f'{value:.1%}' if view == SHARE else f'{value:,}'})"
            for value in (most, least)
        ]
        both = f"most {said[0]}, fewest {said[1]}"
        parts.append(f"{label}: {said[0] if most == least else both}")
    return "; ".join(parts) if parts else "No language neurons here"


def _languages_at(own: pd.DataFrame, value: float) -> str:
    languages = own.loc[own["value"] == value, "lang"].tolist()
    named, rest = languages[:_NAMED], len(languages) - _NAMED
    return ", ".join(named) + (f" and {rest} more" if rest > 0 else "")


def _largest_change(own: pd.DataFrame) -> str:
    row = own.iloc[int(own["value"].abs().to_numpy().argmax())]
    if row["value"] == 0:
        return "no change"
    ends = "" if pd.isna(row["low"]) else f" [{row['low']:+,.4g}, {row['high']:+,.4g}]"
    return f"largest change {row['lang']} {row['value']:+,}{ends}"


def verdicts(frame: pd.DataFrame) -> str:
    """Count the verdicts; their signs say what stands above the bars."""
    judged = frame[frame["verdict"] != ""]
    if judged.empty:
        return "."
    counted = judged["verdict"].value_counts()
    said = [f"{counted[one]} {SIGNS[one]} {one}" for one in SIGNS if one in counted]
    return f"; of {len(judged)} differences {', '.join(said)}."


def _say_evidence(chosen: Chosen, shown: Sequence[Shown], rows: Rows) -> None:
    """Show the stored comparison, or say why there is none."""
    labels = [one.label for one in shown]
    if len(labels) < 2 or chosen.base not in labels:
        return
    refused = chosen.not_comparable("lape")
    for row in refused[refused["label"].isin(labels)].to_dict("records"):
        st.warning(f"{row['label']} cannot be compared with {chosen.base}: {row['reason']}")
    if not rows:
        if refused.empty:
            say_not_compared(chosen.source, chosen.base)
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
