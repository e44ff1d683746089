"""The log of a training run as the table ``train_log`` of a study."""

from __future__ import annotations

import json
from pathlib import Path

import pandas as pd

from interp.errors import InterpError
from interp.model.provenance import files_hash
from interp.study import RunSpec, Study
from training.run_folder import LOG_FILE, MANIFEST_FILE


def log_to_study(folder: Path, study: Path, *, label: str | None = None) -> str:
    """Put a finished run's log into a study.

    Args:
        folder: checkpoint folder of the run.
        study: folder of the study, made when absent.
        label: name of the checkpoint in the study; the folder's name when omitted.

    Returns:
        The run_id.

    Raises:
        InterpError: the folder holds no finished training run, or the study cannot be written.
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
    with Study.open(study, create=True).run(spec) as run:
        if not run.already_finished:
            run.record("manifest", manifest)
            run.write_table("train_log", rows[["step", "metric", "lang", "value"]])
        return run.run_id
