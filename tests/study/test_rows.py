"""Parts of a table: the rows that the whole table holds, from a file that is checked once."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from interp.errors import InterpError
from interp.study import TABLES, Study, load_study, partial, tables, text_groups
from tests.study import samples

N = 40
SCALARS = ("str", "int", "float", "bool")
RUN_TABLES = [schema for schema in TABLES.values() if schema.place == "run"]


def filled(name: str) -> pd.DataFrame:
    """A table of 40 rows whose columns repeat a few values in different rhythms, some empty."""
    data: dict[str, list[Any]] = {}
    for i, column in enumerate(TABLES[name].columns):
        if column.name == "run_id":
            continue
        at = [(row // (1 + i % 4)) % (3 + i % 5) for row in range(N)]
        values = {
            "str": ["aa", "ب", "c>", "", "nan", "f", "g"],
            "int": [0, -1, 7, 3 if column.empty else 2**53 + 1, 4, 5, 6],
            "float": [0.0, -1.5, np.inf, 1e-300, 4.0, 5.5, 6.0],
            "bool": [True, False, True, False, False, True, True],
        }
        if column.kind in SCALARS:
            cells = [values[column.kind][k] for k in at]
            if column.empty:
                cells = [None if row % 5 == 4 else cell for row, cell in enumerate(cells)]
        else:
            cells = [values[column.kind[5:-1]][:k] for k in at]
        data[column.name] = cells
    frame = pd.DataFrame({key: pd.Series(cells, dtype=object) for key, cells in data.items()})
    return frame.astype(
        {c.name: "float64" for c in TABLES[name].columns if c.kind == "float" and c.name in data}
    )


@pytest.fixture(scope="module")
def study(tmp_path_factory: pytest.TempPathFactory) -> tuple[Study, str]:
    """One run that wrote every table, in row groups of 8 rows."""
    study = Study.open(tmp_path_factory.mktemp("rows") / "a=b" / "s")
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("interp.study.tables._ROWS_PER_GROUP", 8)
        with study.run(samples.spec()) as run:
            for schema in RUN_TABLES:
                run.write_table(schema.name, filled(schema.name))
    return load_study(study.path), run.run_id


def agree(found: pd.DataFrame, expected: pd.DataFrame) -> None:
    assert list(found.columns) == list(expected.columns) and len(found) == len(expected)
    for name in expected.columns:
        for one, other in zip(found[name], expected[name], strict=True):
            if isinstance(other, np.ndarray):
                assert one.tolist() == other.tolist()
            else:
                assert (pd.isna(one) and pd.isna(other)) or one == other, (name, one, other)


@pytest.mark.parametrize("name", [schema.name for schema in RUN_TABLES])
def test_rows_are_those_of_the_whole_table(study: tuple[Study, str], name: str) -> None:
    opened, run_id = study
    table = opened.table(name, run_id=run_id)
    agree(opened.rows(name, run_id=run_id, where={}), table)
    scalars = [column for column in TABLES[name].columns if column.kind in SCALARS]
    for column in scalars:
        cells = table[column.name]
        present = [value for value in cells.unique() if not pd.isna(value)]
        for wanted in (present[0], present[:2], present[-1:], np.array(present[1:]), []):
            single = isinstance(wanted, str) or not hasattr(wanted, "__iter__")
            listed = [wanted] if single else list(wanted)
            if column.kind == "int":  # a column read whole with empty cells is float
                listed = [int(value) for value in listed]
                wanted = listed[0] if single else listed
            expected = table[cells.isin(listed) & cells.notna()]
            agree(opened.rows(name, run_id=run_id, where={column.name: wanted}), expected)
        found = opened.rows(name, run_id=run_id, where={column.name: None})
        agree(found, table[cells.isna()])
        one = present[-1] if column.kind != "int" else int(present[-1])
        found = opened.rows(name, run_id=run_id, where={column.name: [one, None]})
        agree(found, table[cells.isna() | (cells == one)])


@pytest.mark.parametrize(
    "wanted",
    [
        [0.0, 4.0],
        [-0.0, None, 4.0],
        [np.float32("nan"), 4.0],
        np.float32("nan"),
        (np.float32(0.5), np.float64(4), 0),
    ],
)
def test_numbers_are_held_against_each_other_as_pandas_does(tmp_path, wanted) -> None:
    study = Study.open(tmp_path / "s")
    entropy = pd.Series([0.0, -0.0, np.nan, 4.0, 0.5, np.inf, -0.0])
    with study.run(samples.spec()) as run:
        frame = pd.concat([samples.neurons()] * 4, ignore_index=True).iloc[: len(entropy)]
        run.write_table("neurons", frame.assign(entropy=entropy, neuron=np.arange(len(entropy))))
    found = study.rows("neurons", run_id=run.run_id, where={"entropy": wanted})
    listed = np.atleast_1d(np.array(wanted, float))
    expected = entropy.isin(listed) | (entropy.isna() & np.isnan(listed).any())
    assert list(found["neuron"]) == list(np.flatnonzero(expected))


def test_whole_numbers_of_several_kinds_are_one(study: tuple[Study, str]) -> None:
    opened, run_id = study
    one = opened.rows("head_scores", run_id=run_id, where={"layer": [7, 0]})
    mixed = [np.int8(7), np.uint16(0)]
    agree(opened.rows("head_scores", run_id=run_id, where={"layer": mixed}), one)
    assert len(one)


def test_conditions_hold_together_and_columns_are_those_asked(study: tuple[Study, str]) -> None:
    opened, run_id = study
    table = opened.table("head_scores", run_id=run_id)
    lang, layer = table["lang"][9], int(table["layer"][9])
    mask = (table["lang"] == lang) & (table["layer"] == layer)
    assert 0 < mask.sum() < (table["lang"] == lang).sum()
    where = {"lang": lang, "layer": [layer]}
    found = opened.rows("head_scores", run_id=run_id, where=where, columns=["score", "head"])
    agree(found, table.loc[mask, ["score", "head"]])
    where = {"lang": "absent"}
    found = opened.rows("head_scores", run_id=run_id, where=where, columns=["score", "head"])
    assert found.empty and list(found.columns) == ["score", "head"]
    assert [str(kind) for kind in found.dtypes] == ["float64", "int64"]


def test_only_row_groups_that_may_hold_the_values_are_read(tmp_path: Path) -> None:
    path = tmp_path / "t.parquet"
    n = 400_000
    pq.write_table(
        pa.table({"layer": np.arange(n) // 1000, "head": np.random.default_rng(0).random(n)}),
        path,
        row_group_size=1000,
    )
    schema = TABLES["head_scores"]

    def bytes_read(wanted: object) -> int:
        read = 0

        class Watched:
            closed = False

            def __init__(self) -> None:
                self.file = path.open("rb")

            def read(self, size: int = -1) -> bytes:
                nonlocal read
                data = self.file.read(size)
                read += len(data)
                return data

            def __getattr__(self, name: str) -> object:
                return getattr(self.file, name)

        frame = partial.read_rows(
            Watched(),  # type: ignore[arg-type]
            schema,
            partial.filter_of(schema, {"layer": wanted}),
            ["head"],
            {"layer": wanted},
        )
        assert len(frame) == 1000 * (1 if isinstance(wanted, int) else len(wanted))  # type: ignore[arg-type]
        return read

    whole = path.stat().st_size
    assert bytes_read(7) < whole / 10
    assert bytes_read([7, 9]) < whole / 10


@pytest.mark.parametrize(
    ("where", "columns", "message"),
    [
        ({"colour": 1}, None, "unknown column of neurons 'colour'"),
        ({"layer": 1}, ["colour"], "unknown column of neurons 'colour'"),
        ({"layer": "1"}, None, "neurons.layer is int"),
        ({"layer": [0, 1.5]}, None, "neurons.layer is int"),
        ({"layer": True}, None, "neurons.layer is int"),
        ({"layer": 2**70}, None, "neurons.layer is int"),
        ({"lang": 1}, None, "neurons.lang is str"),
        ({"selected": 1}, None, "neurons.selected is bool"),
        ({"entropy": "low"}, None, "neurons.entropy is float"),
    ],
)
def test_what_cannot_be_asked_is_refused(study, where, columns, message: str) -> None:
    opened, run_id = study
    with pytest.raises(InterpError) as caught:
        opened.rows("neurons", run_id=run_id, where=where, columns=columns)
    assert message in str(caught.value)


def test_tables_and_runs_are_named_that_are_not_there(study: tuple[Study, str]) -> None:
    opened, run_id = study
    with pytest.raises(InterpError, match="holds lists"):
        opened.rows("neuron_examples", run_id=run_id, where={"tokens": "a"})
    with pytest.raises(InterpError, match="unknown table 'nope'"):
        opened.rows("nope", run_id=run_id, where={})
    with pytest.raises(InterpError, match="unknown finished run 'nope'"):
        opened.rows("neurons", run_id="nope", where={})
    with pytest.raises(InterpError, match="belongs to no run"):
        opened.rows("comparisons", run_id=run_id, where={})


def test_a_table_that_the_run_did_not_write_has_no_rows(tmp_path: Path) -> None:
    study = Study.open(tmp_path / "s")
    with study.run(samples.spec()) as run:
        pass
    found = study.rows("neurons", run_id=run.run_id, where={"layer": 0})
    assert found.empty and tuple(found.columns) == TABLES["neurons"].names


@pytest.fixture
def written(tmp_path: Path) -> tuple[Study, str, Path]:
    study = Study.open(tmp_path / "s")
    with study.run(samples.spec()) as run:
        run.write_table("neurons", samples.neurons())
    return study, run.run_id, study.path / "runs" / run.run_id / "neurons.parquet"


def test_the_file_is_held_against_its_hash_once(written, monkeypatch) -> None:
    study, run_id, path = written
    hashed = []

    class Counting:
        def __init__(self) -> None:
            hashed.append(self)
            self.digest = original()

        def update(self, data: bytes) -> None:
            self.digest.update(data)

        def hexdigest(self) -> str:
            return self.digest.hexdigest()

    original = partial.hashlib.sha256
    monkeypatch.setattr(partial.hashlib, "sha256", Counting)
    for layer in (0, 1, 0):
        assert len(study.rows("neurons", run_id=run_id, where={"layer": layer})) == 1
    assert len(hashed) == 1
    os.utime(path, ns=(1, 1))
    assert len(study.rows("neurons", run_id=run_id, where={"layer": 0})) == 1
    assert len(hashed) == 2


@pytest.mark.parametrize("seen", [True, False])
def test_a_damaged_file_is_named_also_after_it_was_good(written, seen: bool) -> None:
    study, run_id, path = written
    if seen:
        study.rows("neurons", run_id=run_id, where={"layer": 0})
    data = bytearray(path.read_bytes())
    data[len(data) // 2] ^= 1
    path.write_bytes(bytes(data))
    os.utime(path, ns=(5, 5))
    for _ in range(2):
        with pytest.raises(InterpError, match=r"neurons\.parquet is damaged: its content"):
            study.rows("neurons", run_id=run_id, where={"layer": 0})
    path.unlink()
    with pytest.raises(InterpError, match=r"cannot read .*neurons\.parquet"):
        study.rows("neurons", run_id=run_id, where={"layer": 0})


def test_a_file_that_was_written_as_no_parquet_is_damaged(written) -> None:
    study, _, _ = written
    with study.run(samples.spec(seed=1)) as run:
        (run.folder / "neurons.parquet").write_bytes(b"no parquet at all")
        run._wrote(run.folder / "neurons.parquet", {})
    with pytest.raises(InterpError, match=r"neurons\.parquet is damaged \("):
        study.rows("neurons", run_id=run.run_id, where={"layer": 0})


def _scattered(path, seed: int) -> pd.DataFrame:  # type: ignore[no-untyped-def]
    """Write 40 row groups of heads whose languages come in any order, each in a few groups."""
    drawn = np.random.default_rng(seed)
    langs = [f"l{at:02d}" for at in drawn.permutation(40)]
    frame = pd.DataFrame(
        {
            "layer": drawn.integers(0, 9, 40 * 10),
            "head": np.arange(40 * 10),
            "lang": [langs[(at // 10 + at % 2) % 40] for at in range(40 * 10)],
        }
    )
    frame.to_parquet(path, row_group_size=10)
    return frame


def test_ids_in_any_order_are_found_without_decoding_the_groups_without_them(
    tmp_path, monkeypatch
) -> None:
    schema, path = tables.schema_of("head_scores"), tmp_path / "heads.parquet"
    read: list[int] = []
    original = pq.ParquetFile.read_row_group

    def watched(self, group, **kwargs):  # type: ignore[no-untyped-def]
        read.append(group)
        return original(self, group, **kwargs)

    monkeypatch.setattr(pq.ParquetFile, "read_row_group", watched)

    def found(where: dict[str, object]) -> pd.DataFrame:
        with path.open("rb") as file:
            condition = partial.filter_of(schema, where)
            return partial.read_rows(file, schema, condition, ["layer", "head", "lang"], where)

    for seed in (0, 1):  # the second file takes the place of the first
        frame = _scattered(path, seed)
        for wanted in ("l17", "l05", ["l03", "l31"], ["l03", "nowhere"], "nowhere", [None, "l07"]):
            some = [wanted] if isinstance(wanted, str) else wanted
            read.clear()
            got = found({"lang": wanted})
            pd.testing.assert_frame_equal(
                got, frame[frame["lang"].isin(some)].reset_index(drop=True), check_dtype=False
            )
            if wanted == "l05":
                assert len(set(read)) == 2
            if wanted == "nowhere":
                assert not read
        both = found({"lang": "l17", "layer": [1, 2, 3]})
        expected = frame[(frame["lang"] == "l17") & frame["layer"].isin([1, 2, 3])]
        assert list(both["head"]) == list(expected["head"])


def test_a_column_of_too_many_texts_is_read_without_an_index(tmp_path, monkeypatch) -> None:
    monkeypatch.setattr(text_groups, "_MOST", 20)
    schema, path = tables.schema_of("head_scores"), tmp_path / "heads.parquet"
    frame = _scattered(path, 3)
    where = {"lang": "l11"}
    with path.open("rb") as file:
        got = partial.read_rows(file, schema, partial.filter_of(schema, where), ["head"], where)
    assert list(got["head"]) == list(frame.loc[frame["lang"] == "l11", "head"])
