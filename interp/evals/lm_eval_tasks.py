"""Tasks of lm-evaluation-harness: found by name, loaded, and hashed before any weights are read.

Written against lm-eval 0.4.13 (EleutherAI, MIT). Its task index reads some 14,000 YAML files, which
takes ten seconds and more; where a folder of the user's holds everything asked for, only that
folder is read.
"""

from __future__ import annotations

import contextlib
import difflib
import json
import logging
import re
import sys
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from importlib.util import find_spec
from itertools import islice
from pathlib import Path
from typing import Any

from interp.data.canonical import canonical_hash
from interp.errors import InterpError, unknown

_NOISY = ("lm_eval", "huggingface_hub", "datasets")
_ADDRESS = re.compile(r"0x[0-9a-f]+")


@dataclass(frozen=True)
class HarnessTasks:
    """Loaded tasks.

    Attributes:
        tasks: name to the harness's task, without groups.
        groups: name to the harness's group.
        limit: documents per task that will be used, the first ones; None takes all.
        data_hash: sha256 of the configurations and of those documents.
        harness: version of lm-eval.
    """

    tasks: Mapping[str, Any]
    groups: Mapping[str, Any]
    limit: int | None
    data_hash: str
    harness: str


def need_lm_eval() -> None:
    """Refuse to go on without the harness.

    Raises:
        InterpError: it is not installed.
    """
    if find_spec("lm_eval") is None:
        raise InterpError(
            "interp eval lm-eval needs lm-evaluation-harness, which is not installed: expected "
            "pip install 'interp[lm-eval]'"
        )


def load_tasks(
    names: Sequence[str],
    *,
    include_path: Path | None = None,
    num_fewshot: int | None = None,
    limit: int | None = None,
) -> HarnessTasks:
    """Find and load tasks, with their data.

    Args:
        names: tasks, groups, tags, or patterns of these such as ``mmlu_*``.
        include_path: a folder with further task files.
        num_fewshot: examples before the question; a task that fixes 0 keeps it, as in the harness.
        limit: the first documents of every task only.

    Returns:
        The tasks.

    Raises:
        InterpError: the harness is not installed, a name is unknown, a task's data cannot be
            read, or a task is nothing that option scores or text can answer.
    """
    need_lm_eval()
    if include_path is not None and not include_path.is_dir():
        raise InterpError(f"--include-path {include_path}: expected a folder with task YAML files")
    with quiet():
        manager = _manager(names, include_path)
        tasks: dict[str, Any] = {}
        groups: dict[str, Any] = {}
        for name in _matched(names, manager):
            found = _load(name, manager)
            tasks |= found["tasks"]
            groups |= found["groups"]
        for name, task in tasks.items():
            _refuse_unfit(name, task)
            _set_fewshot(task, num_fewshot)
        data_hash = canonical_hash(
            {name: _content(task, limit) for name, task in sorted(tasks.items())}
        )
    return HarnessTasks(tasks, groups, limit, data_hash, _version())


@contextlib.contextmanager
def quiet() -> Iterator[None]:
    """Keep the harness's warnings to itself, and what it prints off standard output."""
    loggers = [logging.getLogger(name) for name in _NOISY]
    levels = [logger.level for logger in loggers]
    for logger in loggers:
        logger.setLevel(logging.ERROR)
    try:
        with contextlib.redirect_stdout(sys.stderr):
            yield
    finally:
        for logger, level in zip(loggers, levels, strict=True):
            logger.setLevel(level)


def configuration(task: Any) -> dict[str, Any]:
    """Give a task's configuration as plain JSON that is the same in every process and folder."""
    config = json.loads(_ADDRESS.sub("0x", json.dumps(task.dump_config(), default=str)))
    if isinstance(config.get("metadata"), dict):
        config["metadata"].pop("config_source", None)  # where the YAML lies
    found: dict[str, Any] = config
    return found


def _version() -> str:
    from importlib.metadata import version

    return version("lm_eval")


def _manager(names: Sequence[str], include_path: Path | None) -> Any:
    from lm_eval.tasks import TaskManager

    if include_path is None:
        return TaskManager()
    own = TaskManager(include_path=str(include_path), include_defaults=False)
    if _complete(own.task_index, names):
        return own
    return TaskManager(include_path=str(include_path))


def _complete(index: Mapping[str, Any], names: Sequence[str]) -> bool:
    """Whether an index has these names and everything that their groups refer to."""
    waiting, seen = list(names), set()
    while waiting:
        name = waiting.pop()
        if name not in index:
            return False
        if name not in seen:
            seen.add(name)
            entry = index[name]
            members = (entry.cfg or {}).get("task", []) if entry.kind.name == "GROUP" else []
            members = [members] if isinstance(members, str) else members
            if not all(isinstance(member, str) for member in members):
                return False  # defined inside the group: rare, left to the whole index
            waiting.extend(members)
    return True


def _matched(names: Sequence[str], manager: Any) -> list[str]:
    found: dict[str, None] = {}
    for name in names:
        matches = manager.match_tasks([name])
        if not matches:
            near = difflib.get_close_matches(name, manager.all_tasks, n=5)
            raise unknown(
                "lm-eval task",
                name,
                near or [f"{len(manager.all_tasks)} names, none of which is near"],
                "`lm_eval ls tasks` lists them; --include-path adds a folder of tasks",
            )
        found |= dict.fromkeys(matches)
    return list(found)


def _load(name: str, manager: Any) -> Any:
    try:
        return manager.load([name])
    except Exception as error:
        # Whatever a loader of a data set, a template or an import raises, in one line.
        reason = (str(error).strip().splitlines() or [""])[0] or type(error).__name__
        raise InterpError(
            f"lm-eval task {name!r} cannot be loaded: {reason}; expected its data on the Hugging "
            "Face hub (reachable from here) or in the local cache, and the libraries it imports"
        ) from error


def _refuse_unfit(name: str, task: Any) -> None:
    for attribute, what in (
        ("MULTIMODAL", "reads images or sound: expected tasks of text only"),
        ("UNSAFE_CODE", "runs code that the model writes: expected a task that does not"),
    ):
        if getattr(task, attribute, False):
            raise InterpError(f"lm-eval task {name!r} {what}")


def _set_fewshot(task: Any, num_fewshot: int | None) -> None:
    """Do what ``lm_eval.simple_evaluate`` does with ``num_fewshot``."""
    own = task.get_config("num_fewshot")
    if num_fewshot is not None and own != 0:
        task.set_config(key="num_fewshot", value=num_fewshot)
    elif own is None:
        task.set_config(key="num_fewshot", value=0)


def _content(task: Any, limit: int | None) -> dict[str, Any]:
    documents = [
        json.dumps(document, sort_keys=True, ensure_ascii=False, default=str)
        for document in islice(task.eval_docs, limit)
    ]
    return {"config": configuration(task), "documents": documents}
