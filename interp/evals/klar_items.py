"""From questions to token ids that fit the checkpoint's positions."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import replace

import pandas as pd

from interp.data.bos import encode, encode_many, leading_tokens
from interp.errors import InterpError
from interp.evals.questions import Question, QuestionSet
from interp.model import HookedModel
from interp.options import KlarOptions
from interp.positions import n_positions


def build_items(
    model: HookedModel, questions: QuestionSet, options: KlarOptions
) -> tuple[list[list[int]], pd.DataFrame]:
    """Encode the prompts.

    A prompt that with its answer is longer than the positions of the checkpoint loses its last
    demonstrations, as many as it takes.

    Args:
        model: the checkpoint.
        questions: the questions.
        options: BOS policy and length of the answers.

    Returns:
        Token ids per question, and per language (columns ``lang``, ``shortened``, ``longest``)
        the prompts that lost demonstrations and the tokens of the longest prompt.

    Raises:
        InterpError: a prompt is too long without any demonstration.
    """
    lead = list(leading_tokens(model.tokenizer, options.bos))
    asked: Sequence[Question] = questions.questions
    encoded = encode_many(model.tokenizer, [one.prompt for one in asked])
    items = [[*lead, *ids] for ids in encoded]
    longest = n_positions(model)
    shortened: Counter[str] = Counter()
    if longest is not None:
        # The last generated token is never read.
        room = longest - options.max_new_tokens + 1
        for place, one in enumerate(asked):
            if len(items[place]) > room:
                items[place] = _shorter(model, one, lead, room, longest, options)
                shortened[one.lang] += 1
    widest: Counter[str] = Counter()
    for one, item in zip(asked, items, strict=True):
        widest[one.lang] = max(widest[one.lang], len(item))
    rows = [
        {"lang": lang, "shortened": shortened[lang], "longest": widest[lang]}
        for lang in questions.languages
    ]
    return items, pd.DataFrame(rows)


def _shorter(
    model: HookedModel,
    question: Question,
    lead: list[int],
    room: int,
    longest: int,
    options: KlarOptions,
) -> list[int]:
    for n in reversed(range(len(question.demos))):
        fewer = replace(question, demos=question.demos[:n])
        ids = [*lead, *encode(model.tokenizer, fewer.prompt)]
        if len(ids) <= room:
            return ids
    tokens = len(lead) + len(encode(model.tokenizer, question.ask))
    raise InterpError(
        f"fact {question.fact_id!r} in {question.lang}: its prompt has {tokens} tokens without "
        f"demonstrations and {options.max_new_tokens} are to be generated, but {model.name!r} has "
        f"{longest} positions; expected fewer --max-new-tokens or facts without it"
    )
