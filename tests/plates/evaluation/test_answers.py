"""Answers across languages, how they are wrong, and what holds of every plate of evaluation."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from interp.errors import InterpError
from interp.evals import consistency as c
from interp.figures.verdicts import evidence_text
from interp.plates import Lacking, View, evaluation
from interp.plates.evaluation.answers import read_answers
from interp.study import Study
from tests.comparison.fact_studies import write_klar
from tests.plates.evaluation.studies import (
    LABELS,
    compared,
    klar_answers,
    option_answers,
    right,
    row,
    texts,
)

# --- across languages ---


def test_facts_right_in_every_language(view: View, plain: View) -> None:
    plate = evaluation.right_in_k(view, benchmark="mcq")
    for label in LABELS:
        number = option_answers(label).sum(axis=1)
        for k in range(4):
            own = plate.frame[plate.frame["languages_right"] == k]
            assert row(own, label=label)["facts"] == (number == k).sum()
    share = (option_answers("base").sum(axis=1) == 3).mean()
    assert f"base {share:.1%} [" in plate.reading
    judged = compared(view, "mcq", "total_consistency", "sft", None)
    assert f"sft {evidence_text(judged)}" in plate.reading
    assert "not compared" in evaluation.right_in_k(plain, benchmark="mcq").reading
    fewer = View.of(view.study, languages=["en", "ar"])
    assert "not compared" in evaluation.right_in_k(fewer, benchmark="mcq").reading
    with pytest.raises(Lacking, match="needs two languages"):
        evaluation.right_in_k(View.of(view.study, languages=["ar"]), benchmark="mcq")


def test_consistency_maps_both_kinds_of_answers(view: View) -> None:
    rankc = evaluation.consistency(view, benchmark="mcq")
    ranks = read_answers(view, "mcq").sheets["base"].ranks
    value = c.rankc(ranks).mean(0)[0, 1]
    assert row(rankc.frame, label="base", lang="en", other_lang="ar")["value"] == pytest.approx(
        value
    )
    assert f"sft {evidence_text(compared(view, 'mcq', 'rankc_mean', 'sft', None))}" in rankc.reading
    clc = evaluation.consistency(view, benchmark="klar")
    table = right("sft")
    both_right = ((table["es"] == 1) & (table["tr"] == 1)).sum()
    either = ((table["es"] == 1) | (table["tr"] == 1)).sum()
    own = row(clc.frame, label="sft", lang="es", other_lang="tr")
    assert own["value"] == pytest.approx(both_right / either)
    assert "rises with accuracy" in clc.reading and "not compared" in clc.reading
    with pytest.raises(InterpError, match="rankc"):
        evaluation.consistency(view, benchmark="klar", statistic="rankc")


def test_what_independent_errors_would_give_is_seen_on_bars(view: View) -> None:
    figure = evaluation.right_in_k(view, benchmark="klar").figure
    expected = [trace for trace in figure.data if trace.type == "scatter"]
    assert len(expected) == len(LABELS)
    for label, trace in zip(LABELS, expected, strict=True):
        assert trace.marker.color == "white" and trace.marker.line.color == view.marks[label].colour
    assert tuple(figure.layout.xaxis.range) == (-0.6, len(figure.data[0].x) - 0.4)


# --- how answers are wrong ---


def test_leaks_are_counted_of_all_and_of_those_that_can_leak(view: View) -> None:
    plate = evaluation.wrong_answers(view, benchmark="klar")
    rows = klar_answers("grpo")
    leaks = rows["failure_mode"] == "english_leak"
    assert leaks.sum() == (texts("grpo") == "english").to_numpy().sum()
    own = plate.frame[(plate.frame["label"] == "grpo") & (plate.frame["mode"] == "english_leak")]
    assert own["n"].sum() == leaks.sum() and own["of"].sum() == len(rows)
    share = f"{leaks.mean():.2%}"
    assert f"grpo {share} [" in plate.reading
    ko = row(own, lang="ko")
    assert ko["share"] == pytest.approx((texts("grpo")["ko"] == "english").mean())
    judged = compared(view, "klar", "failure_english_leak_of_leakable", "grpo", None)
    assert f"grpo {evidence_text(judged)}" in plate.reading


def test_without_english_answers_no_leak_is_claimed(tmp_path: Path) -> None:
    study = Study.open(tmp_path)
    for label in ("base", "sft"):
        write_klar(study, label, klar_answers(label).assign(target_en=None))
    plate = evaluation.wrong_answers(View.of(tmp_path))
    assert (
        "hold no English answers" in plate.reading and "English answer given" not in plate.reading
    )


def test_options_beside_english(view: View, demo: View) -> None:
    plate = evaluation.wrong_answers(view, benchmark="mcq")
    table = option_answers("sft")
    lost = (table["en"] == 1) & (table["bn"] == 0)
    own = row(plate.frame, label="sft", lang="bn", mode="wrong, right in English")
    assert own["n"] == lost.sum()
    known = 2 * int((table["en"] == 1).sum())
    share = (lost.sum() + ((table["en"] == 1) & (table["ar"] == 0)).sum()) / known
    assert f"sft {share:.1%} [" in plate.reading
    places = evaluation.wrong_answers(demo, reading="place of the true option")
    assert set(places.frame["mode"]) == {f"true option {n}" for n in ("1st", "2nd", "3rd", "4th")}


# --- any study ---


def test_every_plate_draws_or_says_what_is_lacking(view: View, alone: View) -> None:
    for shown in (view, alone):
        drawn = 0
        for entry in evaluation.ENTRIES:
            try:
                plate = entry.draw(shown)
            except Lacking as lacking:
                assert "to add it: interp " in str(lacking)
                continue
            drawn += 1
            assert (plate.name, plate.paper) == (entry.name, entry.paper)
            assert plate.reading.endswith(".") and "nan" not in plate.reading.lower().split()
            assert len(plate.runs) and (plate.table is None) == (plate.figure is not None)
        assert drawn == (len(evaluation.ENTRIES) - (7 if shown is alone else 2))


def test_words_of_the_study_are_no_markup_in_figures(view: View) -> None:
    for draw in (evaluation.gain_by_relation, evaluation.gain_by_kind, evaluation.wrong_answers):
        assert "<b>made" not in draw(view).figure.to_json().replace("\\u003c", "<")


def test_figures_of_the_demo_are_small(demo: View) -> None:
    sizes = {}
    for entry in evaluation.ENTRIES:
        if not entry.name.startswith("mcq-"):
            continue
        plate = entry.draw(demo)
        if plate.figure is not None:
            sizes[plate.name] = len(json.dumps(plate.figure.to_plotly_json(), default=str))
    assert len(sizes) == 8 and max(sizes.values()) < 400_000
