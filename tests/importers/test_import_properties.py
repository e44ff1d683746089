"""Importers: what is written is read back, and whatever else a file holds is an InterpError."""

from __future__ import annotations

import json
import tempfile
from pathlib import Path
from typing import Any

import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays

from interp.errors import InterpError
from interp.importers import read_lahis, read_lape
from tests.data.test_loader_properties import json_values
from tests.importers.made import LISTS, matrices, write_lahis, write_lape

quick = settings(max_examples=30, deadline=None, derandomize=True)


@quick
@given(
    st.integers(1, 3).flatmap(
        lambda n: arrays(np.float32, (3, n, 4), elements=st.floats(-1e6, 1e6, width=32))
    )
)
def test_matrices_are_read_back_unchanged(scores: np.ndarray) -> None:
    with tempfile.TemporaryDirectory() as name:
        given_scores = dict(zip(matrices(), scores, strict=True))
        folder = write_lahis(Path(name) / "x", given_scores, num_layers=len(scores[0]), num_heads=4)
        table = read_lahis(folder).tables["head_scores"]
    for code, one in given_scores.items():
        rows = table[table["lang"] == code]
        found = np.full(one.shape, np.nan, np.float32)
        found[rows["layer"], rows["head"]] = rows["score"]
        assert np.array_equal(found, one)


@quick
@given(
    st.dictionaries(
        st.tuples(st.integers(1, 3), st.integers(0, 9)), st.sampled_from(["en", "de", "zh"]),
        min_size=1, max_size=12,
    )
)  # fmt: skip
def test_lists_are_read_back_and_their_counts_add_up(owners: dict[tuple[int, int], str]) -> None:
    content: dict[str, dict[str, list[int]]] = {}
    for (layer, neuron), code in owners.items():
        content.setdefault(str(layer), {}).setdefault(code, []).append(neuron)
    with tempfile.TemporaryDirectory() as name:
        found = read_lape(write_lape(Path(name) / "x", content, n_selected=len(owners)))
    table = found.tables["neurons"]
    read = {(layer + 1, neuron): code for layer, neuron, code in
            zip(table["layer"], table["neuron"], table["lang"], strict=True)}  # fmt: skip
    assert read == owners
    assert sum(sum(row) for row in found.notes["layer_counts"].values()) == len(owners)


@quick
@given(json_values, st.sampled_from(["content", "layer", "language", *("langs", "num_layers",
       "intermediate_size", "n_selected", "top_frac", "seq_len", "model", "tokens_per_lang")]))  # fmt: skip
def test_any_value_anywhere_is_refused_or_read(value: Any, where: str) -> None:
    content: Any = json.loads(json.dumps(LISTS))
    meta = {}
    if where == "content":
        content = value
    elif where == "layer":
        content["3"] = value
    elif where == "language":
        content["3"]["de"] = value
    else:
        meta = {where: value}
    with tempfile.TemporaryDirectory() as name:
        folder = write_lape(Path(name) / "x", [] if content is None else content, **meta)
        try:
            table = read_lape(folder).tables.get("neurons")
        except InterpError as error:
            assert len(str(error)) < 1000
            return
        assert table is None or len(table)


@quick
@given(st.data())
def test_a_changed_byte_of_a_matrix_is_refused_or_read_as_numbers(data: st.DataObject) -> None:
    with tempfile.TemporaryDirectory() as name:
        folder = write_lahis(Path(name) / "x")
        path = folder / data.draw(st.sampled_from(["lahis_en.pth", "lahis_zh.pth", "meta.json"]))
        content = bytearray(path.read_bytes())
        content[data.draw(st.integers(0, len(content) - 1))] = data.draw(st.integers(0, 255))
        path.write_bytes(content[: data.draw(st.integers(len(content) // 2, len(content)))])
        try:
            table = read_lahis(folder).tables["head_scores"]
        except InterpError as error:
            assert path.name in str(error) or str(folder) in str(error)
            return
        assert np.isfinite(table["score"]).all()
