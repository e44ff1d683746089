"""``interp train base --dry-run``: what training the organism would take."""

from __future__ import annotations

from pathlib import Path

from interp.estimates.disk import check_writable
from interp.estimates.dry_run import say
from interp.estimates.sketch import Sketch
from interp.estimates.work import Logits, Pass, Work
from interp.model.branches import Prompt, planned
from training.organism.build import tokenizer_text
from training.organism.command import cldr_material
from training.organism.config import BaseConfig
from training.organism.evaluate import PROMPTS_AT_ONCE
from training.organism.loop import batch_of_step
from training.organism.material import Material
from training.organism.model import network_config
from training.organism.tokenizer import train_tokenizer
from training.planned_work import nll
from training.prompts import completion, open_prompt

STEPS_COUNTED = 60
"""Of more steps, the tokens of so many are counted (a second) and scaled."""


def dry_run(out: Path, config: BaseConfig) -> None:
    """Print what training the base would take, and write nothing."""
    sketch, work = base_work(out, config)
    say(sketch, work, prepare=lambda network: network.requires_grad_(True))


def base_work(out: Path, config: BaseConfig) -> tuple[Sketch, Work]:
    """Plan a run as it would plan itself; the tokenizer is trained for it, in a second or two."""
    check_writable(out, "--out")
    material = cldr_material(config)
    tokenizer = train_tokenizer(tokenizer_text(material, config.seed), config.shape.vocabulary)
    start, pad = int(tokenizer.bos_token_id), int(tokenizer.pad_token_id)
    sketch = Sketch.of_config(network_config(config.shape, start, pad), tokenizer)
    counted = min(config.steps, STEPS_COUNTED)
    share = counted / config.steps
    batches = [batch_of_step(step, config, material, tokenizer) for step in range(counted)]
    tokens = round(sum(batch.n_tokens for batch in batches) / share)
    predicted = [int((batch.weights > 0).sum()) for batch in batches]
    shapes = ((config.rows, config.row_tokens),) * config.steps
    passes = [Pass("updates", shapes, tokens, kind="weights")]
    passes += _evaluations(config, material, tokenizer)
    width = 4 * sketch.n_parameters
    return sketch, Work(
        command="interp train base",
        passes=tuple(passes),
        tokens={"all": tokens},
        logits=(Logits(round(sum(predicted) / share), max(predicted), nll, backward=True),),
        on_device={"gradients and moments of AdamW": 3 * width},
        files={"checkpoint": width + 400_000, "log": 72 * (config.steps // 50)},
        meanwhile={"the state to go on with, old and new": 6 * width},
        counted=(
            f"{len(material.facts):,} facts in {len(material.languages)} languages",
            f"{config.steps:,} updates; {sketch.n_parameters:,} parameters are trained",
        ),
        where=str(out),
        sampled=share,
    )


def _evaluations(config: BaseConfig, material: Material, tokenizer: object) -> list[Pass]:
    """What is asked on the way and at the end, as ``score_options`` batches it."""
    assert callable(tokenizer)
    found = []
    on_the_way = (config.steps - 1) // config.eval_every
    for name, number, times in (
        ("evaluations on the way", config.eval_facts, on_the_way),
        ("evaluation at the end", config.final_facts or len(material.facts), 1),
    ):
        if not times:
            continue
        prompts = [
            Prompt(
                tokenizer(open_prompt(fact.texts[lang].question))["input_ids"],
                [
                    tokenizer(completion(option), add_special_tokens=False)["input_ids"]
                    for option in fact.texts[lang].options
                ],
            )
            for fact in material.facts[:number]
            for lang in material.languages
        ]
        forwards = [
            one
            for first in range(0, len(prompts), PROMPTS_AT_ONCE)
            for one in planned(prompts[first : first + PROMPTS_AT_ONCE], batch_tokens=4096)
        ]
        total = sum(len(one.ids) + sum(map(len, one.branches)) for one in prompts)
        shapes = tuple((one.rows, one.width) for one in forwards)
        found.append(Pass(name, shapes, total, repeats=times, masked=True))
    return found
