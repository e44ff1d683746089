"""Continuations scored side by side behind one prompt, against one plain forward for each."""

from __future__ import annotations

import pytest
import torch

from interp.model.branches import Prompt, branch_scores, sharing_works
from tests.tiny import FAMILIES, FAST_FAMILIES, tiny_model

torch.set_num_threads(1)

PROMPTS = [
    Prompt([5, 9, 13, 40, 7, 8], [[11, 12], [13], [11, 12], [20, 21, 22, 23]]),
    Prompt([6, 10], [[30], [31, 32, 33]]),
    Prompt([7, 50, 51, 52, 53, 54, 55, 56, 57, 58], [[60, 61]]),
]


def one_by_one(model, prompt, branch):
    """Log-probability of each token of a branch: one plain forward, no mask, no cache."""
    ids = torch.tensor([[*prompt.ids, *branch]])
    logits = model(input_ids=ids).logits[0].float()
    start = len(prompt.ids)
    return torch.stack(
        [torch.log_softmax(logits[start + i - 1], -1)[token] for i, token in enumerate(branch)]
    )


def expected(model):
    return [one_by_one(model, p, branch) for p in PROMPTS for branch in p.branches]


@pytest.mark.parametrize(
    "family",
    [f if f in FAST_FAMILIES else pytest.param(f, marks=pytest.mark.slow) for f in FAMILIES],
)
def test_equal_to_one_forward_each_on_every_family(family):
    model, _ = tiny_model(family)
    with torch.no_grad():
        wanted = expected(model)
        ways = [False, True] if sharing_works(model, PROMPTS) else [False]
        for share in ways:
            for batch_tokens in (None, 16, 1):
                scores = branch_scores(model, PROMPTS, share=share, batch_tokens=batch_tokens)
                assert scores.mask.sum(-1).tolist() == [len(one) for one in wanted]
                for row, one in zip(scores.logprobs, wanted, strict=True):
                    assert torch.allclose(row[: len(one)], one, atol=2e-5), (share, batch_tokens)
                    assert not row[len(one) :].any()


@pytest.mark.parametrize("family", ["olmo2", "qwen2", "llama"])
def test_the_families_of_the_study_can_share(family):
    model, _ = tiny_model(family)
    assert sharing_works(model, PROMPTS)


def test_sharing_is_refused_where_the_model_ignores_the_mask():
    model, _ = tiny_model("olmo2")
    plain = model.forward

    def deaf(*args, attention_mask=None, **kwargs):
        return plain(*args, **kwargs)

    model.forward = deaf
    assert not sharing_works(model, PROMPTS)


def test_gradients_are_those_of_one_forward_each():
    model, _ = tiny_model("olmo2")
    weights = torch.linspace(-1, 1, 7)
    total = sum(w * one.mean() for w, one in zip(weights, expected(model), strict=True))
    total.backward()
    wanted = [p.grad.clone() for p in model.parameters()]
    for share, batch_tokens in ((True, None), (True, 12), (False, 20)):
        model.zero_grad()
        scores = branch_scores(model, PROMPTS, share=share, batch_tokens=batch_tokens)
        (scores.mean() * weights).sum().backward()
        for got, one in zip(model.parameters(), wanted, strict=True):
            assert torch.allclose(got.grad, one, atol=1e-5)


def test_entropy_is_that_of_the_next_token_distribution():
    model, _ = tiny_model("olmo2")
    with torch.no_grad():
        scores = branch_scores(model, PROMPTS[1:2], entropies=True)
        p = torch.softmax(model(input_ids=torch.tensor([[6, 10]])).logits[0, -1], -1)
    wanted = -(p * p.log()).sum()
    assert scores.entropies is not None
    assert torch.allclose(scores.entropies[:, 0], wanted.expand(2), atol=1e-5)


def test_an_empty_prompt_or_continuation_is_refused():
    model, _ = tiny_model("olmo2")
    for prompt in (Prompt([], [[1]]), Prompt([1], [[]])):
        with pytest.raises((ValueError, IndexError)):
            branch_scores(model, [prompt])
