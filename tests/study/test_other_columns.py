"""A run's table that lacks a column, although its hash is right: another program wrote it."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from interp.errors import InterpError
from interp.study import Study, load_study
from tests.dashboards.studies import change
from tests.study import samples


@pytest.fixture
def written(tmp_path: Path) -> tuple[Path, str]:
    """A study with one run."""
    with Study.open(tmp_path / "study").run(samples.spec()) as run:
        run.write_table("neurons", samples.neurons())
    return tmp_path / "study", run.run_id


def _without(study: Path, column: str) -> None:
    (file,) = study.glob("runs/*/neurons.parquet")
    change(file, lambda table: table.drop_columns([column]))


@pytest.mark.parametrize("columns", [None, ["layer", "entropy"]])
def test_a_column_that_has_to_be_there_is_named(written, columns):
    study, run_id = written
    _without(study, "entropy")
    opened = load_study(study)
    for read in (
        lambda: opened.table("neurons", columns=columns),
        lambda: opened.rows("neurons", run_id=run_id, where={}, columns=columns),
    ):
        with pytest.raises(InterpError, match=r"neurons\.parquet .*entropy"):
            read()


@pytest.fixture
def older(tmp_path: Path) -> tuple[Study, str]:
    """A study whose table was written before there was an optional column."""
    frame = pd.DataFrame(
        {"source_lang": ["en", "ar"], "lang": "en", "kind": "heads", "delta_nll": 0.1,
         "ci_low": np.nan, "ci_high": np.nan, "n_tokens": 3}
    )  # fmt: skip
    with Study.open(tmp_path / "study").run(samples.spec()) as run:
        run.write_table("ablations", frame)
    (file,) = tmp_path.glob("study/runs/*/ablations.parquet")
    change(file, lambda table: table.drop_columns(["draw"]))
    return load_study(tmp_path / "study"), run.run_id


@pytest.mark.parametrize("columns", [None, ["draw"], ["draw", "source_lang"], ["source_lang"]])
@pytest.mark.parametrize(
    ("where", "n"),
    [({}, 2), ({"lang": "en"}, 2), ({"draw": None}, 2), ({"draw": 1}, 0),
     ({"draw": [None, 1], "source_lang": "ar"}, 1)],
)  # fmt: skip
def test_an_optional_column_that_the_file_lacks_is_empty(older, columns, where, n):
    study, run_id = older
    found = study.rows("ablations", run_id=run_id, where=where, columns=columns)
    assert len(found) == n and (columns is None or list(found.columns) == columns)
    assert "draw" not in found or found["draw"].isna().all()
    if not where:
        whole = study.table("ablations", columns=columns)
        assert list(whole.columns) == list(found.columns) and len(whole) == 2
        assert "draw" not in whole or whole["draw"].isna().all()


def test_no_row_can_be_chosen_by_a_column_that_has_to_be_there(written):
    study, run_id = written
    _without(study, "entropy")
    with pytest.raises(InterpError, match=r"neurons\.parquet .*entropy"):
        load_study(study).rows("neurons", run_id=run_id, where={"entropy": 1.0}, columns=["layer"])


def test_the_other_columns_are_read(written):
    study, run_id = written
    _without(study, "entropy")
    opened = load_study(study)
    assert list(opened.table("neurons", columns=["layer"])["layer"]) == [0, 1]
    rows = opened.rows("neurons", run_id=run_id, where={"layer": 1}, columns=["neuron"])
    assert list(rows["neuron"]) == [3]
