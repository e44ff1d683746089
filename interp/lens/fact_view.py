"""One fact through the layers: ranks of the target and the English answer, and the likeliest tokens."""

from __future__ import annotations

from collections.abc import Sequence
from difflib import get_close_matches

import pandas as pd

from interp.errors import InterpError, unknown
from interp.study import Study

NEAR = 5
"""Fact ids named beside one that is unknown."""

_KEYS = ["lang", "layer", "point"]
_ROLES = {"target": "target", "en": "english"}


def fact_view(
    study: Study, run_ids: Sequence[str], fact_id: str, languages: Sequence[str] | None = None
) -> pd.DataFrame:
    """Lay out what one or several lens runs saw of a fact.

    Args:
        study: the study.
        run_ids: finished lens runs.
        fact_id: the fact.
        languages: languages to show; by default those in which a run asked it.

    Returns:
        One row per run, language and point, in that order (``mid`` before its block's ``post``):
        columns label, run_id, lang, layer, point, ``target_rank`` and ``english_rank`` (0-based),
        ``target_token`` and ``english_token``, and the most likely tokens ``top_1`` to ``top_5``.
        English prompts have no English answer beside the target.

    Raises:
        InterpError: for an unknown run, a fact that a run does not hold, or a language in which it
            was not asked.
    """
    frames = [_one_run(study, run_id, fact_id, languages) for run_id in run_ids]
    return pd.concat(frames, ignore_index=True)


def _one_run(
    study: Study, run_id: str, fact_id: str, languages: Sequence[str] | None
) -> pd.DataFrame:
    spec = study.spec(run_id)
    ranks = study.table("lens_ranks", run_id=run_id)
    mine = ranks[ranks["fact_id"] == fact_id].assign(point=_point)
    if mine.empty:
        raise _no_such_fact(study, run_id, fact_id, sorted(ranks["fact_id"].unique()))
    there = list(dict.fromkeys(mine["lang"]))
    for lang in languages or ():
        if lang not in there:
            raise unknown(
                f"language of fact {fact_id} in run {run_id}", lang, there,
                "A fact is left out where its answer shares its token with English",
            )  # fmt: skip
    wanted = list(languages or there)
    view = pd.DataFrame(index=pd.MultiIndex.from_frame(mine[_KEYS].drop_duplicates()))
    for role, name in _ROLES.items():
        of_role = mine[mine["role"] == role].set_index(_KEYS)
        view[f"{name}_rank"], view[f"{name}_token"] = of_role["rank"], of_role["token"]
    top = study.table("lens_top", run_id=run_id)
    top = top[top["fact_id"] == fact_id].assign(point=_point)
    view = view.join(top.pivot(index=_KEYS, columns="place", values="token").add_prefix("top_"))
    view = view.reset_index()
    view = view[view["lang"].isin(wanted)]
    # Within a layer "mid" comes first, as it does in the alphabet.
    view = view.sort_values(["layer", "point"]).sort_values(
        "lang", key=lambda column: column.map(wanted.index), kind="stable"
    )
    view.insert(0, "label", spec["label"])
    view.insert(1, "run_id", run_id)
    return view.reset_index(drop=True)


def _point(frame: pd.DataFrame) -> pd.Series[str]:
    return frame["point"].fillna("post")  # empty means the same


def _no_such_fact(study: Study, run_id: str, fact_id: str, known: Sequence[str]) -> InterpError:
    if not known:
        return InterpError(f"run {run_id} holds no lens ranks: expected a run of interp lens")
    facts = study.facts(study.spec(run_id)["data_hash"])
    if (facts["fact_id"] == fact_id).any():
        return InterpError(
            f"fact {fact_id} is not in run {run_id}: its tokens collide in every language asked; "
            "run interp lens over more languages"
        )
    plain = {fact.casefold(): fact for fact in known}
    found = get_close_matches(fact_id.casefold(), plain, NEAR, cutoff=0.3)
    near = [plain[fact] for fact in found] or known[:NEAR]
    return unknown("fact", fact_id, near, f"Run {run_id} holds {len(known)} facts")
