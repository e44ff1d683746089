"""Options of the evaluation by option scores."""

from __future__ import annotations

from dataclasses import dataclass

from interp.options.base import Options, check_choice


@dataclass(frozen=True)
class McqOptions(Options):
    """Options of the evaluation by option scores.

    Attributes:
        normalisation: an option's log-probability is divided by its ``byte``, ``token`` or
            ``character`` count, or by nothing (``sum``). All four can be derived from a run; this
            one decides ``correct``.
        prompt_form: how a fact is asked; see `interp.data.prompts.FORMS`.
        bos: BOS policy, ``auto`` (what the tokenizer does), ``always`` or ``never``.
    """

    normalisation: str = "byte"
    prompt_form: str = "qa"
    bos: str = "auto"

    analysis = "mcq"

    def __post_init__(self) -> None:
        """Refuse values outside the closed lists."""
        check_choice(self, "normalisation", ("byte", "token", "character", "sum"))
        check_choice(self, "prompt_form", ("qa", "native", "cloze", "chat"))
        check_choice(self, "bos", ("auto", "always", "never"))
