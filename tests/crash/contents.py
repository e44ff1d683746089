"""What a folder holds, apart from times: what two runs of one command have to agree in."""

from __future__ import annotations

import hashlib
import io
import json
import re
from pathlib import Path
from typing import Any

from interp.study import TABLES, load_study
from interp.study.progress import PROGRESS
from training.state import STATE_FILE

VOLATILE = frozenset(
    {
        "started_at", "finished_at", "resumed_at_steps", "created_at", "at", "pid", "since",
        "training_seconds", "evaluation_seconds", "device_hours", "resumed",
    }
)  # fmt: skip
"""Keys of JSON files that say when and how long, and how often it went on after an interruption."""

_STAMP = re.compile(r"\d{8}T\d{6}\.\d+Z")
_LOG = "train_log"


def contents(folder: Path) -> dict[str, str]:
    """Hash every file below a folder, or what of it does not tell the time.

    Args:
        folder: where a command ran.

    Returns:
        Path, in which the time of a removal is replaced, to hash. The empty file that carries a
        study's lock does not count.
    """
    found = {}
    for path in sorted(folder.rglob("*")):
        if path.is_file() and path.name != ".lock":
            name = _STAMP.sub("TIME", str(path.relative_to(folder)))
            found[name] = hashlib.sha256(_timeless(path)).hexdigest()
    return found


def differences(one: dict[str, str], other: dict[str, str]) -> list[str]:
    """Name the files in which two folders differ."""
    return sorted(name for name in {*one, *other} if one.get(name) != other.get(name))


def leftovers(folder: Path) -> list[str]:
    """Name what must not be left when a command has ended."""
    names = (".lock.holder", ".staging", ".purged", "pending.json", PROGRESS, STATE_FILE)
    return sorted(
        str(path.relative_to(folder))
        for path in folder.rglob("*")
        if path.name in names or path.suffix == ".part"
    )


def step_on_disk(folder: Path) -> int | None:
    """The step of the newest progress below a folder; None where there is none."""
    steps = []
    for path in [*folder.rglob(PROGRESS), *folder.rglob(STATE_FILE)]:
        try:
            data = path.read_bytes()
        except FileNotFoundError:
            continue  # finished between the look and the read
        about = json.loads(data[8 : 8 + int.from_bytes(data[:8], "little")])["__metadata__"]
        steps.append(int(json.loads(about.get("interp") or about["notes"])["step"]))
    return max(steps, default=None)


def read_everything(folder: Path) -> None:
    """Read each study below a folder as a reader would: every run, table and array.

    Raises:
        InterpError: something of it cannot be read.
    """
    for manifest in folder.glob("*/study.json"):
        study = load_study(manifest.parent)
        for run_id in study.runs()["run_id"]:
            for name in study._record(run_id).data["files"]:
                stem, _, kind = name.rpartition(".")
                if kind == "safetensors":
                    study.tensors(run_id, stem)
        for table in TABLES:
            if table != "comparisons" or not _is_older(manifest):
                study.table(table, current=False)


def _is_older(manifest: Path) -> bool:
    from interp.study import SCHEMA_VERSION

    return bool(json.loads(manifest.read_text())["schema_version"] < SCHEMA_VERSION)


def _timeless(path: Path) -> bytes:
    if path.name == f"{_LOG}.parquet":  # a log holds the seconds of every update
        import pandas as pd

        log = pd.read_parquet(io.BytesIO(path.read_bytes()))
        return log[log["metric"] != "seconds"].to_json().encode()
    if path.name == f"{_LOG}.jsonl":
        rows = [json.loads(line) for line in path.read_text().splitlines()]
        return json.dumps([row for row in rows if row["metric"] != "seconds"]).encode()
    if path.suffix == ".json":
        return json.dumps(_without_times(json.loads(path.read_bytes())), sort_keys=True).encode()
    return path.read_bytes()


def _without_times(value: Any) -> Any:
    if isinstance(value, dict):
        kept = {key: _without_times(part) for key, part in value.items() if key not in VOLATILE}
        if f"{_LOG}.parquet" in kept:
            kept[f"{_LOG}.parquet"] = {"rows": kept[f"{_LOG}.parquet"]["rows"]}
        return kept
    return [_without_times(part) for part in value] if isinstance(value, list) else value
