"""What a stage would compute, batch by batch: what its dry run is made of."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import cycle, islice
from typing import Any

import torch

from interp.data.corpus import Corpus
from interp.data.facts import FactSet
from interp.estimates.sketch import Sketch
from interp.estimates.work import Logits, Pass, Shape, counted_by
from interp.model.branches import Prompt, planned
from training.checks import asked_prompts
from training.configs import CptConfig, FactConfig, GrpoConfig, StageConfig
from training.cpt import ASKED, CHECK_TOKENS, facts_to_ask, rows_of_run
from training.encoding import Encoder
from training.fact_stages import FactPlan, check_tokens, encoder_of
from training.stage import split_update
from training.visits import Visit

MOST_PROMPTS = 20_000
"""Of more, the tokens of so many are counted (some seconds) and scaled."""

_CHECKED_AT_ONCE = 128
_SAMPLED_EARLY = 0.3
"""Share of the longest completions that is scored at least: most answers end early."""


@dataclass(frozen=True)
class StageWork:
    """What the updates of a stage compute.

    Attributes:
        steps: updates.
        passes: through the model.
        tokens: real tokens by language, over the whole run.
        logits: rows of logits.
        counted: the data in words.
        sampled: the share of the data that tokens were counted on.
    """

    steps: int
    passes: tuple[Pass, ...]
    tokens: dict[str, int]
    logits: tuple[Logits, ...]
    counted: tuple[str, ...]
    sampled: float = 1.0


def text_work(
    config: CptConfig, text: Corpus, check_facts: str | None, sketch: Sketch
) -> StageWork:
    """Describe continued pretraining: rows in order, padded to the longest of a micro-batch."""
    if sketch.tokenizer.pad_token_id is None:
        sketch.tokenizer.pad_token = sketch.tokenizer.eos_token
    rows, steps, report = rows_of_run(text, sketch.tokenizer, config)
    micro, _ = split_update(config.rows_per_update, config.micro_rows, "rows_per_update")
    batches = [rows[first : first + micro] for first in range(0, len(rows), micro)]
    shapes = tuple((len(batch), max(map(len, batch))) for batch in batches)
    total = sum(map(len, rows))
    passes = [Pass("updates", shapes, total, kind="weights")]
    if config.check_every and check_facts is not None:
        facts = facts_to_ask(config, check_facts, text.languages)
        passes += _checks(config, facts, Encoder(sketch.tokenizer, ASKED), steps, CHECK_TOKENS)
    largest = max(height * width for height, width in shapes)
    return StageWork(
        steps,
        tuple(passes),
        {"all": total},
        (Logits(total, largest, nll, backward=True),),
        (
            f"{len(text.units):,} units in {len(text.languages)} languages, {report.rows:,} rows "
            "in a pass",
        ),
    )


def facts_work(config: FactConfig, plan: FactPlan, sketch: Sketch) -> StageWork:
    """Describe a stage that trains on facts."""
    encoder = encoder_of(sketch.tokenizer, config)
    micro, _ = split_update(config.facts_per_update, config.micro_facts, "facts_per_update")
    languages = list(plan.chosen.train.languages)
    counted = max(micro, MOST_PROMPTS // len(languages) // micro * micro)
    visits = plan.visits[:counted]
    share = len(visits) / len(plan.visits)
    make = _rollouts if isinstance(config, GrpoConfig) else _options
    batches = [visits[first : first + micro] for first in range(0, len(visits), micro)]
    found = make(config, batches, encoder, languages)
    whole = -(-len(plan.visits) // micro)
    passes = [_scaled(one, share, whole / len(batches)) for one in found.passes]
    chosen = plan.chosen
    if config.check_every and chosen.validation is not None:
        facts = chosen.validation.select(limit=config.check_facts, seed=config.seed)
        passes += _checks(config, facts, encoder, plan.steps, check_tokens(config))
    return StageWork(
        plan.steps,
        tuple(passes),
        {lang: round(n / share) for lang, n in found.tokens.items()},
        tuple(Logits(round(one.rows / share), one.at_once, one.read, one.backward, one.copies)
              for one in found.logits),
        (
            f"{len(chosen.train):,} facts in {len(languages)} languages, {len(plan.visits):,} "
            "visits",
            *found.counted,
        ),
        share,
    )  # fmt: skip


def _scaled(one: Pass, share: float, batches: float) -> Pass:
    if share == 1:
        return one
    shapes = tuple(islice(cycle(one.shapes), round(len(one.shapes) * batches)))
    return Pass(
        one.name, shapes, round(one.tokens / share), one.repeats, one.kind, one.steps,
        one.continuations, one.masked, one.together, one.blocks, one.least,
    )  # fmt: skip


def _options(
    config: FactConfig, batches: Sequence[Sequence[Visit]], encoder: Encoder, languages: list[str]
) -> StageWork:
    """SFT: a prompt and its options, all languages of a micro-batch behind one backward pass."""
    names, lengths, shapes = [], [], []
    together = rows = at_once = 0
    for visits in batches:
        prompts = []
        for visit in visits:
            for lang in languages:
                one = Prompt(*encoder.options(visit, lang))
                names.append(lang)
                lengths.append(len(one.ids) + sum(map(len, one.branches)))
                prompts.append(one)
        forwards = _forwards(config, prompts)
        shapes += [(one.rows, one.width) for one in forwards]
        together = max(together, sum(one.rows * one.width for one in forwards))
        here = sum(one.logits for one in forwards)
        rows, at_once = rows + here, max(at_once, here)
    return StageWork(
        0,
        (
            Pass("updates", tuple(shapes), sum(lengths), kind="weights",
                 masked=config.share_prompt, together=together),
        ),
        counted_by(names, lengths),
        (Logits(rows, at_once, nll, backward=True),),
        (),
    )  # fmt: skip


def _rollouts(
    config: FactConfig, batches: Sequence[Sequence[Visit]], encoder: Encoder, languages: list[str]
) -> StageWork:
    """GRPO: prompts are read, completions drawn one token at a time, then scored and learned from.

    How long completions are only the run can tell: here they are as long as they may be.
    """
    assert isinstance(config, GrpoConfig)
    longest, group = config.max_completion_tokens, config.group_size
    names, lengths = [], []
    read: list[Shape] = []
    scored: list[Shape] = []
    together = rows = at_once = 0
    for visits in batches:
        prompts = []
        for visit in visits:
            for lang in languages:
                ids = encoder.prompt(visit, lang)
                names.append(lang)
                lengths.append(len(ids))
                prompts.append(Prompt(ids, [[draw] * longest for draw in range(group)]))
        read.append((len(prompts), max(len(one.ids) for one in prompts)))
        forwards = _forwards(config, prompts)
        scored += [(one.rows, one.width) for one in forwards]
        together = max(together, sum(one.rows * one.width for one in forwards))
        here = sum(one.logits for one in forwards)
        rows, at_once = rows + here, max(at_once, here)
    draws = max(height for height, _ in read) * group
    sampled = len(lengths) * group * longest
    reference = [Pass("reference", tuple(scored), sum(lengths), masked=config.share_prompt,
                      least=_SAMPLED_EARLY)] if config.beta else []  # fmt: skip
    return StageWork(
        0,
        (
            Pass("rollouts", tuple(read), sum(lengths), steps=longest, continuations=group),
            *reference,
            Pass("updates", tuple(scored), sum(lengths), kind="weights",
                 masked=config.share_prompt, together=together, least=_SAMPLED_EARLY),
        ),
        counted_by(names, lengths),
        (
            Logits(rows, at_once, nll, backward=True),
            Logits(sampled, draws, _draw, copies=7),
        ),
        (
            f"{group} completions of each prompt: up to {sampled:,} tokens are drawn; the tokens "
            "below are those of the prompts",
        ),
    )  # fmt: skip


def _forwards(config: FactConfig, prompts: Sequence[Prompt]) -> list[Any]:
    return planned(
        prompts, share=config.share_prompt, batch_tokens=config.batch_tokens or None
    )  # fmt: skip


def _checks(
    config: StageConfig, facts: FactSet, encoder: Encoder, steps: int, tokens: int
) -> list[Pass]:
    """The answers to validation facts on the way, as `greedy_answers` batches them."""
    times = steps // config.check_every
    if not times:
        return []
    lengths = sorted(len(ids) for ids in asked_prompts(facts, encoder, config.seed)[1])
    parts = [
        lengths[first : first + _CHECKED_AT_ONCE]
        for first in range(0, len(lengths), _CHECKED_AT_ONCE)
    ]
    shapes = tuple((len(part), part[-1]) for part in parts)
    return [Pass("checks", shapes, sum(lengths), repeats=times, steps=tokens)]


def nll(logits: torch.Tensor) -> torch.Tensor:
    """What a loss does with logits: log-probabilities in fp32, one of which is taken."""
    return -torch.log_softmax(logits.float(), -1)[:, 0].mean()


def _draw(logits: torch.Tensor) -> torch.Tensor:
    return torch.softmax(logits, -1, dtype=torch.float64).cumsum(-1)
