"""Options of the evaluation by free generation (KLAR)."""

from __future__ import annotations

from dataclasses import dataclass

from interp.options.base import Options, check_choice, check_positive


@dataclass(frozen=True)
class KlarOptions(Options):
    """Options of the evaluation by free generation (KLAR).

    Attributes:
        template: ``cut`` at ``<mask>``, or ``release``, which keeps what follows it and ends the
            prompt in a space. Like ``template_index``, about KLAR's own prompts only.
        template_index: which of a relation's templates, counted from 0. The release takes 1, KLAR's
            authors 0.
        demos: demonstrations drawn by a seed ``hashed`` from the fact, or from one ``global_rng``,
            so that they depend on the language list.
        line: ``first_non_empty`` line of the generation, or the ``first``, even if empty.
        n_demos: demonstrations in a prompt.
        max_new_tokens: generated tokens at most.
        match: the rule behind ``correct``: ``lenient`` (equal, the target is a whitespace token of
            the prediction, or the prediction starts with it) or ``strict`` (equal). Both are kept.
        bos: BOS policy, ``auto`` (what the tokenizer does), ``always`` or ``never``.
    """

    template: str = "cut"
    template_index: int = 1
    demos: str = "hashed"
    line: str = "first_non_empty"
    n_demos: int = 3
    max_new_tokens: int = 10
    match: str = "lenient"
    bos: str = "auto"

    analysis = "klar"

    def __post_init__(self) -> None:
        """Refuse values outside the closed lists and ranges."""
        check_choice(self, "template", ("cut", "release"))
        check_choice(self, "demos", ("hashed", "global_rng"))
        check_choice(self, "line", ("first_non_empty", "first"))
        check_choice(self, "match", ("lenient", "strict"))
        check_choice(self, "bos", ("auto", "always", "never"))
        check_positive(self, "template_index", zero=True)
        check_positive(self, "n_demos", zero=True)
        check_positive(self, "max_new_tokens")
