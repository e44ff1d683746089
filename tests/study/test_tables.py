"""Frames and arrays to files and back: strict, lossless, the same bytes every time."""

from __future__ import annotations

import io
import subprocess
import sys
from pathlib import Path

import numpy as np
import pandas as pd
import pyarrow.parquet as pq
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from safetensors import numpy as safetensors

from interp.errors import InterpError
from interp.study import TABLES, TableError, tables
from tests.study import samples

NEURONS = TABLES["neurons"]


def stored(frame: pd.DataFrame, name: str = "neurons") -> bytes:
    return tables.table_bytes(tables.to_arrow(TABLES[name], frame))


def with_run(frame: pd.DataFrame) -> pd.DataFrame:
    return frame.assign(run_id="r")


def test_columns_come_back_in_schema_order_with_their_types() -> None:
    frame = with_run(samples.neurons())
    back = tables.read_table(stored(frame[frame.columns[::-1]]))
    assert tuple(back.columns) == NEURONS.names
    assert back["neuron"].tolist() == [7, 3] and back["neuron"].dtype == np.int64
    assert back["entropy"].tolist() == [0.25, np.inf]
    assert back["selected"].dtype == bool
    assert back["lang"][0] == "sw" and pd.isna(back["lang"][1])


def test_bytes_do_not_depend_on_how_the_frame_was_made() -> None:
    plain = with_run(samples.neurons())
    other = plain.assign(lang=plain["lang"].astype("category"), layer=plain["layer"].astype("int8"))
    other.index = pd.Index([5, 9], name="some index")
    other.attrs["note"] = "made elsewhere"
    assert stored(other) == stored(plain)


def test_nothing_of_pandas_or_the_clock_is_in_the_file() -> None:
    metadata = pq.read_metadata(io.BytesIO(stored(with_run(samples.neurons())))).metadata
    assert set(metadata) <= {b"interp_table", b"schema_version", b"ARROW:schema"}


@pytest.mark.parametrize(
    ("change", "message"),
    [
        (lambda f: f.drop(columns="entropy"), "missing entropy"),
        (lambda f: f.assign(colour="red"), "unknown colour"),
        (lambda f: pd.concat([f, f["layer"]], axis=1), "repeated layer"),
        (lambda f: f.assign(layer=[0.0, 1.0]), "column 'layer': expected int, got float64"),
        (lambda f: f.assign(layer=["0", "1"]), "column 'layer': expected int"),
        (lambda f: f.assign(layer=[True, False]), "column 'layer': expected int"),
        (lambda f: f.assign(entropy=["a", "b"]), "column 'entropy': expected float"),
        (lambda f: f.assign(entropy=[True, False]), "column 'entropy': expected float"),
        (lambda f: f.assign(lang=[1, 2]), "column 'lang': expected str"),
        (lambda f: f.assign(selected=[0, 1]), "column 'selected': expected bool"),
        (lambda f: f.assign(selected=[True, None]), "row 1 is empty"),
        (lambda f: f.assign(layer=pd.array([0, None], dtype="Int64")), "row 1 is empty"),
    ],
)
def test_a_frame_that_does_not_fit_is_refused(change, message: str) -> None:
    with pytest.raises(TableError) as caught:
        tables.to_arrow(NEURONS, change(with_run(samples.neurons())))
    assert message in str(caught.value) and "'neurons'" in str(caught.value)


def test_list_columns_refuse_text() -> None:
    frame = samples.fact_rows().assign(data_hash="h", options="yen, euro")
    with pytest.raises(TableError, match="column 'options': expected list"):
        tables.to_arrow(TABLES["facts"], frame)


def test_optional_columns_may_be_left_out() -> None:
    back = tables.read_table(stored(samples.fact_rows().assign(data_hash="h"), "facts"))
    assert back["prompt"].isna().all()
    assert back["options"][1].tolist() == ["ين", "يورو"]
    assert back["stated"][0] is True and pd.isna(back["stated"][1])


def test_an_unknown_table_names_the_known_ones() -> None:
    with pytest.raises(InterpError, match=r"unknown table 'nope'.*lens_ranks"):
        tables.schema_of("nope")


def test_every_table_has_a_unique_name_and_columns() -> None:
    for name, schema in TABLES.items():
        assert schema.name == name
        assert len(set(schema.names)) == len(schema.names)
        assert ("run_id" in schema.names) == (schema.place == "run")


rows = st.lists(
    st.tuples(
        st.integers(0, 2**62),
        st.floats(allow_nan=False),
        st.one_of(st.none(), st.text(st.characters(codec="utf-8"))),
        st.booleans(),
    ),
    max_size=8,
)


@settings(max_examples=40, deadline=None)
@given(rows)
def test_any_values_survive(values) -> None:
    layer, entropy, lang, selected = (list(c) for c in zip(*values, strict=True)) if values else (
        [], [], [], []
    )  # fmt: skip
    frame = pd.DataFrame(
        {
            "run_id": pd.Series(["r"] * len(layer), dtype=object),
            "layer": pd.Series(layer, dtype="int64"),
            "neuron": pd.Series(layer, dtype="int64"),
            "entropy": pd.Series(entropy, dtype="float64"),
            "lang": pd.Series(lang, dtype=object),
            "selected": pd.Series(selected, dtype=bool),
            "n_active": pd.Series(layer, dtype="int64"),
        }
    )
    data = stored(frame)
    assert data == stored(frame)
    back = tables.read_table(data)
    assert back["layer"].tolist() == layer
    assert [np.float64(v).tobytes() for v in back["entropy"]] == [
        np.float64(v).tobytes() for v in entropy
    ]
    assert [None if pd.isna(v) else v for v in back["lang"]] == lang
    assert back["selected"].tolist() == selected


@pytest.mark.parametrize("dtype", ["uint16", "int64", "float32", "float64", "bool", "int8"])
def test_tensors_survive_in_any_layout(dtype: str, tmp_path: Path) -> None:
    array = (np.arange(12).reshape(3, 4) % 2).astype(dtype)
    given_arrays = {"b": array.T, "a": array[::2], "zero": np.array(1, dtype=dtype)}
    path = tmp_path / "x.safetensors"
    tables.write_tensors(path, given_arrays, {"axes": ["x"], "n": 3, "k": "v"})
    back, metadata = tables.read_tensor_file(path)
    assert metadata == {"axes": ["x"], "n": 3, "k": "v"}
    assert set(back) == set(given_arrays)
    for name, expected in given_arrays.items():
        assert back[name].dtype == expected.dtype and back[name].shape == expected.shape
        np.testing.assert_array_equal(back[name], expected)
        back[name][...] = 0  # a run goes on counting in what it has read
    assert list(tmp_path.iterdir()) == [path]


def test_streamed_tensors_are_the_bytes_of_the_whole_file_at_once(tmp_path: Path) -> None:
    """Files written before they were streamed stay what a run would write today."""
    arrays = {"counts": np.arange(24, dtype=np.uint16).reshape(2, 3, 4), "tokens": np.arange(6.0)}
    path = tmp_path / "x.safetensors"
    tables.write_tensors(path, arrays, {"axes": ["layer"]})
    at_once = safetensors.save(arrays, metadata={"interp": '{"axes":["layer"]}'})
    assert path.read_bytes() == at_once and path.stat().st_mode & 0o777 == 0o644


def test_tensors_do_not_depend_on_insertion_order(tmp_path: Path) -> None:
    one = {"a": np.ones(3, np.uint16), "b": np.zeros(5)}
    other = {"b": np.zeros(5), "a": np.ones(3, np.uint16)}
    metadata = {f"key{i}": i for i in range(20)}
    reverse = dict(reversed(list(metadata.items())))
    first, second = tmp_path / "1", tmp_path / "2"
    tables.write_tensors(first, one, metadata)
    tables.write_tensors(second, other, reverse)
    assert first.read_bytes() == second.read_bytes()


def test_object_arrays_are_refused(tmp_path: Path) -> None:
    with pytest.raises(TableError, match="tensor 'x'"):
        tables.write_tensors(tmp_path / "x", {"x": np.array([{}])}, {})
    assert not list(tmp_path.iterdir())


MEMORY = """
import resource, sys
from pathlib import Path
import numpy as np
from interp.study import tables

path, size = Path(sys.argv[1]), 100_000_000
arrays = {"counts": np.ones(size, np.uint8), "more": np.ones(size, np.uint8)}
peak = lambda: 1024 * resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
before = peak()
if sys.argv[2] == "write":
    tables.write_tensors(path, arrays, {})
else:
    arrays = None
    back, _ = tables.read_tensor_file(path)
    assert back["more"].sum() == size
print((peak() - before) / (2 * size))
"""


@pytest.mark.slow
def test_large_arrays_are_written_and_read_without_a_copy_of_them(tmp_path: Path) -> None:
    """Peak memory beside the arrays themselves, in a process of its own, as a share of their size."""
    path = tmp_path / "x.safetensors"
    for what in ("write", "read"):
        done = subprocess.run(
            [sys.executable, "-c", MEMORY, str(path), what], capture_output=True, text=True
        )
        assert done.returncode == 0, done.stderr
        assert float(done.stdout) < 0.1, what


def test_a_number_that_fits_no_column_is_said() -> None:
    frame = samples.neurons().assign(n_active=pd.Series([10**30, 0], dtype=object))
    with pytest.raises(TableError, match="n_active"):
        tables.to_arrow(tables.schema_of("neurons"), frame)


def encodings(data: bytes) -> dict[str, tuple[str, ...]]:
    """How the values of each column are stored, group after group."""
    metadata = pq.read_metadata(io.BytesIO(data))
    found: dict[str, set[str]] = {}
    for group in range(metadata.num_row_groups):
        for place in range(metadata.num_columns):
            column = metadata.row_group(group).column(place)
            found.setdefault(column.path_in_schema.split(".")[0], set()).update(column.encodings)
    return {name: tuple(sorted(kinds)) for name, kinds in found.items()}


def many_scores(n: int, distinct: int) -> pd.DataFrame:
    values = np.random.default_rng(0).normal(size=distinct)
    return pd.DataFrame(
        {
            "run_id": "r", "lang": "en", "layer": 0, "head": np.arange(n),
            "score": values[np.arange(n) % distinct], "ci_low": np.nan, "ci_high": np.nan,
            "n_samples": 5,
        }
    )  # fmt: skip


def test_numbers_that_hardly_repeat_are_stored_byte_by_byte() -> None:
    n = 4000
    for distinct, split in ((n, True), (n // 2 + 1, True), (n // 2, False), (1, False)):
        frame = many_scores(n, distinct)
        kinds = encodings(stored(frame, "head_scores"))
        assert ("BYTE_STREAM_SPLIT" in kinds["score"]) == split
        assert ("RLE_DICTIONARY" in kinds["score"]) != split
        others = set(kinds) - {"score"}
        assert all("BYTE_STREAM_SPLIT" not in kinds[name] for name in others)
        back = tables.read_table(stored(frame, "head_scores"))
        assert back["score"].tolist() == frame["score"].tolist() and back["ci_low"].isna().all()
    several = many_scores(n, n).assign(score=lambda f: f["score"].where(f["head"] % 4 == 0))
    sparse = stored(several.rename(columns={"score": "ci_low", "ci_low": "score"}).assign(score=1.0),
                    "head_scores")  # fmt: skip
    assert "BYTE_STREAM_SPLIT" in encodings(sparse)["ci_low"]


def test_that_way_they_take_less_room() -> None:
    frame = many_scores(20_000, 20_000)
    table = tables.to_arrow(TABLES["head_scores"], frame)
    plain = io.BytesIO()
    pq.write_table(table, plain, compression="zstd", compression_level=3)
    assert len(tables.table_bytes(table)) < 0.9 * len(plain.getvalue())


def test_numbers_within_lists_are_stored_so_and_read_in_short_groups() -> None:
    rng = np.random.default_rng(0)
    n, length = 9000, 64
    values = rng.normal(size=(n, length)).astype(np.float32)
    frame = pd.DataFrame(
        {
            "run_id": "r", "layer": 0, "neuron": np.arange(n) // 5, "lang": "en",
            "rank": np.arange(n) % 5, "text": "a a", "tokens": [["a"] * (k % 3) for k in range(n)],
            "activations": [row[: 1 + k % length] for k, row in enumerate(values)],
        }
    )  # fmt: skip
    data = stored(frame, "neuron_examples")
    assert data == stored(frame, "neuron_examples")
    kinds = encodings(data)
    assert "BYTE_STREAM_SPLIT" in kinds["activations"]
    assert "RLE_DICTIONARY" in kinds["tokens"] and "BYTE_STREAM_SPLIT" not in kinds["tokens"]
    back = tables.read_table(data)
    for k, (tokens, found) in enumerate(zip(back["tokens"], back["activations"], strict=True)):
        assert tokens.tolist() == ["a"] * (k % 3)
        assert found.tolist() == values[k, : 1 + k % length].tolist()
    metadata = pq.read_metadata(io.BytesIO(data))
    sizes = [metadata.row_group(k).num_rows for k in range(metadata.num_row_groups)]
    mean = frame["activations"].map(len).mean()
    assert len(sizes) == 2 and max(sizes) * mean <= 1 << 18


def test_empty_and_listless_tables_have_groups_too() -> None:
    empty = tables.empty_frame(TABLES["neuron_examples"])
    assert tables.read_table(stored(empty, "neuron_examples")).empty
    frame = pd.DataFrame({"run_id": "r", "layer": 0, "neuron": 1, "lang": "en", "rank": [0], "text": "",
                          "tokens": [[]], "activations": [[]]})  # fmt: skip
    assert len(tables.read_table(stored(frame, "neuron_examples"))) == 1
