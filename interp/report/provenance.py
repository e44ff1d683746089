"""Where everything comes from: checkpoints, runs, code, libraries, dates."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from typing import Any

import pandas as pd

from interp.figures.captions import short_hash
from interp.plates.choice import in_order
from interp.plates.view import View

_NOTHING = "–"


def checkpoints(view: View) -> pd.DataFrame:
    """Say what the checkpoints shown are.

    Returns:
        A row per label: stage, model with its revision, adapter, hash of the weights, shape, type, and the
        analyses there are of it. Where runs of a label name several models, all are named.
    """
    rows = []
    runs = view.study.runs()
    for label in view.labels:
        own = runs[(runs["label"] == label) & (runs["status"] == "current")]
        models = [view.study.spec(run).get("model") or {} for run in _analysed(own)["run_id"]]
        role = "base" if label == view.base else f"against {view.base}"
        rows.append(
            {
                "checkpoint": label,
                "stage": _several(own["stage"]),
                "role": role,
                "model": _several(_model(one) for one in models),
                "adapter": _several(_adapter(one) for one in models),
                "weights": _several(_weights(one) for one in models),
                "layers × heads × neurons": _several(_shape(one) for one in models),
                "dtype": _several(one.get("dtype") for one in models),
                "analyses": ", ".join(dict.fromkeys(own["analysis"])) or _NOTHING,
            }
        )
    frame = pd.DataFrame(rows)
    if len(view.labels) == 1:
        frame = frame.drop(columns="role")
    return frame.drop(columns=[one for one in frame if set(frame[one]) == {_NOTHING}])


def _analysed(runs: pd.DataFrame) -> pd.DataFrame:
    """Leave trainings out where there is anything else: they hash the files that they wrote, not what was run."""
    analysed = runs[runs["analysis"] != "train"]
    return analysed if len(analysed) else runs


def runs_table(view: View) -> tuple[pd.DataFrame, dict[str, str]]:
    """List every finished run of the study, those too that newer ones have replaced.

    Returns:
        A row per run, checkpoints in their order; and the environments (``A``, ``B`` …) that the column
        ``libraries`` names, each with its versions.
    """
    runs = view.study.runs()
    order = {label: at for at, label in enumerate(_labels(runs))}
    runs = runs.sort_values(
        ["label", "analysis", "finished_at"], key=lambda own: own.map(order) if own.name == "label" else own
    )  # fmt: skip
    environments: dict[str, str] = {}
    rows = []
    for run in runs.to_dict("records"):
        spec = view.study.spec(run["run_id"])
        model = spec.get("model") or {}
        versions = _versions(run["libraries"])
        mark = environments.setdefault(versions, _letter(len(environments))) if versions else ""
        rows.append(
            {
                "run": run["run_id"],
                "model": _model(model),
                "adapter": _adapter(model),
                "weights": _weights(model),
                "data": short_hash(str(run["data_hash"])),
                "code": _said(run["code_version"]),
                "libraries": mark or _NOTHING,
                "device": _said(run["device"]),
                "dtype": _said(run["dtype"]),
                "seed": run["seed"],
                "started": _when(run["started_at"]),
                "finished": _when(run["finished_at"]),
                "status": run["status"],
            }
        )
    frame = pd.DataFrame(rows)
    frame = frame.drop(columns=[one for one in ("adapter",) if set(frame[one]) == {_NOTHING}])
    return frame, {mark: versions for versions, mark in environments.items()}


def dates(view: View) -> tuple[str, str]:
    """Return the days on which the first and the last run of the checkpoints shown was finished."""
    runs = view.study.runs()
    days = runs.loc[runs["label"].isin(view.labels), "finished_at"].astype(str).str[:10]
    return str(days.min()), str(days.max())


def _labels(runs: pd.DataFrame) -> list[str]:
    return in_order(dict(zip(runs["label"], runs["stage"], strict=True)))


def _model(model: Mapping[str, Any]) -> str:
    name, revision = model.get("model"), model.get("revision")
    if not name:
        return "not named"
    return f"{name}@{revision}" if revision else str(name)


def _adapter(model: Mapping[str, Any]) -> str:
    adapter = model.get("adapter")
    if isinstance(adapter, Mapping):
        return str(adapter.get("source") or _NOTHING)
    return _said(adapter)


def _weights(model: Mapping[str, Any]) -> str:
    """The hash of what was run; of an adapter that of its own weights, beside the base's."""
    adapter = model.get("adapter")
    own = adapter.get("weights_hash") if isinstance(adapter, Mapping) else None
    hashes = [_short(one) for one in (model.get("weights_hash"), own) if one]
    return " + ".join(hashes) or _NOTHING


def _short(value: object) -> str:
    """Shorten a hash, whatever it says of its kind (``sha256:``, ``sha256-merged:``)."""
    return str(value).rpartition(":")[2][:8]


def _shape(model: Mapping[str, Any]) -> str:
    shape = model.get("shape")
    if not isinstance(shape, Mapping):
        return _NOTHING
    sizes = [shape.get(name) for name in ("n_layers", "n_heads", "d_mlp")]
    return " × ".join("?" if one is None else f"{one:,}" for one in sizes)


def _versions(text: object) -> str:
    found = json.loads(str(text)) if isinstance(text, str) and text else {}
    return ", ".join(f"{name} {version}" for name, version in sorted(found.items()))


def _letter(at: int) -> str:
    """A, B … Z, then A2."""
    return chr(ord("A") + at % 26) + ("" if at < 26 else str(at // 26 + 1))


def _when(value: Any) -> str:
    return _NOTHING if value is None or pd.isna(value) else str(value)[:16].replace("T", " ")


def _said(value: Any) -> str:
    return _NOTHING if value is None or pd.isna(value) else str(value)


def _several(values: Sequence[Any] | Any) -> str:
    """Name every value that there is, once."""
    found = dict.fromkeys(_said(one) for one in values)
    found.pop(_NOTHING, None)
    if len(found) > 1:
        found.pop("not named", None)
    return "; ".join(found) or _NOTHING
