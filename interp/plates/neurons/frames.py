"""Language neurons counted: per language, within a range of layers, and per layer."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from functools import partial
from typing import Any

import numpy as np
import pandas as pd

from interp.plates.neurons.selected import Selection, few_tokens, of_base
from interp.plates.neurons.stored import Rows, stored_beside
from interp.stats.ks import last_layers

NUMBER, SHARE, CHANGE = "number", "share", "Δ to base"
"""What is shown of a count: itself, its share of the whole, or its difference from the base's."""

EVIDENCE = ("value", "low", "high", "verdict")
"""Columns of what is drawn of one number."""


def count_frame(
    shown: Sequence[Selection],
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
    first = of_base(shown, base)
    found = []
    for lang in languages:
        for one in shown:
            total = one.total(lang)
            if total is None:
                continue
            before = None if first is None else first.total(lang)
            if view == CHANGE and (one.label == base or before is None):
                continue
            selected = one.n_selected()
            share = total / selected if selected else math.nan
            own = stored_beside(rows, one, first, lang, _total)
            known = _in_view(own, view, one, first)
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


def _total(one: Selection, lang: str) -> float | None:
    return one.total(lang)


def _in_view(
    known: Mapping[str, Any], view: str, one: Selection, first: Selection | None
) -> Mapping[str, Any]:
    """Return ends and verdict in the unit of the view; nothing where they are not of it."""
    if not known or first is None:
        return {}
    if view == CHANGE:
        return {**known, "low": known["ci_low"], "high": known["ci_high"]}
    if view == NUMBER:
        return {**known, "low": known["own_low"], "high": known["own_high"]}
    # stored is a number of neurons: as good as a share only where both select one and the same number
    selected = one.n_selected()
    if not (one.is_full() and first.is_full()) or selected != first.n_selected():
        return {}
    return {**known, "low": known["own_low"] / selected, "high": known["own_high"] / selected}


def final_layers(n_layers: int) -> tuple[int, int]:
    """Return first and last layer of the final ones, 0-based: the paper's 28–32 of 32, as is compared."""
    return n_layers - last_layers(n_layers), n_layers - 1


def window_frame(
    shown: Sequence[Selection],
    languages: Sequence[str],
    base: str,
    window: tuple[int, int] | None,
    rows: Rows,
) -> pd.DataFrame:
    """Measure the share of a language's neurons within a range of layers.

    Args:
        shown: the checkpoints.
        languages: in order.
        base: label of the base.
        window: first and last layer; None for each checkpoint's `final_layers`.
        rows: stored comparisons of ``late_share``, whose intervals are taken over where the window is
            that of the final layers.

    Returns:
        The columns of `count_frame` without ``share``, and ``inside`` (neurons in the window).
    """
    first = of_base(shown, base)
    found = []
    for lang in languages:
        for one in shown:
            total = one.total(lang)
            if total is None:
                continue
            late = all(
                window in (None, final_layers(side.n_layers))
                for side in (one, first)
                if side is not None
            )
            share = partial(_share, window=window)
            known = stored_beside(rows, one, first, lang, share) if late else {}
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


def _inside(one: Selection, lang: str, window: tuple[int, int] | None) -> int:
    own = one.per_layer.get(lang)
    start, end = final_layers(one.n_layers) if window is None else window
    return 0 if own is None else int(own[start : end + 1].sum())


def _share(one: Selection, lang: str, *, window: tuple[int, int] | None) -> float:
    total = one.total(lang)
    return _inside(one, lang, window) / total if total else math.nan


def layer_frame(
    shown: Sequence[Selection], languages: Sequence[str], base: str, view: str
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
    first = of_base(shown, base)
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
                before = None if first is None else first.per_layer.get(lang)
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
