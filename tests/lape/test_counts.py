"""Counts against brute force, and of whole models against an independent implementation."""

from __future__ import annotations

import numpy as np
import pytest
import torch

from interp.batches import plan_batches
from interp.data.tokens import tokenize_corpus
from interp.lape.counts import BlockCounts, SequenceCounter, activation_site, narrowed
from interp.lape.passes import Passes
from interp.model import HookedModel
from interp.model.architectures import ARCHITECTURES
from tests.lape.cases import check_within_rounding, reference_counts, word_corpus
from tests.reference import lape as reference
from tests.tiny import FAMILIES, FAST_FAMILIES, tiny_hooked, tiny_model

EVERY_FAMILY = (*FAMILIES, "gemma3")


def brute_force(value: torch.Tensor, starts, ends) -> list[list[int]]:
    return [
        [sum(bool(value[b, t, j] > 0) for t in range(starts[b], ends[b]))
         for j in range(value.shape[2])]
        for b in range(len(starts))
    ]  # fmt: skip


@pytest.mark.parametrize("dtype", [torch.float32, torch.float64, torch.bfloat16, torch.float16])
@pytest.mark.parametrize("width", [1, 7, 8, 13])
def test_counter_equals_brute_force(dtype: torch.dtype, width: int) -> None:
    torch.manual_seed(width)
    value = torch.randn(3, 12, width).to(dtype)
    value[0, 3, 0], value[1, 2, 0], value[2, 4, 0] = 0.0, -0.0, torch.nan
    value[0, 4, 0] = torch.inf
    starts, ends = [0, 1, 2], [12, 5, 3]
    counter = SequenceCounter(starts, ends, 1)
    counter.observer(0)(value)
    expected = brute_force(value, starts, ends)
    assert counter.result()[:, 0].tolist() == expected
    # What a GPU does, here on the CPU.
    assert counter.count_together(value).tolist() == expected


@pytest.mark.parametrize("dtype", [torch.float32, torch.bfloat16, torch.float16])
def test_every_bit_pattern_counts_as_comparison_says(dtype: torch.dtype) -> None:
    patterns = torch.arange(2**16, dtype=torch.int32)
    if dtype == torch.float32:  # the patterns of its upper half, where sign and exponent are
        value = (patterns << 16).view(dtype)
    else:
        value = patterns.to(torch.int16).view(dtype)
    value = value.view(1, 1, -1)
    # Both infinities, both zeros, the smallest numbers and thousands of NaN among them.
    assert value.isinf().sum() == 2 and (value == 0).sum() == 2 and value.isnan().sum() > 100
    expected = (value.double() > 0).long()[0]
    counter = SequenceCounter([0], [1], 1)
    counter.observer(0)(value)
    assert torch.equal(torch.from_numpy(counter.result()[:, 0].astype(np.int64)), expected)
    assert torch.equal(counter.count_together(value).long(), expected)


@pytest.mark.parametrize("dtype", [torch.bfloat16, torch.float16])
def test_what_a_gpu_counts_in_half_precision(dtype: torch.dtype) -> None:
    torch.manual_seed(1)
    value = torch.randn(4, 300, 17).to(dtype)
    value[:, 250:] = torch.inf  # padding is not counted, whatever it holds
    value[2, :200] = torch.nan
    starts, ends = [0, 1, 2, 7], [250, 90, 250, 8]
    counter = SequenceCounter(starts, ends, 2)
    found = counter.count_together(value)
    assert found.shape == (4, 17) and found.dtype == torch.int16
    assert found.tolist() == brute_force(value, starts, ends)
    # The next layer may have another type.
    assert counter.count_together(-value.float()).tolist() == brute_force(-value, starts, ends)
    long = SequenceCounter([0], [2**15], 1)
    assert long.count_together(torch.ones(1, 2**15, 1, dtype=dtype)).tolist() == [[2**15]]


@pytest.mark.parametrize("dtype", [torch.float32, torch.bfloat16])
def test_counter_survives_more_positions_than_a_byte_holds(dtype: torch.dtype) -> None:
    value = torch.ones(1, 700, 9, dtype=dtype)
    value[0, :, 4] = -1
    counter = SequenceCounter([1], [690], 1)
    counter.observer(0)(value)
    assert counter.result()[0, 0].tolist() == [689] * 4 + [0] + [689] * 4


@pytest.mark.parametrize("dtype", [torch.float32, torch.bfloat16])
@pytest.mark.parametrize(("long", "size"), [(2**15 - 1, 2), (2**15, 4), (70_000, 4)])
def test_counter_keeps_few_bytes_and_still_counts_long_sequences(
    dtype: torch.dtype, long: int, size: int
) -> None:
    counter = SequenceCounter([0, 0], [long, 3], 1)
    counter.observer(0)(torch.ones(2, 1, 1, dtype=dtype).expand(2, long, 1))
    counts = counter.result()
    assert counts.ravel().tolist() == [long, 3] and counts.itemsize == size


def test_counter_takes_a_view_of_a_wider_tensor() -> None:
    # a fused gate-and-up projection hands over half of its output
    wide = torch.randn(2, 6, 20)
    counter = SequenceCounter([0, 0], [6, 4], 1)
    counter.observer(0)(wide[..., :10])
    assert counter.result()[:, 0].tolist() == brute_force(wide[..., :10], [0, 0], [6, 4])


@pytest.mark.parametrize("dtype", [torch.float32, torch.bfloat16])
def test_counter_keeps_layers_apart_and_misses_none(dtype: torch.dtype) -> None:
    counter = SequenceCounter([0], [2], 2)
    counter.observer(1)(torch.ones(1, 2, 3, dtype=dtype))
    with pytest.raises(RuntimeError, match=r"\[0\]"):
        counter.result()
    counter.observer(0)(-torch.ones(1, 2, 3, dtype=dtype))
    assert counter.result().tolist() == [[[0, 0, 0], [2, 2, 2]]]


def test_block_counts_add_to_their_cell_in_the_smallest_type() -> None:
    tokens = np.array([[65535, 1], [2, 3]])
    counts = BlockCounts(tokens, n_layers=1, n_neurons=2)
    assert counts.counts.dtype == np.uint16
    for _ in range(2):
        counts.add(np.array([[[1, 2]], [[30000, 0]], [[5, 5]]]), [1, 0, 1], [0, 0, 0])
    assert counts.counts[:, :, 0].tolist() == [[[60000, 0], [0, 0]], [[12, 14], [0, 0]]]
    assert BlockCounts(tokens + 1, 1, 2).counts.dtype == np.uint32


def test_sites_of_each_activation() -> None:
    assert activation_site(3, "gate", gated=True) == "blocks.3.mlp.hook_pre"
    assert activation_site(3, "gate_times_up", gated=True) == "blocks.3.mlp.hook_post"
    assert activation_site(3, "up", gated=True) == "blocks.3.mlp.hook_pre_linear"
    assert activation_site(3, "up", gated=False) == "blocks.3.mlp.hook_pre"


def count(model: HookedModel, batch_size: str | int, activation: str = "gate"):
    """Counts [block, lang, layer, neuron] of the package, and the text they were made from."""
    text = tokenize_corpus(
        word_corpus(6, ("en", "ru", "zh")), model.tokenizer, languages=("zh", "en", "ru"),
        budget="all", seq_len=40, n_blocks=3, bos="always",
    )  # fmt: skip
    plan = plan_batches([len(s.ids) for s in text.sequences], batch_size)
    counts = BlockCounts(text.tokens, model.shape.n_layers, model.shape.d_mlp)
    list(Passes(model, text, plan, activation, "test").count(counts, 0))
    return counts.counts, text


def check_family(family: str, activation: str = "gate") -> None:
    model = tiny_hooked(family)
    alone, text = count(model, 1, activation)
    assert text.n_blocks == 3 and all(s.n_special == 1 for s in text.sequences)
    assert len({len(s.ids) for s in text.sequences}) > 6, "the case should need padding"
    expected, least, most = reference_counts(model, text, activation, margin=1e-5)
    # the same shapes run through the same kernels: integer for integer, no exception
    assert np.array_equal(alone, expected)
    # batched and padded, a matrix product may sum in another order: the last bits differ
    batched, _ = count(model, 8, activation)
    check_within_rounding(batched, least, most)


@pytest.mark.parametrize("family", FAST_FAMILIES)
def test_counts_equal_the_reference(family: str) -> None:
    check_family(family)


@pytest.mark.slow
@pytest.mark.parametrize("family", [f for f in EVERY_FAMILY if f not in FAST_FAMILIES])
def test_counts_equal_the_reference_in_every_family(family: str) -> None:
    check_family(family)


def test_the_matrix_misses_no_family() -> None:
    assert set(EVERY_FAMILY) == set(ARCHITECTURES)


@pytest.mark.parametrize("activation", ["gate_times_up", "up"])
@pytest.mark.parametrize("family", ["olmo2", "phi3", "gpt2"])
def test_other_activations_equal_the_reference(family: str, activation: str) -> None:
    check_family(family, activation)


@pytest.mark.slow
@pytest.mark.parametrize("activation", ["gate_times_up", "up"])
@pytest.mark.parametrize("family", [f for f in EVERY_FAMILY if f not in ("olmo2", "phi3", "gpt2")])
def test_other_activations_equal_the_reference_in_every_family(
    family: str, activation: str
) -> None:
    check_family(family, activation)


@pytest.mark.parametrize(("family", "gated"), [("phi3", True), ("gpt2", False), ("opt", False)])
def test_activations_differ_where_the_mlp_is_gated_only(family: str, gated: bool) -> None:
    model = tiny_hooked(family)
    gate, product, up = (count(model, 1, name)[0] for name in ("gate", "gate_times_up", "up"))
    same = np.array_equal(gate, product), np.array_equal(gate, up), np.array_equal(product, up)
    assert same == (not gated,) * 3


def test_bos_runs_through_the_model_and_is_not_counted() -> None:
    model = tiny_hooked("olmo2")
    counts, text = count(model, 4)
    bare = [(s.block, s.lang, s.ids.tolist(), 0) for s in text.sequences]
    with_bos, *_ = reference.count(model.model, bare, text.languages, text.n_blocks)
    bos_alone = [
        (layer["gate"][0] > 0).long().tolist()
        for layer in reference.activations(model.model, text.sequences[0].ids.tolist())
    ]
    # BOS sees itself only, so it is active the same in every sequence: once per sequence more
    for place, lang in enumerate(text.languages):
        for block in range(text.n_blocks):
            n = sum(s.block == block and s.lang == lang for s in text.sequences)
            expected = np.array(with_bos[block, lang]) - n * np.array(bos_alone)
            assert np.abs(counts[block, place].astype(int) - expected).max() <= 1
            assert (counts[block, place] == expected).mean() > 0.99


@pytest.mark.slow
@pytest.mark.parametrize("engine", ["transformer_lens", "nnsight"])
def test_counts_of_other_engines(engine: str) -> None:
    other, text = count(tiny_hooked("olmo2", engine=engine), 8)
    _, least, most = reference_counts(tiny_hooked("olmo2"), text, margin=1e-4)
    check_within_rounding(other, least, most)


@pytest.mark.slow
@pytest.mark.parametrize("dtype", [torch.float64, torch.bfloat16, torch.float16])
def test_counts_of_other_types_one_by_one(dtype: torch.dtype) -> None:
    hf, tokenizer = tiny_model("qwen2")
    model = HookedModel.from_model(hf.to(dtype), tokenizer)
    counts, text = count(model, 1)
    assert np.array_equal(counts, reference_counts(model, text)[0])


@pytest.mark.parametrize(
    ("largest", "dtype"),
    [(0, np.uint8), (255, np.uint8), (256, np.uint16), (65_535, np.uint16), (65_536, np.uint32),
     (2**32 - 1, np.uint32), (2**32, np.uint64)],
)  # fmt: skip
def test_counts_are_stored_in_the_smallest_type_that_holds_them(largest: int, dtype: type) -> None:
    counts = np.array([[0, largest // 2], [1, largest]])
    found = narrowed(counts)
    assert found.dtype == dtype
    np.testing.assert_array_equal(found.astype(np.int64), counts)
    assert narrowed(counts[:0]).dtype == np.uint8
