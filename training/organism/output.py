"""The checkpoint folder of an organism: who owns it, what is in it, what is left when done."""

from __future__ import annotations

import json
import os
from pathlib import Path
from typing import Any

from interp.errors import InterpError
from training.organism.config import BaseConfig
from training.organism.state import STATE_FILE

RUN_FILE = "run.json"
MANIFEST_FILE = "manifest.json"
LOG_FILE = "train_log.jsonl"
STATED_FILE = "stated.json"
OWN_FILES = (
    MANIFEST_FILE,
    LOG_FILE,
    STATED_FILE,
    STATE_FILE,
    "model.safetensors",
    "config.json",
    "generation_config.json",
    "tokenizer.json",
    "tokenizer_config.json",
    "special_tokens_map.json",
    RUN_FILE,
)
"""All a run writes; `RUN_FILE` last, so that a folder half deleted is still known as ours."""


def write_json(path: Path, value: Any) -> None:
    """Write JSON in one move: a kill leaves the old file or the new one."""
    partial = path.with_name(f".{path.name}.{os.getpid()}")
    partial.write_text(json.dumps(value, ensure_ascii=False, indent=1) + "\n", encoding="utf-8")
    os.replace(partial, path)


def claim_folder(folder: Path, config: BaseConfig, data_hash: str, overwrite: bool) -> bool:
    """Make the folder this run's own, or recognise the same run in it.

    Args:
        folder: where the checkpoint goes.
        config: settings of the run.
        data_hash: of its material.
        overwrite: throw another run's checkpoint away. Files that no run wrote are never
            touched.

    Returns:
        Whether the same run is already finished there.

    Raises:
        InterpError: the folder is not a folder or not writable, holds something else, or holds
            another run and ``overwrite`` is off.
    """
    claim = {"settings": config.fingerprint(), "data": data_hash}
    if folder.exists() and not folder.is_dir():
        raise InterpError(f"--out {folder} is a file: expected a folder, new or empty")
    if folder.is_dir() and any(folder.iterdir()):
        found = _claim_of(folder)
        if found is None:
            raise InterpError(
                f"--out {folder} holds something that is no training run: "
                "expected a new or empty folder, or one written by this command"
            )
        if found == claim and not overwrite:
            return (folder / MANIFEST_FILE).exists()
        if not overwrite:
            raise InterpError(
                f"--out {folder} holds another run (settings or data differ): expected the same "
                "run to go on with; choose another folder or add --overwrite"
            )
        for name in OWN_FILES:
            (folder / name).unlink(missing_ok=True)
    try:
        folder.mkdir(parents=True, exist_ok=True)
        write_json(folder / RUN_FILE, {**claim, "config": config.to_dict()})
    except OSError as error:
        raise InterpError(
            f"--out {folder} cannot be written ({error.strerror}): expected a folder you may write"
        ) from error
    return False


def _claim_of(folder: Path) -> dict[str, str] | None:
    try:
        run = json.loads((folder / RUN_FILE).read_text(encoding="utf-8"))
        return {"settings": str(run["settings"]), "data": str(run["data"])}
    except (OSError, ValueError, KeyError, TypeError):
        return None


def write_log(folder: Path, rows: list[dict[str, Any]]) -> None:
    """Write the whole training log: one JSON object per line (step, metric, lang, value)."""
    partial = folder / f".{LOG_FILE}.{os.getpid()}"
    partial.write_text("".join(json.dumps(row) + "\n" for row in rows), encoding="utf-8")
    os.replace(partial, folder / LOG_FILE)
