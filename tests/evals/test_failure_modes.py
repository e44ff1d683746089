"""The taxonomy: order and borders by hand, shares against plain counting, the published answers."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

from interp.errors import InterpError
from interp.evals.failure_modes import (
    CORRECT,
    DIGITS,
    EMPTY,
    LEAK,
    MODES,
    OTHER,
    OTHER_SCRIPT,
    WRONG_FACT,
    failure_mode,
    failure_modes,
    in_other_script,
    objects_of,
)
from interp.evals.failure_table import ALL, KNOWN, LEAKABLE, SAME, failure_table
from tests.evals.released import LANGUAGES, MODELS, released
from tests.evals.test_matching import by_hand

RUSSIAN = {"target": "Рим", "target_en": "Rome", "objects": {"рим", "париж", "осло"}}
SPANISH = {"target": "Madrid", "target_en": "Madrid", "objects": {"madrid", "londres"}}


@pytest.mark.parametrize(
    ("line", "expected"),
    [
        ("", EMPTY),
        (" ... ", EMPTY),
        ("1", DIGITS),
        ("1996-12", DIGITS),
        ("١٢", DIGITS),
        ("1 rome", LEAK),  # a letter, so not digits; and the English answer as a word
        ("Rome, Italy", LEAK),
        ("Romeo", LEAK),  # the lenient rule has this, too
        ("Париж", WRONG_FACT),
        ("в париж", WRONG_FACT),
        ("Paris", OTHER_SCRIPT),  # neither this English answer nor Russian
        ("罗马", OTHER_SCRIPT),
        ("Москва", OTHER),
        ("Москва Moscow", OTHER_SCRIPT),  # half of the letters
        ("столица Moscow", OTHER),
        ("-", OTHER),  # a hyphen is no punctuation of the release's
    ],
)
def test_the_first_mode_that_fits(line, expected):
    assert failure_mode(line, correct=False, script="Cyrillic", **RUSSIAN) == expected
    assert failure_mode(line, correct=True, script="Cyrillic", **RUSSIAN) == CORRECT


def test_coinciding_forms_cannot_leak():
    wrong = {"correct": False, "script": "Latin"}
    # Under the strict rule "Madrid, the capital" is wrong, but it is no English.
    assert failure_mode("Madrid, the capital", **wrong, **SPANISH) == OTHER
    apart = SPANISH | {"target": "Londres", "target_en": "London"}
    assert failure_mode("London", **wrong, **apart) == LEAK
    assert failure_mode("Madrid", **wrong, **apart) == WRONG_FACT
    unknown = apart | {"target_en": None}
    assert failure_mode("London", **wrong, **unknown) == OTHER


@pytest.mark.parametrize(
    ("text", "script", "expected"),
    [
        ("Straße", "Latin", False),
        ("ＡＢＣ", "Latin", False),  # full width
        ("アメリカ", "Japanese", False),
        ("東京タワー", "Japanese", False),
        ("東京", "Han", False),
        ("アメリカ", "Han", True),
        ("미국", "Hangul", False),
        ("ভারত", "Bengali", False),
        ("भारत", "Devanagari", False),
        ("भारत", "Bengali", True),
        ("ไทย", "Thai", False),
        ("12 -", "Latin", False),
        ("anything", "unknown", False),
    ],
)
def test_scripts(text, script, expected):
    assert in_other_script(text, script) is expected


def test_objects_are_those_of_relation_and_language():
    found = objects_of(
        [("es", "r", "París."), ("es", "r", "..."), ("es", "s", "x"), ("fr", "r", "y")]
    )
    assert found == {("es", "r"): {"parís"}, ("es", "s"): {"x"}, ("fr", "r"): {"y"}}


def answers(rows):
    columns = ["fact_id", "lang", "relation", "target", "target_en", "line", "correct"]
    frame = pd.DataFrame(rows, columns=columns)
    return frame.assign(failure_mode=failure_modes(frame))


def test_objects_default_to_the_targets_in_the_frame():
    frame = answers(
        [
            ("a", "es", "capital", "Londres", "London", "París", False),
            ("b", "es", "capital", "París", "Paris", "Roma", False),
            ("c", "es", "other", "Roma", "Rome", "París", False),
            ("d", "ru", "capital", "Париж", None, "Paris", False),
        ]
    )
    assert frame["failure_mode"].tolist() == [WRONG_FACT, OTHER, OTHER, OTHER_SCRIPT]


# Two labels, forty facts in two languages of which Spanish lacks three.
def many(seed=0):
    rng = np.random.default_rng(seed)
    rows = []
    for label in ("base", "other"):
        for fact in range(40):
            for lang in ("en", "es"):
                if lang == "es" and fact in (5, 6, 7):
                    continue
                same = lang == "en" or fact % 4 == 0
                mode = rng.choice(MODES, p=[0.4, 0.1, 0.1, 0.1, 0.1, 0.1, 0.1])
                rows.append((label, f"f{fact}", lang, mode, "x", "X" if same else "y"))
    columns = ["label", "fact_id", "lang", "failure_mode", "target", "target_en"]
    frame = pd.DataFrame(rows, columns=columns)
    leaks = (frame["failure_mode"] == LEAK) & (frame["target_en"] == "X")
    return frame.assign(failure_mode=frame["failure_mode"].mask(leaks, OTHER))


def cell(table, label, lang, mode, of=ALL):
    mine = table[(table["label"] == label) & (table["lang"] == lang)]
    return mine[(mine["mode"] == mode) & (mine["of"] == of)].iloc[0]


def test_shares_are_plain_counts():
    frame = many()
    table = failure_table(frame)
    for (label, lang), part in frame.groupby(["label", "lang"]):
        for mode in MODES:
            row = cell(table, label, lang, mode)
            n = (part["failure_mode"] == mode).sum()
            assert (row["n"], row["facts"]) == (n, len(part))
            assert row["share"] == pytest.approx(n / len(part))
            assert row["ci_low"] <= row["share"] <= row["ci_high"]
        whole = table[(table["label"] == label) & (table["lang"] == lang) & (table["of"] == ALL)]
        assert whole["share"].sum() == pytest.approx(1)
        able = part[part["target_en"] == "y"]
        leak = cell(table, label, lang, LEAK, LEAKABLE)
        assert leak["facts"] == len(able)
        if len(able):
            assert leak["share"] == pytest.approx((able["failure_mode"] == LEAK).mean())
        same = cell(table, label, lang, SAME, KNOWN)
        assert same["n"] == len(part) - len(able) and same["facts"] == len(part)
    assert np.isnan(cell(table, "base", "en", LEAK, LEAKABLE)["share"])
    assert cell(table, "base", "es", CORRECT)["note"] == "3 facts absent in this language"
    assert cell(table, "base", "en", CORRECT)["note"] == ""


def test_facts_are_resampled_together():
    frame = many()
    twin = pd.concat(
        [frame[frame["label"] == "base"].assign(label=label) for label in ("base", "twin")]
    )
    table = failure_table(twin)
    halves = [table[table["label"] == label].drop(columns="label") for label in ("base", "twin")]
    pd.testing.assert_frame_equal(*(half.reset_index(drop=True) for half in halves))
    # Whatever is drawn, the interval is that of one plain bootstrap over facts.
    own = frame[(frame["label"] == "base") & (frame["lang"] == "en")]
    right = (own["failure_mode"] == CORRECT).to_numpy()
    rng = np.random.default_rng(3)
    drawn = right[rng.integers(0, 40, (4000, 40))].mean(1)
    row = cell(table, "base", "en", CORRECT)
    assert row["ci_low"] == pytest.approx(np.quantile(drawn, 0.025), abs=0.03)
    assert row["ci_high"] == pytest.approx(np.quantile(drawn, 0.975), abs=0.03)


def test_one_fact_in_a_language_is_said():
    frame = answers(
        [(f"f{n}", "en", "r", "a", "a", "a", True) for n in range(25)]
        + [("f0", "es", "r", "b", "a", "", False)]
    )
    row = cell(failure_table(frame), "", "es", EMPTY)
    assert (row["share"], row["n"], row["facts"]) == (1, 1, 1)
    assert np.isnan(row["ci_low"]) and np.isnan(row["ci_high"])
    assert row["note"] == ("not enough data: fewer than 20 facts; 24 facts absent in this language")


def test_without_english_nothing_is_said_of_leaks():
    frame = answers([(f"f{n}", "es", "r", "b", None, "a", False) for n in range(25)])
    table = failure_table(frame)
    for mode, of in ((LEAK, LEAKABLE), (SAME, KNOWN)):
        row = cell(table, "", "es", mode, of)
        assert row["facts"] == 0 and np.isnan(row["share"])


def test_facts_with_and_without_an_english_form_are_counted_apart():
    frame = answers(
        [(f"f{n}", "es", "r", "b", "a", "a", False) for n in range(10)]
        + [(f"g{n}", "es", "r", "b", "b", "c", False) for n in range(5)]
        + [(f"h{n}", "es", "r", "b", None, "c", False) for n in range(3)]
    )
    table = failure_table(frame)
    same = cell(table, "", "es", SAME, KNOWN)
    assert (same["n"], same["facts"]) == (5, 15)
    leak = cell(table, "", "es", LEAK, LEAKABLE)
    assert (leak["n"], leak["facts"]) == (10, 10)
    # Modes from elsewhere may call a coinciding form a leak: it is not one that could be seen.
    frame.loc[frame["fact_id"] == "g0", "failure_mode"] = LEAK
    other = failure_table(frame)
    assert cell(other, "", "es", LEAK)["n"] == 11
    assert cell(other, "", "es", LEAK, LEAKABLE)["n"] == 10


def test_bad_frames_are_said():
    frame = many()
    with pytest.raises(InterpError, match="there are no predictions"):
        failure_table(frame.iloc[:0])
    with pytest.raises(InterpError, match="fact 'f0' is answered twice in en"):
        failure_table(pd.concat([frame, frame.iloc[:1]]))
    with pytest.raises(InterpError, match=r"failure mode '\(empty\)' in the predictions"):
        failure_table(frame.assign(failure_mode=None))
    with pytest.raises(InterpError, match=r"failure mode 'sleepy' .* expected one of correct"):
        failure_table(frame.assign(failure_mode="sleepy"))


PUBLISHED = {  # %, over es fr ru zh ja ar; leak and digits as in methods, others computed apart
    "olmo-base": {LEAK: 2.3, DIGITS: 6.1, CORRECT: 18.2},
    "olmo-cpt-grpo": {LEAK: 8.7, DIGITS: 1.8, CORRECT: 23.5},
}


@pytest.fixture(scope="module")
def published(shared_data):
    frames = [released(shared_data, model) for model in MODELS]
    frame = pd.concat([one.assign(failure_mode=failure_modes(one)) for one in frames])
    return frame.reset_index(drop=True)


def test_the_published_answers(published):
    shares = published.groupby("label")["failure_mode"].value_counts(normalize=True)
    for label, known in PUBLISHED.items():
        for mode, percent in known.items():
            assert round(100 * shares[label, mode], 1) == percent
    nothing = (published["failure_mode"] == EMPTY).groupby(published["label"]).sum()
    assert nothing.tolist() == [7, 4]  # 5 and 0 of them without even punctuation
    table = failure_table(published, draws=200)
    for label in MODELS:
        same = {lang: cell(table, label, lang, SAME, KNOWN)["share"] for lang in LANGUAGES}
        assert round(100 * same["es"]) == 23 and round(100 * same["fr"]) == 32
        assert same["ar"] == 0 and all(same[lang] < 0.03 for lang in ("ru", "zh", "ja"))
        for lang in LANGUAGES:
            whole = table[(table["label"] == label) & (table["lang"] == lang)]
            assert whole.loc[whole["of"] == ALL, "share"].sum() == pytest.approx(1)
            # Where the forms coincide there is no leak to see, so the share rises without them.
            leak = [cell(table, label, lang, LEAK, of)["share"] for of in (ALL, LEAKABLE)]
            assert leak[1] == pytest.approx(leak[0] / (1 - same[lang]))
    rise = cell(table, "olmo-cpt-grpo", "fr", LEAK), cell(table, "olmo-base", "fr", LEAK)
    assert rise[0]["ci_low"] > rise[1]["ci_high"]  # 22.8 % and 2.8 % in French


def test_the_published_leaks_against_a_second_count(published):
    """English answers found with the rule written again, no taxonomy behind it."""
    for label, part in published.groupby("label"):
        leaks = 0
        for row in part[~part["correct"]].itertuples():
            said, english = by_hand(row.line), by_hand(row.target_en)
            gives = said.startswith(english) or english in said.split()
            leaks += gives and by_hand(row.target) != english
        assert leaks == (part["failure_mode"] == LEAK).sum(), label
