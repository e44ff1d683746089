"""What checkpoints change: answers gained and lost counted again, by kind of answer and by relation."""

from __future__ import annotations

import html
import re

import numpy as np
import pandas as pd
import pytest
from scipy.stats import binomtest

from interp.figures.verdicts import SIGNS, evidence_text
from interp.plates import Lacking, View, evaluation
from tests.plates.evaluation.studies import MADE_UP, SEEN, compared, relation_of, right, row

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
    assert f"grpo gained {gained} answers and lost {lost}," in plate.reading
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
    assert "states: base 54.7 [52.6, 56.7] and 99.7 [" in plate.reading
    assert plate.reading.count("facts that only the English text states") == 2  # levels, verdicts
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


def test_a_stored_mean_is_not_taken_for_that_of_fewer_languages(view: View, demo: View) -> None:
    few = View.of(demo.study, languages=["de", "ru"])
    said = evaluation.accuracy_change(few).reading
    judged = compared(demo, "mcq", "accuracy", "sft", None)
    assert "Mean over all languages beside English, not only those shown, minus base: sft" in said
    assert evidence_text(judged) in said
    whole = evaluation.accuracy_change(demo).reading
    assert "Mean over languages beside English, minus base" in whole
    leaks = evaluation.wrong_answers(
        View.of(view.study, languages=[SEEN[-1]]), benchmark="klar"
    ).reading
    assert leaks.count("mean over all languages beside English, not only those shown") == 2


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
    assert f"lost that are to proper nouns: sft {share:.0%} of {lost.sum()}," in plate.reading
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
