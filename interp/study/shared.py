"""A run of several processes: the first one writes it, the others only compute.

Every process passes through the same ``with study.run(spec) as run``. In the first, ``run`` is an
ordinary :class:`~interp.study.runs.Run`; in the others it writes nothing, and knows of the run what
the first one shared: its name, whether it is finished, where to go on.
"""

from __future__ import annotations

import contextlib
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

from interp.errors import InterpError
from interp.parallel import Team
from interp.study.provenance import code_hash
from interp.study.runs import Run, open_run
from interp.study.spec import RunSpec


class LeadingRun(Run):
    """The run of the first process: others learn from it where to go on."""

    def __init__(self, run: Run, team: Team) -> None:
        """Take a run over.

        Args:
            run: opened for writing.
            team: whom to tell.
        """
        vars(self).update(vars(run))
        self._team = team

    def load_progress(self) -> tuple[int, dict[str, np.ndarray]] | None:
        """Return what an interrupted run had done, and tell the others of the step."""
        found = super().load_progress()
        self._team.share(None if found is None else (found[0], self.progress_state))
        return found


class FollowingRun(Run):
    """The run in every other process: it writes nothing."""

    writes = False

    def __init__(self, folder: Path, spec: RunSpec, finished: bool, team: Team) -> None:
        """Know what the first process shared."""
        self.spec, self.folder, self.run_id = spec, folder, folder.name
        self.already_finished = finished
        self.progress_state: dict[str, Any] = {}
        self._team = team

    def load_progress(self) -> tuple[int, dict[str, np.ndarray]] | None:
        """Return the step to go on with; arrays are with the first process only."""
        found: tuple[int, dict[str, Any]] | None = self._team.share(None)
        if found is None:
            return None
        self.progress_state = found[1]
        return found[0], {}

    def progress_due(self) -> bool:
        """Never: the first process decides."""
        return False

    def save_progress(
        self,
        step: int,
        arrays: Mapping[str, np.ndarray],
        *,
        state: Mapping[str, Any] | None = None,
        force: bool = False,
    ) -> bool:
        """Do nothing."""
        return False

    def write_table(self, name: str, frame: pd.DataFrame) -> None:
        """Do nothing."""

    def write_tensors(
        self,
        name: str,
        arrays: Mapping[str, np.ndarray],
        metadata: Mapping[str, Any] | None = None,
    ) -> None:
        """Do nothing."""

    def record(self, key: str, value: Any) -> None:
        """Do nothing."""


@contextlib.contextmanager
def open_shared_run(study: Path, spec: RunSpec, team: Team, *, overwrite: bool) -> Iterator[Run]:
    """Open one run in several processes.

    Args:
        study: the study's folder.
        spec: what is asked; the same in every process.
        team: the processes.
        overwrite: as for :func:`~interp.study.runs.open_run`.

    Yields:
        The run. Whoever leaves the block waits until the first process has finished it.

    Raises:
        InterpError: as :func:`~interp.study.runs.open_run`, in every process; and where the
            processes ask for different things.
    """
    own = (spec.digest, code_hash())
    asked = team.gather(own)
    with contextlib.ExitStack() as stack:
        opened: list[Run] = []

        def open_first() -> tuple[str, bool]:
            if other := next((n for n, one in enumerate(asked) if one != own), 0):
                raise InterpError(
                    f"process {other} has another checkpoint, other text, options or code than "
                    "process 0: expected the same files and versions on every machine"
                )
            opened.append(stack.enter_context(open_run(study, spec, overwrite=overwrite)))
            return opened[0].run_id, opened[0].already_finished

        run_id, finished = team.from_first(open_first)
        run: Run
        if team.is_first:
            run = LeadingRun(opened[0], team)
        else:
            run = FollowingRun(study / "runs" / run_id, spec, finished, team)
        yield run
        # A process that fails leaves; the others notice that it is gone. Only success is told.
        stack.close()
        team.share(None)
