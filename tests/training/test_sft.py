"""Eq 3: by hand, by finite differences, and the same however an update is cut."""

from __future__ import annotations

import pytest
import torch

from interp.errors import InterpError
from tests.reference.sft import mean_of, reference_loss, slope
from tests.tiny import save_tiny
from tests.training.facts import fact_set
from tests.training.replay import make
from training.sft_loss import sft_loss

torch.set_num_threads(1)

SCORES = [[-1.0, -2.0, -0.5, -3.0], [0.3, -0.1, -2.0, -1.0], [-4.0, -0.2, -0.9, -0.3]]


@pytest.mark.parametrize("direction", ["lang_to_mean", "mean_to_lang"])
@pytest.mark.parametrize("lam", [0.0, 0.5, 2.0])
def test_loss_is_eq_3_by_hand(direction, lam):
    scores = torch.tensor([SCORES, SCORES[::-1]])
    found = sft_loss(scores, torch.tensor([2, 1]), consistency=lam, direction=direction)
    wanted = [
        reference_loss(SCORES, 2, lam, direction),
        reference_loss(SCORES[::-1], 1, lam, direction),
    ]
    assert found.total.tolist() == pytest.approx(wanted, abs=1e-6)


def test_the_directions_differ_and_agreement_costs_nothing():
    scores = torch.tensor([SCORES])
    answer = torch.tensor([0])
    one = sft_loss(scores, answer, direction="lang_to_mean").kl
    other = sft_loss(scores, answer, direction="mean_to_lang").kl
    assert float((one - other).abs()) > 1e-2
    same = torch.tensor([[SCORES[0]] * 5])
    for direction in ("lang_to_mean", "mean_to_lang"):
        assert float(sft_loss(same, answer, direction=direction).kl.abs()) < 1e-6
    with pytest.raises(InterpError, match="kl_direction 'up'"):
        sft_loss(scores, answer, direction="up")


@pytest.mark.parametrize("direction", ["lang_to_mean", "mean_to_lang"])
def test_gradient_is_that_of_finite_differences_with_the_mean_held_fixed(direction):
    scores = torch.tensor([SCORES], dtype=torch.float32, requires_grad=True)
    sft_loss(scores, torch.tensor([1]), consistency=0.7, direction=direction).total.sum().backward()
    mean = mean_of(SCORES)
    for lang in range(3):
        for option in range(4):

            def loss(value, lang=lang, option=option):
                moved = [list(row) for row in SCORES]
                moved[lang][option] = value
                return reference_loss(moved, 1, 0.7, direction, mean)

            wanted = slope(loss, SCORES[lang][option])
            assert float(scores.grad[0, lang, option]) == pytest.approx(wanted, abs=1e-5)


def test_improbable_options_keep_a_finite_gradient():
    scores = torch.tensor([[[0.0, -300.0, -300.0, -300.0]] * 3], requires_grad=True)
    for direction in ("lang_to_mean", "mean_to_lang"):
        sft_loss(scores, torch.tensor([1]), direction=direction).total.sum().backward()
        assert torch.isfinite(scores.grad).all()


def test_accumulation_does_not_change_an_update(tmp_path):
    tiny = str(save_tiny(tmp_path / "tiny"))
    facts = fact_set(tmp_path / "facts.jsonl")
    updates = []
    for micro in ("8", "1"):
        trainer, capture, *_ = make("sft", tiny, facts, facts_per_update="8", micro_facts=micro)
        assert trainer.args.gradient_accumulation_steps == 8 // int(micro)
        trainer.start()
        logged = {row["metric"]: row["value"] for row in trainer.stage.record.log}
        updates.append((logged["loss"], capture.updates[0]))
    (loss, whole), (other_loss, parts) = updates
    assert loss == pytest.approx(other_loss, rel=1e-4)
    assert max(float(grad.abs().max()) for grad in whole.values()) > 1e-3
    for name, grad in whole.items():
        assert torch.allclose(parts[name], grad, atol=1e-6), name


@pytest.mark.parametrize("target", ["text", "letter"])
def test_the_trainers_loss_is_eq_3_of_the_models_likelihoods(tmp_path, target):
    tiny = str(save_tiny(tmp_path / "tiny"))
    facts = fact_set(tmp_path / "facts.jsonl")
    trainer, _, policy, encoder, visits = make("sft", tiny, facts, target=target, task_format="mcq")
    if target == "letter":
        encoder.labels = "letter"
    wanted = []
    for visit in visits:
        scores = []
        for lang in visit.fact.texts:
            prompt, tails = encoder.options(visit, lang)
            if target == "letter":
                assert all(len(tail) == 2 for tail in tails)  # " A" in bytes
            row = []
            for tail in tails:
                with torch.no_grad():
                    logits = policy.model(input_ids=torch.tensor([[*prompt, *tail]])).logits[0]
                steps = torch.log_softmax(logits.float(), -1)[len(prompt) - 1 : -1]
                row.append(float(sum(s[t] for s, t in zip(steps, tail, strict=True)) / len(tail)))
            scores.append(row)
        gold = visit.fact.texts["en"].answer_index
        wanted.append(reference_loss(scores, gold, 0.5, "lang_to_mean"))
    trainer.start()
    [loss] = [row["value"] for row in trainer.stage.record.log if row["metric"] == "loss"]
    assert loss == pytest.approx(sum(wanted) / len(wanted), rel=1e-4)
