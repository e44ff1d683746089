"""Sampling: against transformers' own generation, and against the distribution it must follow."""

from __future__ import annotations

import numpy as np
import pytest
import torch
from scipy.stats import chisquare

from interp.errors import InterpError
from interp.model.generation import Sampling, sample
from tests.tiny import FAMILIES, FAST_FAMILIES, tiny_model

torch.set_num_threads(1)

PROMPTS = [[5, 9, 13, 40, 7, 8], [6, 10], [7, 50, 51]]


def generate(model, prompt, end, **options):
    out = model.generate(
        input_ids=torch.tensor([prompt]),
        attention_mask=torch.ones(1, len(prompt), dtype=torch.long),
        do_sample=False,
        max_new_tokens=8,
        eos_token_id=end,
        pad_token_id=0,
        **options,
    )
    return out[0, len(prompt) :].tolist()


@pytest.mark.parametrize(
    "family",
    [f if f in FAST_FAMILIES else pytest.param(f, marks=pytest.mark.slow) for f in FAMILIES],
)
@pytest.mark.parametrize(
    ("ours", "theirs"),
    [
        ({}, {}),
        ({"no_repeat_ngram": 2}, {"no_repeat_ngram_size": 2}),
        ({"repetition_penalty": 1.7}, {"repetition_penalty": 1.7}),
    ],
)
def test_greedy_equals_transformers_generate(family, ours, theirs):
    model, _ = tiny_model(family)
    free = generate(model, PROMPTS[0], 999)
    for end in (999, free[3]):  # one that never comes, one that ends some rows early
        drawn = sample(
            model, PROMPTS, 2, Sampling(temperature=0, max_new_tokens=8, **ours), eos_ids=[end]
        )
        for prompt, (first, second) in zip(PROMPTS, drawn, strict=True):
            assert first == second == generate(model, prompt, end, **theirs)


def test_first_token_follows_the_tempered_distribution():
    model, _ = tiny_model("olmo2")
    n = 4000
    for temperature, top_p in ((1.0, 1.0), (0.7, 0.8)):
        drawn = sample(
            model, [[5, 9]], n, Sampling(temperature, top_p, max_new_tokens=1),
            eos_ids=[2], seeds=[(1, 2)],
        )  # fmt: skip
        with torch.no_grad():
            p = torch.softmax(model(torch.tensor([[5, 9]])).logits[0, -1] / temperature, -1)
        ranked, order = p.double().sort(descending=True)
        kept = order[: int((ranked.cumsum(0) - ranked < top_p).sum())]
        wanted = torch.zeros_like(p, dtype=torch.float64)
        wanted[kept] = p[kept].double()
        wanted /= wanted.sum()
        counts = np.bincount([one[0] for one in drawn[0]], minlength=len(p))
        assert not counts[wanted.numpy() == 0].any()
        common = wanted.numpy() * n >= 5
        seen = [*counts[common], counts[~common].sum()]
        hoped = [*(wanted.numpy()[common] * n), wanted.numpy()[~common].sum() * n]
        seen, hoped = (
            [s for s, h in zip(seen, hoped, strict=True) if h > 0],
            [h for h in hoped if h > 0],
        )
        assert chisquare(seen, np.array(hoped) * sum(seen) / sum(hoped)).pvalue > 1e-3


def test_a_prompts_completions_do_not_depend_on_the_batch():
    model, _ = tiny_model("olmo2")
    seeds = [(3, i) for i in range(3)]
    how = Sampling(temperature=1.0, top_p=1.0, max_new_tokens=6)
    together = sample(model, PROMPTS, 4, how, eos_ids=[2], seeds=seeds)
    for prompt, seed, drawn in zip(PROMPTS, seeds, together, strict=True):
        assert sample(model, [prompt], 4, how, eos_ids=[2], seeds=[seed]) == [drawn]
    assert sample(model, PROMPTS, 4, how, eos_ids=[2], seeds=[(4, i) for i in range(3)]) != together


def test_a_completion_ends_at_its_first_end_token_and_the_mode_is_restored():
    model, _ = tiny_model("olmo2")
    model.train()
    how = Sampling(temperature=1.5, top_p=1.0, max_new_tokens=12)
    ends = list(range(100, 200))
    drawn = sample(model, PROMPTS, 16, how, eos_ids=ends, seeds=[(1, i) for i in range(3)])
    assert model.training
    completions = [one for of_prompt in drawn for one in of_prompt]
    assert {len(one) for one in completions} != {12}
    for one in completions:
        assert 1 <= len(one) <= 12
        assert all(token not in ends for token in one[:-1])
        assert one[-1] in ends or len(one) == 12


def test_sampling_refuses_what_makes_no_sense():
    for name, value in (("temperature", -1), ("top_p", 0), ("max_new_tokens", 0)):
        with pytest.raises(InterpError, match=f"{name} is {value}"):
            Sampling(**{name: value})


def test_gradient_checkpointing_does_not_cost_the_cache():
    """In training mode transformers drops the cache and reads everything again at every token."""
    model, _ = tiny_model("olmo2")
    how = Sampling(temperature=0, max_new_tokens=5)
    plain = sample(model, PROMPTS, 2, how, eos_ids=[999])
    model.gradient_checkpointing_enable()
    model.train()
    widths = []
    handle = model.model.embed_tokens.register_forward_hook(
        lambda module, args, out: widths.append(args[0].shape[1])
    )
    try:
        assert sample(model, PROMPTS, 2, how, eos_ids=[999]) == plain
    finally:
        handle.remove()
    assert widths == [6, 1, 1, 1, 1]
    assert model.training


def test_logits_that_are_no_numbers_are_said():
    model, _ = tiny_model("olmo2")
    with torch.no_grad():
        model.get_input_embeddings().weight.fill_(float("nan"))
    with pytest.raises(InterpError, match="logits are not numbers"):
        sample(model, PROMPTS, 1, Sampling(temperature=0, max_new_tokens=2), eos_ids=[2])
