"""``pending.json``: a change of several runs that has begun to show, and how readers see it whole.

A change that touches several runs at once (a renamed label) is prepared where no reader looks.
Then this one file says which run folders readers pass over: first the new ones, and from one
atomic write on the old ones instead. A reader sees every run under its old name or under its new
one, and never both. Whoever is killed in between leaves the file; the same command goes on from
it, and until then nobody else may write.
"""

from __future__ import annotations

import shlex
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from interp.errors import InterpError
from interp.study.atomic import write_json
from interp.study.wellformed import check_pending, read_checked

PENDING = "pending.json"


@dataclass(frozen=True)
class Pending:
    """A change that has begun.

    Attributes:
        arguments: what the user asked of ``interp study``: the command and its arguments.
        hidden: names of the run folders that readers pass over.
        state: whatever the command needs to go on, JSON-able.
    """

    arguments: tuple[str, ...]
    hidden: frozenset[str]
    state: Mapping[str, Any]

    def command(self, study: Path) -> str:
        """Return the line that completes the change."""
        return command_line(study, *self.arguments)


def command_line(study: Path, verb: str, *arguments: str) -> str:
    """Write an ``interp study`` command as a user would type it.

    Args:
        study: the study's folder.
        verb: ``rename``, ``remove`` ...
        arguments: what follows.
    """
    return shlex.join(["interp", "study", verb, "--study", str(study), *arguments])


def read_pending(study: Path) -> Pending | None:
    """Read the change that a study is in the middle of.

    Args:
        study: the study's folder.

    Returns:
        The change, or ``None`` where there is none.

    Raises:
        InterpError: if the file is damaged.
    """
    path = study / PENDING
    cure = (
        "it says which runs an unfinished change hides; expected the JSON that interp study wrote, "
        "restore the file"
    )
    data = read_checked(path, check_pending, cure)
    if data is None:
        return None
    return Pending(tuple(data["arguments"]), frozenset(data["hidden"]), dict(data["state"]))


def write_pending(study: Path, pending: Pending) -> None:
    """Say what a study is in the middle of, atomically.

    Args:
        study: the study's folder.
        pending: the change.
    """
    write_json(
        study / PENDING,
        {
            "arguments": list(pending.arguments),
            "hidden": sorted(pending.hidden),
            "state": dict(pending.state),
        },
    )


def refuse_pending(study: Path) -> None:
    """Refuse to write into a study that is in the middle of a change.

    Args:
        study: the study's folder.

    Raises:
        InterpError: with the command that completes the change.
    """
    pending = read_pending(study)
    if pending is not None:
        raise InterpError(
            f"study {study} is in the middle of a change that was interrupted: run "
            f"`{pending.command(study)}` again to complete it (reading goes on)"
        )
