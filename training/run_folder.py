"""The folder of a training run: who owns it, what is in it, what is left when done."""

from __future__ import annotations

import json
import shutil
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from interp.errors import InterpError
from interp.study.atomic import TEMPORARY_SUFFIX, remove_leftovers, write_bytes
from interp.train_log import LOG_FILE, MANIFEST_FILE
from training.state import STATE_FILE

__all__ = [
    "LOG_FILE",
    "MANIFEST_FILE",
    "OWN_FILES",
    "RUN_FILE",
    "SAMPLES_FILE",
    "STATED_FILE",
    "STEPS_FOLDER",
    "claim_folder",
    "refuse_other_folder",
    "write_json",
    "write_lines",
]

RUN_FILE = "run.json"
SAMPLES_FILE = "samples.jsonl"
STATED_FILE = "stated.json"
STEPS_FOLDER = "steps"
OWN_FILES = (
    MANIFEST_FILE,
    LOG_FILE,
    SAMPLES_FILE,
    STATED_FILE,
    STATE_FILE,
    "adapter_model.safetensors",
    "adapter_config.json",
    "model.safetensors",
    "config.json",
    "generation_config.json",
    "tokenizer.json",
    "tokenizer_config.json",
    "special_tokens_map.json",
    "chat_template.jinja",
    RUN_FILE,
)
"""All a run writes; `RUN_FILE` last, so that a folder half deleted is still known as ours."""


def write_json(path: Path, value: Any) -> None:
    """Write JSON in one move: a kill or a full disk leaves the old file or the new one."""
    text = json.dumps(value, ensure_ascii=False, indent=1) + "\n"
    write_bytes(path, text.encode())


def claim_folder(
    folder: Path, claim: Mapping[str, str], config: Mapping[str, Any], overwrite: bool
) -> bool:
    """Make the folder this run's own, or recognise the same run in it.

    Args:
        folder: where the checkpoint goes.
        claim: what makes two runs the same, each as a hash: settings, data, model.
        config: the settings, to be read by people.
        overwrite: throw another run's checkpoint away. Files that no run wrote are never
            touched.

    Returns:
        Whether the same run is already finished there.

    Raises:
        InterpError: the folder is not a folder or not writable, holds something else, or holds
            another run and ``overwrite`` is off.
    """
    found = refuse_other_folder(folder)
    if found is not None:
        if found == dict(claim) and not overwrite:
            remove_leftovers(folder)
            finished = (folder / MANIFEST_FILE).exists()
            if finished:
                (folder / STATE_FILE).unlink(missing_ok=True)  # left by a kill at the very end
            return finished
        if not overwrite:
            differing = [name for name in claim if found.get(name) != claim[name]]
            raise InterpError(
                f"--out {folder} holds another run ({' and '.join(differing)} differ): expected "
                "the same run to go on with; choose another folder or add --overwrite"
            )
        for name in OWN_FILES[:-1]:
            (folder / name).unlink(missing_ok=True)
        shutil.rmtree(folder / STEPS_FOLDER, ignore_errors=True)
        (folder / RUN_FILE).unlink(missing_ok=True)
    try:
        folder.mkdir(parents=True, exist_ok=True)
        remove_leftovers(folder)
        write_json(folder / RUN_FILE, {**claim, "config": dict(config)})
    except (OSError, InterpError) as error:
        reason = error.strerror if isinstance(error, OSError) else error
        raise InterpError(
            f"--out {folder} cannot be written ({reason}): expected a folder you may write"
        ) from error
    return False


def refuse_other_folder(folder: Path) -> dict[str, str] | None:
    """Refuse what no run could claim; asked before a checkpoint is loaded, and again when claimed.

    Args:
        folder: where the checkpoint goes.

    Returns:
        The claim of the run that is in it; None where the folder is absent or empty.

    Raises:
        InterpError: it is a file, or holds something else.
    """
    if folder.exists() and not folder.is_dir():
        raise InterpError(f"--out {folder} is a file: expected a folder, new or empty")
    if not folder.is_dir() or all(path.suffix == TEMPORARY_SUFFIX for path in folder.iterdir()):
        return None
    found = _claim_of(folder)
    if found is None:
        raise InterpError(
            f"--out {folder} holds something that is no training run: "
            "expected a new or empty folder, or one written by this command"
        )
    return found


def _claim_of(folder: Path) -> dict[str, str] | None:
    try:
        run = json.loads((folder / RUN_FILE).read_text(encoding="utf-8"))
        found = {name: str(value) for name, value in run.items() if name != "config"}
    except (OSError, ValueError, AttributeError):
        return None
    return found if "settings" in found else None


def write_lines(path: Path, rows: list[dict[str, Any]]) -> None:
    """Write one JSON object per line, the whole file in one move."""
    text = "".join(json.dumps(row, ensure_ascii=False) + "\n" for row in rows)
    write_bytes(path, text.encode())
