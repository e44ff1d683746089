"""Readers of head scores for the pages: views, differences, top heads at any cut, one head."""

import numpy as np
import pytest

from interp.causal.containing import set_effects, sets_with
from interp.errors import InterpError
from interp.lahis.listed import changed_frame, shared_frame, top_frame
from interp.lahis.maps import (
    VIEWS,
    delta_frame,
    head_maps,
    moved,
    scale_frame,
    score_frame,
    viewed,
)
from interp.lahis.one_head import generality, head_frame
from interp.lahis.top_frames import (
    chance_jaccard,
    chance_overlap,
    change_frame,
    overlap_change,
    overlap_frame,
    profile_frame,
    top_of,
)
from interp.study import Study
from tests.lahis.map_studies import (
    HEADS,
    LANGUAGES,
    LAYERS,
    TOP,
    add_ablation,
    add_lahis,
    planted,
    three,
)


@pytest.fixture
def study(tmp_path):
    made, runs = three(tmp_path)
    return made, runs


def pairs(runs):
    return tuple(runs.items())


def value(frame, **where):
    for name, wanted in where.items():
        frame = frame[frame[name] == wanted]
    assert len(frame) == 1
    return frame.iloc[0]


def test_maps_hold_scores_and_intervals_where_they_belong(study):
    made, runs = study
    maps = head_maps(made, runs["grpo"])
    assert maps.languages == LANGUAGES and maps.shape == (LAYERS, HEADS)
    expected = planted({"ar": ("2.2", "0.1", "0.2", "0.3")})["ar"]
    np.testing.assert_allclose(maps.scores[1], expected)
    np.testing.assert_allclose(maps.low[1], 0.9 * expected)
    np.testing.assert_allclose(maps.high[1], 1.1 * expected)
    assert maps.n_samples == (40, 40, 40) and maps.whole == LANGUAGES


def test_missing_rows_and_missing_intervals_are_gaps(tmp_path):
    study = Study.open(tmp_path)
    scores = planted()
    scores["ar"] = scores["ar"][:3]  # a layer less
    run = add_lahis(study, "base", scores, intervals=False)
    maps = head_maps(study, run)
    assert np.isnan(maps.scores[1, 3]).all() and not np.isnan(maps.scores[[0, 2]]).any()
    assert np.isnan(maps.low).all() and maps.whole == ("en", "bn")
    assert list(top_of(maps, TOP)) == ["en", "bn"]
    assert np.isnan(viewed(maps.scores, "rank")[1]).all()
    assert not np.isnan(viewed(maps.scores, "rank")[0]).any()


def test_a_run_without_head_scores_is_refused(tmp_path):
    study = Study.open(tmp_path)
    run = add_ablation(study, "base", {"en": ("0.0",)}, {"en": 1.0})
    with pytest.raises(InterpError, match="holds no head scores"):
        head_maps(study, run)


def test_shares_and_ranks_are_those_of_a_second_computation(study):
    made, runs = study
    scores = head_maps(made, runs["grpo"]).scores
    for own, share, rank in zip(
        scores, viewed(scores, "share"), viewed(scores, "rank"), strict=True
    ):
        np.testing.assert_allclose(share, 100 * own / own.sum())
        order = sorted(own.ravel(), reverse=True)
        assert all(
            order[int(place) - 1] == score
            for place, score in zip(rank.ravel(), own.ravel(), strict=True)
        )
    assert viewed(scores, "rank")[1, 2, 2] == 1


def test_equal_scores_share_a_rank():
    scores = np.array([[[3.0, 1.0], [1.0, 0.0]]])
    assert viewed(scores, "rank").tolist() == [[[1.0, 2.5], [2.5, 4.0]]]


def test_no_share_of_a_total_that_is_not_positive():
    assert np.isnan(viewed(np.zeros((1, 2, 2)), "share")).all()


def test_an_unknown_view_is_refused():
    with pytest.raises(InterpError, match="view of head scores"):
        viewed(np.zeros((1, 2, 2)), "loudness")


def test_score_frame_has_every_cell_once_and_leaves_out_what_is_not_there(study):
    made, runs = study
    frame = score_frame(made, pairs(runs), ("bn", "en", "sw"), "raw")
    assert len(frame) == 3 * 2 * LAYERS * HEADS
    assert not frame.duplicated(["label", "lang", "layer", "head"]).any()
    assert value(frame, label="sft", lang="bn", layer=3, head=5)["value"] == 2 * 18
    assert score_frame(made, pairs(runs), ("sw",), "rank").empty


@pytest.mark.parametrize("view", VIEWS)
def test_differences_are_positive_where_a_head_gains(study, view):
    made, runs = study
    frame = delta_frame(made, runs["base"], (("grpo", runs["grpo"]),), ("ar",), view)
    base, other = (head_maps(made, runs[label]).scores[[1]] for label in ("base", "grpo"))
    old, new = viewed(base, view)[0], viewed(other, view)[0]
    for layer, head in ((2, 2), (0, 0), (0, 1), (3, 3)):
        cell = value(frame, layer=layer, head=head)["value"]
        change = new[layer, head] - old[layer, head]
        assert cell == pytest.approx(-change if view == "rank" else change)
    assert value(frame, layer=2, head=2)["value"] > 0 > value(frame, layer=0, head=0)["value"]


def test_places_gained_are_counted(study):
    made, runs = study
    frame = delta_frame(made, runs["base"], (("grpo", runs["grpo"]),), ("ar",), "rank")
    # from place 18 (0.0-0.3 and the 13 heads after it, each a little better) to the first
    assert value(frame, layer=2, head=2)["value"] == 17


def test_a_change_of_scale_is_raw_only(study):
    made, runs = study
    others = (("sft", runs["sft"]),)
    for view, changed in (("raw", True), ("share", False), ("rank", False)):
        frame = delta_frame(made, runs["base"], others, LANGUAGES, view)
        assert (frame["value"].abs() > 1e-9).all() == changed, view
    scale = scale_frame(made, runs["base"], (*others, ("grpo", runs["grpo"])), LANGUAGES)
    sft = scale[scale["label"] == "sft"]
    np.testing.assert_allclose(sft["ratio"], 2)
    assert (sft["fell_raw"] == 0).all()
    grpo = value(scale, label="grpo", lang="ar")
    # raw only 0.0 fell; 2.2's gain takes a little from everyone's share
    assert grpo["fell_raw"] == pytest.approx(100 / 32)
    base, other = (head_maps(made, runs[label]).scores[1] for label in ("base", "grpo"))
    fell = (other / other.sum() < base / base.sum()).mean()
    assert grpo["fell_share"] == pytest.approx(100 * fell)
    assert grpo["ratio"] == pytest.approx(other.sum() / base.sum())


def test_heads_without_counterpart_are_not_subtracted(study):
    made, runs = study
    deep = add_lahis(made, "deep", planted(shape=(6, HEADS)))
    with pytest.raises(InterpError, match="4 layers of 8 heads and 6 of 8"):
        delta_frame(made, runs["base"], (("deep", deep),), LANGUAGES, "raw")
    with pytest.raises(InterpError, match="no counterpart"):
        moved(np.zeros((1, 2, 2)), np.zeros((1, 2, 3)), "raw")


def test_overlap_counts_shared_heads_of_each_pair(study):
    made, runs = study
    frame = overlap_frame(made, pairs(runs), LANGUAGES, TOP)
    assert len(frame) == 3 * 9
    assert value(frame, label="base", lang="en", other_lang="ar")["shared"] == 4
    assert value(frame, label="base", lang="en", other_lang="bn")["percent"] == 50
    assert value(frame, label="grpo", lang="ar", other_lang="en")["percent"] == 75
    assert value(frame, label="grpo", lang="ar", other_lang="bn")["shared"] == 1
    assert (frame[frame["lang"] == frame["other_lang"]]["percent"] == 100).all()


def test_overlap_follows_the_cut(study):
    made, runs = study
    one = overlap_frame(made, pairs(runs), LANGUAGES, 1 / 32)
    assert value(one, label="base", lang="en", other_lang="bn")["percent"] == 100
    assert value(one, label="grpo", lang="en", other_lang="ar")["percent"] == 0


def test_overlap_change_is_against_the_same_pair(study):
    made, runs = study
    change = overlap_change(overlap_frame(made, pairs(runs), LANGUAGES, TOP), "base")
    assert set(change["label"]) == {"sft", "grpo"}
    row = value(change, label="grpo", lang="ar", other_lang="bn")
    assert row["base"] == 50 and row["percent"] == -25
    assert (change[change["label"] == "sft"]["percent"] == 0).all()


def test_shared_heads_are_listed_with_both_ranks(study):
    made, runs = study
    rows = shared_frame(made, runs["grpo"], "en", "ar", TOP)
    assert rows["head"].tolist() == ["0.1", "0.2", "0.3"]
    assert rows["in en"].tolist() == [2, 3, 4] and rows["in ar"].tolist() == [2, 3, 4]
    assert shared_frame(made, runs["grpo"], "en", "sw", TOP).empty
    assert shared_frame(made, runs["grpo"], "en", "ar", 1 / 32).empty


def test_top_heads_are_listed_best_first(study):
    made, runs = study
    rows = top_frame(made, runs["grpo"], "ar", TOP)
    table = made.table("head_scores", run_id=runs["grpo"])
    own = table[table["lang"] == "ar"].sort_values("score", ascending=False).head(4)
    assert rows["rank"].tolist() == [1, 2, 3, 4] and rows["head"][0] == "2.2"
    assert list(zip(rows["layer"], rows["index"], strict=True)) == list(
        zip(own["layer"], own["head"], strict=True)
    )
    for name in ("score", "ci_low", "ci_high"):
        np.testing.assert_allclose(rows[name], own[name].to_numpy(float))
    total = table[table["lang"] == "ar"]["score"].sum()
    np.testing.assert_allclose(rows["share"], 100 * own["score"] / total)
    in_ar = {row["head"]: row["top_in"] for row in rows.to_dict("records")}
    assert in_ar["2.2"] == 1 and in_ar["0.1"] >= 2
    assert top_frame(made, runs["grpo"], "sw", TOP).empty


def test_layers_hold_percent_of_the_top_heads(study):
    made, runs = study
    frame = profile_frame(made, pairs(runs), LANGUAGES, TOP)
    assert value(frame, label="base", lang="bn", layer=0)["percent"] == 50
    assert value(frame, label="base", lang="bn", layer=3)["heads"] == 2
    assert value(frame, label="grpo", lang="ar", layer=2)["percent"] == 25
    assert (frame.groupby(["label", "lang"])["percent"].sum() == 100).all()
    assert profile_frame(made, pairs(runs), (), TOP).empty


def test_top_heads_that_stay_go_and_come(study):
    made, runs = study
    others = (("sft", runs["sft"]), ("grpo", runs["grpo"]))
    frame = change_frame(made, runs["base"], others, LANGUAGES, TOP)
    row = value(frame, label="grpo", lang="ar")
    assert (row["stable"], row["lost"], row["gained"]) == (3, 1, 1)
    assert row["jaccard"] == 3 / 5 and row["chance"] == chance_jaccard(4, 32)
    assert (frame[frame["label"] == "sft"]["jaccard"] == 1).all()
    found = changed_frame(made, runs["base"], runs["grpo"], "ar", TOP)
    assert value(found, change="gained")["head"] == "2.2"
    assert value(found, change="gained")["in base"] == 18
    assert (
        value(found, change="lost")["head"] == "0.0" and value(found, change="lost")["after"] == 32
    )
    assert found[found["change"] == "stable"]["head"].tolist() == ["0.1", "0.2", "0.3"]
    assert changed_frame(made, runs["base"], runs["grpo"], "sw", TOP).empty


def test_another_shape_has_no_stable_heads(study):
    made, runs = study
    deep = add_lahis(made, "deep", planted(shape=(6, HEADS)))
    assert change_frame(made, runs["base"], (("deep", deep),), LANGUAGES, TOP).empty
    assert changed_frame(made, runs["base"], deep, "en", TOP).empty


def test_chance_is_what_random_sets_give():
    rng = np.random.default_rng(0)
    drawn = [[set(rng.permutation(32)[:8].tolist()) for _ in range(2)] for _ in range(4000)]
    jaccard = np.mean([len(a & b) / len(a | b) for a, b in drawn])
    assert chance_jaccard(8, 32) == pytest.approx(jaccard, abs=0.005)
    overlap = np.mean([100 * len(a & b) / 8 for a, b in drawn])
    assert chance_overlap(8, 32) == pytest.approx(overlap, abs=0.7)
    assert chance_jaccard(32, 32) == pytest.approx(1)
    assert 0 < chance_jaccard(205, 1024) < 0.2


def test_one_head_everywhere(study):
    made, runs = study
    frame = head_frame(made, pairs(runs), LANGUAGES, 2, 2, TOP)
    assert len(frame) == 9
    row = value(frame, label="grpo", lang="ar")
    assert (row["score"], row["rank"], row["of"], row["top"]) == (20, 1, 32, True)
    assert (row["ci_low"], row["ci_high"]) == (pytest.approx(18), pytest.approx(22))
    assert not value(frame, label="base", lang="ar")["top"]
    assert head_frame(made, pairs(runs), LANGUAGES, 9, 0, TOP).empty
    assert head_frame(made, pairs(runs), LANGUAGES, 0, 9, TOP).empty


def test_general_is_all_languages_but_one(study):
    made, runs = study
    found = generality(made, pairs(runs), 0, 2, TOP).set_index("label")
    assert found.loc["base", "top_in"] == 2 and found.loc["base", "general"]
    assert found.loc["base", "needed"] == 2 and found.loc["base", "languages"] == 3
    found = generality(made, pairs(runs), 2, 2, TOP).set_index("label")
    assert found.loc["grpo", "top_in"] == 1 and not found.loc["grpo", "general"]
    two = add_lahis(made, "two", planted(languages=("en", "ar")))
    row = generality(made, (("two", two),), 0, 0, TOP).iloc[0]
    assert row["needed"] == 0 and not row["general"] and row["top_in"] == 2
    always = add_lahis(made, "always", planted(), general_min=3)
    assert generality(made, (("always", always),), 0, 0, TOP).iloc[0]["needed"] == 3


def test_sets_that_hold_a_head_and_their_effect(tmp_path):
    study = Study.open(tmp_path)
    run = add_ablation(
        study, "base", {"en": ("0.0", "2.2"), "ar": ("2.2",), "bn": ("3.3",)},
        {"en": 4.0, "ar": 2.0, "bn": 1.0},
    )  # fmt: skip
    assert sets_with(study, run, 2, 2) == {"en": 2, "ar": 1}
    assert sets_with(study, run, 1, 1) == {}
    frame = set_effects(study, run, "ar")
    assert len(frame) == 9  # three languages, own set and two controls, no single draws
    own = value(frame, lang="bn", kind="heads")
    assert (own["delta_nll"], own["draws"], own["n_ablated"]) == (2.0, 1, 1)
    random = value(frame, lang="bn", kind="random")
    assert (random["delta_nll"], random["draws"]) == (0.1, 2)
    assert random["ci_low"] == pytest.approx(0.05)
