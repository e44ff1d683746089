"""GRPO on facts with the pooled reward, on TRL's GRPOTrainer.

What TRL does here is exactly arXiv 2606.06586 Eq 1-2 with a REINFORCE loss (checked against a
straight-line loop in the tests), because

* the rows of a fact, L languages times G rollouts, are always together on one process;
* the reward handed to TRL is the z-score of the *pooled* reward, the same for every language of a
  rollout, and TRL is told not to scale it again (it would divide by the sample's standard
  deviation; the paper divides by the population's);
* a batch of rollouts is used for one update, so the ratio to the sampling policy is 1;
* the loss scores at temperature 1 whatever the sampling temperature was, like the paper's code.

Departures from the release, whose loss mask is 1 over the whole generated row: padding is neither
attended to nor scored.
"""

from __future__ import annotations

from collections import defaultdict
from typing import Any

import numpy as np
import torch
from trl import GRPOConfig as TrlConfig
from trl import GRPOTrainer

from interp.errors import InterpError
from interp.model.branches import Prompt, branch_scores
from interp.model.generation import sample
from training.configs import GrpoConfig
from training.encoding import Encoder
from training.judge import Verdict, judge
from training.reward import advantages, fact_rewards, null_rewards
from training.reward_rules import KINDS, reward_rules
from training.rollouts import sampling_of
from training.trainer_parts import StageTrainer
from training.visits import Visit

_SAMPLING, _NULL = 14, 15  # one stream of random numbers for each purpose


def trl_arguments(config: GrpoConfig, n_languages: int, micro_facts: int, **common: Any) -> Any:
    """The settings under which TRL computes what the module says.

    Args:
        config: the stage's settings.
        n_languages: languages of a fact.
        micro_facts: facts of one micro-batch on one process.
        common: what all stages give to Trainer.

    Returns:
        TRL's settings.
    """
    accumulation = common["gradient_accumulation_steps"]
    return TrlConfig(
        **common,
        per_device_train_batch_size=micro_facts * n_languages * config.group_size,
        steps_per_generation=accumulation,
        num_generations=config.group_size,
        num_iterations=1,
        max_completion_length=config.max_completion_tokens,
        shuffle_dataset=False,
        scale_rewards="none",
        loss_type="grpo",
        beta=config.beta,
        use_bias_correction_kl=False,
        disable_dropout=False,
        # Divides the logits in the loss, too: sampling gets its own below and in `sampling_of`.
        temperature=1.0,
        top_p=config.top_p,
        repetition_penalty=config.repetition_penalty,
        generation_kwargs={"temperature": config.temperature},
        use_vllm=config.vllm,
        vllm_mode="colocate",
    )


class GrpoFactTrainer(StageTrainer, GRPOTrainer):
    """TRL's trainer with pooled rewards, shared prompts and the guards of a stage."""

    def __init__(
        self, *args: Any, visits: list[Visit], encoder: Encoder, share: bool, **kwargs: Any
    ) -> None:
        self._visits, self._encoder, self._share = visits, encoder, share
        self._rows: list[dict[str, Any]] = []
        self._counts: dict[tuple[str, str], list[float]] = defaultdict(list)
        self._sums: dict[str, float] = defaultdict(float)
        config = kwargs.pop("config")
        self._rules = reward_rules(config.reward, config.reward_changes)
        self._draw = sampling_of(config)
        rollouts = None if config.vllm else self._rollouts
        super().__init__(*args, reward_funcs=[self._pooled], rollout_func=rollouts, **kwargs)

    def _get_train_sampler(self, *args: Any, **kwargs: Any) -> Any:
        return GRPOTrainer._get_train_sampler(self, *args, **kwargs)  # repeats each row G times

    def _generate_and_score_completions(self, inputs: list[dict[str, Any]]) -> Any:
        self._rows = inputs  # TRL hands the prompts alone to the rollout function
        out = super()._generate_and_score_completions(inputs)
        sampled = int(out["completion_mask"].sum())
        read = int(out["prompt_mask"].sum()) // self._config.group_size  # a prompt once for all
        self._sums["rollout_tokens"] += sampled
        self._sums["tokens"] += read + sampled
        return out

    def _rollouts(self, prompts: list[str], trainer: Any) -> dict[str, Any]:
        """Sample G completions of each distinct prompt, one reading of the prompt for all."""
        config = self._config
        rows = self._rows[:: config.group_size]
        visits = [self._visits[row["visit"]] for row in rows]
        ids = [
            self._encoder.prompt(visit, row["lang"])
            for visit, row in zip(visits, rows, strict=True)
        ]
        places = {lang: at for at, lang in enumerate(visits[0].fact.texts)}
        seeds = [(config.seed, _SAMPLING, row["visit"], places[row["lang"]]) for row in rows]
        policy = self.accelerator.unwrap_model(self.model)
        at_once = self.args.per_device_train_batch_size // config.group_size
        drawn: list[list[list[int]]] = []
        for first in range(0, len(ids), at_once):  # as much memory as one micro-batch needs
            some = slice(first, first + at_once)
            with self.accelerator.autocast():
                drawn += sample(
                    policy,
                    ids[some],
                    config.group_size,
                    self._draw,
                    eos_ids=self.eos_token_ids,
                    seeds=seeds[some],
                )
        completions = [one for of_prompt in drawn for one in of_prompt]
        return {
            "prompt_ids": [one for one in ids for _ in range(config.group_size)],
            "completion_ids": completions,
            "logprobs": None,  # on-policy: the ratio is 1 by construction
        }

    def _pooled(
        self,
        prompts: list[str],
        completions: list[str],
        visit: list[int],
        lang: list[str],
        **_: Any,
    ) -> list[float]:
        """Return each row's advantage: the z-score of its rollout's pooled reward."""
        rows: dict[int, dict[str, list[int]]] = {}
        for at, (number, code) in enumerate(zip(visit, lang, strict=True)):
            rows.setdefault(number, {}).setdefault(code, []).append(at)
        out = [0.0] * len(completions)
        for number, by_lang in rows.items():
            fact = self._visits[number].fact
            self._refuse_straddling(fact.fact_id, list(fact.texts), by_lang)
            verdicts = self._verdicts(number, by_lang, completions)
            values = self._advantages(number, verdicts)
            for column, places in enumerate(by_lang.values()):
                for rollout, at in enumerate(places):
                    one = values[rollout] if values.ndim == 1 else values[rollout, column]
                    out[at] = float(one)
            self._store_samples(number, by_lang, completions, verdicts)
        return out

    def _refuse_straddling(
        self, fact_id: str, languages: list[str], by_lang: dict[str, list[int]]
    ) -> None:
        found = {code: len(places) for code, places in by_lang.items()}
        wanted = dict.fromkeys(languages, self._config.group_size)
        if found != wanted:
            raise InterpError(
                f"a batch holds fact {fact_id!r} in part ({found} rows per language): expected "
                f"all of {len(wanted)} languages with {self._config.group_size} rollouts each; a "
                "process's batch must be a whole number of facts"
            )

    def _verdicts(
        self, number: int, by_lang: dict[str, list[int]], completions: list[str]
    ) -> list[list[Verdict]]:
        """Judge a fact's completions, ``[rollout][language]``."""
        judged = []
        for code, places in by_lang.items():
            options, answer = self._encoder.listed(self._visits[number], code)
            column = [judge(completions[at], options, answer, self._rules) for at in places]
            for kind in KINDS:
                share = sum(verdict.kind == kind for verdict in column) / len(column)
                self._counts[kind, code].append(share)
            judged.append(column)
        return [list(row) for row in zip(*judged, strict=True)]

    def _advantages(self, number: int, verdicts: list[list[Verdict]]) -> np.ndarray:
        rewards = fact_rewards(verdicts, self._rules)
        self._counts["all_correct", ""].append(
            float(np.mean([all(v.kind == "correct" for v in row) for row in verdicts]))
        )
        self._counts["reward", ""].append(float(rewards.mean()))
        self._counts["reward_sd", ""].append(float(rewards.std(0).mean()))
        self._counts["zero_variance", ""].append(float(np.ptp(rewards, 0).max() == 0))
        if self._config.reward_source == "null":
            rewards = null_rewards(
                rewards, np.random.default_rng([self._config.seed, _NULL, number])
            )
        return advantages(rewards)

    def _store_samples(
        self,
        number: int,
        by_lang: dict[str, list[int]],
        completions: list[str],
        verdicts: list[list[Verdict]],
    ) -> None:
        """Keep one completion per language of the first fact of an update, now and then."""
        step = self.state.global_step + 1
        samples = self.stage.record.samples
        if (step - 1) % self._config.sample_every or (samples and samples[-1]["step"] == step):
            return
        for column, (code, places) in enumerate(by_lang.items()):
            samples.append(
                {
                    "step": step,
                    "what": "rollout",
                    "lang": code,
                    "fact_id": self._visits[number].fact.fact_id,
                    "generated": completions[places[0]],
                    "kind": verdicts[0][column].kind,
                }
            )

    def _get_per_token_logps_and_entropies(
        self,
        model: Any,
        input_ids: torch.Tensor,
        attention_mask: torch.Tensor,
        logits_to_keep: int,
        *_: Any,
        compute_entropy: bool = False,
        **__: Any,
    ) -> tuple[torch.Tensor, torch.Tensor | None, None]:
        """Score completions with each prompt computed once, in buckets of similar length."""
        prompts, owners = grouped_rows(input_ids, attention_mask, logits_to_keep)
        with self.accelerator.autocast():
            scores = branch_scores(
                model,
                prompts,
                share=self._share,
                batch_tokens=self._config.batch_tokens or None,
                entropies=compute_entropy,
            )
        back = torch.argsort(torch.tensor(owners, device=input_ids.device))
        width = (0, logits_to_keep - scores.logprobs.shape[1])
        logps = torch.nn.functional.pad(scores.logprobs[back], width)
        entropies = None
        if scores.entropies is not None:
            entropies = torch.nn.functional.pad(scores.entropies[back], width)
        return logps, entropies, None

    def readings(self, logs: dict[str, float]) -> list[tuple[str, str, float]]:
        """Add rewards, kinds of completions and rollout counts to what Trainer logs."""
        keys = sorted(self._counts)
        sums = ["rollout_tokens", "tokens"]
        mine = [sum(self._counts[key]) / len(self._counts[key]) for key in keys]
        mine += [self._sums[name] for name in sums]
        gathered = self.accelerator.gather(
            torch.tensor([mine], dtype=torch.float64, device=self.accelerator.device)
        )
        self._counts.clear()
        self._sums.clear()
        mean = gathered.mean(0).tolist()
        total = gathered.sum(0).tolist()[len(keys) :]
        self.stage.record.rollout_tokens += int(total[0])
        self.stage.record.tokens += int(total[1])
        found = {key: value for key, value in zip(keys, mean, strict=False)}
        rows = [
            (metric, lang, value)
            for (metric, lang), value in found.items()
            if not lang or metric == "correct"
        ]
        for kind in KINDS:
            shares = [value for (metric, _), value in found.items() if metric == kind]
            rows.append((kind, "", sum(shares) / len(shares)))
        names = {"entropy": "entropy", "kl": "kl", "completions/clipped_ratio": "truncated"}
        rows += [(to, "", logs[name]) for name, to in names.items() if logs.get(name) is not None]
        self._last = {metric: value for metric, lang, value in rows if not lang}
        return [*super().readings(logs), *rows, ("rollout_tokens", "", total[0])]

    def guard(self, step: int) -> None:
        """Stop a run whose rollouts do not differ any more, and one with an impossible KL."""
        last, record = self._last, self.stage.record
        if last.get("kl", 0.0) < -1e-6:
            raise InterpError(
                f"the KL of update {step} is {last['kl']:.3g}: the k3 estimate is never negative"
            )
        record.silent = record.silent + 1 if last["zero_variance"] == 1 else 0
        if self._config.patience and record.silent >= self._config.patience:
            raise InterpError(
                f"stopped after update {step}: for {record.silent} updates in a row all rollouts "
                f"of a fact got the same reward (mean {last['reward']:.2f}), so nothing is learned; "
                f"{100 * last['empty']:.0f} % of completions are empty, "
                f"{100 * last['unparseable']:.0f} % unparseable, "
                f"{100 * last['correct']:.0f} % correct. Look at samples.jsonl; expected a reward "
                "with empty strictly the worst and a model that answers (or set patience)"
            )

    @property
    def _config(self) -> GrpoConfig:
        config = self.stage.config
        assert isinstance(config, GrpoConfig)
        return config


def grouped_rows(
    input_ids: torch.Tensor, attention_mask: torch.Tensor, n_completion: int
) -> tuple[list[Prompt], list[int]]:
    """Put rows with the same prompt together again.

    Args:
        input_ids: prompts padded on the left, completions on the right, ``[row, token]``.
        attention_mask: 1 where there is a token.
        n_completion: columns of the completions.

    Returns:
        Distinct prompts with their completions, and for each completion, in that order, its row.
    """
    groups: dict[tuple[int, ...], tuple[list[list[int]], list[int]]] = {}
    split = input_ids.shape[1] - n_completion
    for row, (ids, mask) in enumerate(
        zip(input_ids.tolist(), attention_mask.tolist(), strict=True)
    ):
        prompt = tuple(ids[at] for at in range(split) if mask[at])
        completion = [ids[at] for at in range(split, len(ids)) if mask[at]]
        branches, rows = groups.setdefault(prompt, ([], []))
        branches.append(completion)
        rows.append(row)
    prompts = [Prompt(ids, branches) for ids, (branches, _) in groups.items()]
    return prompts, [row for _, rows in groups.values() for row in rows]
