"""What a run of the causal check says, read back from the study without the model."""

from __future__ import annotations

from typing import Any

import numpy as np
import pandas as pd

from interp.causal.controls import KINDS
from interp.causal.dominance import dominance, largest
from interp.causal.matrix import Losses, effects_frame
from interp.causal.tables import read_sets
from interp.options import AblationOptions
from interp.study import Study

ENOUGH = {"heads": 5, "neurons": 20}
"""Fewer heads or neurons than this are not enough data for a verdict (methods, section 7)."""


def losses_of(study: Study, run_id: str) -> Losses:
    """Read what a run has measured.

    Args:
        study: the study.
        run_id: a finished run of the causal check.

    Returns:
        The sets and their losses, under the loss that the run was asked for.
    """
    tensors = study.tensors(run_id, "losses")
    about = study.tensor_metadata(run_id, "losses")
    loss = AblationOptions.of_run(study.spec(run_id)["arguments"]).loss
    sums, weights = ("nats", "tokens") if loss == "nll" else ("perplexity", "sequences")
    return Losses(
        read_sets(about["sets"], tensors["places"]),
        tuple(about["languages"]),
        tensors[sums],
        tensors[weights].astype(float),
        loss,
    )


def summarise(study: Study, run_id: str) -> dict[str, pd.DataFrame]:
    """Lay out what a run found.

    Args:
        study: the study.
        run_id: a finished run of the causal check.

    Returns:
        ``matrix``: a row per language whose set was ablated, a column per language measured, the
        change of its loss in nats per token. ``languages``: per language its set's size, its own
        effect with interval, the mean effect on the others, what its set does beyond random and
        layer-matched ones, and whether the diagonal is the largest of row and column.
        ``dominance``: what is asked of the diagonal, with interval and p. ``accuracy``: the
        change of the share of facts answered correctly (no rows without facts), own sets and the
        mean of the controls on the diagonal. ``notes``: what was missing, one line each.
    """
    losses = losses_of(study, run_id)
    seed = int(study.spec(run_id)["seed"])
    effects = effects_frame(losses, seed=seed)
    matrix = pd.DataFrame(losses.effects(losses.own()), columns=list(losses.languages))
    matrix.insert(0, "ablated", list(losses.sources))
    return {
        "matrix": matrix,
        "languages": _languages(losses, effects),
        "dominance": _dominance(losses, seed),
        "accuracy": _accuracy(study.table("ablations", run_id=run_id)),
        "notes": pd.DataFrame({"note": study.notes(run_id)["notices"]}),
    }


def _languages(losses: Losses, effects: pd.DataFrame) -> pd.DataFrame:
    diagonal = [losses.languages.index(lang) for lang in losses.sources]
    matrix = losses.effects(losses.own())
    in_row, in_column = largest(matrix, diagonal)
    own_effects = effects[effects["source_lang"] == effects["lang"]]
    rows = []
    for place, row in enumerate(losses.own()):
        one = losses.sets[row]
        mine = own_effects[own_effects["source_lang"] == one.lang]
        others = np.delete(matrix[place], diagonal[place])
        record: dict[str, Any] = {"lang": one.lang, "ablated": len(one.places)}
        record |= _numbers(mine, "effect", one.kind, "own")
        record["others"] = float(others.mean())
        for kind in KINDS:
            record |= _numbers(mine, "excess", kind, f"beyond {kind}")
        record["first in row"] = bool(in_row[place])
        record["first in column"] = bool(in_column[place])
        record["enough"] = len(one.places) >= ENOUGH[one.kind]
        rows.append(record)
    return pd.DataFrame(rows)


def _numbers(mine: pd.DataFrame, statistic: str, kind: str, name: str) -> dict[str, float]:
    """One figure and its interval; nothing where there are no such controls."""
    found = mine[(mine["statistic"] == statistic) & (mine["kind"] == kind)]
    if found.empty:
        return {}
    ends = {"delta": name, "ci_low": f"{name} low", "ci_high": f"{name} high"}
    return {shown: float(found[column].iloc[0]) for column, shown in ends.items()}


def _dominance(losses: Losses, seed: int) -> pd.DataFrame:
    found = dominance(losses, seed=seed)
    of = f"of {found.n_sources} languages"
    rows: list[dict[str, Any]] = [
        {"what": f"largest in its row, {of}", "value": float(found.rows)}
        | _ends(found.rows_interval),
        {"what": f"largest in its column, {of}", "value": float(found.columns)}
        | _ends(found.columns_interval),
        {"what": "mean of the diagonal minus the rest, nats", "value": found.value}
        | _ends(found.value_interval),
    ]
    for kind, p in found.p_controls.items():
        n = found.n_controls[kind]
        rows.append({"what": f"p: {n} {kind} matrices as diagonal", "value": p})
    rows.append({"what": "p: sets of other languages as diagonal", "value": found.p_labels})
    return pd.DataFrame(rows)


def _ends(interval: tuple[float, float]) -> dict[str, float]:
    return {"low": interval[0], "high": interval[1]}


def _accuracy(table: pd.DataFrame) -> pd.DataFrame:
    """Own sets: the change in every language; with interval, and the controls', in their own."""
    asked = table[table["delta_accuracy"].notna() & table["draw"].isna()]
    own = asked[~asked["kind"].isin(KINDS)]
    rows = []
    for lang, mine in own.groupby("source_lang", sort=False):
        record: dict[str, Any] = {"ablated": lang}
        here = asked[(asked["source_lang"] == lang) & (asked["lang"] == lang)]
        for kind in here["kind"]:
            ends = here[here["kind"] == kind].iloc[0]
            name = kind if kind in KINDS else "own"
            record[name] = float(ends["delta_accuracy"])
            record[f"{name} low"] = float(ends["accuracy_low"])
            record[f"{name} high"] = float(ends["accuracy_high"])
        record |= dict(zip(mine["lang"], mine["delta_accuracy"], strict=True))
        rows.append(record)
    return pd.DataFrame(rows)
