"""The notebooks on a study of one checkpoint: what cannot be drawn is said in a line, and nothing fails."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from analysis_notebooks.machinery.command import OUTSIDE_DATA, RUNS_A_MODEL
from analysis_notebooks.machinery.execute import sources
from tests.dashboards.studies import whole

SOURCES = [one for one in sources() if not one.name.startswith((*RUNS_A_MODEL, *OUTSIDE_DATA))]


@pytest.fixture(scope="module")
def ran(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Any]:
    study = whole(tmp_path_factory.mktemp("one") / "study", stages={"base": "base"})
    done = subprocess.run(
        [sys.executable, "-m", "tests.notebooks.shell", str(study), *map(str, SOURCES)],
        capture_output=True,
        text=True,
        env={**os.environ, "PLOTLY_RENDERER": "json", "PYTHONPATH": os.getcwd()},
    )
    assert done.returncode == 0, done.stderr[-2000:]
    found: dict[str, Any] = json.loads(done.stdout.splitlines()[-1])
    return found


@pytest.mark.parametrize("source", SOURCES, ids=lambda one: one.stem)
def test_no_cell_fails_on_a_study_of_one_checkpoint(source: Path, ran: dict[str, Any]) -> None:
    cells = ran["notebooks"][source.stem]
    assert [cell["failed"] for cell in cells if cell["failed"]] == []
    assert not any("Traceback" in cell["printed"] for cell in cells)


def test_what_cannot_be_drawn_is_one_line_that_names_the_study(ran: dict[str, Any]) -> None:
    cells = ran["notebooks"]["01_overview_and_training"]
    (verdicts,) = [cell for cell in cells if cell["source"] == "plates.overview.verdicts(view)"]
    assert verdicts["lacking"] and len(verdicts["texts"]) == 1
    assert "base is the only checkpoint" in verdicts["texts"][0]
    assert "\n" not in verdicts["texts"][0]
    (grid,) = [cell for cell in cells if cell["source"] == "plates.overview.grid(view)"]
    assert not grid["lacking"] and "1 checkpoint" in "".join(grid["texts"])


def test_reading_a_study_imports_no_torch(ran: dict[str, Any]) -> None:
    assert ran["torch"] is False
