"""One update of a stage's real trainer on replayed rollouts, in one process or under torchrun.

    torchrun --nproc-per-node 2 -m tests.training.replay STAGE CHECKPOINT FACTS OUT

writes the mean loss and every gradient of the update, before clipping, to OUT (safetensors).
"""

from __future__ import annotations

import sys
import tempfile
from pathlib import Path

import torch
from accelerate import PartialState
from safetensors.torch import save_file
from transformers import TrainerCallback

from training.configs import make_config
from training.encoding import Encoder
from training.fact_stages import _grpo_trainer, _sft_trainer
from training.stage import common_arguments, load_policy, quiet_libraries, split_update
from training.trainer_parts import Record, Stage
from training.visits import plan_visits, training_facts

KINDS = ("correct", "wrong", "garbage", "empty")
WORTH = {"correct": 1.0, "wrong": 0.0, "garbage": -0.5, "empty": -1.0}
LORA = {"lora_rank": "4", "lora_alpha": "8", "lora_dropout": "0.0"}


def kind_of(visit: int, place: int, rollout: int) -> str:
    """What rollout g of a fact says in its l-th language; rollout 1 is right everywhere."""
    return KINDS[0] if rollout == 1 else KINDS[(visit + place * rollout + rollout // 2) % 4]


def pooled_reward(visit: int, n_languages: int, rollout: int) -> float:
    """Eq 1-2 by hand."""
    kinds = [kind_of(visit, place, rollout) for place in range(n_languages)]
    bonus = 1.0 if all(kind == "correct" for kind in kinds) else 0.0
    return sum(WORTH[kind] for kind in kinds) + bonus


def completion_ids(encoder: Encoder, visit, lang: str, place: int, rollout: int) -> list[int]:
    """Token ids of that completion, with its end token."""
    options, answer = encoder.listed(visit, lang)
    text = {
        "correct": f" {options[answer]}",
        "wrong": f" {options[answer - 1]}",
        "garbage": " zzz qqq"[: 3 + rollout],
        "empty": "",
    }[kind_of(visit.number, place, rollout)]
    tail = encoder.tokenizer(text, add_special_tokens=False)["input_ids"] if text else []
    return [*tail, encoder.tokenizer.eos_token_id]


class Capture(TrainerCallback):
    """Keeps the gradients of every update, as they are before clipping and stepping."""

    def __init__(self):
        self.updates: list[dict[str, torch.Tensor]] = []

    def on_pre_optimizer_step(self, args, state, control, model=None, **kwargs):
        grads = {n: p.grad.clone() for n, p in model.named_parameters() if p.grad is not None}
        self.updates.append({n.replace("module.", ""): g for n, g in grads.items()})


def make(stage: str, checkpoint: str, facts, **changes):
    """Build the trainer of a stage as `train_on_facts` does, with rollouts replayed.

    Returns:
        Trainer, its captured gradients, its policy, encoder and visits.
    """
    quiet_libraries()
    base = {"facts_per_update": "2", "micro_facts": "1", "max_grad_norm": "0", "steps": "1"}
    config = make_config(stage, "organism", changes={**base, **LORA, **changes})
    chosen = training_facts(facts, max_facts=None, seed=0)
    visits = plan_visits(chosen.train, config.steps * config.facts_per_update, seed=config.seed)
    policy = load_policy(checkpoint, config, device="cpu")
    with torch.no_grad():  # peft starts B at 0, and then A has no gradient
        generator = torch.Generator().manual_seed(5)
        for name, p in policy.model.named_parameters():
            if p.requires_grad and "lora_B" in name:
                p.copy_(0.1 * torch.randn(p.shape, generator=generator))
    encoder = Encoder(policy.tokenizer, config)
    micro, accumulation = split_update(
        config.facts_per_update, config.micro_facts, "facts_per_update"
    )
    folder = Path(tempfile.mkdtemp())
    common = common_arguments(config, policy, folder, config.steps, accumulation)
    build = _grpo_trainer if stage == "grpo" else _sft_trainer
    trainer = build(config, policy, visits, encoder, config.share_prompt, micro, common)
    trainer.stage = Stage(config, folder, checkpoint, Record())
    if stage == "grpo":
        trainer.rollout_func = lambda prompts, _: replayed(trainer, encoder, visits)
    capture = Capture()
    trainer.add_callback(capture)
    return trainer, capture, policy, encoder, visits


def replayed(trainer, encoder, visits) -> dict:
    """What the rollout function returns, from the table above instead of the model."""
    size = trainer.num_generations
    prompts, completions = [], []
    for at, row in enumerate(trainer._rows):
        visit = visits[row["visit"]]
        place = list(visit.fact.texts).index(row["lang"])
        prompts.append(encoder.prompt(visit, row["lang"]))
        completions.append(completion_ids(encoder, visit, row["lang"], place, at % size))
    return {"prompt_ids": prompts, "completion_ids": completions, "logprobs": None}


def main() -> None:
    """Run one update and write what came out of it."""
    from interp.data.facts import FactSet

    stage, checkpoint, facts, out = sys.argv[1:]
    torch.set_num_threads(1)
    trainer, capture, *_ = make(
        stage, checkpoint, FactSet.load(facts), steps="4", batch_tokens="80"
    )
    trainer.start()
    if PartialState().is_main_process:
        log = trainer.stage.record.log
        logged = {
            metric: torch.tensor([row["value"] for row in log if row["metric"] == metric])
            for metric in ("loss", "learning_rate")
        }
        save_file({**logged, **capture.updates[0]}, out)


if __name__ == "__main__":
    main()
