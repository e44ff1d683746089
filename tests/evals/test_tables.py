"""Accuracy and flips: by hand, joint, and with facts and languages missing."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

from interp.data.fact_groups import ENGLISH_ONLY, STATED, fact_groups
from interp.errors import InterpError
from interp.evals.accuracy import accuracy_table, within
from interp.evals.answers import parallel, wide
from interp.evals.flips import flip_table


def rows(table: dict[str, dict[str, int]]) -> pd.DataFrame:
    """Predictions from fact -> language -> correct."""
    return pd.DataFrame(
        [
            {"fact_id": fact, "lang": lang, "correct": bool(value)}
            for fact, cells in table.items()
            for lang, value in cells.items()
        ]
    )


def random_table(n: int, languages: tuple[str, ...], seed: int) -> pd.DataFrame:
    rng = np.random.default_rng(seed)
    return pd.DataFrame(
        rng.integers(0, 2, (n, len(languages))).astype(float),
        index=[f"f{i}" for i in range(n)],
        columns=list(languages),
    )


def everything(table: pd.DataFrame) -> pd.DataFrame:
    """One group with every fact of a table."""
    cells = [(fact, lang, "all") for fact in table.index for lang in table.columns]
    return pd.DataFrame(cells, columns=["fact_id", "lang", "group"])


def test_facts_that_a_language_lacks_are_counted_and_said() -> None:
    table = wide(rows({"a": {"en": 1, "sw": 0}, "b": {"en": 0}, "c": {"en": 1, "sw": 1}}))
    assert list(table.columns) == ["en", "sw"]
    kept = parallel(table)
    assert kept.fact_ids == ("a", "c")
    assert kept.missing == {"en": 0, "sw": 1}
    assert kept.note == (
        "1 facts are not there in every language (missing: sw 1): statistics across languages are "
        "over the other 2"
    )


def test_no_common_fact_is_refused() -> None:
    with pytest.raises(InterpError, match=r"no fact is there in all of en, sw: en lacks 1 of 2"):
        parallel(wide(rows({"a": {"en": 1}, "b": {"sw": 1}})).loc[["b", "a"]])


def test_a_fact_answered_twice_is_refused() -> None:
    twice = pd.concat([rows({"a": {"en": 1}})] * 2)
    with pytest.raises(InterpError, match="fact 'a' is answered twice in en"):
        wide(twice)
    with pytest.raises(InterpError, match="no predictions"):
        wide(twice.iloc[:0])


def test_accuracy_by_hand_with_a_language_of_one_fact() -> None:
    table = wide(
        rows({"a": {"en": 1, "sw": 0}, "b": {"en": 0}, "c": {"en": 1}, "d": {"en": 1}})
    ).astype(float)
    found = accuracy_table(table, everything(table), {"both": ("en", "sw")}, draws=50)
    found = found.set_index("lang")
    assert found.loc["en", ["facts", "accuracy"]].tolist() == [4, 0.75]
    assert found.loc["sw", ["facts", "accuracy"]].tolist() == [1, 0]
    assert np.isnan(found.loc["sw", "ci_low"])
    assert found.loc["both", "accuracy"] == 0.375  # languages count alike, not facts
    assert found["note"].str.contains("not enough data").all()


def test_groups_are_per_language() -> None:
    facts = pd.DataFrame(
        {
            "fact_id": ["a", "a", "b", "b"],
            "lang": ["en", "de", "en", "de"],
            "stated": [True, True, True, False],
            "is_proper_noun": [True, True, None, None],
            "relation": ["r", "r", "s", "s"],
        }
    )
    table = wide(rows({"a": {"en": 1, "de": 1}, "b": {"en": 1, "de": 0}})).astype(float)
    found = accuracy_table(table, fact_groups(facts, "stated"), draws=20)
    found = found.set_index(["group", "lang"])["accuracy"]
    assert found[STATED].to_dict() == {"en": 1.0, "de": 1.0}
    assert found[ENGLISH_ONLY]["de"] == 0
    assert np.isnan(found[ENGLISH_ONLY]["en"])  # stated, not dropped
    assert fact_groups(facts, "answer_kind")["fact_id"].unique().tolist() == ["a"]
    assert set(fact_groups(facts, "relation")["group"]) == {"r", "s"}
    with pytest.raises(InterpError, match="grouping of facts 'topic'"):
        fact_groups(facts, "topic")


def test_a_set_of_languages_has_the_interval_of_the_mean_per_fact() -> None:
    table = random_table(80, ("en", "de", "sw"), 1)
    found = accuracy_table(table, everything(table), {"x": ("en", "de", "sw")}, draws=300, seed=4)
    alone = table.mean(axis=1).to_frame("m")
    closed = accuracy_table(alone, everything(alone), draws=300, seed=4)
    last = found.iloc[-1]
    for column in ("accuracy", "ci_low", "ci_high"):
        assert last[column] == pytest.approx(closed[column].iloc[0])


def test_flips_by_hand() -> None:
    before = wide(rows({"a": {"en": 1}, "b": {"en": 0}, "c": {"en": 1}, "x": {"en": 1}}))
    after = wide(rows({"a": {"en": 0}, "b": {"en": 1}, "c": {"en": 1}, "y": {"en": 0}}))
    row = flip_table(before.astype(float), after.astype(float), draws=50).iloc[0]
    assert row[["facts", "gained", "lost"]].tolist() == [3, 1, 1]
    assert row["before"] == row["after"] == 2 / 3
    assert row["delta"] == 0
    assert "1 facts only before, 1 only after" in row["note"]


def test_a_paired_interval_is_that_of_the_differences() -> None:
    before, after = (random_table(90, ("en", "de"), seed) for seed in (2, 3))
    found = flip_table(before, after, {"mean": ("en", "de")}, draws=400, seed=1)
    change = after - before
    change["mean"] = change.mean(axis=1)
    shifted = accuracy_table(change, everything(change), draws=400, seed=1)
    for name in ("ci_low", "ci_high"):
        np.testing.assert_allclose(found[name], shifted[name])
    assert found["gained"].iloc[-1] == (change[["en", "de"]] > 0).to_numpy().sum()


def test_a_checkpoint_against_itself_does_not_change_and_says_how_sure_that_is() -> None:
    table = random_table(100, ("en",), 5)
    row = flip_table(table, table, draws=100).iloc[0]
    assert (row["delta"], row["gained"], row["lost"]) == (0, 0, 0)
    assert row["ci_high"] == -row["ci_low"] == pytest.approx(1 - 0.025 ** (1 / 100))


def test_nothing_in_common_is_refused() -> None:
    one, other = random_table(3, ("en",), 0), random_table(3, ("de",), 0)
    with pytest.raises(InterpError, match=r"share 3 facts and 0 languages \(en against de\)"):
        flip_table(one, other)


def test_within_empties_what_is_outside() -> None:
    table = random_table(3, ("en", "de"), 0)
    kept = within(table, pd.DataFrame({"fact_id": ["f1"], "lang": ["de"]}))
    assert kept.notna().sum().sum() == 1
    assert kept.loc["f1", "de"] == table.loc["f1", "de"]


def test_a_gain_is_positive() -> None:
    before = wide(rows({name: {"en": 0, "de": 1} for name in "abcd"})).astype(float)
    after = before.copy()
    after.loc["a", "en"] = 1
    found = flip_table(before, after, {"both": ("en", "de")}, draws=200).set_index("lang")
    assert found["delta"].to_dict() == {"en": 0.25, "de": 0.0, "both": 0.125}
    assert found.loc["en", ["gained", "lost"]].tolist() == [1, 0]
    assert 0 <= found.loc["en", "ci_low"] <= 0.25 <= found.loc["en", "ci_high"] <= 1


def test_an_average_leaves_out_a_language_of_two_facts_and_says_so() -> None:
    table = random_table(40, ("en", "de", "sw"), 7)
    table.loc[table.index[2:], "sw"] = np.nan
    found = accuracy_table(table, everything(table), {"mean": ("en", "de", "sw")}, draws=50)
    last = found.set_index("lang").loc["mean"]
    assert last["accuracy"] == table[["en", "de"]].mean().mean()
    assert last["note"] == "without sw (fewer than 20 facts)"
    flips = flip_table(table, table, {"mean": ("en", "de", "sw")}, draws=50).set_index("lang")
    assert flips.loc["mean", "note"] == "without sw (fewer than 20 facts)"


def test_a_language_of_one_checkpoint_only_is_said() -> None:
    both, one = random_table(30, ("en", "de"), 1), random_table(30, ("en",), 2)
    notes = flip_table(both, one, {"mean": ("en", "de")}, draws=20)["note"]
    assert notes.str.contains("de answered by one of the two only").all()
