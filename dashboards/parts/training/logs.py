"""What the page of trainings reads: the logs and manifests of the chosen runs."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import pandas as pd

from dashboards.page import Chosen
from interp.plates.overview.trainings import manifest_of
from interp.study import Study
from interp.train_curves import axes_of, curves, languages_logged, logged, read_log

UNITS = {"step": "optimiser step", "tokens": "tokens", "seconds": "seconds"}
"""Axis to its title."""

ADDED_UP = {
    "tokens": "Tokens are added up over the logged updates.",
    "seconds": "Seconds are those of updates, added up over the logged ones.",
}
"""What is to be said of an axis that is made from what each update logs."""


@dataclass(frozen=True)
class Logs:
    """The logs of the chosen runs.

    Attributes:
        chosen: what the sidebar says.
        runs: label to run_id, one per label.
        logs: label to log (`interp.train_curves.read_log`).
        manifests: label to what the training wrote about itself; empty where it wrote nothing.
    """

    chosen: Chosen
    runs: Mapping[str, str]
    logs: Mapping[str, pd.DataFrame]
    manifests: Mapping[str, Mapping[str, Any]]

    def logged(self) -> pd.DataFrame:
        """Return which metrics are in which log, kept until the study changes."""

        def compute(_study: Study, *_key: Any) -> pd.DataFrame:
            return logged(self.logs)

        return self.chosen.source.derive(compute, tuple(self.runs.items()))

    def axes(self) -> list[str]:
        """Return the axes that some log has the numbers for."""
        return [axis for axis in UNITS if any(axis in own for own in self._axes().values())]

    def without(self, axis: str) -> list[str]:
        """Return the labels whose log lacks an axis."""
        return [label for label, own in self._axes().items() if axis not in own]

    def _axes(self) -> dict[str, tuple[str, ...]]:
        """Return label to axes, kept until the study changes: a log has 100,000 rows."""

        def compute(_study: Study, *_key: Any) -> dict[str, tuple[str, ...]]:
            return {label: axes_of(log) for label, log in self.logs.items()}

        return self.chosen.source.derive(compute, tuple(self.runs.items()))

    def languages(self) -> dict[str, dict[str, tuple[str, ...]]]:
        """Return metric to label to the languages that it is logged in, kept until the study changes."""

        def compute(_study: Study, *_key: Any) -> dict[str, dict[str, tuple[str, ...]]]:
            return languages_logged(self.logs)

        return self.chosen.source.derive(compute, tuple(self.runs.items()))

    def curves(self, metrics: tuple[str, ...], **how: Any) -> pd.DataFrame:
        """Return `interp.train_curves.curves`, kept until the study changes."""

        def compute(_study: Study, *_key: Any) -> pd.DataFrame:
            return curves(self.logs, metrics, **how)

        key = tuple(sorted((name, str(value)) for name, value in how.items()))
        return self.chosen.source.derive(compute, tuple(self.runs.items()), metrics, key)


def read_logs(chosen: Chosen, runs: Mapping[str, str]) -> Logs:
    """Read the logs of some runs.

    Args:
        chosen: what the sidebar says.
        runs: label to run_id of a training.

    Raises:
        InterpError: a damaged file.
    """
    source = chosen.source
    return Logs(
        chosen,
        dict(runs),
        {label: source.derive(read_log, run_id) for label, run_id in runs.items()},
        {label: source.derive(manifest_of, run_id) for label, run_id in runs.items()},
    )
