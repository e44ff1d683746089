"""The stored comparisons as a summary in words and as a table of verdicts."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any

import pandas as pd

from interp.evidence.meanings import meaning
from interp.evidence.places import EVERY, far, with_places
from interp.evidence.rows import evidence
from interp.evidence.state import ALONE, COMPARED, OLDER, REFUSED, comparison_state
from interp.figures.verdicts import SIGNS, evidence_text
from interp.plates.view import View
from interp.report.words import count, listed
from interp.stats.verdict import ALPHA, BEYOND, NOT_ENOUGH, VERDICTS, WITHIN

ANALYSES = {
    "lape": "Language-specific neurons (LAPE)",
    "lahis": "Attention heads (LAHIS)",
    "lens": "Logit lens",
    "mcq": "Option scores",
    "klar": "Free generation (KLAR)",
    "similarity": "Similarity of translations",
    "ablation": "Ablation",
    "attention": "Attention patterns",
    "train": "Training",
}
"""Analysis to what a reader calls it."""

_NAMED = 6
"""Statistics that a sentence names."""

_KEYS = ["label", "analysis", "preset", "data", "statistic"]


@dataclass(frozen=True)
class Found:
    """What the comparison of one checkpoint and analysis says.

    Attributes:
        analysis: what a reader calls it.
        differs: sentences on what is beyond noise.
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
        found: analysis by analysis.
        chance: how many calls chance alone would give; empty where nothing was tested.
    """

    label: str
    found: tuple[Found, ...]
    chance: str


def summary(view: View) -> tuple[Against, ...]:
    """Put into words what the stored comparisons say, checkpoint by checkpoint.

    Nothing is computed but counts; what is not stored is said to be missing.

    Args:
        view: the study, and what of it is shown.
    """
    if not view.others:
        return ()
    rows = with_places(view.compared())
    states = comparison_state(view.study, view.base, view.others)
    said = []
    for label in view.others:
        own = rows[rows["label"] == label]
        about = states[states["label"] == label]
        known = [one for one in ANALYSES if one in {*own["analysis"], *about["analysis"]}]
        found = tuple(
            _found(one, own[own["analysis"] == one], about[about["analysis"] == one]) for one in known
        )  # fmt: skip
        said.append(Against(label, found, _chance(own)))
    return tuple(said)


def _found(analysis: str, rows: pd.DataFrame, states: pd.DataFrame) -> Found:
    maps, plain = rows[rows["head"].notna()], rows[rows["head"].isna()]
    groups = list(_groups(plain))
    beyond = [own for own in groups if (own["verdict"] == BEYOND).any()]
    tested = [own for own in groups if own["verdict"].isin([BEYOND, WITHIN]).any()]
    within = [own for own in tested if not (own["verdict"] == BEYOND).any()]
    return Found(
        analysis=ANALYSES.get(analysis, analysis),
        differs=tuple(_differs(beyond, len(tested), maps)),
        same=tuple(_same(within, len(tested), maps)),
        open=tuple(_open(plain, states)),
    )


def _groups(rows: pd.DataFrame) -> Iterator[pd.DataFrame]:
    for _, own in rows.groupby(_KEYS, sort=False):
        yield own


def _differs(beyond: Sequence[pd.DataFrame], n: int, maps: pd.DataFrame) -> Iterator[str]:
    if beyond:
        more = f", {_NAMED} of which are named" if len(beyond) > _NAMED else ""
        yield f"Beyond noise somewhere: {len(beyond)} of {count(n, 'statistic')}{more}:"
        yield from (_most(own) for own in beyond[:_NAMED])
    called = int((maps["verdict"] == BEYOND).sum())
    if called:
        yield f"Of {len(maps):,} entries of maps over single heads {called:,} are beyond noise."


def _most(own: pd.DataFrame) -> str:
    """Name a statistic, where it is beyond noise, and the place where it is farthest."""
    called = own[own["verdict"] == BEYOND]
    row = called.iloc[int(far(called).to_numpy(float).argmax())]
    where = "" if row["place"] == EVERY else f" for {row['place']}"
    of = f" in {len(called)} of {count(len(own), 'place')}" if len(own) > 1 else ""
    most = f", most{where or ' for all together'}" if len(called) > 1 else where
    text = evidence_text(row.to_dict()).rpartition(": ")[0]
    what = meaning(row["analysis"], row["statistic"], row["kind"]).partition(" (")[0]
    named = f"{row['statistic']} ({what})" if what else str(row["statistic"])
    return f"{named}{of}{most}: {text}."


def _same(within: Sequence[pd.DataFrame], n: int, maps: pd.DataFrame) -> Iterator[str]:
    if within:
        names = list(dict.fromkeys(str(own["statistic"].iloc[0]) for own in within))
        yield (
            f"Within noise wherever it could be tested: {len(within)} of {count(n, 'statistic')} "
            f"({listed(names, most=_NAMED)})."
        )
    if len(maps) and not (maps["verdict"] == BEYOND).any() and (maps["verdict"] == WITHIN).any():
        yield f"None of {len(maps):,} entries of maps over single heads is beyond noise."


def _open(rows: pd.DataFrame, states: pd.DataFrame) -> Iterator[str]:
    lacking = rows[rows["verdict"] == NOT_ENOUGH]
    if len(lacking):
        reason, times = next(iter(lacking["reason"].value_counts().items()))
        share = "" if len(lacking) == 1 else f" ({times} times)"
        yield (
            f"Not enough data for {len(lacking)} of {count(len(rows), 'row')}, most often: "
            f"{reason}{share}."
        )
    for state, why in dict.fromkeys(zip(states["state"], states["why"], strict=True)):
        if state == COMPARED:
            continue
        lead = {
            REFUSED: "Not comparable", ALONE: "Nothing to compare with",
            OLDER: "Stored comparisons rest on runs that newer ones have replaced",
        }.get(state, "Not compared yet")  # fmt: skip
        yield f"{lead}: {why}."


def _chance(rows: pd.DataFrame) -> str:
    """Say how many calls chance alone would give.

    p is adjusted over the rows of one statistic (its languages, pairs or layers; the row for all together
    stands alone), so that a group has a call with a probability of at most 5 % where nothing differs.
    """
    plain = rows[rows["head"].isna() & rows["verdict"].isin([BEYOND, WITHIN])]
    if plain.empty:
        return ""
    single = plain["lang"].notna() | ((plain["kind"] != "distance") & plain["layer"].notna())
    groups = plain.assign(single=single, called=plain["verdict"] == BEYOND).groupby(
        [*_KEYS, "single"]
    )
    called, n = int(groups["called"].any().sum()), groups.ngroups
    most = ALPHA * n
    verb = "has" if called == 1 else "have"
    return (
        f"{n} groups of rows were tested (a statistic's languages, pairs or layers, whose p is adjusted "
        f"together, or its row for all of them); {called} {verb} a call. If nothing differed, chance alone "
        f"would give a call in at most {ALPHA:.0%} of such groups, that is in {most:.1f} of {n} on average."
    )


def verdict_table(view: View) -> pd.DataFrame:
    """List every statistic that is compared, once per checkpoint.

    Returns:
        A row per checkpoint, analysis and statistic, those beyond noise first within an analysis; what it
        is, its value for all languages together with floor, p and verdict, and at how many of its places
        which verdict was given. Maps over single heads are left out.
    """
    rows = view.compared()
    rows = with_places(rows[rows["head"].isna()].reset_index(drop=True))
    if rows.empty:
        return pd.DataFrame()
    said = [_line(own) for own in _groups(rows)]
    table = pd.DataFrame(said)
    order = {one: at for at, one in enumerate(ANALYSES)}
    table["_label"] = table["checkpoint"].map({one: at for at, one in enumerate(view.labels)})
    table["_analysis"] = table["analysis"].map(order).fillna(len(order))
    table = table.sort_values(["_label", "_analysis", "_rank"], kind="stable")
    table = table.drop(columns=[name for name in table if str(name).startswith("_")])
    if table["preset"].nunique() == 1:
        table = table.drop(columns="preset")
    return table.reset_index(drop=True)


def _line(own: pd.DataFrame) -> dict[str, Any]:
    first = own.iloc[0]
    alone = own[own["place"] == EVERY]
    counts = own["verdict"].value_counts()
    best = min(VERDICTS.index(one) for one in own["verdict"])
    line = {
        "checkpoint": first["label"],
        "analysis": first["analysis"],
        "preset": first["preset"],
        "statistic": first["statistic"],
        "what it is": meaning(first["analysis"], first["statistic"], first["kind"]),
        "all together [95 %]": "–", "floor": "–", "p": "–", "verdict": "–",
        "places": len(own),
        **{sign: int(counts.get(name, 0)) for name, sign in _PLACES.items()},
        "_rank": best,
    }  # fmt: skip
    if len(alone):
        read = evidence(alone.head(1)).iloc[0]
        verdict = str(alone["verdict"].iloc[0])
        line |= {
            "all together [95 %]": read["value"], "floor": read["floor"], "p": read["p"],
            "verdict": f"{SIGNS[verdict]} {verdict}",
        }  # fmt: skip
    return line


_PLACES = {BEYOND: "● beyond", WITHIN: "○ within", NOT_ENOUGH: "? not enough"}


def beyond_table(view: View) -> pd.DataFrame:
    """List every row beyond noise, maps over single heads left out; empty where there is none."""
    rows = view.compared()
    rows = rows[rows["head"].isna() & (rows["verdict"] == BEYOND)].reset_index(drop=True)
    if rows.empty:
        return pd.DataFrame()
    table = evidence(rows)
    return pd.concat(
        [rows[["analysis"]], table.drop(columns="verdict"), rows[["n", "unit"]]], axis=1
    )
