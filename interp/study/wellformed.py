"""What a file that names other files has to look like before a name in it is trusted.

``run.json`` and ``pending.json`` come along with copied and merged studies, and names in them
become paths that are written and deleted. So a name that leads out of its folder is damage.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

from interp.errors import InterpError
from interp.study.spec import RunSpec

_TEXTS = ("analysis", "label", "stage", "preset", "data_hash")


def read_checked(path: Path, check: Callable[[Any], None], cure: str) -> dict[str, Any] | None:
    """Read a JSON file that may be absent, and refuse one that is damaged.

    Args:
        path: the file.
        check: raises ``ValueError`` with what is wrong with its content.
        cure: what to do about a damaged one.

    Returns:
        The content, or ``None`` where there is no such file.

    Raises:
        InterpError: if it cannot be read or is damaged.
    """
    try:
        data: dict[str, Any] = json.loads(path.read_text(encoding="utf-8"))
        check(data)
    except (FileNotFoundError, NotADirectoryError):
        return None
    except OSError as error:
        raise InterpError(f"cannot read {path}: {error.strerror}") from error
    except (ValueError, RecursionError) as error:
        raise InterpError(f"{path} is damaged ({error}): {cure}") from error
    return data


def plain_name(value: object) -> bool:
    """Say whether a value names a file or folder directly inside another one.

    Args:
        value: what was read. Neither a path, nor ``..``, nor a hidden name counts.
    """
    return (
        isinstance(value, str)
        and bool(value)
        and "\0" not in value
        and not value.startswith(".")
        and Path(value).name == value
    )


def check_record(data: Any) -> None:
    """Hold the content of ``run.json`` against what every reader takes for granted.

    Args:
        data: the parsed JSON.

    Raises:
        ValueError: with what is wrong, in words.
    """
    if not isinstance(data, dict) or not {"spec", "digest"} <= data.keys():
        raise ValueError("not a run record")
    _kinds(data, str, ("digest", "run_id", "started_at"))
    _kinds(data, int, ("schema_version",))
    _kinds(data, dict, ("spec", "files"))
    _kinds({"notes": {}, "environment": {}, **data}, dict, ("notes", "environment"))
    if not isinstance(data.get("finished_at"), str | None):
        raise ValueError(f"finished_at is {data['finished_at']!r:.40}")
    _check_spec(data["spec"])
    for name, about in data["files"].items():
        if not plain_name(name):
            raise ValueError(f"files names {name!r:.80}, expected the name of a file of the run")
        if not isinstance(about, dict) or not isinstance(about.get("sha256"), str):
            raise ValueError(f"files says no sha256 of {name!r:.80}")
    trails = data.get("renamed_from", [])
    if not isinstance(trails, list) or not all(
        isinstance(trail, dict) and isinstance(trail.get("run_id"), str) for trail in trails
    ):
        raise ValueError("renamed_from is no list of earlier names")


def check_pending(data: Any) -> None:
    """Hold the content of ``pending.json`` against the change that it says it is.

    Args:
        data: the parsed JSON.

    Raises:
        ValueError: with what is wrong, in words.
    """
    if not isinstance(data, dict):
        raise ValueError("not a pending change")
    _kinds(data, list, ("arguments", "hidden"))
    _kinds(data, dict, ("state",))
    verb, hidden, state = data["arguments"], data["hidden"], data["state"]
    if len(verb) != 3 or verb[0] != "rename" or not all(isinstance(part, str) for part in verb):
        raise ValueError(f"arguments is {verb!r:.80}")
    if verb[1] == "--study-name":
        _kinds(state, str, ("name",))
        runs: dict[str, Any] = {}
    else:
        _kinds(state, dict, ("runs", "labels"))
        _kinds(state, list, ("stages",))
        runs = state["runs"]
        if state["labels"] != {verb[1]: verb[2]} or state.get("shown") not in ("old", "new"):
            raise ValueError("its state is not that of this rename")
        if not all(isinstance(stage, str) for stage in state["stages"]):
            raise ValueError("stages are no texts")
    for name in [*hidden, *runs, *runs.values()]:
        if not plain_name(name):
            raise ValueError(f"it names {name!r:.80}, expected the name of a run folder")
    if set(runs) & set(runs.values()) or len(set(runs.values())) != len(runs):
        raise ValueError("its runs are renamed to one another")


def _check_spec(spec: Mapping[str, Any]) -> None:
    try:
        RunSpec(**spec)
    except (TypeError, InterpError) as error:
        raise ValueError(f"spec: {error}") from error
    _kinds(spec, str, _TEXTS)
    _kinds(spec, int, ("seed",))
    _kinds(spec, dict, ("arguments",))
    _kinds({"model": {}, **spec}, dict, ("model",))


def _kinds(data: Mapping[str, Any], kind: type, names: tuple[str, ...]) -> None:
    for name in names:
        value = data.get(name)
        if not isinstance(value, kind) or (kind is int and isinstance(value, bool)):
            raise ValueError(f"{name} is {value!r:.40}, expected {kind.__name__}")
