"""Plates of evaluation: numbers counted a second time from the tables, verdicts looked up by hand."""

from __future__ import annotations

import html
import json
import re
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from scipy.stats import binomtest

from interp.data.languages import HELD_OUT
from interp.errors import InterpError
from interp.evals import consistency as c
from interp.figures.verdicts import SIGNS, evidence_text
from interp.importers import read_klar, save_import
from interp.plates import Lacking, View, evaluation
from interp.plates.evaluation.answers import read_answers
from interp.study import Study, load_study
from tests.comparison.fact_studies import write_klar
from tests.plates.evaluation_studies import (
    FACTS,
    LABELS,
    MADE_UP,
    OPTIONS,
    SEEN,
    UNSEEN,
    both,
    klar_answers,
    option_answers,
    relation_of,
    stated,
    texts,
    write_tasks,
)

DEMO = Path(__file__).resolve().parents[2] / "artifacts" / "demo"


@pytest.fixture(scope="module")
def view(tmp_path_factory: pytest.TempPathFactory) -> View:
    return View.of(both(tmp_path_factory.mktemp("both")))


@pytest.fixture(scope="module")
def plain(tmp_path_factory: pytest.TempPathFactory) -> View:
    """The same answers, never compared."""
    return View.of(both(tmp_path_factory.mktemp("plain"), compared=False))


@pytest.fixture(scope="module")
def alone(tmp_path_factory: pytest.TempPathFactory) -> View:
    return View.of(both(tmp_path_factory.mktemp("alone"), labels=("base",)))


@pytest.fixture(scope="module")
def demo() -> View:
    return View.of(DEMO)


def right(label: str) -> pd.DataFrame:
    """Facts by languages: whether the generated answer is right."""
    return (texts(label) == "right").astype(float)


def row(frame: pd.DataFrame, **where: str) -> pd.Series:
    keep = np.ones(len(frame), bool)
    for column, value in where.items():
        keep &= (frame[column] == value).to_numpy()
    (found,) = [own for _, own in frame[keep].iterrows()]
    return found


def compared(view: View, analysis: str, statistic: str, label: str, lang: str | None) -> pd.Series:
    rows = view.study.table("comparisons")
    rows = rows[(rows["analysis"] == analysis) & (rows["statistic"] == statistic)]
    rows = rows[rows["lang"].isna() if lang is None else rows["lang"] == lang]
    return row(rows, label=label)


# --- tables ---


def test_table_1_averages_languages_of_each_group_and_says_the_stored_verdict(view: View) -> None:
    plate = evaluation.accuracy_summary(view)
    groups = {
        "all languages": [*SEEN, *UNSEEN], "high": list(SEEN), "trained": list(SEEN),
        "held out": list(UNSEEN),
    }  # fmt: skip
    for label in LABELS:
        means = right(label).mean()
        for group, codes in groups.items():
            own = row(plate.frame, benchmark="klar (generated)", label=label, group=group)
            assert own["accuracy"] == pytest.approx(means[codes].mean())
            assert sorted(own["languages"].split()) == sorted(codes) and own["facts"] == FACTS
            assert own["ci_low"] < own["accuracy"] < own["ci_high"]
    # Arabic and Bengali are low as in the paper's columns; English is the only high one
    low = row(plate.frame, benchmark="made (options)", label="sft", group="low")
    assert low["accuracy"] == pytest.approx(option_answers("sft")[["ar", "bn"]].to_numpy().mean())
    known = compared(view, "mcq", "accuracy", "sft", None)  # beside English: the same two
    assert low["verdict"] == known["verdict"]
    over = compared(view, "klar", "accuracy (mean)", "sft", None)
    assert f"sft {evidence_text(over)}" in plate.reading and "not compared" not in plate.reading
    assert plate.paper == "Table 1" and plate.figure is None


def test_table_1_cells_are_text_with_interval_and_sign(view: View) -> None:
    plate = evaluation.accuracy_summary(view)
    own = row(plate.frame, benchmark="made (options)", label="sft", group="low")
    numbers = [100 * own[name] for name in ("accuracy", "ci_low", "ci_high")]
    text = "{:.1f} [{:.1f}, {:.1f}]".format(*numbers)
    cell = row(plate.table, benchmark="made (options)", checkpoint="sft")["low"]
    assert cell == f"{text} {SIGNS[own['verdict']]}"
    base = row(plate.table, benchmark="made (options)", checkpoint="base")
    assert base["low"].endswith("]") and base["held out"] == "–"


def test_table_1_has_stated_and_english_only_facts_beside_english(view: View) -> None:
    plate = evaluation.accuracy_summary(view)
    table, known = option_answers("grpo")[["ar", "bn"]], stated()[["ar", "bn"]]
    for group, keep in (("stated in language", known), ("English only", ~known)):
        own = row(plate.frame, benchmark="made (options)", label="grpo", group=group)
        assert own["accuracy"] == pytest.approx(table.where(keep).mean().mean())
        name = "accuracy_stated" if group.startswith("stated") else "accuracy_english_only"
        assert own["verdict"] == compared(view, "mcq", name, "grpo", None)["verdict"]
    klar = plate.frame[plate.frame["benchmark"] == "klar (generated)"]
    assert "English only" not in set(klar["group"])


def test_an_interval_is_that_of_resampled_facts(view: View) -> None:
    own = row(evaluation.accuracy_summary(view).frame, benchmark="klar (generated)", label="base",
              group="held out")  # fmt: skip
    values = right("base")[list(UNSEEN)].mean(axis=1).to_numpy()
    rng = np.random.default_rng(7)
    drawn = values[rng.integers(0, FACTS, (4000, FACTS))].mean(1)
    low, high = np.percentile(drawn, [2.5, 97.5])
    assert own["ci_low"] == pytest.approx(low, abs=0.015)
    assert own["ci_high"] == pytest.approx(high, abs=0.015)


def test_without_comparisons_differences_are_said_to_be_unjudged(plain: View) -> None:
    plate = evaluation.accuracy_summary(plain)
    delta = (right("sft").mean() - right("base").mean()).mean()
    assert f"sft {delta:+.3g} [" in plate.reading
    assert plate.reading.count("no noise floor and no verdict") == 4
    assert set(plate.frame["verdict"]) == {""} and "Signs" not in plate.reading


def test_tables_by_language(view: View) -> None:
    plate = evaluation.accuracy_by_language(view, benchmark="klar")
    assert plate.table["language"].tolist() == [*SEEN, *UNSEEN]
    assert plate.table["group"].tolist() == ["trained"] * 3 + ["held out"] * 2
    for label in LABELS:
        for lang, mean in right(label).mean().items():
            own = row(plate.frame, label=label, lang=lang)
            assert own["accuracy"] == pytest.approx(mean)
            if label != "base":
                assert own["verdict"] == compared(view, "klar", "accuracy", label, lang)["verdict"]
    values = right("sft").mean()
    assert (
        f"to {100 * values.max():.1f} [" in plate.reading
        and f"({values.idxmax()})" in plate.reading
    )
    beyond = [
        lang for lang in values.index
        if compared(view, "klar", "accuracy", "sft", lang)["verdict"] == "beyond noise"
    ]  # fmt: skip
    assert f"sft in {len(beyond)} of 5" in plate.reading and "es" in beyond
    options = evaluation.accuracy_by_language(view, benchmark="mcq")
    assert (plate.paper, options.paper) == ("Table 10", "Table 9")
    assert set(options.frame["lang"]) == set(OPTIONS)


def test_table_8_is_one_checkpoint_on_every_benchmark(view: View, demo: View) -> None:
    plate = evaluation.one_checkpoint(view)
    assert set(plate.frame["label"]) == {"sft"} and plate.paper == "Table 8"
    assert list(plate.table.columns) == ["group", "language", "made (options)", "klar (generated)"]
    ko = row(plate.table, language="ko")
    assert ko["made (options)"] == "–" and ko["klar (generated)"].startswith(
        f"{100 * right('sft')['ko'].mean():.1f} ["
    )
    assert set(evaluation.one_checkpoint(view, label="grpo").frame["label"]) == {"grpo"}
    assert set(evaluation.one_checkpoint(demo).frame["label"]) == {"sft"}
    with pytest.raises(Lacking, match="no evaluation of nobody"):
        evaluation.one_checkpoint(view, label="nobody")


def test_tasks_of_the_harness_are_one_benchmark_over_their_languages(tmp_path: Path) -> None:
    folder = both(tmp_path, compared=False)
    answers = {"sw": [True] * 30 + [False] * 10, "zh": [True] * 10 + [False] * 30}
    write_tasks(folder, "base", answers)
    write_tasks(folder, "sft", {lang: [not one for one in own] for lang, own in answers.items()})
    view = View.of(folder)
    frame = evaluation.accuracy_summary(view).frame
    name = "global_mmlu_full (lm-eval)"
    assert row(frame, benchmark=name, label="base", group="low")["accuracy"] == 0.75
    assert row(frame, benchmark=name, label="base", group="all languages")["accuracy"] == 0.5
    plate = evaluation.accuracy_by_language(view, benchmark="lm-eval")
    assert row(plate.frame, label="sft", lang="zh")["accuracy"] == 0.75
    assert plate.paper == "Table 11" and "sft not compared" in plate.reading


# --- trained and held out ---


def test_figure_4a_has_both_groups_from_0(view: View) -> None:
    plate = evaluation.trained_and_held_out(view)
    for group, codes in (("trained", SEEN), ("held out", UNSEEN)):
        for label in LABELS:
            own = row(plate.frame, label=label, group=group)
            assert own["accuracy"] == pytest.approx(right(label)[list(codes)].mean().mean())
    bars = [trace for trace in plate.figure.data if trace.type == "bar"]
    assert [bar.name for bar in bars] == ["trained", "held out"] and not any(b.base for b in bars)
    assert plate.figure.layout.yaxis.range[0] == 0
    held = plate.frame[plate.frame["group"] == "held out"]
    assert list(bars[1].y) == held["accuracy"].tolist()
    np.testing.assert_allclose(
        np.array(bars[1].error_y.arrayminus), held["accuracy"] - held["ci_low"]
    )
    gap = right("base")[list(SEEN)].mean().mean() - right("base")[list(UNSEEN)].mean().mean()
    found = re.search(r"base [^;]*\(apart (\S+) \[(\S+), (\S+)\] points\)", plate.reading)
    assert found is not None
    value, low, high = map(float, found.groups())
    assert value == pytest.approx(100 * gap, abs=0.051) and low < value < high
    rng = np.random.default_rng(3)
    facts = right("base").to_numpy()[rng.integers(0, FACTS, (4000, FACTS))].mean(1)
    ends = np.percentile(100 * (facts[:, :3].mean(1) - facts[:, 3:].mean(1)), [2.5, 97.5])
    assert [low, high] == pytest.approx(ends, abs=2.0)
    over = compared(view, "klar", "accuracy (seen: held_out)", "sft", None)
    assert f"sft, held out: {evidence_text(over)}" in plate.reading


def test_without_a_held_out_language_half_a_figure_is_not_drawn(demo: View, view: View) -> None:
    with pytest.raises(Lacking) as lacking:
        evaluation.trained_and_held_out(demo)
    assert ", ".join(HELD_OUT) in str(lacking.value) and "interp eval klar" in str(lacking.value)
    only = View.of(view.study, languages=list(UNSEEN))
    with pytest.raises(Lacking):
        evaluation.trained_and_held_out(only)


def test_figure_4b_puts_trained_languages_left_of_a_line(view: View) -> None:
    plate = evaluation.language_accuracy(view)
    layout = plate.figure.layout
    assert list(layout.xaxis.ticktext) == [*SEEN, *UNSEEN]
    assert [shape.x0 for shape in layout.shapes] == [2.5] and layout.yaxis.rangemode == "tozero"
    assert {"trained", "held out"} <= {one.text for one in layout.annotations}
    bars = {trace.name: trace for trace in plate.figure.data}
    assert list(bars) == list(LABELS)
    np.testing.assert_allclose(np.array(bars["grpo"].y), right("grpo").mean())
    options = evaluation.language_accuracy(view, benchmark="mcq")
    assert [shape.y0 for shape in options.figure.layout.shapes] == [0.25]
    assert "No language here is held out" in options.reading
    assert "No language here is held out" not in plate.reading


# --- what changed ---


def test_dumbbell_is_sorted_by_change_and_signed_by_stored_verdicts(view: View) -> None:
    plate = evaluation.accuracy_change(view, benchmark="klar")
    delta = right("grpo").mean() - right("base").mean()
    shown = list(plate.figure.layout.yaxis.ticktext)
    assert [delta[lang] for lang in shown] == sorted(delta, reverse=True)
    (signs,) = [trace for trace in plate.figure.data if trace.name == "verdict on sft"]
    wanted = [SIGNS[compared(view, "klar", "accuracy", "sft", lang)["verdict"]] for lang in shown]
    assert list(signs.text) == wanted
    over = compared(view, "klar", "accuracy", "grpo", None)
    assert f"grpo {evidence_text(over)}" in plate.reading
    assert "Guessing" not in plate.reading
    assert "Guessing would give 25%" in evaluation.accuracy_change(view, benchmark="mcq").reading


def test_flips_are_counted(view: View, alone: View) -> None:
    plate = evaluation.flips(view, benchmark="klar")
    old, new = right("base"), right("grpo")
    for lang in new:
        own = row(plate.frame, label="grpo", lang=lang)
        assert own["gained"] == int(((new > old)[lang]).sum())
        assert own["lost"] == int(((new < old)[lang]).sum())
    gained, lost = int((new > old).to_numpy().sum()), int((new < old).to_numpy().sum())
    assert f"grpo gained {gained} and lost {lost} answers" in plate.reading
    new = right("sft")
    counts = zip((new > old).sum(), (new < old).sum(), strict=True)
    ps = sorted(binomtest(int(up), int(up + down)).pvalue for up, down in counts)
    adjusted = np.maximum.accumulate([(5 - at) * p for at, p in enumerate(ps)])
    assert 0 < sum(adjusted < 0.05) < 5
    assert f"unbalanced (†) in {sum(adjusted < 0.05)} of 5 languages; grpo" in plate.reading
    share = f"({(gained + lost) / 300:.1%}, net {gained - lost:+,})"
    assert f"grpo {gained + lost} of 300 {share}" in plate.reading
    assert "base" not in set(plate.frame["label"])
    with pytest.raises(Lacking, match="only base has a klar run"):
        evaluation.flips(alone)


def test_english_only_facts_of_the_organism(demo: View) -> None:
    plate = evaluation.english_only(demo)
    # docs/evaluation.md, which counted them by another command
    assert "base 54.7 [52.6, 56.7] % on facts that only the English text states" in plate.reading
    assert set(plate.frame["lang"]) == {*demo.languages} - {"en"}
    facts = demo.study.table("facts").set_index(["fact_id", "lang"])
    only = facts[facts["stated"] == False]  # noqa: E712
    assert (
        row(plate.frame, label="base", lang="ja")["facts"]
        == (only.index.get_level_values("lang") == "ja").sum()
    )
    summary = evaluation.accuracy_summary(demo).frame
    for group, verdict in (("stated in language", "beyond"), ("English only", "within")):
        assert row(summary, label="sft", group=group)["verdict"] == f"{verdict} noise"
    judged = compared(demo, "mcq", "accuracy_english_only", "sft", None)
    assert f"sft {evidence_text(judged)}" in plate.reading


def test_facts_that_do_not_say_what_is_stated(view: View) -> None:
    with pytest.raises(Lacking, match="do not say what a language's text states"):
        evaluation.english_only(view, benchmark="klar")
    few = View.of(view.study, languages=["ar", "en"])
    plate = evaluation.english_only(few)
    assert set(plate.frame["lang"]) == {"ar"} and "over ar alone" in plate.reading
    assert "not compared" in plate.reading  # the stored average is over more languages


# --- where it gains ---


def test_figure_10_splits_the_change_by_kind_of_answer(view: View) -> None:
    plate = evaluation.gain_by_kind(view)
    delta = right("sft") - right("base")
    kind = pd.Series({"capital": "proper noun", "occupation": "common noun", MADE_UP: "unknown"})
    kinds = delta.index.map(relation_of).map(kind)
    for name in kind:
        means = delta[kinds == name].mean()
        for lang, mean in means.items():
            assert row(plate.frame, label="sft", kind=name, lang=lang)["delta"] == pytest.approx(
                mean
            )
        over = row(plate.frame, label="sft", kind=name, lang="all")
        assert over["delta"] == pytest.approx(means.mean())
        assert over["delta_low"] < over["delta"] < over["delta_high"]
        assert over["gained"] == (delta[kinds == name] > 0).to_numpy().sum()
    apart = (
        delta[kinds == "proper noun"].mean().mean() - delta[kinds == "common noun"].mean().mean()
    )
    assert f"by intervals that leave out 0: sft {apart:+.3f} [" in plate.reading
    assert re.search(
        r"sft \S+ \[\S+ \S+, above 0 in 1 and below in 0 of 5 languages", plate.reading
    )
    lost = (delta < 0).sum(axis=1)
    share = lost[kinds == "proper noun"].sum() / lost.sum()
    assert f"lost are to proper nouns: sft {share:.0%} of {lost.sum()}," in plate.reading
    assert "50.0% proper noun, 40.0% common noun, 10.0% unknown" in plate.reading
    assert [t.name for t in plate.figure.data[:3]] == ["proper noun", "common noun", "unknown"]
    low, high = plate.figure.layout.yaxis.range
    assert low < 0 < plate.frame["delta_high"].max() < high and low < plate.frame["delta_low"].min()
    assert plate.paper == "Figure 10" and "noise floor" in plate.reading


def test_relations_are_sorted_and_filled_where_the_interval_leaves_out_0(view: View) -> None:
    plate = evaluation.gain_by_relation(view, benchmark="klar")
    delta = right("grpo") - right("base")
    means = delta.groupby(delta.index.map(relation_of)).mean().mean(axis=1)
    assert set(plate.frame["relation"]) == set(means.index)
    for name, mean in means.items():
        assert row(plate.frame, label="grpo", relation=name)["delta"] == pytest.approx(mean)
    shown = [text.split(" (")[0] for text in plate.figure.layout.yaxis.ticktext]
    assert shown == [html.escape(one) for one in means.sort_values(ascending=False).index]
    own = plate.frame[plate.frame["label"] == "sft"]
    sure = (own["delta_low"] > 0) | (own["delta_high"] < 0)
    (points,) = [t for t in plate.figure.data if t.name == "sft: change"]
    assert [not one.endswith("-open") for one in points.marker.symbol] == sure.tolist()
    assert sure.any() and not sure.all()


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


# --- the published generations ---


@pytest.fixture(scope="module")
def released(shared_data: Path, tmp_path_factory: pytest.TempPathFactory) -> View:
    folder = tmp_path_factory.mktemp("released") / "study"
    study = Study.open(folder)
    for label, name in (("base", "olmo-base"), ("cpt-grpo", "olmo-cpt-grpo")):
        file = shared_data / "release" / "klar_predictions" / f"{name}.parquet"
        save_import(study, read_klar(file, facts=f"klar:{shared_data / 'klar'}"), label=label)
    return View.of(load_study(folder))


def test_published_accuracy(released: View, shared_data: Path) -> None:
    frame = evaluation.accuracy_summary(released).frame
    for label, percent in (("base", 18.17), ("cpt-grpo", 23.53)):
        own = row(frame, label=label, group="all languages")
        assert round(100 * own["accuracy"], 2) == percent
        assert set(own["languages"].split()) == {"es", "fr", "ru", "zh", "ja", "ar"}
    file = shared_data / "release" / "klar_predictions" / "olmo-cpt-grpo.parquet"
    means = pd.read_parquet(file).groupby("language")["correct"].mean()
    table = evaluation.accuracy_by_language(released, benchmark="klar").frame
    for lang, mean in means.items():
        assert row(table, label="cpt-grpo", lang=str(lang))["accuracy"] == pytest.approx(mean)


def test_published_leaks(released: View) -> None:
    plate = evaluation.wrong_answers(released)
    leaks = plate.frame[plate.frame["mode"] == "english_leak"].groupby("label")[["n", "of"]].sum()
    percent = (100 * leaks["n"] / leaks["of"]).round(2)
    assert percent.to_dict() == {"base": 2.28, "cpt-grpo": 8.72}
    assert "base 2.28% [" in plate.reading and "cpt-grpo 8.72% [" in plate.reading


def test_published_kinds_of_answers(released: View) -> None:
    plate = evaluation.gain_by_kind(released)
    assert "49.3% proper noun" in plate.reading  # names of places and organisations
    over = plate.frame[plate.frame["lang"] == "all"]
    assert (over["gained"].sum(), over["lost"].sum()) == (1837, 995)
