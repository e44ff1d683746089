"""Print every figure that `docs/cldr.md` states: `python -m interp.data.sources.cldr_facts`."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator

import babel
import numpy as np
from babel.core import get_cldr_version

from interp.data.corpus import Corpus
from interp.data.facts import SPLITS, FactSet, fold
from interp.data.languages import HELD_OUT, TRAINED
from interp.data.sources.cldr import load_corpus, load_facts
from interp.data.sources.cldr_facts import guessers
from interp.data.sources.cldr_facts.stated import STATED_RATES, is_english_only
from interp.data.sources.cldr_facts.truths import RELATIONS, triples


def counts(facts: FactSet) -> Iterator[str]:
    """Give what was kept per relation and split, and what was dropped for which reason."""
    yield "relation | true statements | kept | " + " | ".join(SPLITS)
    candidates = Counter(triple.relation for triple in triples(Counter()))
    for relation in RELATIONS:
        mine = Counter(fact.split for fact in facts if fact.relation == relation)
        cells = [relation, candidates[relation], mine.total(), *(mine[s] for s in SPLITS)]
        yield " | ".join(map(str, cells))
    splits = Counter(fact.split for fact in facts)
    cells = ["all", candidates.total(), len(facts), *(splits[s] for s in SPLITS)]
    yield " | ".join(map(str, cells))
    yield "dropped: " + ", ".join(f"{name} {n}" for name, n in sorted(facts.notes.items()))


def held_out(facts: FactSet) -> Iterator[str]:
    """Give how many facts each held-out language lacks, and how many all 22 have."""
    lost = {lang: len(facts) - len(load_facts([*TRAINED, lang])) for lang in HELD_OUT}
    yield "lacking: " + ", ".join(f"{lang} {n}" for lang, n in lost.items())
    yield f"whole in all 22: {len(load_facts(include_held_out=True))}"


def stated(facts: FactSet) -> Iterator[str]:
    """Give the share of the shared facts that each language states, beside the set rate."""
    shared = [fact for fact in facts if not is_english_only(fact.fact_id)]
    yield f"English only: {len(facts) - len(shared)}, shared: {len(shared)}"
    for lang, rate in STATED_RATES.items():
        n = sum(bool(fact.texts[lang].stated) for fact in shared)
        yield f"{lang} | {rate} | {n / len(shared):.2f} | {n}"


def twins(facts: FactSet) -> str:
    """Say how many continent questions come twice: of a territory and a place of that name."""
    groups: dict[tuple[str, str], list[tuple[str, bool]]] = {}
    for fact in facts:
        key = (fact.relation, fold(fact.texts["en"].subject))
        groups.setdefault(key, []).append((fact.split, is_english_only(fact.fact_id)))
    pairs = [group for group in groups.values() if len(group) > 1]
    crossed = sum({"train", "test"} <= {split for split, _ in pair} for pair in pairs)
    mixed = sum(len({only for _, only in pair}) > 1 for pair in pairs)
    return (
        f"same English question twice: {len(pairs)} pairs, {crossed} of them in train and test, "
        f"{mixed} of them English only and shared"
    )


def length_gaps(facts: FactSet) -> Iterator[str]:
    """Give how much nearer in length the wrong answers are than blindly drawn ones, per cent."""
    yield "relation | difference in length, of blindly drawn answers' (per cent)"
    for relation in RELATIONS:
        near = blind = 0.0
        for lang in facts.languages:
            texts = [fact.texts[lang] for fact in facts if fact.relation == relation]
            for text in texts:
                size = len(text.answer)
                wrong = [len(o) - size for o in text.options if o != text.answer]
                drawn = [len(t.answer) - size for t in texts if t.answer != text.answer]
                near += float(np.abs(wrong).mean())
                blind += float(np.abs(drawn).mean())
        yield f"{relation} | {100 * near / blind:.0f}"


def _percent(chances: np.ndarray) -> str:
    return f"{100 * float(chances.mean()):.1f}"


def guesser_table(facts: FactSet) -> Iterator[str]:
    """Give what every guesser scores, in per cent."""
    yield f"most frequent answer {_percent(guessers.by_frequency(facts))}"
    yield f"highest rate, itself counted {_percent(guessers.by_rate(facts, held_out=False))}"
    yield f"highest rate, itself left out {_percent(guessers.by_rate(facts))}"
    yield f"most frequent place {_percent(guessers.by_place(facts))}"
    learned = guessers.by_learned_rate
    yield f"test split, highest rate elsewhere {_percent(learned(facts))}"
    yield f"test split, lowest rate elsewhere {_percent(learned(facts, min))}"
    yield "lang | longest | shortest | run | s1 | s2 | s3 | q2 | q3"
    for lang in facts.languages:
        row = [
            guessers.by_length(facts, lang),
            guessers.by_length(facts, lang, min),
            guessers.by_common_run(facts, lang),
            *(guessers.by_overlap(facts, lang, n) for n in (1, 2, 3)),
            *(guessers.by_overlap(facts, lang, n, of="question") for n in (2, 3)),
        ]
        yield " | ".join([lang, *map(_percent, row)])


def main() -> None:
    """Print it all."""
    facts, corpus = FactSet.load("cldr"), Corpus.load("cldr")
    print(f"Babel {babel.__version__}, CLDR {get_cldr_version()}")
    print(f"facts {facts.data_hash}\ntexts {corpus.data_hash}")
    everywhere = load_corpus([*TRAINED, *HELD_OUT])
    print(f"{len(everywhere)} units of text in {len(everywhere.languages)} languages")
    for part in (counts, held_out, stated, length_gaps):
        print(*part(facts), sep="\n", end="\n\n")
    print(twins(facts), end="\n\n")
    print(*guesser_table(facts), sep="\n")


if __name__ == "__main__":
    main()
