"""The reward: what counts as an answer in many scripts, what it pays, what a group learns."""

from __future__ import annotations

import dataclasses
import json
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays

from interp.errors import InterpError
from training.judge import Verdict, judge
from training.reward import advantages, consistency_bonus, fact_rewards, null_rewards, score
from training.reward_rules import REWARD_PRESETS, RewardRules, reward_preset

EXACT = RewardRules()
CONTAINED = RewardRules(match="containment")
LETTERS = RewardRules(letters=True)
COUNTRIES = ["France", "Germany", "Niger", "South Korea"]


def kind(text, options, answer, rules=EXACT):
    return judge(text, options, answer, rules).kind


# -- exact


@pytest.mark.parametrize(
    "text",
    [
        " Germany",
        " Germany.",
        "GERMANY",
        ' "Germany!"',
        "\n\nGermany",
        '\n"\n - Germany',
        "“Germany”…",
        "  Ger\u00admany",
        "\u200fGermany\u200e\u202c",
    ],
)
def test_exact_sees_through_form(text):
    assert judge(text, COUNTRIES, 1, EXACT) == Verdict("correct", 1)


@pytest.mark.parametrize(
    ("text", "option"),
    [
        ("الألمانية؟", "الألمانية"),
        ("\u200f«الألمانية»،", "الألمانية"),
        ("\u0627\u0654فغانستان", "\u0623فغانستان"),  # alif and hamza, composed or not
        (" কলকাতা।", "কলকাতা"),
        ("ভারতী\u09af\u09bc", "ভারতী\u09df"),  # NFC takes this letter apart
        ("র\u200d\u09cd\u09afাম", "র\u09cd\u09afাম"),  # an invisible joiner
        ("德语。", "德语"),
        ("「德语」！", "德语"),
        ("『ドイツ語』", "ドイツ語"),
        ("ト\u3099イツ、", "ドイツ"),  # a kana and its voicing mark
        ("¡México!", "Me\u0301xico"),
        ("STRASSE", "Straße"),
        ("ΟΔΥΣΣΕΥΣ", "Οδυσσευς"),
        ("Côte d’Ivoire", "Côte d'Ivoire"),
        ("немецкий   язык;", "Немецкий язык"),
        ("Washington, D.C", "Washington, D.C."),
    ],
)
def test_exact_in_many_scripts(text, option):
    assert judge(text, ["x1", option, "x2", "x3"], 1, EXACT) == Verdict("correct", 1)


def test_exact_wants_the_whole_line_and_the_right_language():
    for text in (
        "Germany is it",
        "The answer is Germany",
        "Germ",
        "Deutschland",
        "Germany, France",
    ):
        assert judge(text, COUNTRIES, 1, EXACT) == Verdict("unparseable")
    assert kind("Niger", COUNTRIES, 1) == "wrong"
    assert kind("Mexico", ["México", "Peru"], 0) == "unparseable"  # an accent is a letter


def test_going_on_after_the_answer_is_padding():
    text = " Germany\n\nQuestion: What is the capital of France?\nAnswer: Paris"
    assert judge(text, COUNTRIES, 1, EXACT) == Verdict("correct", 1, True)
    assert judge(text, COUNTRIES, 0, EXACT) == Verdict("wrong", 1, True)
    assert judge("Germany\n\n \u200f。\n", COUNTRIES, 1, EXACT) == Verdict("correct", 1)


@pytest.mark.parametrize("text", ["", "  \n\t", "\u200f\ufeff", "。", "...\n!?", "\x00", "- \n-"])
@pytest.mark.parametrize("rules", [EXACT, CONTAINED, LETTERS])
def test_nothing_said_is_empty(text, rules):
    assert judge(text, COUNTRIES, 1, rules) == Verdict("empty")


def test_options_that_differ_in_punctuation_only():
    assert kind("C#", ["C", "C#"], 1) == "correct"
    assert kind("C#.", ["C", "C#"], 1) == "correct"
    assert kind("C", ["C", "C#"], 0) == "correct"
    assert kind("C.", ["C!", "C?"], 0) == "unparseable"
    assert kind("?", ["?", "Up"], 0) == "correct"
    assert kind("5", ["-5", "7"], 0) == "unparseable"  # a sign is no punctuation
    assert kind("-5.", ["5", "-5"], 1) == "correct"
    assert kind("– 5", ["5", "-5"], 0) == "correct"


def test_identical_options_get_no_credit():
    assert kind("Me\u0301xico", ["México", "Me\u0301xico"], 0) == "unparseable"


WORDS = st.lists(
    st.text(st.sampled_from("aáბе́ा।।ك،ة 德ガ\u3099-.#5'’\u200f"), min_size=1, max_size=6).filter(
        lambda word: word.replace("\u200f", "").strip()
    ),
    min_size=2,
    max_size=4,
)


@given(WORDS, st.text(st.sampled_from("aáბе́ा।ك، 德ガ-.#5'\n"), max_size=8), st.data())
def test_exact_never_credits_two_options(options, text, data):
    text = data.draw(st.sampled_from([text, *options]))
    credited = [i for i in range(len(options)) if kind(text, options, i) == "correct"]
    assert len(credited) <= 1
    for rules in (CONTAINED, LETTERS):
        verdicts = [judge(text, options, i, rules) for i in range(len(options))]
        assert sum(one.kind == "correct" for one in verdicts) <= 1
        assert len({one.option for one in verdicts}) == 1


def test_every_option_of_real_facts_is_itself_and_no_other_languages(shared_data: Path):
    foreign = 0
    sample = shared_data / "polyfact_sample" / "test.jsonl"
    for line in sample.read_text(encoding="utf-8").splitlines():
        texts = json.loads(line)["translations"]
        listed = {code: [one[f"option_{x}"] for x in "abcd"] for code, one in texts.items()}
        for options in listed.values():
            for place, option in enumerate(options):
                for rules in (EXACT, CONTAINED, LETTERS):
                    found = judge(f" {option}.\n", options, place, rules)
                    assert found == Verdict("correct", place), (option, rules)
        for code in set(listed) - {"en"}:
            place = texts[code]["answer_index"]
            if texts["en"]["answer_text"].casefold() not in [o.casefold() for o in listed[code]]:
                answer = texts["en"]["answer_text"]
                assert kind(answer, listed[code], place) == "unparseable"
                foreign += 1
    assert foreign > 100


# -- containment


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("The answer is Germany.", Verdict("correct", 1, True)),
        ("Germany", Verdict("correct", 1)),
        ("Germ", Verdict("correct", 1)),  # a part of one option only
        ("Germ\nand more", Verdict("correct", 1, True)),
        ("South Korea it is", Verdict("wrong", 3, True)),
        ("Germany or France", Verdict("unparseable")),
        ("an", Verdict("unparseable")),  # Germany and France
        ("g", Verdict("unparseable")),
        ("Deutschland", Verdict("unparseable")),
        ("Nigeria", Verdict("wrong", 2, True)),  # the known price of plain containment
        ("B. Germany", Verdict("correct", 1)),
        ("(B) Germany", Verdict("correct", 1)),
        ("A. Germany", Verdict("correct", 1, True)),
        ("B", Verdict("unparseable")),
    ],
)
def test_containment(text, expected):
    assert judge(text, COUNTRIES, 1, CONTAINED) == expected


def test_of_options_inside_each_other_the_longest_counts():
    options = ["Guinea", "Guinea-Bissau", "Korea", "North Korea"]
    assert judge("it is Guinea-Bissau", options, 1, CONTAINED) == Verdict("correct", 1, True)
    assert judge("it is Guinea", options, 1, CONTAINED) == Verdict("wrong", 0, True)
    assert kind("North Korea, Guinea", options, 3, CONTAINED) == "unparseable"
    assert kind("orea", options, 2, CONTAINED) == "unparseable"  # a part of two


def test_letters_and_numbers_are_not_found_inside_others():
    assert kind("because", ["C", "Ada"], 0, CONTAINED) == "unparseable"
    assert kind("written in C, yes", ["C", "Ada"], 0, CONTAINED) == "correct"
    assert kind("in 15 years", ["5", "15"], 1, CONTAINED) == "correct"
    assert kind("in 25 years", ["5", "15"], 0, CONTAINED) == "unparseable"
    assert kind("in 151 years", ["5", "15"], 1, CONTAINED) == "unparseable"
    assert kind("円です", ["円", "元"], 0, CONTAINED) == "correct"
    assert kind("কি", ["কিতাব", "বই"], 0, CONTAINED) == "unparseable"  # one letter and its vowel
    assert kind("কিতা", ["কিতাব", "বই"], 0, CONTAINED) == "correct"
    assert kind("元", ["日元", "卢比"], 0, CONTAINED) == "unparseable"


def test_the_old_letter_defect():
    options = ["Madrid", "A Coruña", "Vigo", "Lugo"]
    for rules in (CONTAINED, LETTERS, RewardRules(match="containment", letters=True)):
        assert judge("a coruña, españa", options, 0, rules).option in (None, 1)
    assert judge("a coruña, españa", options, 1, CONTAINED) == Verdict("correct", 1, True)


# -- letters


@pytest.mark.parametrize(
    ("text", "option"),
    [("B", 1), (" b.", 1), ("(D)", 3), ("B\nmore", 1), ("B. Germany", 1), ("B) germany.", 1)],
)
def test_letters_where_asked_for(text, option):
    found = judge(text, COUNTRIES, option, LETTERS)
    assert (found.kind, found.option, found.padded) == ("correct", option, "more" in text)
    assert kind(text, COUNTRIES, option) == "unparseable"


@pytest.mark.parametrize("text", ["E", "B or C", "A. Germany", "Б", "1", "BB"])
def test_what_is_no_letter_of_an_option(text):
    assert kind(text, COUNTRIES, 1, LETTERS) == "unparseable"


def test_an_options_text_comes_before_its_letter():
    assert judge("C", ["C", "B", "A", "D"], 0, LETTERS) == Verdict("correct", 0)


# -- rewards


def rollout(text, count=12):
    return [judge(text, COUNTRIES, 1, EXACT)] * count


def test_the_extremes_of_twelve_languages():
    verdicts = [rollout("Germany"), rollout("what?"), rollout(""), rollout("Niger")]
    rewards = fact_rewards(verdicts, EXACT)
    assert rewards.dtype == np.float64
    assert rewards.tolist() == [13, -6, -12, 0]
    assert fact_rewards(verdicts, REWARD_PRESETS["paper"]).tolist() == [13, -6, -6, 0]
    assert fact_rewards(verdicts, REWARD_PRESETS["release"]).tolist() == [13, -6, 0, 0]


def test_equation_one_on_a_mixed_group():
    verdicts = [
        [Verdict("correct", 1)] * 3,
        [Verdict("correct", 1), Verdict("wrong", 0), Verdict("unparseable")],
        [Verdict("empty"), Verdict("correct", 1), Verdict("correct", 1, True)],
    ]
    rules = RewardRules(brevity_penalty=0.25, bonus=2.0)
    np.testing.assert_array_equal(fact_rewards(verdicts, rules), [5.0, 0.5, 0.75])
    own = fact_rewards(verdicts, dataclasses.replace(rules, pooling="per_lang"))
    np.testing.assert_array_equal(own, [[1, 1, 1], [1, 0, -0.5], [-1, 1, 0.75]])


def test_rollouts_with_the_same_scores_tie_to_the_last_bit():
    good, long, bad = Verdict("correct", 1), Verdict("correct", 1, True), Verdict("wrong", 0)
    rules = RewardRules(brevity_penalty=0.1, wrong=-0.1)
    assert 1.0 + 0.9 - 0.1 + 0.9 != -0.1 + 1.0 + 0.9 + 0.9  # what a plain sum would give
    rewards = fact_rewards([[good, long, bad, long], [bad, good, long, long]], rules)
    assert rewards[0] == rewards[1]
    assert (advantages(rewards) == 0).all()


def test_padding_costs_the_correct_only_so_that_the_order_stays():
    rules = RewardRules(brevity_penalty=0.99)
    kinds = [
        Verdict("correct", 1),
        Verdict("correct", 1, True),
        Verdict("wrong", 0, True),
        Verdict("unparseable"),
        Verdict("empty"),
    ]
    worth = [score(one, rules) for one in kinds]
    assert worth == sorted(worth, reverse=True) and len(set(worth)) == len(worth)
    assert score(Verdict("wrong", 0, True), rules) == score(Verdict("wrong", 0), rules)
    assert fact_rewards([[kinds[1]] * 4], rules) == pytest.approx(4 * 0.01 + 1)


def test_shapes_of_the_bonus():
    def curve(shape, bonus):
        rules = RewardRules(bonus=bonus, bonus_shape=shape)
        return [consistency_bonus(k, 12, rules) for k in range(13)]

    assert curve("all_or_nothing", 3.0) == [0.0] * 12 + [3.0]
    assert curve("ladder", 5.0) == [0.0] * 9 + [1.0, 2.0, 3.0, 5.0]  # the release's rungs
    power = curve("power", 2.0)
    assert power[0] == 0 and power[12] == 2
    assert power[6] == pytest.approx(2 / 16) and power[9] == pytest.approx(2 * 0.75**4)
    assert power == sorted(power)
    rules = RewardRules(bonus_shape="power")
    group = [[Verdict("correct", 1), Verdict("wrong", 0)]]
    assert fact_rewards(group, rules).tolist() == [1 + 1 / 16]


@given(st.sampled_from(["all_or_nothing", "power", "ladder"]), st.integers(1, 30))
def test_all_shapes_pay_nothing_for_nothing_and_all_for_all(shape, languages):
    rules = RewardRules(bonus=0.7, bonus_shape=shape)
    assert consistency_bonus(0, languages, rules) == 0
    assert consistency_bonus(languages, languages, rules) == 0.7


# -- advantages


def test_advantages_by_hand():
    rewards = np.array([13.0, 0.0, 0.0, -1.0])
    sd = np.sqrt((10.0**2 + 3.0**2 + 3.0**2 + 4.0**2) / 4)  # N, not N - 1
    expected = np.array([10.0, -3.0, -3.0, -4.0]) / (sd + 1e-6)
    np.testing.assert_allclose(advantages(rewards), expected, rtol=1e-12)
    np.testing.assert_allclose(advantages(rewards, eps=1.0), expected * (sd + 1e-6) / (sd + 1))


GROUPS = arrays(np.int64, (8,), elements=st.integers(-24, 26)).map(lambda one: one / 2)


@given(GROUPS)
def test_advantages_are_z_scores_or_exact_zeros(rewards):
    found = advantages(rewards)
    if np.ptp(rewards) == 0:
        assert (found == 0).all()
    else:
        assert found.mean() == pytest.approx(0, abs=1e-12)
        assert found.std() == pytest.approx(1, abs=1e-5)
        assert (np.argsort(found, kind="stable") == np.argsort(rewards, kind="stable")).all()


def test_equal_rewards_give_exact_zeros_whatever_the_mean_rounds_to():
    for value in (0.1, 12 * 0.7, 1 / 3):
        for rollouts in (1, 3, 6, 7, 8):
            assert (advantages(np.full(rollouts, value)) == 0).all()


def test_each_language_is_a_group_of_its_own():
    rewards = np.array([[1.0, 0.1, 0.0], [0.0, 0.1, 1.0], [-0.5, 0.1, 1.0]])
    found = advantages(rewards)
    for language in range(3):
        np.testing.assert_array_equal(found[:, language], advantages(rewards[:, language]))
    assert (found[:, 1] == 0).all()


def test_broken_rewards_are_not_scored():
    for rewards in ([np.nan, 1.0], [np.inf, 1.0], [], [[[1.0]]]):
        with pytest.raises(ValueError, match="rewards of shape"):
            advantages(np.array(rewards))
    for verdicts in ([], [[]], [[Verdict("empty")], [Verdict("empty")] * 2]):
        with pytest.raises(ValueError, match="rollouts of"):
            fact_rewards(verdicts, EXACT)
    with pytest.raises(InterpError, match="'lucky': expected one of correct, wrong"):
        fact_rewards([[Verdict("lucky")]], EXACT)
    with pytest.raises(ValueError, match="5 correct of 4"):
        consistency_bonus(5, 4, EXACT)


@given(GROUPS, st.integers(0, 99))
def test_the_null_control_keeps_the_numbers_and_the_seed_decides(rewards, seed):
    before = rewards.copy()
    first = null_rewards(rewards, np.random.default_rng(seed))
    assert sorted(first) == sorted(rewards)
    assert (rewards == before).all()
    assert (first == null_rewards(rewards, np.random.default_rng(seed))).all()
    assert sorted(advantages(first)) == pytest.approx(sorted(advantages(rewards)))


def test_the_null_control_says_nothing_about_the_rollout():
    rng = np.random.default_rng(0)
    drawn = np.array([null_rewards(np.arange(4.0), rng) for _ in range(4000)])
    np.testing.assert_allclose(drawn.mean(0), 1.5, atol=0.1)
    rows = np.array([[1.0, 10.0], [2.0, 20.0], [3.0, 30.0]])
    moved = null_rewards(rows, rng)
    np.testing.assert_array_equal(moved[:, 1], 10 * moved[:, 0])  # rows move whole


# -- refusals


@pytest.mark.parametrize(
    ("change", "said"),
    [
        ({"pooling": "fact"}, "unknown reward pooling 'fact': expected one of group, per_lang"),
        ({"bonus_shape": "step"}, "unknown bonus shape 'step': .* all_or_nothing, power, ladder"),
        ({"match": "fuzzy"}, "unknown answer match 'fuzzy': expected one of exact, containment"),
        ({"letters": "no"}, "letters is 'no': expected true or false"),
        ({"empty": float("nan")}, "empty is nan: expected a finite number"),
        ({"bonus": float("inf")}, "bonus is inf"),
        ({"wrong": "0"}, "wrong is '0'"),
        ({"correct": True}, "correct is True"),
        ({"empty": 1.0}, r"empty is 1.0: expected less than correct \(1.0\)"),
        ({"correct": -0.5}, "wrong is 0.0: expected less than correct"),
        ({"bonus": -1.0}, "bonus is -1.0: expected a number of at least 0"),
        ({"brevity_penalty": 1.0}, "brevity_penalty is 1.0: expected at least 0 and less than 1.0"),
        ({"brevity_penalty": -0.1}, "brevity_penalty is -0.1"),
        ({"wrong": 0.5, "brevity_penalty": 0.5}, "brevity_penalty is 0.5: .* less than 0.5"),
    ],
)
def test_rules_that_make_no_sense_are_refused(change, said):
    with pytest.raises(InterpError, match=said) as refused:
        RewardRules(**change)
    assert "\n" not in str(refused.value)


def test_presets_by_name():
    assert set(REWARD_PRESETS) == {"default", "paper", "release"}
    assert reward_preset("default") == RewardRules()
    assert reward_preset("paper").match == "exact"
    assert reward_preset("release").match == "containment"
    assert not any(rules.letters for rules in REWARD_PRESETS.values())
    with pytest.raises(InterpError, match="'papers': expected one of default, paper, release"):
        reward_preset("papers")


def test_what_cannot_be_judged_is_refused():
    with pytest.raises(InterpError, match="answer_index 4: expected 0 to 3"):
        judge("x", COUNTRIES, 4, EXACT)
    with pytest.raises(InterpError, match="answer_index -1"):
        judge("x", COUNTRIES, -1, EXACT)
    with pytest.raises(InterpError, match=r"option ' ' of \['a', ' '\] is blank"):
        judge("x", ["a", " "], 0, EXACT)
