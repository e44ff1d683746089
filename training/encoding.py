"""From a visit to token ids: the prompt of each language, and the answers that may follow it."""

from __future__ import annotations

from typing import Any

from interp.data.bos import leading_tokens
from interp.data.prompts import split_tail
from interp.notices import tell
from training.configs import FactConfig
from training.prompts import build_prompt, completion, fit_prompt, reordered
from training.visits import Visit

LETTERS = "ABCD"


class Encoder:
    """Encodes visits for one tokenizer and one set of settings.

    Args:
        tokenizer: a Hugging Face tokenizer; it puts its start token in front as it always does.
        config: task format, scaffold and limits.
        labels: ``text`` lists options as lines, ``letter`` labels them A to D.
    """

    def __init__(self, tokenizer: Any, config: FactConfig, labels: str = "text") -> None:
        self.tokenizer = tokenizer
        self.config = config
        self.labels = labels
        self._lead = list(leading_tokens(tokenizer))
        self._told = False

    def text(self, visit: Visit, lang: str) -> str:
        """Write the prompt of a visit in a language."""
        return build_prompt(
            visit.fact.texts[lang],
            lang,
            task_format=self.config.task_format,
            scaffold=self.config.scaffold,
            labels=self.labels,
            order=visit.orders[lang],
        )

    def prompt(self, visit: Visit, lang: str) -> list[int]:
        """Encode the prompt of a visit in a language, within the longest allowed.

        Raises:
            InterpError: it is too long and ``too_long`` is ``refuse``.
        """
        return self._fit(self._lead + self._split(self.text(visit, lang), " ")[0], visit, lang)

    def options(self, visit: Visit, lang: str) -> tuple[list[int], list[list[int]]]:
        """Encode the prompt and its four answers.

        Args:
            visit: the visit.
            lang: the language.

        Returns:
            The prompt's ids and each option's, in the order of the fact's ``option_ids`` (with
            letters: the letter that stands for the option in this prompt).
        """
        text = self.text(visit, lang)
        options = visit.fact.texts[lang].options
        order = visit.orders[lang]
        answers = list(options)
        if self.labels == "letter":
            answers = [LETTERS[order.index(place)] for place in range(len(options))]
        prompt: list[int] = []
        tails = []
        for answer in answers:
            prompt, tail = self._split(text, completion(answer))
            tails.append(tail)
        return self._fit(self._lead + prompt, visit, lang), tails

    def listed(self, visit: Visit, lang: str) -> tuple[list[str], int]:
        """Give the options in the order in which the prompt lists them, and the answer's place."""
        text = reordered(visit.fact.texts[lang], visit.orders[lang])
        return list(text.options), text.answer_index

    def _split(self, text: str, tail: str) -> tuple[list[int], list[int]]:
        prompt, ids, _ = split_tail(self.tokenizer, text, tail)
        return prompt, ids

    def _fit(self, ids: list[int], visit: Visit, lang: str) -> list[int]:
        limit, what = self.config.max_prompt_tokens, f"fact {visit.fact.fact_id!r} in {lang}"
        fitted = fit_prompt(
            ids, limit, too_long=self.config.too_long, keep=len(self._lead), what=what
        )
        if len(fitted) < len(ids) and not self._told:
            self._told = True
            tell(
                "train",
                f"the prompt of {what} has {len(ids)} tokens: cut on the left to {limit}, like "
                "others of its length (said once)",
            )
        return fitted
