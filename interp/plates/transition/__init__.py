"""Language transition by the logit lens: is an answer there in English before it is there in the language?"""

from __future__ import annotations

from interp.plates.registry import Entry
from interp.plates.transition.fact import fact_ranks, fact_tokens
from interp.plates.transition.levels import never_crossed, transition_failure
from interp.plates.transition.medians import median_crossover
from interp.plates.transition.pairs import latin_fact, two_facts
from interp.plates.transition.ribbons import median_ranks
from interp.plates.transition.shares import crossing_curves, pivot_share

ENTRIES: tuple[Entry, ...] = (
    Entry("fact-ranks-pair", two_facts, "Figure 3"),
    Entry("fact-ranks-latin", latin_fact, "Figure 9"),
    Entry("fact-ranks", fact_ranks),
    Entry("fact-tokens", fact_tokens),
    Entry("median-ranks", median_ranks),
    Entry("pivot-share", pivot_share),
    Entry("crossing-curves", crossing_curves),
    Entry("median-crossover", median_crossover),
    Entry("never-crossed", never_crossed),
    Entry("transition-failure", transition_failure),
)

__all__ = [
    "ENTRIES", "crossing_curves", "fact_ranks", "fact_tokens", "latin_fact", "median_crossover",
    "median_ranks", "never_crossed", "pivot_share", "transition_failure", "two_facts",
]  # fmt: skip
