"""Ranks, log-probabilities and top tokens against loops over the vocabulary."""

from __future__ import annotations

import math

import pytest
import torch
from torch import Tensor

from interp.errors import InterpError
from interp.lens.ranks import NO_TOKEN, read_logits

NAN = math.nan


def one(*ids: int) -> Tensor:
    """One row, one role."""
    return torch.tensor([[list(ids)]])


def by_sorting(row: Tensor, members: list[int], ties: str) -> float:
    """Place of the set's best token in the sorted vocabulary, tied strangers around it."""
    best = max(row[i].item() for i in members)
    order = sorted(row.tolist(), reverse=True)
    first = order.index(best)  # what an order that favours the token would say
    strangers = sum(row[i].item() == best and i not in members for i in range(len(row)))
    return first if ties == "best" else first + strangers / 2


@pytest.mark.parametrize("ties", ["best", "mean"])
@pytest.mark.parametrize("dtype", [torch.float32, torch.float64])
def test_rank_logprob_and_top_equal_a_loop(ties: str, dtype: torch.dtype) -> None:
    torch.manual_seed(1)
    logits = torch.randint(-6, 7, (20, 37)).to(dtype) / 2  # many ties
    tokens = torch.stack([torch.stack([torch.randperm(37)[:4] for _ in range(3)])
                          for _ in range(20)])  # fmt: skip
    tokens[:, 0, 1:] = NO_TOKEN
    tokens[:, 1, 2:] = NO_TOKEN
    found = read_logits(logits, tokens, ties=ties, top=5)
    for row in range(20):
        share = logits[row].double().softmax(0)
        for role in range(3):
            members = [i for i in tokens[row, role].tolist() if i != NO_TOKEN]
            assert found.rank[row, role] == by_sorting(logits[row], members, ties)
            expected = math.log(math.fsum(share[members].tolist()))
            assert found.logprob[row, role].item() == pytest.approx(expected, abs=1e-5)
            best = found.token_id[row, role].item()
            assert best in members
            assert logits[row, best] == logits[row, members].max()
        order = sorted(logits[row].tolist(), reverse=True)
        assert logits[row, found.top_ids[row]].tolist() == order[:5]
        assert len(set(found.top_ids[row].tolist())) == 5
        assert torch.allclose(found.top_logprob[row].double(), share[found.top_ids[row]].log())
    assert (found.rank % 1 > 0).any() == (ties == "mean")


def test_rank_equals_argsort_where_nothing_ties() -> None:
    torch.manual_seed(2)
    logits = torch.randperm(3 * 70_000).float().view(3, -1)
    tokens = torch.randint(0, 70_000, (3, 5, 1))
    order = logits.argsort(dim=-1, descending=True)
    expected = [[(order[r] == t).nonzero().item() for t in tokens[r, :, 0]] for r in range(3)]
    assert read_logits(logits, tokens).rank.tolist() == expected
    assert read_logits(logits, tokens, ties="mean").rank.tolist() == expected
    lowest = logits.argmin(dim=-1)[:, None, None]
    assert read_logits(logits, lowest).rank.tolist() == [[69_999.0]] * 3


def test_ties_by_hand() -> None:
    logits = torch.tensor([[1.0, 3.0, 3.0, 3.0, 2.0]])
    # best: nobody is strictly above; mean: halfway through the two others
    assert read_logits(logits, one(2)).rank.item() == 0
    assert read_logits(logits, one(2), ties="mean").rank.item() == 1
    # of a set, one rival is left; all three together have none
    assert read_logits(logits, one(2, 1), ties="mean").rank.item() == 0.5
    assert read_logits(logits, one(1, 2, 3), ties="mean").rank.item() == 0
    # a set is as good as its best member
    assert read_logits(logits, one(0, 4)).rank.item() == 3
    assert read_logits(logits, one(0, 4)).token_id.item() == 4


def test_an_empty_set_has_no_rank() -> None:
    logits = torch.tensor([[1.0, 3.0], [0.0, 2.0]])
    tokens = torch.tensor([[[1, NO_TOKEN], [NO_TOKEN, NO_TOKEN]]] * 2)
    for ties in ("best", "mean"):
        found = read_logits(logits, tokens, ties=ties)
        assert found.rank[:, 0].tolist() == [0, 0]
        assert found.rank[:, 1].isnan().all() and found.logprob[:, 1].isnan().all()
        assert found.token_id.tolist() == [[1, NO_TOKEN]] * 2
        assert not found.logprob[:, 0].isnan().any()


@pytest.mark.parametrize("broken", [NAN, math.inf])
def test_logits_that_are_not_finite_are_refused(broken: float) -> None:
    logits = torch.zeros(3, 4)
    logits[1, 2] = broken
    with pytest.raises(InterpError, match=r"logits are not finite.*--dtype float32"):
        read_logits(logits, torch.zeros(3, 1, 1, dtype=torch.int64))


def test_a_forbidden_token_is_no_defect() -> None:
    logits = torch.tensor([[0.0, -math.inf, 1.0]])
    found = read_logits(logits, one(1))
    assert found.rank.item() == 2
    assert found.logprob.item() == -math.inf


def test_top_is_cut_to_the_vocabulary_and_ties_are_checked() -> None:
    logits = torch.tensor([[0.0, 2.0, 1.0]])
    assert read_logits(logits, one(0), top=9).top_ids.tolist() == [[1, 2, 0]]
    assert read_logits(logits, one(0), top=1).top_ids.tolist() == [[1]]
    with pytest.raises(InterpError, match=r"unknown rule for tied ranks 'worst'.*best, mean"):
        read_logits(logits, one(0), ties="worst")
