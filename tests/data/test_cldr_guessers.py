"""Whoever knows nothing about the world scores about one in four, in every language."""

import re
import subprocess
import sys
from collections import Counter
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from interp.data.facts import FactSet
from interp.data.languages import TRAINED
from interp.data.sources.cldr import STATED_RATES
from interp.data.sources.cldr_facts import guessers

MOST = 0.27


@pytest.fixture(scope="module")
def facts():
    return FactSet.load("cldr")


def changed(facts, change):
    """The same facts with other options: `change(fact)` gives ids and, by language, names."""
    made = []
    for fact in facts:
        ids, options, place = change(fact)
        texts = {
            lang: replace(text, options=options[lang], answer_index=place)
            for lang, text in fact.texts.items()
        }
        made.append(replace(fact, option_ids=ids, texts=texts))
    return replace(facts, facts=tuple(made))


def test_by_answer_frequency_and_place(facts):
    assert guessers.by_frequency(facts).mean() <= MOST
    assert guessers.by_rate(facts).mean() <= MOST
    assert guessers.by_rate(facts, held_out=False).mean() <= MOST
    assert guessers.by_place(facts).mean() <= MOST
    for relation in ("currency", "official_language", "country", "continent"):
        part = facts.select(relations=[relation])
        # Ties: one of the four, or some of them, shared.
        assert guessers.by_rate(part, held_out=False).mean() <= 0.30
        places = Counter(fact.texts["en"].answer_index for fact in part)
        assert max(places.values()) - min(places.values()) <= 1


def test_what_other_splits_teach_does_not_help_on_test(facts):
    assert guessers.by_learned_rate(facts).mean() <= MOST
    assert len(guessers.by_learned_rate(facts)) == len(facts.select(split="test"))


@pytest.mark.parametrize("lang", TRAINED)
def test_by_length_and_spelling(facts, lang):
    scores = {
        "longest": guessers.by_length(facts, lang),
        "shortest": guessers.by_length(facts, lang, min),
        "common run": guessers.by_common_run(facts, lang),
    }
    for length in (2, 3):
        for normalise in (True, False):
            made = guessers.by_overlap(facts, lang, length, normalise=normalise)
            scores[f"{length} letters, {normalise}"] = made
    assert {name: s.mean() for name, s in scores.items() if s.mean() > MOST} == {}
    # A guesser that is always wrong would be as good a clue as one that is right.
    assert all(s.mean() >= 0.22 and s.shape == (len(facts),) for s in scores.values())


def test_guessers_find_what_is_unbalanced(facts):
    """Wrong answers drawn by their frequency, as naive builders do: the rarest is then wrong."""
    rng = np.random.default_rng(0)
    pools = {}
    for fact in facts:
        place = fact.texts["en"].answer_index
        names = {lang: text.answer for lang, text in fact.texts.items()}
        pools.setdefault(fact.relation, {})[fact.option_ids[place]] = names

    def naive(fact):
        place = fact.texts["en"].answer_index
        right = fact.option_ids[place]
        others = sorted(set(pools[fact.relation]) - {right})
        ids = [right, *(others[i] for i in rng.choice(len(others), 3, replace=False))]
        options = {
            lang: tuple(pools[fact.relation][one][lang] for one in ids) for lang in fact.texts
        }
        return tuple(ids), options, 0

    uneven = changed(facts, naive)
    assert guessers.by_frequency(uneven).mean() > 0.35
    assert guessers.by_rate(uneven).mean() > 0.35
    assert guessers.by_rate(uneven, held_out=False).mean() > 0.35
    assert guessers.by_place(uneven).mean() == 1.0
    assert guessers.by_learned_rate(uneven).mean() > 0.35


@pytest.mark.parametrize("lang", ["en", "ru", "zh", "bn"])
def test_guessers_find_what_spelling_gives_away(facts, lang):
    def leaky(fact):
        place = fact.texts[lang].answer_index
        options = {}
        for code, text in fact.texts.items():
            options[code] = tuple(
                text.subject[:6] + "-" + name if n == place else name
                for n, name in enumerate(text.options)
            )
        return fact.option_ids, options, place

    leaking = changed(facts, leaky)
    for length in (1, 2, 3):
        assert guessers.by_overlap(leaking, lang, length).mean() > 0.5
    assert guessers.by_common_run(leaking, lang).mean() > 0.9
    assert guessers.by_length(leaking, lang).mean() > 0.5
    assert guessers.by_length(leaking, lang, min).mean() < 0.2


def test_guessers_by_hand(facts):
    one = facts.select(limit=1).facts[0]
    text = replace(
        one.texts["en"],
        question="Where?",
        subject="Habana",
        options=("banal", "xyz", "Haxx", "qqqqqqqqq"),
        answer_index=0,
    )
    single = replace(facts, facts=(replace(one, texts={"en": text}, split="test"),))
    assert guessers.by_common_run(single, "en").tolist() == [1.0]
    assert guessers.by_length(single, "en").tolist() == [0.0]
    assert guessers.by_length(single, "en", min).tolist() == [0.0]
    assert guessers.by_overlap(single, "en", 3).tolist() == [1.0]
    # Nothing shared with the question: four equal options share the chance.
    assert guessers.by_overlap(single, "en", 3, of="question").tolist() == [0.25]
    assert guessers.by_learned_rate(single).tolist() == [0.25]


def test_the_report_prints_what_the_document_states(facts):
    """Every row of figures in docs/cldr.md, and what was dropped, is a line of the report."""
    done = subprocess.run(
        [sys.executable, "-m", "interp.data.sources.cldr_facts"],
        capture_output=True, text=True, check=True,
    )  # fmt: skip
    printed = done.stdout.splitlines()
    assert f"facts {facts.data_hash}" in printed
    document = (Path(__file__).parents[2] / "docs" / "cldr.md").read_text("utf-8")
    rows = [row.strip("| ") for row in document.splitlines() if re.search(r"\| [\d.]+ \|$", row)]
    assert len(rows) == 5 + len(STATED_RATES) + len(TRAINED) + 4
    assert not set(rows) - set(printed)
    for start in ("dropped: ", "lacking: ", "whole in all 22", "English only: ", "same English"):
        (line,) = [line for line in printed if line.startswith(start)]
        assert line.split(": ", 1)[1] in document
    for line in printed:
        if line.startswith(("most frequent", "highest rate", "test split")):
            assert re.search(rf"\b{re.escape(line.split()[-1])}\b", document), line
