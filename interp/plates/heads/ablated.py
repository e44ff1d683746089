"""Which ablation of heads is shown of each checkpoint."""

from __future__ import annotations

import json
from typing import Any

import pandas as pd

from interp.plates.choice import kinds_of
from interp.plates.commands import analysis_command
from interp.plates.plate import Lacking
from interp.plates.view import View

Ablated = dict[str, tuple[str, dict[str, Any]]]
"""Label to run_id and arguments, in the order of the view."""


def ablated(view: View) -> Ablated:
    """Choose one ablation of heads per checkpoint, made alike.

    What most checkpoints have; of equals their own heads', then the newest.

    Args:
        view: the study, and what of it is shown.

    Raises:
        Lacking: no heads of a checkpoint shown have been ablated.
    """
    runs = view.study.runs()
    runs = runs[(runs["analysis"] == "ablation") & (runs["status"] == "current")]
    runs = runs[runs["label"].isin(view.labels)].sort_values("finished_at", kind="stable")
    asked = [json.loads(text) for text in runs["arguments"]]
    heads = [one["part"] == "heads" for one in asked]
    if not any(heads):
        path = str(view.study.path)
        more = ("--heads-from", view.base)
        command = analysis_command(path, view.study.runs(), "ablation", view.base, *more)
        raise Lacking(
            f"no heads of {', '.join(view.labels)} have been ablated in study {path}; to do it: {command}"
        )
    # a run's data say whose heads it took: its own, or another checkpoint's
    runs = runs.assign(asked=asked)[heads]
    how = [f"{one['sets']} {one['loss']} {one['replacement']}" for one in runs["asked"]]
    kinds = kinds_of(runs) + " " + pd.Series(how, index=runs.index)
    own = (
        pd.Series([one["source_label"] for one in runs["asked"]], index=runs.index) == runs["label"]
    )
    order = pd.Series(range(len(runs)), index=runs.index)  # the newest last
    rank = pd.DataFrame({"n": kinds.map(kinds.value_counts()), "own": own, "order": order})
    kind = kinds[rank.sort_values(["n", "own", "order"]).index[-1]]
    newest = runs[kinds == kind].drop_duplicates("label", keep="last").set_index("label")
    return {
        label: (str(newest.at[label, "run_id"]), newest.at[label, "asked"])
        for label in view.labels
        if label in newest.index
    }
