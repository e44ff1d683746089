"""What the table ``comparisons`` holds for a claim, in the claim's unit; nothing is computed but the unit."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import pandas as pd

from interp.claims.claim import EACH, Claim
from interp.claims.statistics import scale_of, set_of, without_set


@dataclass(frozen=True)
class Entry:
    """One number of the study.

    Attributes:
        where: the languages it is about, in words; empty for all.
        value: in the claim's unit; not a number where it could not be computed.
        low: lower end of its 95 % interval; not a number where there is none.
        high: upper end.
        verdict: what the comparison says of the difference behind it.
        reason: why.
        design: paired, unpaired or lists.
    """

    where: str
    value: float
    low: float
    high: float
    verdict: str
    reason: str
    design: str

    @property
    def has_interval(self) -> bool:
        """Whether both ends are known."""
        return self.low == self.low and self.high == self.high


def entries_of(
    claim: Claim, rows: pd.DataFrame, label: str, languages: Sequence[str]
) -> list[Entry]:
    """Pick the entries that a claim is about.

    Args:
        claim: the claim.
        rows: rows of ``comparisons`` of one pair of runs.
        label: the label in the claim's role; a level may be the base's, too.
        languages: those that both runs have.

    Returns:
        One entry, or one for each language or pair; none where the comparison has no such entry.
    """
    chosen = rows[(rows["statistic"] == _named(claim, rows, languages)) & rows["head"].isna()]
    chosen = _of_languages(claim, chosen)
    if claim.stored.kind == "difference":  # a distance has the layer where it is largest
        layer = chosen["layer"]
        chosen = chosen[layer.isna() if claim.layer is None else layer == claim.layer]
    return [_entry(claim, row, label) for _, row in chosen.iterrows()]


def _named(claim: Claim, rows: pd.DataFrame, languages: Sequence[str]) -> str:
    """Find the name under which an average over a set of languages stands.

    Of several sets with the same languages the comparison keeps one, and the average over those
    beside English has no name.
    """
    plain, title = without_set(claim.statistic)
    wanted = set_of(title, languages)
    if not title or not wanted:
        return claim.statistic
    for name in rows.loc[rows["lang"].isna(), "statistic"]:
        other, same = without_set(str(name))
        if other == plain and set(set_of(same or "mean without en", languages) or ()) == set(
            wanted
        ):
            return str(name)
    return claim.statistic


def _of_languages(claim: Claim, rows: pd.DataFrame) -> pd.DataFrame:
    second = rows["other_lang"]
    if claim.other_lang is None:
        rows = rows[second.isna()]
        if claim.lang is None:
            return rows[rows["lang"].isna()]
        return _without(claim, rows if claim.lang == EACH else rows[rows["lang"] == claim.lang])
    rows = rows[second.notna()]
    if claim.other_lang == EACH:
        return _without(claim, rows)
    straight = (rows["lang"] == claim.lang) & (rows["other_lang"] == claim.other_lang)
    turned = (rows["lang"] == claim.other_lang) & (rows["other_lang"] == claim.lang)
    return rows[straight | turned]


def _without(claim: Claim, rows: pd.DataFrame) -> pd.DataFrame:
    rows = rows[rows["lang"].notna()]
    return rows[~rows["lang"].isin(claim.without) & ~rows["other_lang"].isin(claim.without)]


def _entry(claim: Claim, row: pd.Series, label: str) -> Entry:
    nothing = float("nan")
    if claim.quantity == "level":
        side = "label" if row["label"] == label else "base"
        numbers = [row[f"{side}_value"], row[f"{side}_low"], row[f"{side}_high"]]
    elif claim.quantity == "signed":
        numbers = [row["signed_value"], nothing, nothing]  # the interval is that of the size
    elif claim.quantity == "complement":
        numbers = [1 - row["value"], 1 - row["ci_high"], 1 - row["ci_low"]]
    else:
        numbers = [row["value"], row["ci_low"], row["ci_high"]]
    scale = scale_of(claim.stored, claim.unit)
    value, low, high = (scale * float(one) for one in numbers)
    where = "-".join(str(one) for one in (row["lang"], row["other_lang"]) if not pd.isna(one))
    return Entry(where, value, low, high, row["verdict"], str(row["reason"]), row["design"])
