"""How much of each language's neurons lies in a range of layers."""

from __future__ import annotations

import math
from collections.abc import Sequence
from functools import partial

import pandas as pd
import streamlit as st

from dashboards.chart import show
from dashboards.page import Chosen
from dashboards.parts.neurons.controls import SHARE
from dashboards.parts.neurons.counts import EVIDENCE, most_and_least, verdicts
from dashboards.parts.neurons.shown import Shown, last_quarter
from dashboards.parts.neurons.stored import Rows, few_tokens, stored_beside, stored_rows
from interp.figures.neuron_counts import language_bars


def window_frame(
    shown: Sequence[Shown],
    languages: Sequence[str],
    base: str,
    window: tuple[int, int],
    rows: Rows,
) -> pd.DataFrame:
    """Measure the share of a language's neurons within a range of layers.

    Args:
        shown: the checkpoints.
        languages: in order.
        base: label of the base.
        window: first and last layer.
        rows: stored comparisons of ``late_share``, whose intervals are taken over where the window is
            the last quarter of the layers.

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
            late = all(window == last_quarter(side) for side in (one, of_base) if side is not None)
            share = partial(_share, window=window)
            known = stored_beside(rows, one, of_base, lang, share) if late else {}
            found.append(
                {
                    "lang": lang,
                    "label": one.label,
                    "neurons": total,
                    "inside": _inside(one, lang, window),
                    "tokens": one.tokens.get(lang, math.nan),
                    "few_tokens": few_tokens(one, lang),
                    "value": _share(one, lang, window=window),
                    "low": known.get("own_low", math.nan),
                    "high": known.get("own_high", math.nan),
                    "verdict": str(known.get("verdict", "")) if one.label != base else "",
                }
            )
    names = ["lang", "label", "neurons", "inside", "tokens", "few_tokens", *EVIDENCE]
    return pd.DataFrame(found, columns=names)


def _inside(one: Shown, lang: str, window: tuple[int, int]) -> int:
    own = one.per_layer.get(lang)
    return 0 if own is None else int(own[window[0] : window[1] + 1].sum())


def _share(one: Shown, lang: str, *, window: tuple[int, int]) -> float:
    total = one.total(lang)
    return _inside(one, lang, window) / total if total else math.nan


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
        takeaway=f"In layers {window[0]}–{window[1]} lie, of a language's neurons – "
        f"{most_and_least(frame, SHARE)}" + verdicts(frame),
    )
    quarter = last_quarter(shown[0])
    if window != quarter:
        st.caption(
            f"Intervals and verdicts are stored for the last quarter, layers {quarter[0]}–{quarter[1]}."
        )
