"""What the paper released, as a view: imported, compared, ready to be drawn."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import NoReturn, cast

from interp.comparison import compare
from interp.errors import InterpError
from interp.importers.released import PARTS
from interp.plates.plate import Lacking
from interp.plates.view import View
from interp.study import Study

SOURCE = "https://github.com/jvonrad/Lost-in-Mistranslation"


def released(
    folder: str | Path,
    study: str | Path,
    *,
    facts: str | None = None,
    base: str | None = None,
    labels: Sequence[str] | None = None,
    languages: Sequence[str] | None = None,
) -> View:
    """Import the released results into a study, compare them, and look at them.

    Args:
        folder: with ``lahis``, ``lape`` or ``klar_predictions`` (`interp.importers.released`).
        study: folder of the study, made when absent; what it holds already is found again.
        facts: ``klar:FOLDER``, so that English leaks among the answers are seen; left out where
            there is no such folder.
        base: see `View.of`.
        labels: see `View.of`.
        languages: see `View.of`.

    Returns:
        The view. Where ``folder`` is absent, one of which every plate is `Lacking`, with how to get it:
        a notebook says so and goes on.

    Raises:
        InterpError: a file is refused, the study cannot be written, an unknown label or language.
    """
    if not Path(folder).exists():
        return cast(View, _Absent(Path(folder)))
    _import(folder, study, facts)
    opened = Study.open(study)
    compare(opened)
    return View.of(opened, base=base, labels=labels, languages=languages)


def _import(folder: str | Path, study: str | Path, facts: str | None) -> None:
    """Import in a process of its own: the head scores are torch files, and readers do without torch."""
    command = [sys.executable, "-m", "interp", "import", "release", str(folder)]
    if facts and Path(facts.partition(":")[2]).exists():
        command += ["--facts", facts]
    done = subprocess.run(
        [*command, "--study", str(study)], capture_output=True, text=True, check=False
    )
    if done.returncode:
        raise InterpError(" ".join(done.stderr.rpartition("error: ")[2].split()))


class _Absent:
    """Stands for the view of results that are not on this machine."""

    def __init__(self, folder: Path) -> None:
        self._why = (
            f"the released results are not in {folder}: get them from {SOURCE} and name the folder that "
            f"holds {', '.join(PARTS)}"
        )

    def __getattr__(self, name: str) -> NoReturn:
        if name.startswith("__"):
            raise AttributeError(name)
        raise Lacking(self._why)

    def __repr__(self) -> str:
        return self._why
