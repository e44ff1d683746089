"""`interp train sft` and `interp train grpo`: from facts to a checkpoint."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from datasets import Dataset
from transformers import TrainingArguments

from interp.data.facts import FactSet
from interp.errors import InterpError
from interp.model.branches import Prompt, sharing_works
from interp.notices import tell
from training.checks import validation_check
from training.configs import FactConfig, GrpoConfig, SftConfig
from training.encoding import Encoder
from training.reward_rules import reward_rules
from training.rollouts import sampling_of
from training.sft import SftTrainer
from training.stage import (
    Outcome,
    Policy,
    common_arguments,
    load_policy,
    quiet_libraries,
    run_stage,
    split_update,
)
from training.trainer_parts import Stage, StageTrainer
from training.visits import TrainingFacts, Visit, plan_visits, training_facts, updates

_CHECK_TOKENS = 24


@dataclass(frozen=True)
class FactPlan:
    """What a stage will do with its facts; it follows from settings and data alone.

    Attributes:
        source: all facts.
        chosen: those for training and checking.
        steps: updates.
        visits: which fact when.
    """

    source: FactSet
    chosen: TrainingFacts
    steps: int
    visits: list[Visit]


def plan_facts(
    config: FactConfig, facts: str, languages: Sequence[str] | None, *, skip_incomplete: bool
) -> FactPlan:
    """Read the facts and plan the run, what is cheap to check first.

    Args:
        config: of `SftConfig` or `GrpoConfig`.
        facts: source of facts.
        languages: train in these; None takes all of the source.
        skip_incomplete: leave facts out that lack a language.

    Returns:
        The plan.

    Raises:
        InterpError: for settings or facts that do not fit.
    """
    if isinstance(config, GrpoConfig):
        reward_rules(config.reward, config.reward_changes)
        sampling_of(config)
        _need_libraries(config)
    source = FactSet.load(facts, languages=languages)
    if isinstance(config, SftConfig) and config.consistency and not source.options_aligned:
        raise InterpError(
            f"--facts {facts}: its options are not aligned between languages, so the consistency "
            "of Eq 3 has no meaning: expected option ids, or --set consistency=0"
        )
    chosen = training_facts(
        source, max_facts=config.max_facts, seed=config.seed, skip_incomplete=skip_incomplete
    )
    steps = updates(len(chosen.train), config.facts_per_update, config.epochs, config.steps)
    visits = plan_visits(
        chosen.train,
        steps * config.facts_per_update,
        seed=config.seed,
        option_order=config.option_order,
    )
    return FactPlan(source, chosen, steps, visits)


def encoder_of(tokenizer: Any, config: FactConfig) -> Encoder:
    """Make what writes the prompts of a run."""
    letter = isinstance(config, SftConfig) and config.target == "letter"
    return Encoder(tokenizer, config, "letter" if letter else "text")


def train_on_facts(
    config: FactConfig,
    model: str,
    facts: str,
    out: Path,
    *,
    languages: Sequence[str] | None = None,
    skip_incomplete: bool = False,
    overwrite: bool = False,
    **spec_options: Any,
) -> Outcome:
    """Train a checkpoint on the training split of a fact set.

    Args:
        config: of `SftConfig` or `GrpoConfig`.
        model: checkpoint spec.
        facts: source of facts, see `FactSet.load`.
        out: checkpoint folder.
        languages: train in these; None takes all of the source.
        skip_incomplete: leave facts out that lack a language, instead of refusing.
        overwrite: replace another run in ``out``.
        spec_options: as for `ModelSpec.parse`.

    Returns:
        The manifest, and whether anything was done.

    Raises:
        InterpError: for anything wrong with settings, facts, checkpoint or folder.
    """
    quiet_libraries()
    plan = plan_facts(config, facts, languages, skip_incomplete=skip_incomplete)
    source, chosen, steps, visits = plan.source, plan.chosen, plan.steps, plan.visits
    policy = load_policy(model, config, **spec_options)
    encoder = encoder_of(policy.tokenizer, config)
    _refuse_long(encoder, visits[: len(chosen.train)])
    micro, accumulation = split_update(
        config.facts_per_update, config.micro_facts, "facts_per_update"
    )
    share = config.share_prompt and _sharing(policy, encoder, visits[0])
    common = common_arguments(config, policy, out, steps, accumulation)

    def make_trainer(stage: Stage) -> StageTrainer:
        stage.check = _check(config, chosen, encoder, stage, policy)
        make = _grpo_trainer if isinstance(config, GrpoConfig) else _sft_trainer
        trainer: StageTrainer = make(config, policy, visits, encoder, share, micro, common)
        trainer.stage = stage
        return trainer

    return run_stage(
        config,
        policy,
        out,
        steps=steps,
        data=_describe(source, chosen),
        make_trainer=make_trainer,
        notes={
            "visits": len(visits),
            "shared_prompts": share,
            **_exactness(config),
        },
        overwrite=overwrite,
    )


def _exactness(config: FactConfig) -> dict[str, Any]:
    if isinstance(config, GrpoConfig) and config.vllm:
        tell("train grpo", "rollouts by vLLM: importance-corrected, not exact REINFORCE")
        return {"exact_reinforce": False}
    return {"exact_reinforce": True} if isinstance(config, GrpoConfig) else {}


def _need_libraries(config: GrpoConfig) -> None:
    from importlib.util import find_spec

    if find_spec("trl") is None:
        raise InterpError(
            "GRPO needs TRL, which is not installed: expected pip install -e '.[train]'"
        )
    if config.vllm and config.no_repeat_ngram:
        raise InterpError(
            f"--vllm with no_repeat_ngram {config.no_repeat_ngram}: vLLM has no such penalty; "
            "expected --set no_repeat_ngram=0, or rollouts by the model itself"
        )
    if config.vllm and find_spec("vllm") is None:
        raise InterpError(
            "--vllm: vllm is not installed; expected pip install -e '.[vllm]', or rollouts by "
            "the model itself (without --vllm)"
        )


def _refuse_long(encoder: Encoder, visits: Sequence[Visit]) -> None:
    """Find a prompt that will be refused now, not hours later."""
    if encoder.config.too_long == "refuse":
        for visit in visits:
            for lang in visit.fact.texts:
                encoder.prompt(visit, lang)


def _sharing(policy: Policy, encoder: Encoder, visit: Visit) -> bool:
    prompts = [Prompt(*encoder.options(visit, lang)) for lang in list(visit.fact.texts)[:3]]
    works = sharing_works(policy.model, prompts)
    if not works:
        tell("train", "this model cannot share a prompt among its answers: one row for each")
    return works


def _check(
    config: FactConfig, chosen: TrainingFacts, encoder: Encoder, stage: Stage, policy: Policy
) -> Any:
    if not config.check_every or chosen.validation is None:
        return None
    return validation_check(
        chosen.validation.select(limit=config.check_facts, seed=config.seed),
        encoder,
        stage.record,
        seed=config.seed,
        max_new_tokens=check_tokens(config),
        eos_ids=policy.eos_ids,
    )


def check_tokens(config: FactConfig) -> int:
    """Tokens of an answer at most when the validation facts are asked."""
    return min(getattr(config, "max_completion_tokens", _CHECK_TOKENS), _CHECK_TOKENS)


def _describe(source: FactSet, chosen: TrainingFacts) -> dict[str, Any]:
    return {
        "data_hash": chosen.train.data_hash,
        "facts": source.source,
        "languages": list(chosen.train.languages),
        "train_facts": len(chosen.train),
        "validation_facts": len(chosen.validation) if chosen.validation else 0,
        "test_facts_untouched": chosen.held,
    }


def _sft_trainer(
    config: FactConfig, policy: Policy, visits: list[Visit], encoder: Encoder,
    share: bool, micro: int, common: dict[str, Any],
) -> SftTrainer:  # fmt: skip
    return SftTrainer(
        model=policy.model,
        args=TrainingArguments(**common, per_device_train_batch_size=micro),
        train_dataset=list(range(len(visits))),
        data_collator=list,
        processing_class=policy.tokenizer,
        visits=visits,
        encoder=encoder,
        share=share,
    )


def _grpo_trainer(
    config: FactConfig, policy: Policy, visits: list[Visit], encoder: Encoder,
    share: bool, micro: int, common: dict[str, Any],
) -> Any:  # fmt: skip
    from training.grpo import GrpoFactTrainer, trl_arguments  # TRL is an extra

    assert isinstance(config, GrpoConfig)
    languages = list(visits[0].fact.texts)
    rows = [(visit, lang) for visit in visits for lang in languages]
    dataset = Dataset.from_dict(
        {
            "prompt": [encoder.text(visit, lang) for visit, lang in rows],
            "visit": [visit.number for visit, _ in rows],
            "lang": [lang for _, lang in rows],
        }
    )
    return GrpoFactTrainer(
        model=policy.model,
        args=trl_arguments(config, len(languages), micro, **common),
        train_dataset=dataset,
        processing_class=policy.tokenizer,
        visits=visits,
        encoder=encoder,
        share=share,
        config=config,
    )
