"""Where each row of ``comparisons`` is: language, pair, layer, head; named, ordered and thinned out."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np
import pandas as pd

from interp.data.languages import in_table_order
from interp.evidence.rows import cells
from interp.stats.pair import extremeness
from interp.stats.verdict import VERDICTS

EVERY = "all together"
"""Place of a row that is about no language, layer or head of its own."""

ORDERS = ("language", "value", "verdict")


def with_places(rows: pd.DataFrame) -> pd.DataFrame:
    """Name the place of each row.

    Args:
        rows: rows of ``comparisons``.

    Returns:
        Those rows with ``place`` in front (``ar``, ``ar with bn``, ``ar layer 3 head 4``, ``layer 3``,
        ``all together``) and ``rest``, what of it is not the language (``with bn``, ``layer 3 head
        4``; empty). The layer of a distance is where it is largest, and no place.
    """
    columns = cells(rows, "lang", "other_lang", "layer", "head", "kind")
    named = [_place(*cells) for cells in columns]
    found = rows.copy()
    found.insert(
        0, "place", [" ".join(filter(None, (lang, rest))) or EVERY for lang, rest in named]
    )
    found.insert(1, "rest", [rest for _, rest in named])
    return found


def _place(
    lang: str | None, other: str | None, layer: float | None, head: float | None, kind: str
) -> tuple[str, str]:
    parts = [
        "" if other is None else f"with {other}",
        "" if layer is None or kind == "distance" else f"layer {int(layer)}",
        "" if head is None else f"head {int(head)}",
    ]
    return lang or "", " ".join(filter(None, parts))


def far(rows: pd.DataFrame) -> pd.Series:
    """Return how far each row's value is from no difference; not a number where it has none."""
    return pd.Series(
        extremeness(rows["value"].to_numpy(float), rows["kind"].to_numpy(str)), rows.index
    )


def ordered_places(rows: pd.DataFrame, by: str) -> list[str]:
    """Put places in the order in which a chart shows them, the one for all together last.

    Args:
        rows: from `with_places`, possibly of several checkpoints.
        by: ``language`` (the table's order, then pair, layer and head), ``value`` (the farthest from
            no difference first) or ``verdict`` (beyond noise first, then by value); of several
            checkpoints the one counts that would put a place highest.
    """
    known = in_table_order([lang for lang in rows["lang"].dropna().unique()])
    keys = pd.DataFrame(
        {
            "place": rows["place"],
            "verdict": rows["verdict"].map(VERDICTS.index),
            "far": -far(rows).fillna(-np.inf),
            "lang": rows["lang"]
            .map({lang: at for at, lang in enumerate(known)})
            .fillna(len(known)),
            "other": rows["other_lang"].fillna(""),
            "layer": rows["layer"].fillna(-1).astype(float),
            "head": rows["head"].fillna(-1).astype(float),
        }
    )
    keys.loc[rows["kind"] == "distance", "layer"] = -1
    within = ["lang", "other", "layer", "head"]
    first = {"language": within, "value": ["far"], "verdict": ["verdict", "far"]}[by]
    keys["last"] = keys["place"] == EVERY
    order = keys.sort_values(["last", *first, *within], kind="stable")["place"]
    return list(dict.fromkeys(order))


def thinned(places: Sequence[str], most: int) -> list[str]:
    """Keep the first ``most`` places, and the one for all together in any case."""
    kept = [place for place in places if place != EVERY][:most]
    return [*kept, *(place for place in places if place == EVERY)]


def choices(rows: pd.DataFrame) -> Mapping[str, tuple[str, ...]]:
    """Return the places of each language by what tells them apart; a pair is a place of both.

    Args:
        rows: from `with_places`.

    Returns:
        Language (empty for rows without one) to the ``rest`` of its rows, in stored order.
    """
    found: dict[str, dict[str, None]] = {}
    for lang, other, rest in cells(rows, "lang", "other_lang", "rest"):
        found.setdefault(lang or "", {})[rest] = None
        if other is not None:
            found.setdefault(str(other), {})[f"with {lang}"] = None
    return {lang: tuple(rests) for lang, rests in found.items()}


def at_place(rows: pd.DataFrame, lang: str | None, rest: str = "") -> pd.DataFrame:
    """Keep the rows of one place.

    Args:
        rows: from `with_places`.
        lang: language, either of a pair; None for rows without one.
        rest: what else tells the row apart, as in `choices`.
    """
    if lang is None:
        return rows[rows["lang"].isna() & (rows["rest"] == rest)]
    first = (rows["lang"] == lang) & (rows["rest"] == rest)
    second = (rows["other_lang"] == lang) & ("with " + rows["lang"].fillna("") == rest)
    return rows[first | second]
