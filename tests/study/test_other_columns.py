"""A run's table that lacks a column, although its hash is right: another program wrote it."""

from __future__ import annotations

from pathlib import Path

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


def test_the_other_columns_are_read(written):
    study, run_id = written
    _without(study, "entropy")
    opened = load_study(study)
    assert list(opened.table("neurons", columns=["layer"])["layer"]) == [0, 1]
    rows = opened.rows("neurons", run_id=run_id, where={"layer": 1}, columns=["neuron"])
    assert list(rows["neuron"]) == [3]
