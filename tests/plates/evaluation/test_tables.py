"""Tables of accuracy and Figure 4: averages counted a second time, stored verdicts looked up by hand."""

from __future__ import annotations

import re
from pathlib import Path

import numpy as np
import pytest

from interp.data.languages import HELD_OUT
from interp.figures.verdicts import SIGNS, evidence_text
from interp.plates import Lacking, View, evaluation
from tests.plates.evaluation.studies import (
    FACTS,
    LABELS,
    OPTIONS,
    SEEN,
    UNSEEN,
    both,
    compared,
    option_answers,
    right,
    row,
    stated,
    write_tasks,
)

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
    assert plate.paper == "Table 11" and "Differences from base are not compared" in plate.reading


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


def test_sentences_of_one_benchmark_and_of_none_compared(plain: View, demo: View) -> None:
    said = evaluation.accuracy_by_language(plain, benchmark="klar").reading
    assert said.count("not compared") == 1 and "Beyond noise" not in said
    assert "columns" in evaluation.one_checkpoint(plain).reading  # two benchmarks
    assert "columns" not in evaluation.one_checkpoint(demo).reading
