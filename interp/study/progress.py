"""Progress that survives a kill: arrays and a step, saved now and then, for one request only."""

from __future__ import annotations

import sys
import time
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from interp.study import tables
from interp.study.locking import env_seconds

PROGRESS = "progress.safetensors"


@dataclass(frozen=True)
class Progress:
    """What a run had done when it was last saved.

    Attributes:
        step: steps completed; the run goes on with this one.
        arrays: the accumulated arrays, by name.
        state: whatever else the run keeps, JSON-able.
    """

    step: int
    arrays: dict[str, np.ndarray]
    state: dict[str, Any]


class ProgressFile:
    """The progress file of one run.

    Progress is only ever continued by the request (digest) and the code that made it; anything
    else would mix two computations in one result.
    """

    def __init__(self, folder: Path, digest: str, code: str) -> None:
        """Bind to a run's folder.

        Args:
            folder: the run's folder.
            digest: of the ``RunSpec``.
            code: hash of the code.
        """
        self.path = folder / PROGRESS
        self._key = {"digest": digest, "code_hash": code}
        self._interval = env_seconds("INTERP_SAVE_SECONDS", 10.0)
        self._next = time.monotonic() + self._interval

    def due(self) -> bool:
        """Whether the pause since the last save is over."""
        return time.monotonic() >= self._next

    def save(
        self, step: int, arrays: Mapping[str, np.ndarray], state: Mapping[str, Any], force: bool
    ) -> bool:
        """Save, unless the last save is too recent.

        The pause is ``INTERP_SAVE_SECONDS`` and at least twenty times what a save costs, so that
        saving large arrays takes at most about 5 % of a run.

        Returns:
            Whether it was saved.
        """
        if not force and not self.due():
            return False
        started = time.monotonic()
        note = {**self._key, "step": int(step), "state": dict(state)}
        tables.write_tensors(self.path, arrays, note)
        ended = time.monotonic()
        pause = max(self._interval, 20 * (ended - started)) if self._interval else 0.0
        self._next = ended + pause
        return True

    def load(self) -> Progress | None:
        """Read the progress of this request by this code.

        Returns:
            The progress, or ``None`` where there is none that may be continued; where that means
            starting over, standard error says why.
        """
        try:
            arrays, metadata = tables.read_tensor_file(self.path)
            found = {key: metadata[key] for key in self._key}
            progress = Progress(int(metadata["step"]), arrays, dict(metadata["state"]))
        except FileNotFoundError:
            return None
        except tables.READ_ERRORS as error:
            _say(f"the progress in {self.path} is damaged ({error}): starting over")
            return None
        if found["digest"] != self._key["digest"]:
            _say(f"the progress in {self.path} is of other arguments: starting over")
            return None
        if found["code_hash"] != self._key["code_hash"]:
            _say(f"the progress in {self.path} was made by other code: starting over")
            return None
        return progress

    def delete(self) -> None:
        """Remove the file."""
        self.path.unlink(missing_ok=True)


def _say(text: str) -> None:
    print(f"interp: {text}", file=sys.stderr, flush=True)
