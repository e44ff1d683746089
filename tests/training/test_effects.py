"""The tables of what training did: known answers, intervals that cover, a control that decides."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

from training.organism.effect_tables import change, effects, per_fact, verdicts

LANGUAGES = ("en", "de", "ru")


def answers(right: dict[tuple[str, str], bool], stated: set[tuple[str, str]], split="held"):
    """One row per fact and language; the answer is option 0, a wrong choice is option 1."""
    rows = []
    for (fact, lang), good in right.items():
        rows.append(
            {
                "fact_id": fact, "split": split, "lang": lang, "stated": (fact, lang) in stated,
                "chosen": 0 if good else 1, "options": good, "freeform": good, "valid": True,
            }
        )  # fmt: skip
    return pd.DataFrame(rows)


def test_shares_of_a_fact_by_group():
    frame = answers(
        {("a", "en"): True, ("a", "de"): True, ("a", "ru"): False,
         ("b", "en"): True, ("b", "de"): True, ("b", "ru"): True},
        stated={("a", "en"), ("b", "en"), ("a", "de")},
    )  # fmt: skip
    english_only = per_fact(frame, "english_only")["options"]
    assert english_only.to_dict() == {"a": 0.0, "b": 1.0}  # a in de is stated, so only ru counts
    assert per_fact(frame, "stated")["options"].to_dict() == {"a": 1.0}
    assert per_fact(frame, "english")["options"].to_dict() == {"a": 1.0, "b": 1.0}
    whole = per_fact(frame, "all")
    assert whole["all_languages"].to_dict() == {"a": 0.0, "b": 1.0}
    assert whole["agreement"].to_dict() == {"a": pytest.approx(1 / 3), "b": 1.0}


def test_a_change_everywhere_is_certain_and_none_is_zero():
    base = pd.DataFrame({"options": np.zeros(40)}, index=[f"f{i}" for i in range(40)])
    found = change([base], [base + 1.0, base + 1.0])["options"]
    assert (found["change"], found["low"], found["high"]) == (1.0, 1.0, 1.0)
    found = change([base], [base, base])["options"]
    assert (found["change"], found["low"], found["high"]) == (0.0, 0.0, 0.0)
    assert found["facts"] == 40


def test_facts_are_joined_by_name_not_by_place():
    base = pd.DataFrame({"options": [0.0, 1.0]}, index=["a", "b"])
    moved = pd.DataFrame({"options": [1.0, 0.0]}, index=["b", "a"])
    assert change([base], [moved])["options"]["change"] == 0.0


def test_the_interval_covers_the_true_change():
    """Facts and runs both vary; 95 % intervals of 150 simulated studies cover 0.1 about as often."""
    rng = np.random.default_rng(1)
    names = [f"f{i}" for i in range(120)]
    covered = 0
    for _ in range(150):
        base = pd.DataFrame({"options": rng.random(120)}, index=names)
        runs = [base + 0.1 + rng.normal(0, 0.3, (120, 1)) for _ in range(6)]
        found = change([base], runs, draws=300)["options"]
        covered += found["low"] <= 0.1 <= found["high"]
    assert 0.85 <= covered / 150 <= 1.0


def test_the_interval_widens_with_the_spread_of_seeds():
    base = pd.DataFrame({"options": np.zeros(50)}, index=[f"f{i}" for i in range(50)])
    close = change([base], [base + 0.1, base + 0.1, base + 0.1])["options"]
    apart = change([base], [base - 0.2, base + 0.1, base + 0.4])["options"]
    assert close["change"] == pytest.approx(apart["change"])
    assert apart["high"] - apart["low"] > 0.2 > close["high"] - close["low"]


def test_grpo_is_credited_only_above_the_control():
    facts = [f"f{i}" for i in range(30)]
    none = {(f, lang): lang == "en" for f in facts for lang in LANGUAGES}
    every = dict.fromkeys(none, True)
    stated = {(f, "en") for f in facts}
    base = answers(none, stated)
    gain, still = answers(every, stated), answers(none, stated)
    rows = effects({"grpo": {0: gain, 1: gain}}, base)
    [row] = [
        r for r in rows
        if (r["split"], r["group"], r["lang"], r["measure"]) == ("held", "english_only", "", "options")
    ]  # fmt: skip
    assert (row["base"], row["change"]) == (0.0, 1.0)

    def held(grpo, null):
        found = verdicts({"grpo": {0: grpo, 1: grpo}, "grpo-null": {0: null, 1: null}})
        return next(r for r in found if (r["split"], r["measure"]) == ("held", "options"))

    gain = pd.concat([gain, gain.assign(split="trained")])
    still = pd.concat([still, still.assign(split="trained")])
    assert held(gain, still)["above"]
    assert held(gain, still)["change"] == 1.0
    assert not held(gain, gain)["above"]
