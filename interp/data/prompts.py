"""From a fact to token ids: the prompt, and the token that stands for an answer.

The token of an answer depends on what precedes it, so it is read off the joint encoding of prompt
and answer (``first``). The published notebook takes the last sub-token of ``" " + answer``
instead, which a model cannot be asked to predict next when the answer has several tokens
(rule ``last``); Wendler et al. 2024 sum over every prefix of the answer (``prefix_set``).
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Any

from interp.data.bos import encode, encode_many, leading_tokens
from interp.data.facts import FactText
from interp.data.scaffolds import native_scaffold
from interp.errors import InterpError, unknown

FORMS = ("qa", "native", "cloze", "chat")
RULES = ("first", "last", "prefix_set")


@dataclass(frozen=True)
class AnswerTokens:
    """The tokens that stand for one answer after one prompt.

    Attributes:
        ids: one token, or (``prefix_set``) all that may begin the answer, most specific first.
        n_subtokens: tokens of the whole answer.
        fell_back: True if the prompt's ids are not a prefix of the joint ids (the tokenizer
            merges across the border), so that the answer was encoded by itself.
    """

    ids: tuple[int, ...]
    n_subtokens: int
    fell_back: bool = False


def check_form(form: str, texts: Iterable[FactText]) -> None:
    """Refuse a form that the facts cannot be asked in, before a checkpoint is loaded.

    Args:
        form: of `FORMS`.
        texts: the facts' texts.

    Raises:
        InterpError: ``cloze``, and a fact brings no cloze prompt.
    """
    for text in texts if form == "cloze" else ():
        if text.prompt is None:
            raise InterpError(
                f"prompt form 'cloze': the fact {text.question!r:.80} brings no cloze prompt, "
                "expected form 'qa', 'native' or 'chat' (KLAR facts bring one)"
            )


def prompt_text(
    tokenizer: Any,
    text: FactText,
    *,
    form: str = "qa",
    lang: str = "en",
    trailing_space: bool = False,
) -> str:
    """Write the prompt of a fact, without special tokens in front.

    Args:
        tokenizer: only its chat template is used, and only by ``chat``.
        text: the fact in one language.
        form: ``qa`` (``Question: ...`` / ``Answer:``), ``native`` (the same in the words of the
            fact's language), ``cloze`` (the fact's own prompt) or ``chat`` (the question as a
            user's turn in the tokenizer's template).
        lang: the fact's language, which ``native`` needs.
        trailing_space: end the prompt in a space, as the release's notebook does.

    Returns:
        The prompt.

    Raises:
        InterpError: unknown form, a fact without a cloze prompt, no chat template, a language
            without words for ``native``.
    """
    if form not in FORMS:
        raise unknown("prompt form", form, FORMS)
    if form == "chat":
        prompt = _chat_prompt(tokenizer, text.question)
    elif form in ("qa", "native"):
        words = native_scaffold("en" if form == "qa" else lang)
        prompt = f"{words.question}: {text.question}\n{words.answer}:"
    else:
        check_form(form, [text])
        prompt = text.prompt or ""
    return prompt + " " if trailing_space else prompt


def encode_prompt(
    tokenizer: Any,
    text: FactText,
    *,
    form: str = "qa",
    lang: str = "en",
    bos: str = "auto",
    trailing_space: bool = False,
) -> list[int]:
    """Encode the prompt of a fact.

    Args:
        tokenizer: a Hugging Face tokenizer.
        text: the fact in one language.
        form: see `prompt_text`.
        lang: see `prompt_text`.
        bos: ``auto``, ``always`` or ``never``; a chat template writes its own, which ``auto``
            leaves alone.
        trailing_space: see `prompt_text`.

    Returns:
        Token ids, special tokens included.

    Raises:
        InterpError: see `prompt_text` and `interp.data.bos.leading_tokens`.
    """
    prompt = prompt_text(tokenizer, text, form=form, lang=lang, trailing_space=trailing_space)
    return _lead(tokenizer, encode(tokenizer, prompt), form, bos)


def continuations(
    tokenizer: Any,
    text: FactText,
    answers: Sequence[str],
    *,
    form: str = "qa",
    lang: str = "en",
    bos: str = "auto",
    trailing_space: bool = False,
) -> tuple[list[int], list[tuple[list[int], bool]]]:
    """Encode a prompt and several answers so that each answer's ids follow the prompt's.

    Args:
        tokenizer: a Hugging Face tokenizer.
        text: the fact in one language.
        answers: the answers to append; any option, or an English one.
        form: see `prompt_text`; in ``chat`` no space precedes the answer.
        lang: see `prompt_text`.
        bos: see `encode_prompt`.
        trailing_space: see `prompt_text`; the answer then brings no second space.

    Returns:
        The prompt's ids and, for each answer, its ids and whether the fallback was taken: where
        the joint ids do not begin with the prompt's, the answer is encoded by itself.
    """
    prompt = prompt_text(tokenizer, text, form=form, lang=lang, trailing_space=trailing_space)
    glue = "" if form == "chat" or trailing_space else " "
    alone, tails = _split_tails(tokenizer, prompt, [glue + answer for answer in answers])
    return _lead(tokenizer, alone, form, bos), tails


def split_tail(tokenizer: Any, prompt: str, tail: str) -> tuple[list[int], list[int], bool]:
    """Encode a text and what follows it, so that the second's ids continue the first's.

    Args:
        tokenizer: a Hugging Face tokenizer.
        prompt: the text.
        tail: what follows, with its space.

    Returns:
        The prompt's ids and the tail's, without special tokens of the model, and whether the
        fallback was taken: where the joint ids do not begin with the prompt's, the tail is
        encoded by itself.
    """
    alone, [(ids, fell_back)] = _split_tails(tokenizer, prompt, [tail])
    return alone, ids, fell_back


def _split_tails(
    tokenizer: Any, prompt: str, tails: Sequence[str]
) -> tuple[list[int], list[tuple[list[int], bool]]]:
    alone, *joint = encode_many(tokenizer, [prompt, *(prompt + tail for tail in tails)])
    found = []
    for tail, ids in zip(tails, joint, strict=True):
        fits = ids[: len(alone)] == alone and len(ids) > len(alone)
        found.append((ids[len(alone) :], False) if fits else (encode(tokenizer, tail), True))
    return alone, found


def answer_tokens(
    tokenizer: Any,
    text: FactText,
    answer: str,
    *,
    form: str = "qa",
    lang: str = "en",
    bos: str = "auto",
    rule: str = "first",
    trailing_space: bool = False,
) -> AnswerTokens:
    """Find the tokens that stand for an answer.

    Args:
        tokenizer: a Hugging Face tokenizer.
        text: the fact in one language.
        answer: the answer.
        form: see `prompt_text`.
        lang: see `prompt_text`.
        bos: see `encode_prompt`.
        rule: ``first`` (first token of the answer in context), ``last`` (last sub-token of
            ``" " + answer`` encoded by itself, as the release does) or ``prefix_set`` (``first``
            and every single token that spells a prefix of the answer, with or without a space).
        trailing_space: see `prompt_text`.

    Returns:
        The tokens.

    Raises:
        InterpError: unknown rule, or an answer that encodes to nothing.
    """
    if rule not in RULES:
        raise unknown("token rule", rule, RULES)
    if not answer.strip():
        raise InterpError(f"the answer of {text.question!r} is empty: expected some text")
    if rule == "last":
        ids = encode(tokenizer, " " + answer)
        return AnswerTokens((ids[-1],), len(ids))
    _, [(ids, fell_back)] = continuations(
        tokenizer, text, [answer], form=form, lang=lang, bos=bos, trailing_space=trailing_space
    )
    if rule == "first":
        return AnswerTokens((ids[0],), len(ids), fell_back)
    return AnswerTokens(_prefix_set(tokenizer, answer, ids[0]), len(ids), fell_back)


def _lead(tokenizer: Any, ids: list[int], form: str, bos: str) -> list[int]:
    lead = list(leading_tokens(tokenizer, bos))
    if form != "chat":
        return lead + ids
    # The template has written the special tokens already: only an explicit policy changes them.
    if bos == "always" and ids[: len(lead)] != lead:
        return lead + ids
    if bos == "never":
        own = (
            list(leading_tokens(tokenizer, "always")) if tokenizer.bos_token_id is not None else []
        )
        return ids[len(own) :] if own and ids[: len(own)] == own else ids
    return ids


def _chat_prompt(tokenizer: Any, question: str) -> str:
    if not getattr(tokenizer, "chat_template", None):
        raise InterpError(
            "prompt form 'chat': this tokenizer has no chat template (a base checkpoint?), "
            "expected form 'qa', 'native' or 'cloze'"
        )
    messages = [{"role": "user", "content": question}]
    try:
        # transformers fills templates in within jinja's sandbox; what it stops is the template's fault
        text = tokenizer.apply_chat_template(messages, tokenize=False, add_generation_prompt=True)
    except Exception as error:
        reason = " ".join(str(error).split()) or type(error).__name__
        raise InterpError(
            f"prompt form 'chat': this tokenizer's chat template cannot be filled in ({reason:.200}): "
            "expected form 'qa', 'native' or 'cloze'"
        ) from error
    if question.strip() not in text:
        raise InterpError(
            "prompt form 'chat': this tokenizer's chat template leaves out what the user says: "
            "expected form 'qa', 'native' or 'cloze'"
        )
    return str(text)


def _prefix_set(tokenizer: Any, answer: str, first: int) -> tuple[int, ...]:
    """Collect the single tokens that spell a prefix of the answer; longest prefixes first."""
    prefixes = [answer[:end] for end in range(len(answer), 0, -1)]
    spelled = encode_many(tokenizer, [glue + prefix for prefix in prefixes for glue in (" ", "")])
    single = [ids[0] for ids in spelled if len(ids) == 1]
    return tuple(dict.fromkeys([first, *single]))
