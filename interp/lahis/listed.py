"""Lists of heads: a language's best, those that two languages share, those that came and went."""

from __future__ import annotations

from collections.abc import Iterable

import pandas as pd

from interp.lahis.maps import HeadMaps, head_maps, viewed
from interp.lahis.select import Head
from interp.lahis.top_frames import top_of
from interp.study import Study


def top_frame(study: Study, run_id: str, lang: str, fraction: float) -> pd.DataFrame:
    """List a language's top heads.

    Args:
        study: the study.
        run_id: a LAHIS run.
        lang: the language.
        fraction: the share of all heads called top.

    Returns:
        Columns ``head`` (``layer.head``), ``layer``, ``index``, ``rank`` (1 scores highest), ``score``,
        ``ci_low``, ``ci_high`` (empty where the run has no intervals), ``share`` (percent of the
        language's total) and ``top_in`` (of how many of the run's languages it is a top head), best
        first; no rows where the language is not there or some score of it is no number.
    """
    maps = head_maps(study, run_id)
    every = top_of(maps, fraction)
    heads = every.get(lang, [])
    frame = _listed(heads, {"rank": (maps, lang)} if heads else {})
    at = maps.languages.index(lang) if heads else 0
    share = viewed(maps.scores[[at]], "share")[0]
    for name, values in (("score", maps.scores[at]), ("ci_low", maps.low[at]),
                         ("ci_high", maps.high[at]), ("share", share)):  # fmt: skip
        frame[name] = [float(values[one]) for one in heads]
    frame["top_in"] = [sum(one in own for own in every.values()) for one in heads]
    return frame


def shared_frame(
    study: Study, run_id: str, lang: str, other_lang: str, fraction: float
) -> pd.DataFrame:
    """List the top heads that two languages share.

    Returns:
        Columns ``head`` (``layer.head``), ``layer``, ``index``, and the ranks ``in <lang>`` and ``in
        <other_lang>``, best first; no rows where they share none or one of them is not there.
    """
    maps = head_maps(study, run_id)
    top = top_of(maps, fraction)
    shared = [one for one in top.get(lang, []) if one in set(top.get(other_lang, []))]
    return _listed(shared, {f"in {code}": (maps, code) for code in (lang, other_lang)})


def changed_frame(
    study: Study, base_run: str, run_id: str, lang: str, fraction: float
) -> pd.DataFrame:
    """List one language's top heads of either checkpoint.

    Returns:
        Columns ``change`` (``gained``, ``lost``, ``stable``), ``head`` (``layer.head``), ``layer``,
        ``index`` and the ranks ``in base`` and ``after``; no rows where one of the two lacks the
        language or has other layers or heads.
    """
    base, maps = head_maps(study, base_run), head_maps(study, run_id)
    before = top_of(base, fraction).get(lang, [])
    after = top_of(maps, fraction).get(lang, [])
    both = bool(before and after) and base.shape == maps.shape
    parts = {
        "gained": [one for one in after if one not in set(before)],
        "lost": [one for one in before if one not in set(after)],
        "stable": [one for one in after if one in set(before)],
    }
    frames = []
    for change, heads in parts.items():
        ranks = {"in base": (base, lang), "after": (maps, lang)} if both else {}
        frames.append(_listed(heads if both else [], ranks).assign(change=change))
    found = pd.concat(frames, ignore_index=True)
    return found[["change", *(name for name in found.columns if name != "change")]]


def _listed(heads: Iterable[Head], ranks: dict[str, tuple[HeadMaps, str]]) -> pd.DataFrame:
    rows = list(heads)
    frame = pd.DataFrame(
        {
            "head": [f"{layer}.{head}" for layer, head in rows],
            "layer": [layer for layer, _ in rows],
            "index": [head for _, head in rows],
        }
    )
    for name, (maps, lang) in ranks.items():
        frame[name] = _ranks_of(maps, lang, rows)
    return frame


def _ranks_of(maps: HeadMaps, lang: str, heads: list[Head]) -> list[float]:
    if not heads:
        return []
    places = viewed(maps.scores[maps.of([lang])], "rank")[0]
    return [float(places[one]) for one in heads]
