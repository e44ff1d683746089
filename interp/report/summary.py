"""The stored comparisons in words: what differs from the base, what does not show, what cannot be said."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd

from interp.evidence.meanings import meaning
from interp.evidence.places import EVERY
from interp.evidence.state import ALONE, COMPARED, NEVER, OLDER, REFUSED, comparison_state
from interp.figures.verdicts import evidence_text
from interp.plates.overview.beyond import beyond_frame
from interp.plates.overview.verdicts import groups
from interp.plates.view import View
from interp.plates.words import count
from interp.report.evidence import ANALYSES, by_statistic
from interp.report.words import listed
from interp.stats.verdict import ALPHA, BEYOND, NOT_ENOUGH, WITHIN

_NAMED = 6
"""Statistics that a sentence names."""

_NO_DIFFERENCE = {"likeness": " (1 is no difference)", "distance": " (0 is no difference)"}


@dataclass(frozen=True)
class Found:
    """What the comparison of one checkpoint and analysis says.

    Attributes:
        analysis: what a reader calls it.
        differs: sentences on what is beyond noise, the clearest first.
        same: sentences on what is not.
        open: sentences on what cannot be said.
    """

    analysis: str
    differs: tuple[str, ...]
    same: tuple[str, ...]
    open: tuple[str, ...]


@dataclass(frozen=True)
class Against:
    """What one checkpoint's comparison with the base says.

    Attributes:
        label: the checkpoint.
        headline: all of it in a sentence or two.
        chance: how many calls chance alone would give; empty where nothing was tested.
        found: analysis by analysis, of those that are compared.
        open: sentences on those that are not.
        to_compare: whether `interp compare` would add to it.
    """

    label: str
    headline: str
    chance: str
    found: tuple[Found, ...]
    open: tuple[str, ...]
    to_compare: bool


def summary(view: View) -> tuple[Against, ...]:
    """Put into words what the stored comparisons say, checkpoint by checkpoint.

    Nothing is computed but counts; what is not stored is said to be missing.

    Args:
        view: the study, and what of it is shown.
    """
    if not view.others:
        return ()
    rows = view.compared()
    states = comparison_state(view.study, view.base, view.others)
    return tuple(
        _against(view.base, label, rows[rows["label"] == label], states[states["label"] == label])
        for label in view.others
    )


def _against(base: str, label: str, rows: pd.DataFrame, states: pd.DataFrame) -> Against:
    known = [one for one in ANALYSES if one in set(rows["analysis"])]
    return Against(
        label=label,
        headline=_headline(base, label, rows, states),
        chance=_chance(rows[rows["head"].isna()]),
        found=tuple(_found(one, rows[rows["analysis"] == one]) for one in known),
        open=tuple(_not_compared(states)),
        to_compare=bool(states["state"].isin([NEVER, OLDER]).any()),
    )


def _headline(base: str, label: str, rows: pd.DataFrame, states: pd.DataFrame) -> str:
    """Say of a checkpoint how much is beyond noise, in which analyses, and what is clearest."""
    plain = rows[rows["head"].isna()]
    tested: dict[str, int] = {}
    called: dict[str, int] = {}
    for own in by_statistic(plain):
        analysis = str(own["analysis"].iloc[0])
        tested[analysis] = tested.get(analysis, 0) + bool(_is_tested(own).any())
        called[analysis] = called.get(analysis, 0) + bool((own["verdict"] == BEYOND).any())
    n, m = sum(tested.values()), sum(called.values())
    if not n:
        why = "nothing is compared" if plain.empty else "none of the comparisons has enough data"
        return f"Whether {label} differs from {base} cannot be said: {why}."
    beyond = [
        f"{ANALYSES[one]} {called[one]} of {tested[one]}" for one in ANALYSES if called.get(one)
    ]
    within = [ANALYSES[one] for one in ANALYSES if tested.get(one) and not called[one]]
    unsaid = {one for one in tested if not tested[one]} | set(
        states.loc[states["state"] != COMPARED, "analysis"]
    ) - {one for one in tested if tested[one]}
    if m:
        first = beyond_frame(plain).iloc[0]
        at = "" if first["place"] == EVERY else f", {first['place']}"
        times = first["times_floor"]
        far = "" if np.isnan(times) else f" ({times:.1f} times the noise floor{at})"
        said = (
            f"{label} differs from {base} beyond noise in {m} of {count(n, 'statistic')}: "
            f"{', '.join(beyond)}. Clearest: {_named(first)}{far}."
        )
        if within:
            said += f" No difference is shown in {listed(within)}."
    else:
        said = (
            f"{label}: no difference from {base} is shown in any of {count(n, 'statistic')} "
            f"({listed(within)}), which is not to say that there is none."
        )
    if unsaid:
        said += f" Cannot be said: {listed([ANALYSES[one] for one in ANALYSES if one in unsaid])}."
    return said


def _is_tested(rows: pd.DataFrame) -> pd.Series:
    return rows["verdict"].isin([BEYOND, WITHIN])


def _found(analysis: str, rows: pd.DataFrame) -> Found:
    maps, plain = rows[rows["head"].notna()], rows[rows["head"].isna()]
    tested = [own for own in by_statistic(plain) if _is_tested(own).any()]
    within = [own for own in tested if not (own["verdict"] == BEYOND).any()]
    return Found(
        analysis=ANALYSES[analysis],
        differs=tuple(_differs(plain, len(tested), maps)),
        same=tuple(_same(within, len(tested), maps)),
        open=tuple(_open(plain)),
    )


def _differs(plain: pd.DataFrame, n: int, maps: pd.DataFrame) -> Iterator[str]:
    clearest = beyond_frame(plain)
    if len(clearest):
        more = f", the {_NAMED} clearest of which are named" if len(clearest) > _NAMED else ""
        yield f"{len(clearest)} of {count(n, 'statistic')}{more}:"
        where = {_key(own.iloc[0]): own for own in by_statistic(plain)}
        for row in clearest.head(_NAMED).to_dict("records"):
            yield _most(row, where[_key(row)])
    called = int((maps["verdict"] == BEYOND).sum())
    if called:
        yield (
            f"Of {len(maps):,} entries of maps over single heads {called:,} "
            f"{'is' if called == 1 else 'are'} beyond noise (p adjusted over all heads and languages "
            "of a map)."
        )


def _key(row: Any) -> tuple[Any, ...]:
    return row["analysis"], row["preset"], row["data"], row["statistic"]


def _named(row: Any) -> str:
    """Name a statistic in words, its name in the tables behind them."""
    what = meaning(row["analysis"], row["statistic"], row["kind"]).rpartition(" (")[0]
    return f"{what} ({row['statistic']})" if what else str(row["statistic"])


def _most(row: Any, own: pd.DataFrame) -> str:
    """Name a statistic, at how many places it is beyond noise, which way, and the clearest of them."""
    called, tested = own[own["verdict"] == BEYOND], int(_is_tested(own).sum())
    place = "all together" if row["place"] == EVERY else row["place"]
    if tested == 1:
        where = "" if len(own) == 1 and row["place"] == EVERY else f", {place}"
    else:
        how = f" in {len(called)} of {tested} places tested"
        if row["kind"] == "difference":
            up = int((called["value"] > 0).sum())
            ways = [
                f"{way} in {n}" for way, n in (("higher", up), ("lower", len(called) - up)) if n
            ]
            how = f" {' and '.join(ways)} of {tested} places tested"
        where = f",{how}, clearest {place}" if len(called) > 1 else f",{how}, {place}"
    text = evidence_text(row).rpartition(": ")[0]
    said = f"{_named(row)}{where}: {text}{_NO_DIFFERENCE.get(row['kind'], '')}."
    return said[:1].upper() + said[1:]


def _same(within: Sequence[pd.DataFrame], n: int, maps: pd.DataFrame) -> Iterator[str]:
    if within:
        names = list(dict.fromkeys(_named(own.iloc[0]) for own in within))
        more = f"; and {len(names) - _NAMED} more" if len(names) > _NAMED else ""
        yield (
            f"{len(within)} of {count(n, 'statistic')}, within noise wherever they could be tested: "
            f"{'; '.join(names[:_NAMED])}{more}."
        )
    if len(maps) and not (maps["verdict"] == BEYOND).any() and (maps["verdict"] == WITHIN).any():
        yield f"None of {len(maps):,} entries of maps over single heads is beyond noise."


def _open(rows: pd.DataFrame) -> Iterator[str]:
    lacking = rows[rows["verdict"] == NOT_ENOUGH]
    if lacking.empty:
        return
    reason, times = next(iter(lacking["reason"].value_counts().items()))
    of = f"{len(lacking):,} of {count(len(rows), 'comparison')}"
    often = "" if times == len(lacking) else f"most often ({times:,} times): "
    yield f"Not enough data for {of}: {often}{reason}."


def _not_compared(states: pd.DataFrame) -> Iterator[str]:
    """Say which analyses have no stored comparison, or none that holds any more, and why."""
    found: dict[str, dict[tuple[str, str], None]] = {}
    for analysis, state, why in zip(
        states["analysis"], states["state"], states["why"], strict=True
    ):
        found.setdefault(state, {})[ANALYSES.get(analysis, analysis), why] = None
    if about := found.get(NEVER):
        yield f"Not compared yet: {listed(list(dict.fromkeys(name for name, _ in about)))}."
    if about := found.get(OLDER):
        yield (
            "Stored comparisons rest on runs that newer ones have replaced: "
            f"{'; '.join(f'{name} ({why})' for name, why in about)}."
        )
    if about := found.get(REFUSED):
        yield f"Not comparable: {'; '.join(f'{name} ({why})' for name, why in about)}."
    if about := found.get(ALONE):
        yield f"Nothing to compare with: {'; '.join(dict.fromkeys(why for _, why in about))}."


def _chance(plain: pd.DataFrame) -> str:
    """Say how many calls chance alone would give; p is adjusted within groups, and over nothing else."""
    if plain.empty:
        return ""
    counted = groups(plain)
    n, called = int(counted["judged"].sum()), int(counted["beyond"].sum())
    if not n:
        return ""
    return (
        f"In {called:,} of {count(n, 'group')} of comparisons something is beyond noise; by chance alone "
        f"it would be up to {ALPHA * n:.1f}."
    )
