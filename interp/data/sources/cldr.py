"""The embedded source: facts and text from Unicode CLDR, needing no network and no file.

Facts are currency, official language, country of a city and continent, with CLDR's own names in
twelve trained and ten held-out languages; see `docs/cldr.md` for the rules and the counts.
"""

from __future__ import annotations

from collections.abc import Sequence

from interp.data.corpus import Corpus
from interp.data.facts import FactSet
from interp.data.languages import LANGUAGES, TRAINED, check
from interp.data.sources.cldr_facts.build import all_facts
from interp.data.sources.cldr_facts.stated import STATED_RATES, stated_subset
from interp.data.sources.cldr_facts.templates import question, statements
from interp.data.sources.cldr_facts.text import units

__all__ = ["STATED_RATES", "load_corpus", "load_facts", "question", "stated_subset", "statements"]


def load_facts(
    languages: Sequence[str] | None = None, *, include_held_out: bool = False
) -> FactSet:
    """Give the embedded facts.

    Args:
        languages: chosen languages, out of the twelve trained and ten held-out ones; None takes
            the twelve.
        include_held_out: with ``languages=None``, take all 22. A fact lacking a name in some
            held-out language, or leaked there, is then dropped and counted.

    Returns:
        The facts, taken in turn from each relation, with `FactText.stated` set.
        ``notes`` counts what was dropped, as ``<relation>_<reason>``.

    Raises:
        InterpError: a language outside the 22.
    """
    chosen = languages
    if chosen is None:
        chosen = tuple(LANGUAGES) if include_held_out else TRAINED
    facts, dropped = all_facts()
    return FactSet.build(facts, chosen, "cldr", notes=dropped)


def load_corpus(languages: Sequence[str] | None = None) -> Corpus:
    """Give the embedded parallel text: short sentences that state none of the facts.

    Args:
        languages: chosen languages, out of the twelve trained and ten held-out ones; None takes
            the twelve.

    Returns:
        The corpus, 480 units of four sentences.

    Raises:
        InterpError: a language outside the 22.
    """
    chosen = check(TRAINED if languages is None else languages, LANGUAGES, "corpus cldr")
    return Corpus.build(units(chosen), chosen, "cldr")
