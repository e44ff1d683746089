"""TRL's path under our settings against the straight-line loop, and what it must refuse."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest
import torch
from safetensors.torch import load_file

from interp.data.facts import FactSet
from interp.errors import InterpError
from tests.reference.grpo import reference_advantages, reference_gradients
from tests.tiny import save_tiny
from tests.training.facts import fact_set, write_facts
from tests.training.replay import completion_ids, make, pooled_reward
from training.configs import make_config
from training.grpo import grouped_rows
from training.reward_rules import reward_rules

torch.set_num_threads(1)
G = 8


@pytest.fixture(scope="module")
def tiny(tmp_path_factory) -> str:
    return str(save_tiny(tmp_path_factory.mktemp("checkpoint") / "tiny"))


@pytest.fixture
def facts(tmp_path) -> FactSet:
    return fact_set(tmp_path / "facts.jsonl")


def reference_facts(encoder, visits):
    """Prompts, completions and pooled rewards of each visit, for the oracle."""
    out = []
    for visit in visits:
        languages = list(visit.fact.texts)
        prompts = [encoder.prompt(visit, lang) for lang in languages]
        completions = [
            [completion_ids(encoder, visit, lang, at, g) for at, lang in enumerate(languages)]
            for g in range(G)
        ]
        rewards = [pooled_reward(visit.number, len(languages), g) for g in range(G)]
        out.append((prompts, completions, rewards))
    return out


@pytest.mark.parametrize("share", ["true", "false"])
def test_gradients_are_those_of_the_straight_line_loop(tiny, facts, share):
    trainer, capture, policy, encoder, visits = make("grpo", tiny, facts, share_prompt=share)
    policy.model.eval()
    loss, wanted = reference_gradients(policy.model, reference_facts(encoder, visits))
    policy.model.train()
    trainer.start()
    found = capture.updates[0]
    assert set(found) == set(wanted)
    largest = max(float(g.abs().max()) for g in wanted.values())
    assert largest > 1e-3
    for name, grad in wanted.items():
        assert torch.allclose(found[name], grad, atol=1e-6), name
    # TRL's surrogate has the ratio, which is 1, in place of the log-probability: mean A = 0.
    assert abs(loss) > 1e-3


def test_advantages_are_pooled_over_the_languages_of_a_fact(tiny, facts):
    trainer, _, _, _, visits = make("grpo", tiny, facts)
    kept = []
    plain = trainer._generate_and_score_completions

    def keep(inputs):
        out = plain(inputs)
        kept.append((list(inputs), out["advantages"].clone()))
        return out

    trainer._generate_and_score_completions = keep
    trainer.start()
    [(rows, advantages)] = kept
    assert len(rows) == 2 * 3 * G
    for number, visit in enumerate(visits):
        wanted = reference_advantages([pooled_reward(visit.number, 3, g) for g in range(G)])
        for place in range(3):
            start = (number * 3 + place) * G
            assert {rows[start + g]["visit"] for g in range(G)} == {number}
            assert torch.allclose(
                advantages[start : start + G].double(), torch.tensor(wanted).double(), atol=1e-6
            )


def test_a_batch_that_splits_a_fact_is_refused(tiny, facts):
    trainer, *_ = make("grpo", tiny, facts)
    # 3 languages x 8 rollouts, of which one language went to another process.
    lang = ["en"] * G + ["de"] * G
    with pytest.raises(InterpError, match=r"fact 'f\d' in part .* whole number of facts"):
        trainer._pooled([""] * 16, ["x"] * 16, visit=[0] * 16, lang=lang)
    with pytest.raises(InterpError, match="in part"):
        trainer._pooled([""] * 23, ["x"] * 23, visit=[0] * 23, lang=[*lang, *["zh"] * 7])


def test_per_language_rewards_give_every_language_its_own_advantage(tiny, facts):
    trainer, _, _, encoder, visits = make("grpo", tiny, facts, reward_changes="{pooling: per_lang}")
    options, answer = encoder.listed(visits[0], "en")
    right = options[answer]
    lang = ["en"] * G + ["de"] * G + ["zh"] * G
    texts = [right] * 2 + ["zzz"] * (3 * G - 2)
    out = trainer._pooled([""] * 24, texts, visit=[0] * 24, lang=lang)
    assert out[:G] == pytest.approx(reference_advantages([1.0] * 2 + [-0.5] * 6))
    assert out[G:] == [0.0] * 16


def test_the_control_moves_rewards_between_rollouts_only(tiny, facts):
    trainer, _, _, encoder, visits = make("grpo", tiny, facts, reward_source="null")
    lang = ["en"] * G + ["de"] * G + ["zh"] * G
    texts = []
    for code in ("en", "de", "zh"):
        options, answer = encoder.listed(visits[0], code)
        texts += [options[answer]] * 3 + ["zzz"] * 5
    moved = trainer._pooled([""] * 24, texts, visit=[0] * 24, lang=lang)
    wanted = reference_advantages([4.0] * 3 + [-1.5] * 5)
    assert sorted(moved[:G]) == pytest.approx(sorted(wanted))
    assert moved[:G] == moved[G : 2 * G] == moved[2 * G :]
    assert moved[:G] != pytest.approx(wanted)


def test_a_silent_run_is_stopped_with_the_reason(tiny, facts):
    trainer, *_ = make("grpo", tiny, facts, steps="9", patience="3", reward_changes="{empty: 0.0}")
    end = trainer.eos_token_ids[0]

    def silent(prompts, _):
        rows = trainer._rows
        return {"prompt_ids": [[5, 6]] * len(rows), "completion_ids": [[end]] * len(rows),
                "logprobs": None}  # fmt: skip

    trainer.rollout_func = silent
    with pytest.raises(InterpError, match=r"after update 3: .*100 % of completions are empty"):
        trainer.start()


def test_kl_to_the_base_is_never_negative_and_zero_at_the_start(tiny, facts):
    trainer, _, policy, *_ = make("grpo", tiny, facts, beta="0.1", steps="3", max_grad_norm="1")
    with torch.no_grad():
        for name, p in policy.model.named_parameters():
            if "lora_B" in name:
                p.zero_()
    trainer.start()
    kl = [row["value"] for row in trainer.stage.record.log if row["metric"] == "kl"]
    assert abs(kl[0]) < 1e-6
    assert len(kl) == 3
    assert kl[2] > 0
    trainer._last["kl"] = -0.1
    with pytest.raises(InterpError, match="never negative"):
        trainer.guard(4)


def test_rows_of_one_prompt_come_together_whatever_their_order():
    ids = torch.tensor([[0, 5, 6, 9, 2], [7, 5, 6, 8, 0], [0, 5, 6, 8, 2]])
    mask = torch.tensor([[0, 1, 1, 1, 1], [1, 1, 1, 1, 0], [0, 1, 1, 1, 1]])
    prompts, rows = grouped_rows(ids, mask, 2)
    assert [(list(p.ids), [list(b) for b in p.branches]) for p in prompts] == [
        ([5, 6], [[9, 2], [8, 2]]),
        ([7, 5, 6], [[8]]),
    ]
    assert rows == [0, 2, 1]


def test_reward_settings_are_checked_by_name():
    with pytest.raises(InterpError, match="reward preset 'x'"):
        reward_rules("x", {})
    with pytest.raises(InterpError, match=r"names emty: expected some of .*empty"):
        reward_rules("default", {"emty": 0})
    paper = make_config("grpo", "paper")
    assert reward_rules(paper.reward, paper.reward_changes).empty == -0.5


@pytest.mark.slow
@pytest.mark.parametrize("stage", ["grpo", pytest.param("sft", marks=pytest.mark.long)])
def test_two_processes_make_the_update_of_one(tiny, tmp_path, stage):
    facts = write_facts(tmp_path / "facts.jsonl")
    results = []
    for processes in (1, 2):
        out = tmp_path / f"{processes}.safetensors"
        subprocess.run(
            [
                sys.executable, "-m", "torch.distributed.run", "--nproc-per-node", str(processes),
                "--master-port", str(29_500 + os.getpid() % 1000 + processes),
                "-m", "tests.training.replay", stage, tiny, facts, str(out),
            ],
            check=True, cwd=Path(__file__).parents[2], timeout=300, capture_output=True,
        )  # fmt: skip
        results.append(load_file(out))
    one, two = results
    assert set(one) == set(two)
    # The rate falls by a quarter of the peak per update, whatever the number of processes.
    assert two["learning_rate"].tolist() == pytest.approx([3e-4, 2.25e-4, 1.5e-4, 7.5e-5])
    losses, wanted = two.pop("loss"), one.pop("loss")
    assert torch.allclose(losses[:1], wanted[:1], atol=1e-6)
    assert max(float(value.abs().max()) for name, value in one.items() if "lora" in name) > 1e-4
    for name, value in one.items():
        assert torch.allclose(two[name], value, atol=1e-6), name
