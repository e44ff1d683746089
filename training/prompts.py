"""The prompt forms that training and evaluation share.

The open form is byte for byte the ``qa`` form of `interp.data.prompts`, so that the analysis
asks exactly what training taught.
"""

from __future__ import annotations

from collections.abc import Sequence


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
