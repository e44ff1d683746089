"""From facts to lens items: a prompt, and the tokens of target, English answer and distractor.

Every role's tokens are read off *after the same prompt*: the English answer after the German
prompt is what competes with the German answer there. Items in which the roles cannot be told apart
are dropped and counted; the published notebook only warns.

Some tokenizers make the space before a Chinese or Japanese answer a token of its own. It would be the
first token of every answer there, and say nothing; so it is taken as the prompt's last token, for all
roles of the item, and counted (``space_in_prompt``).
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import partial
from typing import Any

import pandas as pd

from interp.data.facts import Fact, FactSet
from interp.data.languages import check
from interp.data.prompts import AnswerTokens, answer_tokens, encode_prompt
from interp.errors import InterpError
from interp.options import LensOptions

ROLES = ("target", "en", "distractor")
COUNTS = (
    "facts", "kept", "same_text_as_english", "same_token_as_english", "no_distinct_distractor",
    "token_fell_back", "space_in_prompt",
)  # fmt: skip


@dataclass(frozen=True)
class LensItem:
    """One fact asked in one language.

    Attributes:
        fact_id: the fact.
        lang: language of the prompt and of the target.
        prompt: token ids of the prompt, special tokens included.
        answers: role to its tokens; English prompts have no role ``en``.
    """

    fact_id: str
    lang: str
    prompt: tuple[int, ...]
    answers: dict[str, AnswerTokens]


def build_items(
    facts: FactSet,
    tokenizer: Any,
    *,
    languages: Sequence[str] | None = None,
    form: str = "qa",
    options: LensOptions | None = None,
) -> tuple[list[LensItem], pd.DataFrame]:
    """Turn facts into items.

    Args:
        facts: the facts. Where they bring no English text there is no role ``en``.
        tokenizer: the checkpoint's tokenizer.
        languages: languages to ask in; all of the facts' by default.
        form: ``qa``, ``native``, ``cloze`` or ``chat``.
        options: token rule, trailing space, BOS policy and whether collisions are dropped.

    Returns:
        The items, fact by fact, and one row of counts per language (column ``lang`` and
        ``COUNTS``): an item is dropped when target and English share their text or a token, or
        when no wrong option differs from both.

    Raises:
        InterpError: for a language that the facts lack, a prompt form that does not fit them, or
            when no item is left.
    """
    options = options or LensOptions()
    asked = check(languages or facts.languages, facts.languages, facts.source)
    counts = {lang: dict.fromkeys(COUNTS, 0) for lang in asked}
    items = []
    for fact in facts:
        for lang in asked:
            item = _item(fact, lang, tokenizer, form, options, counts[lang])
            if item is not None:
                items.append(item)
    frame = pd.DataFrame([{"lang": lang, **row} for lang, row in counts.items()])
    if not items:
        raise InterpError(
            f"no lens item is left of {len(facts)} facts in {', '.join(asked)}: target, English "
            "and distractor share their tokens everywhere; set drop_collisions off to keep them"
        )
    return items, frame


def _item(
    fact: Fact,
    lang: str,
    tokenizer: Any,
    form: str,
    options: LensOptions,
    count: dict[str, int],
) -> LensItem | None:
    text = fact.texts[lang]
    tokens = partial(
        answer_tokens, tokenizer, text, form=form, lang=lang, bos=options.bos, rule=options.token_rule,
        trailing_space=options.trailing_space,
    )  # fmt: skip
    count["facts"] += 1
    target = tokens(text.answer)
    # A chat prompt takes no space, and the last sub-token is not the first.
    may_move = form != "chat" and options.token_rule != "last" and not options.trailing_space
    moved = may_move and _is_space(target, tokenizer)
    if moved:
        tokens = partial(tokens, trailing_space=True)
        target = tokens(text.answer)
    answers = {"target": target}
    english = fact.texts.get("en") if lang != "en" else None
    if english is not None:
        answers["en"] = tokens(english.answer)
        collision = (
            "same_text_as_english"
            if english.answer == text.answer
            else "same_token_as_english"
            if _meet(answers["en"], answers["target"])
            else None
        )
        if collision is not None:
            count[collision] += 1
            if options.drop_collisions:
                return None
    after = [(text.answer_index + step) % len(text.options) for step in range(1, 4)]
    wrong = [text.options[index] for index in after]
    distractor = _distractor(wrong, tokens, list(answers.values()))
    if distractor is None:
        count["no_distinct_distractor"] += 1
        if options.drop_collisions:
            return None
        distractor = tokens(wrong[0])
    answers["distractor"] = distractor
    count["token_fell_back"] += any(answer.fell_back for answer in answers.values())
    count["space_in_prompt"] += moved
    count["kept"] += 1
    space = moved or options.trailing_space
    prompt = encode_prompt(
        tokenizer, text, form=form, lang=lang, bos=options.bos, trailing_space=space
    )
    return LensItem(fact.fact_id, lang, tuple(prompt), answers)


def _is_space(answer: AnswerTokens, tokenizer: Any) -> bool:
    """Whether an answer's first token is nothing but the space before it."""
    first: str = tokenizer.decode(list(answer.ids[:1]))
    return answer.n_subtokens > 1 and first.isspace()


def _distractor(
    wrong: Sequence[str], tokens: Callable[[str], AnswerTokens], others: Sequence[AnswerTokens]
) -> AnswerTokens | None:
    """Take the first wrong option, counting on from the answer, that shares no token."""
    for option in wrong:
        found = tokens(option)
        if not any(_meet(found, other) for other in others):
            return found
    return None


def _meet(first: AnswerTokens, second: AnswerTokens) -> bool:
    return not set(first.ids).isdisjoint(second.ids)
