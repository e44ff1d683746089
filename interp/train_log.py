"""The log of a training run, read from its checkpoint folder, as the table ``train_log``."""

from __future__ import annotations

import json
from collections.abc import Mapping
from pathlib import Path

import pandas as pd

from interp.errors import InterpError
from interp.study import RunSpec, Study

MANIFEST_FILE = "manifest.json"
LOG_FILE = "train_log.jsonl"


def log_to_study(folder: Path, study: Study, *, label: str | None = None) -> str:
    """Put a finished run's log into a study.

    Args:
        folder: checkpoint folder of the run.
        study: the study, open for writing.
        label: name of the checkpoint in the study; the folder's name when omitted.

    Returns:
        The run_id.

    Raises:
        InterpError: the folder holds no finished training run.
    """
    try:
        manifest = json.loads((folder / MANIFEST_FILE).read_text(encoding="utf-8"))
        lines = (folder / LOG_FILE).read_text(encoding="utf-8").splitlines()
        rows = pd.DataFrame([json.loads(line) for line in lines])
        stage, data_hash = str(manifest.get("stage", "base")), str(manifest["data_hash"])
    except (OSError, ValueError, KeyError) as error:
        raise InterpError(
            f"{folder} holds no finished training run ({error}): expected {MANIFEST_FILE} and "
            f"{LOG_FILE}, as `interp train` writes them"
        ) from error
    from interp.model.provenance import files_hash  # imports torch

    config = manifest.get("config", {})
    spec = RunSpec(
        analysis="train",
        label=label or folder.resolve().name,
        stage=stage,
        preset=str(config.get("preset", "default")),
        arguments=config,
        data_hash=data_hash,
        model={
            "model": str(folder),
            "weights_hash": files_hash(sorted(folder.glob("*.safetensors"))),
            "base": manifest.get("base"),
        },
        seed=int(config.get("seed", 0)),
    )
    rows["lang"] = rows["lang"].replace("", None)
    with study.run(spec) as run:
        if not run.already_finished:
            run.record("manifest", manifest)
            run.write_table("train_log", rows[["step", "metric", "lang", "value"]])
        return run.run_id


def validation_checks(study: Study, runs: Mapping[str, str]) -> pd.DataFrame:
    """Show what generation on the validation split said along each training.

    Args:
        study: the study.
        runs: label to run_id of a training log.

    Returns:
        Per label and checked step: correct, wrong, unparseable and empty answers in percent.
    """
    rows = []
    for label, run in runs.items():
        log = study.table("train_log", run_id=run)
        log = log[log["lang"].isna() & log["metric"].str.startswith("check_")]
        for step, at in log.groupby("step"):
            shares = {
                f"{str(metric).removeprefix('check_')} %": round(100 * value, 1)
                for metric, value in zip(at["metric"], at["value"], strict=True)
            }
            rows.append({"checkpoint": label, "step": step, **shares})
    return pd.DataFrame(rows)
