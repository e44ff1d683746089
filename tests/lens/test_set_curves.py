"""Sets of facts through the layers, facts by words, and why a fact is absent; by hand."""

from __future__ import annotations

import math
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from interp.lens.absent import dropped_text, why_absent
from interp.lens.fact_part import fact_crossover, fact_ranks, fact_top
from interp.lens.fact_search import matching
from interp.lens.role_cube import role_cube
from interp.lens.set_curves import binomial_interval, rank_curves, share_curves
from tests.lens.pivot_study import study_of

NAN = math.nan
TARGET, ENGLISH = [[9.0, 5, 0], [8, 2, 8], [3, 1, 0]], [[1.0, 2, 3], [4, 4, 4], [5, 5, 5]]


@pytest.fixture
def made(tmp_path: Path):
    ranks = {"zh": (TARGET, ENGLISH), "en": ([*TARGET[:2], [NAN] * 3], [[NAN] * 3] * 3)}
    return study_of(tmp_path, ranks, top=True, mid=True, languages=["en", "zh"])


def test_cube_of_every_role_and_language(made):
    cube = role_cube(*made)
    assert cube.languages == ("en", "zh") and cube.fact_ids == ("f0", "f1", "f2")
    assert cube.of("target", "zh").tolist() == TARGET and cube.of("en", "zh").tolist() == ENGLISH
    assert np.isnan(cube.of("en", "en")).all() and cube.n_points == 3
    assert cube.asked("en").tolist() == [True, True, False]
    assert not cube.asked("de").any()
    assert cube.among(["f2", "other"]).tolist() == [False, False, True]


def test_curves(made):
    cube = role_cube(*made)
    curves = rank_curves(cube, "zh", np.array([True, True, True])).set_index(["role", "layer"])
    assert curves.loc["target", "median"].tolist() == [8, 2, 0]
    assert curves.loc["target", "q25"].tolist() == [5.5, 1.5, 0]
    assert curves.loc["en", "q75"].tolist() == [4.5, 4.5, 4.5]
    shares = share_curves(cube, "zh", np.array([True, True, True]))
    shares = shares.set_index(["statistic", "layer"])["share"]
    assert shares["target first"].tolist() == pytest.approx([0, 0, 2 / 3])
    assert shares["English ahead"].tolist() == pytest.approx([2 / 3, 1 / 3, 1 / 3])
    # f0 crosses at 2, f1 never, f2 at 0
    assert shares["not crossed yet"].tolist() == pytest.approx([2 / 3, 2 / 3, 1 / 3])
    english = rank_curves(cube, "en", np.array([True, True, True]))
    assert set(english["role"]) == {"target"} and set(english["n"]) == {2}
    assert english["median"].tolist() == [8.5, 3.5, 4]
    alone = share_curves(cube, "en", np.array([True, True, True]))
    assert set(alone["statistic"]) == {"target first"} and set(alone["n"]) == {2}
    nothing = np.zeros(3, bool)
    assert rank_curves(cube, "zh", nothing).empty and share_curves(cube, "zh", nothing).empty


def test_exact_interval():
    low, high = binomial_interval([0, 3, 10], 10)
    assert low[0] == 0 and high[2] == 1
    assert high[0] == pytest.approx(1 - 0.025**0.1) and low[2] == pytest.approx(0.025**0.1)
    # the classical table: 3 of 10
    assert (low[1], high[1]) == (pytest.approx(0.0667, abs=1e-4), pytest.approx(0.6525, abs=1e-4))


def test_one_fact_in_parts(made):
    study, run_id = made
    ranks = fact_ranks(study, run_id, "f0", "zh")
    target = ranks[ranks["role"] == "target"]
    assert target["spot"].tolist() == ["0", "1 mid", "1", "2 mid", "2"]
    assert target["depth"].tolist() == [0, 0.5, 1, 1.5, 2]
    assert target["rank"].tolist() == [9, 7777, 5, 7777, 0]
    top = fact_top(study, run_id, "f0", "zh")
    assert top["place"].tolist() == [1, 2, 3, 4, 5] * 5
    assert top["probability"].tolist() == pytest.approx([math.exp(-1)] * 25)
    crossovers = [fact_crossover(fact_ranks(study, run_id, fact, "zh")) for fact in ("f0", "f1")]
    assert crossovers == [2, math.inf]
    assert math.isnan(fact_crossover(fact_ranks(study, run_id, "f0", "en")))
    assert fact_ranks(study, run_id, "f2", "en").empty


def test_matching_words():
    index = pd.DataFrame(
        {"fact_id": ["a", "b"], "relation": ["r", "s"], "split": "test",
         "text": ["a\nüber das meer", "b\nmeer das"]}
    )  # fmt: skip
    own = pd.DataFrame({"group": ["g", None]}, index=["a", "b"])

    def found(**asked: str) -> list[str]:
        return matching(index, own, **asked)["fact_id"].tolist()

    assert found() == ["a", "b"] and found(words="MEER das") == ["a", "b"]
    assert found(words='"das meer"') == ["a"] and found(words="ÜBER") == ["a"]
    assert found(words=".") == [] and found(relation="s") == ["b"] and found(group="g") == ["a"]
    assert found(split="train") == []


def test_why_a_fact_is_absent():
    facts = pd.DataFrame(
        {"fact_id": ["f"] * 3, "lang": ["en", "de", "zh"], "answer": ["Paris", "Paris", "巴黎"]}
    )

    def why(lang: str, fact: str = "f", kept: bool = True) -> str:
        return why_absent(facts, fact, lang, ["en", "de", "zh", "fr"], kept=kept)

    assert "written as in English (Paris)" in why("de")
    assert "share a token" in why("zh")
    assert "no text of the fact in fr" in why("fr")
    assert "did not ask in sw" in why("sw")
    assert "ranked no fact g" in why("zh", "g", kept=False)


def test_what_was_dropped():
    items = [{"lang": "de", "facts": 1000, "kept": 700, "same_text_as_english": 200,
              "same_token_as_english": 100, "no_distinct_distractor": 0},
             {"lang": "zh", "facts": 5, "kept": 5, "same_token_as_english": 2}]  # fmt: skip
    assert dropped_text(items, "de") == (
        "700 of 1,000 facts; left out: 200 because the answer is written as in English, 100 because "
        "the answer shares a token with the English one"
    )
    assert dropped_text(items, "zh") == "5 of 5 facts" and dropped_text(items, "sw") is None
