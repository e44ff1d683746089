"""What to say where a difference is asked for and there is only one checkpoint to look at."""

from __future__ import annotations

from collections.abc import Collection

from interp.plates.commands import analysis_command
from interp.plates.plate import Lacking
from interp.plates.view import View


def no_second(view: View, analysis: str, what: str, having: Collection[str]) -> Lacking:
    """Say which checkpoint is missing for a difference, with the command that adds it.

    Args:
        view: the study, and what of it is shown.
        analysis: e.g. ``lape``.
        what: an analysis finds, e.g. ``language neurons``.
        having: labels that have runs of it, made alike.
    """
    if view.base not in having:
        return view.lacking(analysis, f"no {what} of the base {view.base} like those shown")
    label = next((one for one in view.others if one not in having), "LABEL")
    path = str(view.study.path)
    return Lacking(
        f"only {view.base} has {what} in study {path}, and a difference needs a second checkpoint; to "
        f"add it: {analysis_command(path, view.study.runs(), analysis, label)}"
    )
