"""The oracles of training themselves, against numbers worked out by hand and finite differences."""

from __future__ import annotations

import math
from types import SimpleNamespace

import pytest
import torch
from scipy.stats import chisquare

from tests.reference import grpo, sft
from tests.tiny import tiny_model

END = 2
PROMPTS = [[5, 9, 13, 40, 7], [6, 10]]


class TwoTokens(torch.nn.Module):
    """A language of two tokens: the next one depends on the last by a table of logits."""

    device = torch.device("cpu")

    def __init__(self):
        super().__init__()
        self.table = torch.nn.Parameter(torch.tensor([[0.0, math.log(3)], [math.log(4), 0.0]]))

    def forward(self, input_ids):
        return SimpleNamespace(logits=self.table[input_ids])


def test_advantages_by_hand():
    wanted = pytest.approx([1.0, -1.0, 1.0, -1.0], rel=1e-5)
    assert grpo.reference_advantages([3.0, 1.0, 3.0, 1.0]) == wanted
    # sd of the population (4), not of a sample (4.62), and 1e-6 beside it
    assert grpo.reference_advantages([8.0, 0.0, 0.0, 8.0])[0] == pytest.approx(4 / (4 + 1e-6))
    assert grpo.reference_advantages([2e-6, 0.0]) == pytest.approx([0.5, -0.5])
    assert grpo.reference_advantages([0.7, 0.7, 0.7]) == pytest.approx([0.0] * 3, abs=1e-9)


def test_log_probability_by_hand():
    model = TwoTokens()  # after 0: 1/4, 3/4; after 1: 4/5, 1/5
    wanted = (math.log(3 / 4) + math.log(1 / 5) + math.log(4 / 5)) / 3
    assert grpo.mean_logprob(model, [1, 0], [1, 1, 0]).item() == pytest.approx(wanted)


def test_loss_by_hand_and_its_gradient_by_differences():
    model = TwoTokens()
    first = ([[0], [1, 1]], [[[1], [0, 0]], [[0, 1], [1]]], [2.0, 0.0])
    other = ([[1]], [[[0]], [[1]], [[1, 0]]], [1.0, 0.0, 0.0])

    log = math.log
    means = [
        [log(3 / 4), (log(4 / 5) + log(1 / 4)) / 2],
        [(log(1 / 4) + log(3 / 4)) / 2, log(1 / 5)],
    ]
    by_hand = (-sum(means[0]) + sum(means[1])) / 4 / (1 + 1e-6)
    assert grpo.reference_loss(model, *first).item() == pytest.approx(by_hand, rel=1e-5)

    loss, gradients = grpo.reference_gradients(model, [first, other])
    each = [grpo.reference_loss(model, *fact).item() for fact in (first, other)]
    assert loss == pytest.approx(sum(each) / 2) and set(gradients) == {"table"}
    assert model.table.grad is None or not model.table.grad.any()
    for row in range(2):
        for column in range(2):

            def at(value, row=row, column=column):
                moved = TwoTokens()
                with torch.no_grad():
                    moved.table[row, column] = value
                    return sum(grpo.reference_loss(moved, *f).item() for f in (first, other)) / 2

            slope = sft.slope(at, model.table[row, column].item(), step=1e-2)
            assert gradients["table"][row, column].item() == pytest.approx(slope, abs=1e-4)
    assert gradients["table"].abs().min() > 0.01


@pytest.mark.parametrize("family", ["olmo2", "gpt2"])
def test_padding_changes_nothing(family):
    model, _ = tiny_model(family)
    fact = (PROMPTS, [[[30, 31, END], [END]], [[32, END], [33, 34, 35, END]]], [1.0, 0.0])
    grpo.padded_loss(model, *fact, pad=0).backward()
    _, wanted = grpo.reference_gradients(model, [fact])
    model.zero_grad()
    loss = grpo.padded_loss(model, *fact, pad=77)  # what stands in the padding does not matter
    assert loss.item() == pytest.approx(grpo.reference_loss(model, *fact).item(), abs=1e-5)
    loss.backward()
    for name, parameter in model.named_parameters():
        torch.testing.assert_close(parameter.grad, wanted[name], atol=1e-5, rtol=1e-4)


@pytest.mark.parametrize(("family", "seed"), [("olmo2", 0), ("gpt2", 5)])
def test_rollouts_of_a_sure_model_are_what_it_would_say_alone(family, seed):
    model, _ = tiny_model(family, seed, tie_word_embeddings=False)
    with torch.no_grad():
        model.get_output_embeddings().weight *= 1e4  # sampling becomes taking the best
        alone = []
        for prompt in PROMPTS:
            ids = list(prompt)
            for _ in range(6):
                ids.append(int(model(input_ids=torch.tensor([ids])).logits[0, -1].argmax()))
            alone.append(ids[len(prompt) :])
    end = alone[1][2]  # one prompt ends early, while the other goes on
    assert end not in alone[0] and end not in alone[1][:2]
    drawn = grpo.reference_rollouts(model, PROMPTS, 3, longest=6, end=end, pad=0)
    assert drawn == [[alone[0]] * 3, [alone[1][:3]] * 3]


def test_rollouts_follow_the_distribution():
    model, _ = tiny_model("olmo2")
    torch.manual_seed(0)
    drawn = grpo.reference_rollouts(model, PROMPTS, 4000, longest=1, end=END, pad=0)
    for prompt, completions in zip(PROMPTS, drawn, strict=True):
        with torch.no_grad():
            logits = model(input_ids=torch.tensor([prompt])).logits[0, -1]
        p = torch.softmax(logits.double(), -1)
        best = [token for token in p.argsort(descending=True).tolist() if p[token] * 4000 > 20]
        seen = [sum(ids == [token] for ids in completions) for token in best]
        wanted = [4000 * p[token].item() for token in best]
        found = chisquare([*seen, 4000 - sum(seen)], [*wanted, 4000 - sum(wanted)])
        assert len(best) > 5 and found.pvalue > 1e-4


def test_divergence_by_hand():
    p, q = [0.5, 0.5], [0.25, 0.75]
    assert sft.kl(p, p) == 0
    assert sft.kl(p, q) == pytest.approx(0.5 * math.log(2) + 0.5 * math.log(2 / 3))
    assert sft.kl(q, p) == pytest.approx(0.25 * math.log(1 / 2) + 0.75 * math.log(3 / 2))
    assert sft.kl([0.0, 1.0], q) == pytest.approx(math.log(4 / 3))


def test_eq_3_by_hand():
    scores = [[0.0, math.log(3)], [math.log(3), 0.0]]  # (1/4, 3/4) and (3/4, 1/4): mean 1/2
    assert sft.mean_of(scores) == pytest.approx([0.5, 0.5])
    cross_entropy = -(math.log(3 / 4) + math.log(1 / 4)) / 2
    to_mean = 0.25 * math.log(1 / 2) + 0.75 * math.log(3 / 2)
    from_mean = 0.5 * math.log(2) + 0.5 * math.log(2 / 3)
    for direction, apart in (("lang_to_mean", to_mean), ("mean_to_lang", from_mean)):
        loss = sft.reference_loss(scores, 1, 0.5, direction)
        assert loss == pytest.approx(cross_entropy + 0.5 * apart)
        assert sft.reference_loss(scores, 1, 0.0, direction) == pytest.approx(cross_entropy)
        same = sft.reference_loss([scores[0]] * 3, 1, 9.0, direction)
        assert same == pytest.approx(-math.log(3 / 4))  # languages that agree pay nothing
        shifted = [[s + 1000 for s in row] for row in scores]
        assert sft.reference_loss(shifted, 1, 0.5, direction) == pytest.approx(loss)


def test_the_gradient_of_eq_3_by_differences():
    scores = [[0.3, -1.2], [2.0, 0.1]]
    mean, lam, gold = sft.mean_of(scores), 0.8, 0
    p = [sft.softmax(row) for row in scores]
    for lang in range(2):
        for option in range(2):
            hit = float(option == gold)
            cross_entropy = (p[lang][option] - hit) / 2
            # d KL(m || p) / ds = p - m; d KL(p || m) / ds = p * (log p/m - KL), m held fixed
            ratio = math.log(p[lang][option] / mean[option])
            by_hand = {
                "mean_to_lang": p[lang][option] - mean[option],
                "lang_to_mean": p[lang][option] * (ratio - sft.kl(p[lang], mean)),
            }
            for direction, apart in by_hand.items():

                def at(value, direction=direction, lang=lang, option=option):
                    moved = [list(row) for row in scores]
                    moved[lang][option] = value
                    return sft.reference_loss(moved, gold, lam, direction, mean)

                slope = sft.slope(at, scores[lang][option])
                assert slope == pytest.approx(cross_entropy + lam * apart / 2, abs=1e-8)
