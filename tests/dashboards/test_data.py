"""The shared cache: parts of tables, read once per state of the study."""

from __future__ import annotations

from pathlib import Path

import pandas as pd
import pytest

from dashboards import data
from interp.study import Study
from tests.study import samples


@pytest.fixture
def source(tmp_path: Path) -> tuple[data.Source, str]:
    study = Study.open(tmp_path / "s")
    with study.run(samples.spec()) as run:
        run.write_table("neurons", samples.neurons())
    return data.open_source(study.path), run.run_id


def test_rows_are_a_part_of_the_table_and_kept(source: tuple[data.Source, str]) -> None:
    opened, run_id = source
    whole = opened.table("neurons", run_id=run_id)
    for where in ({"layer": [1]}, {"layer": 1}, {"layer": (1, 7), "lang": None}):
        found = opened.rows("neurons", run_id, where)
        pd.testing.assert_frame_equal(
            found, whole[whole["layer"] == 1].reset_index(drop=True), check_dtype=False
        )
        assert opened.rows("neurons", run_id, dict(reversed(where.items()))) is found
    few = opened.rows("neurons", run_id, {"lang": "sw"}, columns=["neuron"])
    assert few.to_dict("list") == {"neuron": [7]}
    both = {"layer": 1, "lang": "sw"}
    assert opened.rows("neurons", run_id, both).empty and len(opened.rows("neurons", run_id, {}))
