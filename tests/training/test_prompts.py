"""Prompts: the old forms byte for byte, options in any order, and an end that is never lost."""

from __future__ import annotations

import unicodedata

import pytest
from hypothesis import given
from hypothesis import strategies as st

from interp.data.facts import FactText
from interp.data.languages import TRAINED
from interp.data.scaffolds import SCAFFOLDS, native_scaffold
from interp.errors import InterpError
from training.prompts import build_prompt, choice_prompt, fit_prompt, open_prompt, reordered

FACT = FactText("What is the capital of Kenya?", ("Kisumu", "Nairobi", "Mombasa", "Nakuru"), 1)
ARABIC = FactText(
    "ما هي اللغة الرسمية في دوليكن؟", ("الآرامية", "الأويغورية", "السبئية", "الألمانية"), 3
)
CHINESE = FactText("杜利肯的官方语言是什么？", ("维吾尔语", "亚拉姆语", "示巴语", "德语"), 3)


def test_the_forms_the_shipped_checkpoint_was_trained_on():
    listed = "Question: q?\n- a\n- b\nAnswer:"
    assert choice_prompt("q?", ["a", "b"]) == listed
    assert open_prompt("q?") == "Question: q?\nAnswer:"


@pytest.mark.parametrize("text", [FACT, ARABIC, CHINESE])
def test_the_defaults_are_the_known_forms_in_every_language(text):
    for lang in (*TRAINED, "xx"):
        assert build_prompt(text, lang) == choice_prompt(text.question, text.options)
        assert build_prompt(text, lang, task_format="freeform") == open_prompt(text.question)


def test_letters_in_the_order_asked_for():
    assert build_prompt(FACT, "en", labels="letter", order=[2, 0, 3, 1]) == (
        "Question: What is the capital of Kenya?\n"
        "A. Mombasa\nB. Kisumu\nC. Nakuru\nD. Nairobi\nAnswer:"
    )


def test_native_words():
    assert build_prompt(ARABIC, "ar", scaffold="native", task_format="freeform") == (
        "السؤال: ما هي اللغة الرسمية في دوليكن؟\nالإجابة:"
    )
    assert build_prompt(CHINESE, "zh", scaffold="native", order=(3, 2, 1, 0)) == (
        "问题: 杜利肯的官方语言是什么？\n- 德语\n- 示巴语\n- 亚拉姆语\n- 维吾尔语\n答案:"
    )
    assert build_prompt(FACT, "sw", scaffold="native", labels="letter").startswith("Swali: ")
    assert build_prompt(FACT, "sw", scaffold="native", labels="letter").endswith("\nJibu:")
    assert build_prompt(FACT, "en", scaffold="native") == build_prompt(FACT, "en")


def test_every_trained_language_has_words_that_tokenizers_see_in_one_form():
    assert tuple(SCAFFOLDS) == TRAINED
    for words in SCAFFOLDS.values():
        for word in (words.question, words.answer):
            assert word == unicodedata.normalize("NFC", word).strip() and word[-1] not in ":："
    assert len({words.answer for words in SCAFFOLDS.values()}) == len(TRAINED)


def test_a_language_without_words_is_refused_by_name():
    with pytest.raises(InterpError, match=r"'ko': expected one of en, de, .*bn.*Scaffold 'en'"):
        native_scaffold("ko")
    with pytest.raises(InterpError, match="'ko'"):
        build_prompt(FACT, "ko", scaffold="native")


@pytest.mark.parametrize(
    ("choice", "said"),
    [
        ({"task_format": "quiz"}, "unknown task format 'quiz': expected one of mcq, freeform"),
        ({"scaffold": "de"}, "unknown scaffold 'de': expected one of en, native"),
        ({"labels": "number"}, "unknown option labels 'number': expected one of text, letter"),
        ({"order": [0, 1, 2]}, r"order \[0, 1, 2\] of .*Kenya.*each of 0 to 3 once"),
        ({"order": [0, 1, 2, 2]}, r"order \[0, 1, 2, 2\]"),
        ({"order": [1, 2, 3, 4]}, r"order \[1, 2, 3, 4\]"),
    ],
)
def test_unknown_choices_are_refused_by_name(choice, said):
    with pytest.raises(InterpError, match=said) as refused:
        build_prompt(FACT, "en", **choice)
    assert "\n" not in str(refused.value)


@given(st.permutations(range(4)), st.sampled_from([FACT, ARABIC, CHINESE]))
def test_reordering_moves_the_answer_along(order, text):
    shown = reordered(text, order)
    assert shown.answer == text.answer
    assert sorted(shown.options) == sorted(text.options)
    assert shown.options[0] == text.options[order[0]]
    assert build_prompt(shown, "en") == build_prompt(text, "en", order=order)


def test_a_prompt_that_fits_is_left_alone():
    ids = [1, 10, 11, 12]
    for too_long in ("truncate_left", "refuse"):
        fitted = fit_prompt(ids, 4, what="fact f in en", too_long=too_long, keep=1)
        assert fitted == ids and fitted is not ids


def test_the_end_and_the_bos_stay():
    assert fit_prompt([1, 10, 11, 12, 13], 3, what="f", keep=1) == [1, 12, 13]
    assert fit_prompt([10, 11, 12, 13], 3, what="f") == [11, 12, 13]
    assert fit_prompt([1, 2, 10, 11], 3, what="f", keep=2) == [1, 2, 11]


@given(st.integers(1, 60), st.integers(1, 60), st.integers(0, 3))
def test_truncation_never_loses_the_end(length, limit, keep):
    if keep > length or limit <= keep:
        return
    ids = list(range(length))
    fitted = fit_prompt(ids, limit, what="f", keep=keep)
    assert len(fitted) == min(length, limit)
    assert fitted[:keep] == ids[:keep]
    assert fitted[keep:] == ids[length - len(fitted) + keep :]


def test_refusals_name_fact_language_length_and_limit():
    what = "fact 'Q1|P2|Q3' in bn"
    with pytest.raises(InterpError, match=r"fact 'Q1\|P2\|Q3' in bn has 5 tokens.*at most 4"):
        fit_prompt([1, 2, 3, 4, 5], 4, what=what, too_long="refuse")
    with pytest.raises(InterpError, match="'drop': expected one of truncate_left, refuse"):
        fit_prompt([1], 4, what=what, too_long="drop")
    with pytest.raises(InterpError, match=r"limit 1 for fact 'Q1\|P2\|Q3' in bn.*its 1 special"):
        fit_prompt([1, 2], 1, what=what, keep=1)
    with pytest.raises(ValueError, match="2 special tokens"):
        fit_prompt([1], 4, what=what, keep=2)
