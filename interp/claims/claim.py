"""One claim of a paper, and the words that it may use."""

from __future__ import annotations

from dataclasses import dataclass, replace

from interp.claims.statistics import Stored, stored

ROLES = ("base", "cpt", "sft", "grpo", "cpt-sft", "cpt-grpo")
"""What was done to a checkpoint, as the paper tells it; a file of claims may name further ones."""

QUANTITIES = ("value", "signed", "level", "complement")
"""What of a row of ``comparisons`` is meant.

* ``value``: the statistic itself (of a difference: the checkpoint minus its base);
* ``signed``: a distance with its sign;
* ``level``: where the checkpoint of the claim's role stands, not what it differs by;
* ``complement``: 1 - value of a likeness (heads that changed, where the statistic is heads kept).
"""

DIRECTIONS = ("up", "down", "none")
"""What is said to have happened, beside or instead of a number; ``none``: no change worth the name."""

TAKES = ("range", "min", "max", "every")
"""What is taken of the values of several languages or pairs; ``every``: the direction holds in each."""

UNITS = ("count", "%", "points", "number")
"""``%``: shares and relative changes; ``points``: differences of shares in percentage points."""

EACH = "each"
"""Instead of a language: all that there are."""


@dataclass(frozen=True)
class Claim:
    """What is claimed, and which entry of the table ``comparisons`` it is held against.

    Attributes:
        id: short name, unique over all files.
        text: the claim in a few words.
        source: where it stands (figure, table, section).
        model: the model it is about, as its hub id ends, e.g. ``OLMo-2-1124-7B``.
        role: the checkpoint it is about.
        base: the checkpoint it is compared with.
        analysis: lape, lahis, lens, mcq, klar or similarity.
        statistic: as in ``comparisons``.
        quantity: one of ``QUANTITIES``.
        lang: language code, ``each``, or ``None`` for the statistic over all languages.
        other_lang: second language of a pair (their order does not matter), ``each`` or ``None``.
        layer: 0-based layer, or ``None``.
        without: languages that ``each`` leaves out.
        take: one of ``TAKES`` where ``lang`` is ``each``.
        reported: the number, or both ends of a range; ``None`` where only a direction is claimed.
        unit: one of ``UNITS``.
        digits: after the point, as printed.
        direction: one of ``DIRECTIONS``, or empty.
        languages: the languages that the analysis ran on; empty where they do not matter.
        data: word with which a part of the name of the texts or facts begins, e.g. ``ted`` or
            ``polyfact``; empty where it does not matter. A run that does not name them is judged.
        preset: only runs of this preset; empty for every preset that the study has.
        measured: how it was measured, in words.
        note: what else is known of the claim.
        file: the file it was read from.
    """

    id: str
    text: str
    source: str
    model: str
    role: str
    analysis: str
    statistic: str
    quantity: str
    unit: str
    base: str = "base"
    lang: str | None = None
    other_lang: str | None = None
    layer: int | None = None
    without: tuple[str, ...] = ()
    take: str = ""
    reported: tuple[float, ...] | None = None
    digits: int = 0
    direction: str = ""
    languages: tuple[str, ...] = ()
    data: str = ""
    preset: str = ""
    measured: str = ""
    note: str = ""
    file: str = ""

    def of_language(self, lang: str, reported: float, digits: int) -> Claim:
        """Return the claim about one language of a claim that gives a number for several."""
        return replace(
            self,
            id=f"{self.id}-{lang}",
            text=f"{self.text}: {lang}",
            lang=lang,
            reported=(reported,),
            digits=digits,
        )

    @property
    def stored(self) -> Stored:
        """How the statistic stands in ``comparisons``."""
        found = stored(self.analysis, self.statistic)
        assert found is not None  # checked where the claim was read
        return found

    @property
    def reported_text(self) -> str:
        """What is claimed, as it would be printed."""
        if self.reported is None:
            return "no change" if self.direction == "none" else self.direction
        unit = {"%": " %", "points": " points"}.get(self.unit, "")
        sign = "+" if self.is_change else ""
        return "–".join(f"{number:{sign}.{self.digits}f}" for number in self.reported) + unit

    @property
    def is_change(self) -> bool:
        """Whether the number has a sign that means something."""
        difference = self.quantity == "value" and self.stored.kind == "difference"
        return difference or self.quantity == "signed"
