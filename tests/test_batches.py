"""Batches: fixed composition, halving when memory runs out, padding on the right."""

from __future__ import annotations

import json
import sys

import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from interp.batches import TOKENS_PER_BATCH, is_out_of_memory, pad, plan_batches, run_batches
from interp.errors import InterpError
from interp.progress import progress_bar


@settings(max_examples=60, deadline=None)
@given(
    st.lists(st.integers(1, 50), min_size=1, max_size=40),
    st.one_of(st.just("auto"), st.integers(1, 9)),
    st.integers(1, 120),
)
def test_every_sequence_once_sorted_and_within_the_limit(lengths, size, budget) -> None:
    plan = plan_batches(lengths, size, tokens_per_batch=budget)
    order = [i for batch in plan.batches for i in batch]
    assert sorted(order) == list(range(len(lengths)))
    assert order == sorted(order, key=lambda i: (-lengths[i], i))
    for batch in plan.batches:
        longest = max(lengths[i] for i in batch)
        if size == "auto":
            assert len(batch) == 1 or len(batch) * longest <= budget
        else:
            assert len(batch) <= size
    assert json.loads(json.dumps(plan.to_dict())) == plan.to_dict()


def test_a_known_plan() -> None:
    plan = plan_batches([3, 10, 4, 10, 1], tokens_per_batch=20)
    assert plan.batches == ((1, 3), (2, 0, 4))
    assert plan.padded_tokens == 20 + 12
    record = plan.to_dict()
    assert (record["n_tokens"], record["n_padded_tokens"], record["n_batches"]) == (28, 32, 2)
    assert plan_batches([3, 10, 4, 10, 1], 2).batches == ((1, 3), (2, 0), (4,))


def test_auto_depends_on_the_kind_of_device_only() -> None:
    lengths = [256] * 100
    assert len(plan_batches(lengths, device_type="cpu").batches[0]) == 4
    on = [plan_batches(lengths, device_type=f"cuda:{i}") for i in (0, 1)]
    assert on[0] == on[1] and len(on[0].batches[0]) == TOKENS_PER_BATCH["cuda"] // 256


@pytest.mark.parametrize("size", [0, -1, "many", 2.0, True, None])
def test_other_batch_sizes_are_refused(size) -> None:
    with pytest.raises(InterpError, match=r"expected auto or a whole number"):
        plan_batches([1], size)


def test_nothing_to_compute_is_refused() -> None:
    with pytest.raises(InterpError, match="no sequences"):
        plan_batches([])
    with pytest.raises(InterpError, match="sequence 1 is empty"):
        plan_batches([2, 0])
    with pytest.raises(InterpError, match="tokens_per_batch is 0"):
        plan_batches([2], tokens_per_batch=0)


def limited(capacity: int, make_error, seen: list):
    """Work that fails above ``capacity`` sequences, as a full device does."""

    def work(indices):
        seen.append(len(indices))
        if len(indices) > capacity:
            raise make_error()
        return sum(indices)

    return work


@pytest.mark.parametrize(
    "make_error",
    [
        lambda: torch.OutOfMemoryError("CUDA out of memory. Tried to allocate 2 GiB"),
        lambda: RuntimeError("[enforce fail] DefaultCPUAllocator: can't allocate memory"),
        MemoryError,
    ],
)
def test_a_batch_that_does_not_fit_is_halved_said_and_recorded(make_error, capsys) -> None:
    plan = plan_batches([5] * 11, 7)
    seen: list[int] = []
    done = list(run_batches(plan, limited(2, make_error, seen)))
    assert seen == [7, 4, 2, 2, 3, 2, 1, 2, 2]  # four did not fit before: not tried again
    assert [batch.step for batch in done] == [1, 2]
    assert [indices for indices, _ in done[0].pieces] == [(0, 1), (2, 3), (4, 5), (6,)]
    assert [result for _, result in done[1].pieces] == [7 + 8, 9 + 10]
    assert plan.to_dict()["halvings"] == [
        {"batch": 0, "sequences": 7, "into": 4},
        {"batch": 0, "sequences": 4, "into": 2},
        {"batch": 0, "sequences": 3, "into": 2},
        {"batch": 1, "sequences": 4, "into": 2},
    ]
    said = capsys.readouterr().err.splitlines()
    assert len(said) == 3
    assert (
        said[0] == "interp: out of memory in batch 1 of 2 (7 sequences): going on with 4 at a time"
    )


def test_real_cpu_allocation_failure_is_recognised() -> None:
    with pytest.raises(RuntimeError) as caught:
        torch.empty(1 << 60, dtype=torch.uint8)
    assert is_out_of_memory(caught.value)


def test_one_sequence_that_does_not_fit_is_a_clear_error() -> None:
    plan = plan_batches([5, 900], 2)
    with pytest.raises(InterpError, match="single sequence of 900 tokens does not fit") as caught:
        list(run_batches(plan, limited(0, MemoryError, [])))
    assert "--dtype" in str(caught.value) and "\n" not in str(caught.value)


def test_other_errors_pass_through() -> None:
    def work(indices):
        raise RuntimeError("shapes do not match")

    with pytest.raises(RuntimeError, match="shapes do not match"):
        list(run_batches(plan_batches([1, 1], 2), work))


def test_a_resumed_run_computes_the_rest_only() -> None:
    plan = plan_batches(range(1, 11), 3)
    seen: list[tuple[int, ...]] = []
    steps = [done.step for done in run_batches(plan, lambda i: seen.append(tuple(i)), start=2)]
    assert steps == [3, 4] and seen == list(plan.batches[2:])
    assert list(run_batches(plan, seen.append, start=4)) == []


def test_failed_batch_is_let_go_before_the_halves_are_tried() -> None:
    """The traceback of a failure must not keep the tensors of the failed batch alive."""
    import weakref

    alive: list[weakref.ref[torch.Tensor]] = []

    def work(indices):
        assert not any(ref() is not None for ref in alive)
        tensor = torch.zeros(4)
        if len(indices) > 1:
            alive.append(weakref.ref(tensor))
            raise MemoryError
        return len(indices)

    done = list(run_batches(plan_batches([1] * 4, 4), work))
    assert len(done[0].pieces) == 4 and len(alive) == 2


def test_padding_is_on_the_right() -> None:
    ids, mask = pad([[5, 6, 7], [8]], pad_id=9)
    assert ids.tolist() == [[5, 6, 7], [8, 9, 9]] and ids.dtype == torch.int64
    assert mask.tolist() == [[1, 1, 1], [1, 0, 0]]


def test_progress_is_lines_on_stderr_without_a_terminal(capsys, monkeypatch) -> None:
    clock = iter([0.0, 4.0, 11.0, 11.0, 12.0, 30.0, 30.0])
    monkeypatch.setattr("interp.progress.time.monotonic", lambda: next(clock))
    with progress_bar("lape base", total=8, done=2) as advance:
        for _ in range(4):
            advance()
    out, err = capsys.readouterr()
    assert out == "" and err.splitlines() == [
        "lape base: 50 % (4 of 8)",
        "lape base: 75 % (6 of 8)",
    ]


def test_progress_is_a_bar_on_a_terminal(monkeypatch) -> None:
    import io

    class Terminal(io.StringIO):
        def isatty(self) -> bool:
            return True

    screen = Terminal()
    monkeypatch.setattr(sys, "stderr", screen)
    monkeypatch.setenv("TERM", "xterm")
    with progress_bar("lape base", total=2) as advance:
        advance()
        advance()
    assert "lape base" in screen.getvalue() and "2/2" in screen.getvalue()
