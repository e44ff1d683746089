"""GRPO's cost per fact: TRL's trainer as `interp train grpo` uses it, against a hand-written loop.

Run ``python benchmarks/grpo.py`` (the shipped organism with an adapter, all twelve languages, eight
rollouts), or with ``--quick`` (three languages, few rounds). The baseline is the straight-line
reference of the tests: each prompt read once for its rollouts, all rows of a fact in one padded
forward. It scores the same completions as the others; the ratio is a median over facts that the
contenders take in turns. "TRL alone" samples and scores with TRL's own code.
"""

from __future__ import annotations

import argparse
import sys
import tempfile
from collections.abc import Callable
from pathlib import Path
from typing import Any

import torch
from _record import Claim, finish, parse
from _timing import compare

ROOT = Path(__file__).resolve().parents[1]
sys.path.insert(0, str(ROOT))  # the reference lives with the tests

from transformers import PrinterCallback  # noqa: E402
from trl import GRPOTrainer  # noqa: E402

from interp.data.facts import FactSet  # noqa: E402
from interp.model.generation import sample  # noqa: E402
from tests.reference.grpo import padded_loss, reference_rollouts  # noqa: E402
from training.configs import make_config  # noqa: E402
from training.encoding import Encoder  # noqa: E402
from training.fact_stages import _grpo_trainer  # noqa: E402
from training.rollouts import sampling_of  # noqa: E402
from training.stage import common_arguments, load_policy, quiet_libraries  # noqa: E402
from training.trainer_parts import Record, Stage  # noqa: E402
from training.visits import plan_visits  # noqa: E402

AIM = 1.5
# The weights hardly move, so that every contender samples from the same policy all the time.
STILL = {"learning_rate": "1e-9", "facts_per_update": "1", "micro_facts": "1", "patience": "0"}


class Updates:
    """One contender: the trainer with its own copy of the model, asked for one update at a time."""

    def __init__(
        self,
        facts: FactSet,
        alone: bool = False,
        model: Path = ROOT / "artifacts" / "base",
        device: str = "cpu",
        preset: str = "organism",
        **changes: str,
    ) -> None:
        config = make_config("grpo", preset, changes={**STILL, **changes})
        self.config, self.at = config, 0
        self.visits = plan_visits(facts, 64, seed=1)
        self.policy = load_policy(str(model), config, device=device)
        self.encoder = Encoder(self.policy.tokenizer, config)
        folder = Path(tempfile.mkdtemp())
        common = common_arguments(config, self.policy, folder, len(self.visits), 1)
        self.trainer = _grpo_trainer(
            config, self.policy, self.visits, self.encoder, config.share_prompt, 1, common
        )
        self.trainer.stage = Stage(config, folder, "base", Record())
        self.trainer.remove_callback(PrinterCallback)
        self.trainer.create_optimizer()
        self.trainer.current_gradient_accumulation_steps = 1
        if alone:
            self.trainer.rollout_func = None
            own = GRPOTrainer._get_per_token_logps_and_entropies
            self.trainer._get_per_token_logps_and_entropies = own.__get__(self.trainer)

    def rows(self) -> list[dict[str, Any]]:
        """The rows of the next fact, as the data loader hands them over."""
        per_fact = len(self.visits[0].fact.texts)
        first = (self.at % len(self.visits)) * per_fact
        self.at += 1
        some = [self.trainer.train_dataset[i] for i in range(first, first + per_fact)]
        return [dict(row) for row in some for _ in range(self.config.group_size)]

    def __call__(self) -> None:
        """One update: roll out, reward, loss, clip, step, log."""
        self.trainer.training_step(self.policy.model, self.rows(), None)
        torch.nn.utils.clip_grad_norm_(self.policy.model.parameters(), 1.0)
        self.trainer.optimizer.step()
        self.trainer.optimizer.zero_grad()
        self.trainer.log({"loss": 0.0, "learning_rate": 0.0})


class StraightLine(Updates):
    """The baseline: the reference's rollouts and loss, on the completions of the others."""

    def __init__(self, facts: FactSet, **changes: str) -> None:
        super().__init__(facts, **changes)
        draw, ends = sampling_of(self.config), self.policy.eos_ids
        self.facts = []
        for visit in self.visits[:24]:
            languages = list(visit.fact.texts)
            prompts = [self.encoder.prompt(visit, lang) for lang in languages]
            seeds = [(self.config.seed, 14, visit.number, i) for i in range(len(languages))]
            drawn = sample(
                self.policy.model, prompts, self.config.group_size, draw, eos_ids=ends, seeds=seeds
            )
            completions = [[one[g] for one in drawn] for g in range(self.config.group_size)]
            self.facts.append((prompts, completions))

    def __call__(self) -> None:
        """One update, written plainly."""
        prompts, completions = self.facts[self.at % len(self.facts)]
        self.at += 1
        model, pad = self.policy.model, self.policy.tokenizer.pad_token_id
        size, longest = self.config.group_size, self.config.max_completion_tokens
        model.eval()
        reference_rollouts(model, prompts, size, longest, self.policy.eos_ids[0], pad)
        model.train()
        rewards = [float(g % 3) for g in range(size)]
        padded_loss(model, prompts, completions, rewards, pad).backward()
        torch.nn.utils.clip_grad_norm_(model.parameters(), 1.0)
        self.trainer.optimizer.step()
        self.trainer.optimizer.zero_grad()


def main() -> None:
    """Time all contenders and print their ratios."""
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("--quick", action="store_true", help="three languages, few rounds")
    parser.add_argument("--rounds", type=int, default=None, help="default: 11, with --quick 3")
    parser.add_argument("--threads", type=int, default=None, help="default: torch's choice")
    arguments = parse(parser)
    if arguments.threads:
        torch.set_num_threads(arguments.threads)
    quiet_libraries()
    languages = ["en", "de", "zh"] if arguments.quick else None
    facts = FactSet.load("cldr", languages=languages, split="train")
    shape = f"organism, {len(facts.languages)} languages x 8 rollouts per fact, fp32"
    print(f"{shape}, {torch.get_num_threads()} threads")
    base = "straight-line reference"
    contenders: dict[str, Callable[[], object]] = {
        base: StraightLine(facts),
        "interp train grpo": Updates(facts),
        "  without bucketing": Updates(facts, batch_tokens="0"),
        "  without shared prompts": Updates(facts, share_prompt="false"),
        "  without either": Updates(facts, share_prompt="false", batch_tokens="0"),
        "TRL alone": Updates(facts, alone=True),
    }
    rounds = arguments.rounds or (3 if arguments.quick else 11)
    found = compare(contenders, baseline=base, rounds=rounds, warmup=1)
    for timing in found.values():
        print(timing)
    claims = [
        Claim.of(
            timing, f"a fact's update, {name.strip()} / {base}", shape,
            limit=AIM if name == "interp train grpo" else None,
        )
        for name, timing in found.items()
        if name != base
    ]  # fmt: skip
    finish(arguments, __file__, claims)


if __name__ == "__main__":
    main()
