"""The prompt forms that training and evaluation share.

The open form is byte for byte the ``qa`` form of `interp.data.prompts`, so that the analysis
asks exactly what training taught.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

from interp.data.facts import FactText
from interp.data.scaffolds import SCAFFOLDS, native_scaffold
from interp.errors import InterpError, unknown

TASK_FORMATS = ("mcq", "freeform")
SCAFFOLD_CHOICES = ("en", "native")
LABELS = ("text", "letter")
TOO_LONG = ("truncate_left", "refuse")


def open_prompt(question: str) -> str:
    """Return the closed-book prompt; the answer follows after one space."""
    return f"Question: {question}\nAnswer:"


def choice_prompt(question: str, options: Sequence[str]) -> str:
    """Return the prompt that lists the options in the given order; the answer is an option's text.

    Text instead of letters: models of a few million parameters do not learn to bind letters to
    options (measured: chance after 14 million tokens), so the answer is the text itself.
    """
    listed = "\n".join(f"- {option}" for option in options)
    return f"Question: {question}\n{listed}\nAnswer:"


def completion(answer: str) -> str:
    """Return what follows an open or a choice prompt when ``answer`` is given."""
    return f" {answer}"


def build_prompt(
    text: FactText,
    lang: str,
    *,
    task_format: str = "mcq",
    scaffold: str = "en",
    labels: str = "text",
    order: Sequence[int] | None = None,
) -> str:
    """Write the prompt that asks a fact in training.

    The scaffold is English unless asked otherwise, because that is what the organism was taught
    as a base, in every language; the release has moved to native scaffolds.

    Args:
        text: the fact in one language.
        lang: that language; only the native scaffold depends on it.
        task_format: ``mcq`` lists the options, ``freeform`` hides them (and ignores ``labels``
            and ``order``).
        scaffold: ``en`` or ``native``, the language of the words around the question.
        labels: ``text`` for lines ``- option``, ``letter`` for lines ``A. option``.
        order: places of the options as they are to be listed; None keeps the fact's order.

    Returns:
        The prompt, which ends in the scaffold's ``Answer:`` without a space.

    Raises:
        InterpError: an unknown choice, a language without a native scaffold, or an order that
            does not name every option once.
    """
    for kind, value, known in (
        ("task format", task_format, TASK_FORMATS),
        ("scaffold", scaffold, SCAFFOLD_CHOICES),
        ("option labels", labels, LABELS),
    ):
        if value not in known:
            raise unknown(kind, value, known)
    words = SCAFFOLDS["en"] if scaffold == "en" else native_scaffold(lang)
    lines = [f"{words.question}: {text.question}"]
    if task_format == "mcq":
        for place, option in enumerate(reordered(text, order).options):
            lines.append(
                f"{chr(ord('A') + place)}. {option}" if labels == "letter" else f"- {option}"
            )
    return "\n".join([*lines, f"{words.answer}:"])


def reordered(text: FactText, order: Sequence[int] | None) -> FactText:
    """Put a fact's options in the order in which a prompt lists them.

    A letter in a completion means a place in the prompt, so whoever judges completions needs the
    options, and the answer's place, in this order.

    Args:
        text: the fact in one language.
        order: places of the options, in the new order; None keeps the fact as it is.

    Returns:
        The fact with options and ``answer_index`` in the new order.

    Raises:
        InterpError: the order does not name every option once.
    """
    if order is None:
        return text
    places = [int(place) for place in order]
    if sorted(places) != list(range(len(text.options))):
        raise InterpError(
            f"order {places} of the options of {text.question!r}: expected each of "
            f"0 to {len(text.options) - 1} once"
        )
    options = tuple(text.options[place] for place in places)
    return replace(text, options=options, answer_index=places.index(text.answer_index))


def fit_prompt(
    ids: Sequence[int],
    limit: int,
    *,
    what: str,
    too_long: str = "truncate_left",
    keep: int = 0,
) -> list[int]:
    """Make a prompt fit, without ever losing its end.

    Truncation is from the left: the end holds ``Answer:``, without which nothing is asked
    (methods 4.4). The special tokens in front stay, since a model without its BOS is another one.

    Args:
        ids: the prompt's token ids.
        limit: how many tokens a prompt may have.
        what: names fact and language in the error.
        too_long: ``truncate_left`` or ``refuse``.
        keep: special tokens in front that stay (`interp.data.bos.leading_tokens` knows them).

    Returns:
        The ids, at most ``limit`` of them; the same ids where they fit.

    Raises:
        InterpError: an unknown choice, a prompt that is too long and is to be refused, or a limit
            that leaves no room behind the special tokens.
        ValueError: ``keep`` is not a number of these ids.
    """
    if too_long not in TOO_LONG:
        raise unknown("choice for prompts that are too long", too_long, TOO_LONG)
    if not 0 <= keep <= len(ids):
        raise ValueError(f"{keep} special tokens in front of {len(ids)} ids")
    if limit <= keep:
        raise InterpError(
            f"prompt limit {limit} for {what}: expected more than its {keep} special tokens"
        )
    given = list(ids)
    if len(given) <= limit:
        return given
    if too_long == "refuse":
        raise InterpError(
            f"the prompt of {what} has {len(given)} tokens: expected at most {limit}; "
            "raise the limit or choose truncate_left"
        )
    return given[:keep] + given[len(given) - (limit - keep) :]
