"""From facts to items whose options are scored: one prompt, four continuations."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import pandas as pd

from interp.data.facts import FactSet
from interp.data.languages import check
from interp.data.prompts import continuations
from interp.errors import InterpError
from interp.model import HookedModel
from interp.options import McqOptions
from interp.positions import n_positions

COUNTS = ("facts", "token_fell_back")


@dataclass(frozen=True)
class OptionItem:
    """One fact asked in one language.

    Attributes:
        fact_id: the fact.
        lang: language of the question and of the options.
        prompt: token ids of the prompt, special tokens included.
        options: token ids of each option, in the order of the fact's ``option_ids``.
        n_bytes: UTF-8 bytes of each option, without the space before it.
        n_characters: characters of each option, without the space before it.
        answer_index: place of the true one.
    """

    fact_id: str
    lang: str
    prompt: tuple[int, ...]
    options: tuple[tuple[int, ...], ...]
    n_bytes: tuple[int, ...]
    n_characters: tuple[int, ...]
    answer_index: int

    @property
    def width(self) -> int:
        """Tokens of the row that holds the prompt once and all options behind it."""
        return len(self.prompt) + sum(len(option) - 1 for option in self.options)


def build_items(
    facts: FactSet,
    tokenizer: Any,
    *,
    languages: Sequence[str] | None = None,
    options: McqOptions | None = None,
) -> tuple[list[OptionItem], pd.DataFrame]:
    """Turn facts into items.

    Args:
        facts: the facts.
        tokenizer: the checkpoint's tokenizer.
        languages: languages to ask in; all of the facts' by default.
        options: prompt form and BOS policy.

    Returns:
        The items, fact by fact, and one row of counts per language (``lang`` and ``COUNTS``):
        ``token_fell_back`` counts items in which the prompt's ids are not a prefix of some joint
        ids, so that the option was encoded by itself.

    Raises:
        InterpError: a language that the facts lack, a prompt form that does not fit them.
    """
    options = options or McqOptions()
    asked = check(languages or facts.languages, facts.languages, facts.source)
    counts = {lang: dict.fromkeys(COUNTS, 0) for lang in asked}
    items = []
    for fact in facts:
        for lang in asked:
            text = fact.texts[lang]
            prompt, tails = continuations(
                tokenizer, text, text.options,
                form=options.prompt_form, lang=lang, bos=options.bos,
            )  # fmt: skip
            counts[lang]["facts"] += 1
            counts[lang]["token_fell_back"] += any(fell_back for _, fell_back in tails)
            items.append(
                OptionItem(
                    fact.fact_id,
                    lang,
                    tuple(prompt),
                    tuple(tuple(ids) for ids, _ in tails),
                    tuple(len(option.encode()) for option in text.options),
                    tuple(len(option) for option in text.options),
                    text.answer_index,
                )
            )
    return items, pd.DataFrame([{"lang": lang, **row} for lang, row in counts.items()])


def check_positions(items: Sequence[OptionItem], model: HookedModel) -> None:
    """Refuse an item that is longer than the checkpoint's positions.

    Learned positions would end in an index error, and rotary ones go on where nothing was trained.

    Args:
        items: the items.
        model: the checkpoint.

    Raises:
        InterpError: a question with one of its options does not fit.
    """
    longest = n_positions(model)
    if longest is None:
        return
    for item in items:
        needed = len(item.prompt) + max(map(len, item.options)) - 1  # the last token is not read
        if needed > longest:
            raise InterpError(
                f"fact {item.fact_id!r} in {item.lang} takes {needed} tokens with its longest "
                f"option, {model.name!r} has {longest} positions: leave the fact out"
            )
